"""What happened, and telling others: events, endpoints, deliveries and each try."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.audit import NO_STREAM  # with it the models beside it are known
from portal.lib import ids
from portal.lib.access import Actor, PartnerScopedQuerySet, about_visible_leads, scope_of
from portal.lib.secrets import EncryptedTextField


class EventQuerySet(PartnerScopedQuerySet["Event"]):
    """Events; a partner's own only."""

    def in_scope(self, actor: Actor) -> Self:
        """Return the events about ACTOR's leads, and those about none."""
        return self.filter(about_visible_leads(actor))


def event_kinds() -> list[tuple[str, str]]:
    """Return what can happen; asked for when needed, so that a new kind is no migration."""
    return Event.Kind.choices


class Event(models.Model):
    """One thing that happened: analytics, audit and outbox at once. Never changed, never deleted.

    Partner, lead and share are ids without foreign keys, so that erasing never touches this row.
    `data` holds ids, codes and figures, never a personal value.
    """

    append_only = True

    class Kind(models.TextChoices):
        """What can happen. The first seven names are the requirement's."""

        LEAD_SHARED = "lead_shared", _("Lead shared")
        LEAD_SHARE_FAILED = "lead_share_failed", _("Sharing refused")
        PARTNER_COMMISSION_RECORDED = "partner_commission_recorded", _("Commission recorded")
        PARTNER_COMMISSION_FAILED = "partner_commission_failed", _("Closing refused")
        SHARE_PREFS_UPDATED = "share_prefs_updated", _("Sharing preferences changed")
        APPOINTMENT_SHARED_WITH_PARTNER = (
            "appointment_shared_with_partner",
            _("Appointment shared"),
        )
        APPOINTMENT_SHARE_FAILED = "appointment_share_failed", _("Sharing an appointment refused")
        APPOINTMENT_UPDATED = "appointment_updated", _("Appointment changed")
        SHARE_ACCEPTED = "share_accepted", _("Lead accepted")
        SHARE_IN_PROGRESS = "share_in_progress", _("Lead in progress")
        SHARE_REJECTED = "share_rejected", _("Lead rejected")
        SHARE_WITHDRAWN = "share_withdrawn", _("Lead withdrawn")
        SHARE_EXPIRED = "share_expired", _("Offer expired")
        SHARE_REVOKED = "share_revoked", _("Sharing revoked by the client")
        SHARE_CLOSED = "share_closed", _("Deal closed")
        LEAD_CAPTURED = "lead_captured", _("Lead captured")
        CONSENT_DECIDED = "consent_decided", _("Consent decided")
        CONSENT_WITHDRAWN = "consent_withdrawn", _("Consent withdrawn")
        CLIENT_LINK_ISSUED = "client_link_issued", _("Client link issued")
        CLIENT_LINK_SENT = "client_link_sent", _("Client link sent")
        CLIENT_COPY_TAKEN = "client_copy_taken", _("Client took a copy")
        RECEIPT_ISSUED = "receipt_issued", _("Receipt issued")
        DELETION_ASKED = "deletion_asked", _("Deletion asked for")
        DELETION_ATTESTED = "deletion_attested", _("Deletion confirmed")
        DELETION_REMINDED = "deletion_reminded", _("Reminded of a deletion")
        MORE_ASKED = "more_asked", _("Partner asked for more")
        MORE_FORWARDED = "more_forwarded", _("Request put before the client")
        MORE_ANSWERED = "more_answered", _("Request answered")
        PARTNER_PROPOSED = "partner_proposed", _("Partner proposed to the client")
        PROPOSAL_ANSWERED = "proposal_answered", _("Proposal answered")
        LEAD_CORRECTED = "lead_corrected", _("Lead corrected")
        LEAD_RESTRICTED = "lead_restricted", _("Lead restricted")
        LEAD_RESTRICTION_LIFTED = "lead_restriction_lifted", _("Restriction lifted")
        ERASURE_ASKED = "erasure_asked", _("Erasure asked for")
        LEAD_ERASED = "lead_erased", _("Client erased")
        LEADS_IMPORTED = "leads_imported", _("Leads imported")
        LEAD_CAPTURE_REFUSED = "lead_capture_refused", _("Capture refused")
        SUPPRESSION_LIFTED = "suppression_lifted", _("Suppression lifted")
        CLOSING_CONFIRMED = "closing_confirmed", _("Closing confirmed")
        COMMISSION_APPROVED = "commission_approved", _("Commission approved")
        COMMISSION_CORRECTED = "commission_corrected", _("Commission corrected")
        COMMISSION_REVERSED = "commission_reversed", _("Commission reversed")
        COMMISSION_DUE = "commission_due", _("Commission fell due")
        COMMISSION_PAID = "commission_paid", _("Commission paid")
        MILESTONE_MET = "milestone_met", _("Milestone met")
        DEAL_RECORDED = "deal_recorded", _("Deal recorded from our papers")
        RECONCILIATION_OPENED = "reconciliation_opened", _("Difference found")
        RECONCILIATION_ASSIGNED = "reconciliation_assigned", _("Difference given to somebody")
        RECONCILIATION_SETTLED = "reconciliation_settled", _("Difference settled")
        STATEMENT_IMPORTED = "statement_imported", _("Partner's statement imported")
        EVIDENCE_ADDED = "evidence_added", _("Evidence added")
        EVIDENCE_READ = "evidence_read", _("Evidence read")
        DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
        DISPUTE_ANSWERED = "dispute_answered", _("Message in a dispute")
        DISPUTE_DECIDED = "dispute_decided", _("Dispute decided")
        DISPUTE_WITHDRAWN = "dispute_withdrawn", _("Dispute withdrawn")
        AGREEMENT_OFFERED = "agreement_offered", _("Agreement offered")
        AGREEMENT_ACCEPTED = "agreement_accepted", _("Agreement accepted")
        AGREEMENT_WITHDRAWN = "agreement_withdrawn", _("Agreement taken back")
        AGREEMENT_ENDED = "agreement_ended", _("Agreement ended")
        RATES_IMPORTED = "rates_imported", _("Exchange rates imported")
        CONFIRMATION_LIMIT_CHANGED = (
            "confirmation_limit_changed",
            _("Limit of automatic confirmation changed"),
        )
        EXPORT_TAKEN = "export_taken", _("Export taken")
        PARTNER_CREATED = "partner_created", _("Partner created")
        PARTNER_CHANGED = "partner_changed", _("Partner changed")
        PARTNER_STATUS_CHANGED = "partner_status_changed", _("Partner status changed")
        COMMISSION_PROPOSED = "commission_proposed", _("Commission proposed")
        COMMISSION_PROPOSAL_DECIDED = "commission_proposal_decided", _("Commission decided")
        CAPACITY_CHANGED = "capacity_changed", _("Capacity changed")
        LICENCE_CHANGED = "licence_changed", _("Licence changed")
        USER_CHANGED = "user_changed", _("User changed")
        INVITATION_SENT = "invitation_sent", _("Invitation sent")
        INVITATION_ACCEPTED = "invitation_accepted", _("Invitation accepted")
        INVITATION_REVOKED = "invitation_revoked", _("Invitation taken back")
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_REFUSED = "sign_in_refused", _("Sign-in refused")
        SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
        SECOND_FACTOR_CHANGED = "second_factor_changed", _("Second factor changed")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        CONTACT_SEEN = "contact_seen", _("Contact data seen")
        PARTNER_VIEWED = "partner_viewed", _("Portal viewed as the partner")
        API_KEY_ISSUED = "api_key_issued", _("API key issued")
        API_KEY_ROTATED = "api_key_rotated", _("API key rotated")
        API_KEY_CHANGED = "api_key_changed", _("API key changed")
        API_KEY_REVOKED = "api_key_revoked", _("API key revoked")
        ENDPOINT_CREATED = "endpoint_created", _("Endpoint created")
        ENDPOINT_CHALLENGED = "endpoint_challenged", _("Endpoint asked for its proof")
        ENDPOINT_VERIFIED = "endpoint_verified", _("Endpoint verified")
        ENDPOINT_DISABLED = "endpoint_disabled", _("Endpoint disabled")
        ENDPOINT_CHANGED = "endpoint_changed", _("Endpoint changed")
        ENDPOINT_SECRET_ROTATED = "endpoint_secret_rotated", _("Endpoint's secret rotated")
        ENDPOINT_ENABLED = "endpoint_enabled", _("Endpoint enabled")
        ENDPOINT_FAILING = "endpoint_failing", _("Endpoint failing")
        ENDPOINT_TESTED = "endpoint_tested", _("Endpoint tested")
        ENDPOINT_REMOVED = "endpoint_removed", _("Endpoint removed")
        WEBHOOK_EXHAUSTED = "webhook_exhausted", _("Webhook given up")
        WEBHOOK_RESENT = "webhook_resent", _("Webhook sent again")
        WEBHOOKS_RECOVERED = "webhooks_recovered", _("Webhooks recovered")

    id = ids.TypeIDField(prefix="event", make=ids.uuid7, primary_key=True, editable=False)
    kind = models.CharField(_("Kind"), max_length=40, choices=event_kinds)
    actor = models.CharField(_("Actor"), max_length=40)
    partner_id = ids.TypeIDField(_("Partner"), prefix="partner", null=True)
    lead_id = ids.TypeIDField(_("Lead"), prefix="lead", null=True)
    share_id = ids.TypeIDField(_("Share"), prefix="share", null=True)
    ok = models.BooleanField(_("OK"), default=True)
    data = models.JSONField(_("Data"), default=dict, encoder=DjangoJSONEncoder)
    request_id = models.CharField(_("Request"), max_length=64, blank=True)
    at = models.DateTimeField(_("At"), default=timezone.now)
    # The audit chain, set by the database whatever is sent. Each lead is a stream, so is each
    # partner, for events without a lead; the others stand in NO_STREAM (docs/audit.md).
    stream = models.UUIDField(db_default=NO_STREAM, editable=False)
    sequence = models.BigIntegerField(db_default=0, editable=False)
    previous_hash = models.BinaryField(max_length=32, db_default=b"")
    hash = models.BinaryField(max_length=32, db_default=b"")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["partner_id", "at"], name="events_event_of_partner"),
            models.Index(fields=["lead_id", "at"], name="events_event_of_lead"),
            models.Index(fields=["share_id", "at"], name="events_event_of_share"),
            models.Index(fields=["at", "id"], name="events_event_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "sequence"], name="events_event_once_in_stream"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class EndpointQuerySet(PartnerScopedQuerySet["Endpoint"]):
    def kept(self) -> Self:
        """Return the endpoints that were not removed."""
        return self.filter(removed_at__isnull=True)

    def receiving(self) -> Self:
        """Return the endpoints that proved to be the partner's and are switched on."""
        return self.kept().filter(enabled=True, verified_at__isnull=False)


class Endpoint(models.Model):
    """An address of a partner's system. It gets nothing but challenges until it has echoed one."""

    class DisabledReason(models.TextChoices):
        GONE = "gone", _("It answered 410 Gone")
        OWNER = "owner", _("Switched off by its owner")
        FAILING = "failing", _("Nothing arrived for five days")

    id = ids.TypeIDField(prefix="endpoint", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey("partners.Partner", models.CASCADE, related_name="endpoints")
    url = models.CharField(_("Address"), max_length=2048)
    # Empty means every type.
    event_types = ArrayField(
        models.CharField(max_length=60), verbose_name=_("Event types"), default=list, blank=True
    )
    description = models.CharField(_("Description"), max_length=80, blank=True, default="")
    # A new address waits here until it has echoed its challenge; meanwhile the old one receives.
    pending_url = models.CharField(_("New address"), max_length=2048, blank=True, default="")
    # The shape of the bodies, fixed when the endpoint is made (docs/api.md).
    payload_version = models.CharField(_("Version"), max_length=10, default="1", db_default="1")
    thin = models.BooleanField(
        _("Thin"), default=False, db_default=False, help_text=_("Ids only; the rest is fetched.")
    )
    # A JSON object of names and values, sealed because values may be passwords of the receiver.
    headers = EncryptedTextField(blank=True, default="", editable=False)
    secret = EncryptedTextField(editable=False)
    # The secret before the last rotation signs too, until then.
    previous_secret = EncryptedTextField(blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    # `whsk_…`: with it messages carry an Ed25519 signature (`v1a`) as well.
    signing_key = EncryptedTextField(blank=True, default="", editable=False)
    challenge = models.CharField(max_length=64, editable=False)
    verified_at = models.DateTimeField(_("Verified"), null=True, blank=True)
    enabled = models.BooleanField(_("Enabled"), default=True)
    disabled_reason = models.CharField(
        _("Why disabled"), max_length=20, choices=DisabledReason.choices, blank=True
    )
    # Whose turn it is: the dispatcher serves the endpoint that waited longest.
    served_at = models.DateTimeField(db_default=Now(), editable=False)
    # How many messages it may hold at a time: grows while it answers, one while it hangs.
    lane = models.PositiveSmallIntegerField(default=16, db_default=16, editable=False)
    # The breaker: what was tried in the present window, and until when nothing is.
    window_started_at = models.DateTimeField(null=True, editable=False)
    window_tried = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    window_failed = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    silent_in_row = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    openings = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    open_until = models.DateTimeField(_("Paused until"), null=True, editable=False)
    # Since when every attempt failed, and what its people were told about that.
    failing_since = models.DateTimeField(_("Failing since"), null=True, editable=False)
    last_failed_at = models.DateTimeField(_("Last failure"), null=True, editable=False)
    last_sent_at = models.DateTimeField(_("Last success"), null=True, editable=False)
    told_exhausted_at = models.DateTimeField(null=True, editable=False)
    told_failing_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("Created"), default=timezone.now, editable=False)
    removed_at = models.DateTimeField(_("Removed"), null=True, blank=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "url"],
                condition=Q(removed_at__isnull=True),
                name="events_endpoint_once_per_partner",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(enabled=False),
                name="events_endpoint_removed_is_off",
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(disabled_reason=""),
                name="events_endpoint_on_without_reason",
            ),
            models.CheckConstraint(
                condition=~Q(pending_url=F("url")),
                name="events_endpoint_new_address_is_new",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def verified(self) -> bool:
        return self.verified_at is not None

    def signing_secrets(self) -> list[str]:
        """Return the secrets messages are signed with now, the newest first."""
        until = self.previous_secret_until
        if self.previous_secret and until is not None and until > timezone.now():
            return [self.secret, self.previous_secret]
        return [self.secret]


class DeliveryQuerySet(PartnerScopedQuerySet["Delivery"]):
    """Deliveries; a partner's own only."""

    def in_scope(self, actor: Actor) -> Self:
        """Return the messages of the events in ACTOR's scope."""
        if not scope_of(actor):
            return self.all()
        return self.filter(event_id__in=Event.objects.all().in_scope(actor).values("pk"))


class Delivery(models.Model):
    """One message to one recipient, kept until it is sent, cancelled or given up.

    It holds ids, never a body: the body is built at each attempt, so that a withdrawal beats a
    retry. It is also the queue: `next_attempt_at` says when, the lease says who sends it now.
    """

    class Channel(models.TextChoices):
        WEBHOOK = "webhook", _("Webhook")
        EMAIL = "email", _("Email")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    class Trigger(models.TextChoices):
        """Why it is sent."""

        SCHEDULE = "schedule", _("By itself")
        RESEND = "resend", _("Asked for again")
        RECOVER = "recover", _("Recovered")
        TEST = "test", _("Test")

    id = ids.TypeIDField(prefix="delivery", make=ids.uuid7, primary_key=True, editable=False)
    # Random, because partners see it and must not compare clocks.
    webhook_id = ids.TypeIDField(prefix="msg", make=ids.random_uuid, unique=True, editable=False)
    channel = models.CharField(_("Channel"), max_length=8, choices=Channel.choices)
    endpoint = models.ForeignKey(
        Endpoint, models.CASCADE, null=True, related_name="deliveries", db_index=False
    )
    partner_id = ids.TypeIDField(_("Partner"), prefix="partner", null=True)
    type = models.CharField(_("Type"), max_length=60, help_text=_("Event type or mail template."))
    event_id = ids.TypeIDField(_("Event"), prefix="event")
    event_at = models.DateTimeField(_("Happened"))
    refs = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(
        _("State"), max_length=10, choices=State.choices, default=State.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("Attempts"), default=0)
    # How many of them were made before somebody asked for it anew: the schedule starts there.
    attempts_before = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    trigger = models.CharField(
        _("Trigger"),
        max_length=10,
        choices=Trigger.choices,
        default=Trigger.SCHEDULE,
        db_default=Trigger.SCHEDULE,
    )
    next_attempt_at = models.DateTimeField(_("Next attempt"), db_default=Now())
    lease_id = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(_("Last error"), max_length=30, blank=True)
    created_at = models.DateTimeField(_("Created"), db_default=Now(), editable=False)
    finished_at = models.DateTimeField(_("Finished"), null=True)
    # Not a column: when `events.queue` claimed it, by the database's clock.
    claimed_at: datetime | None = None
    # Nor this: what `events.selectors.deliveries_of` loads beside it, the newest first.
    latest_tries: Sequence[Attempt]

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=Q(state="pending"),
                name="events_delivery_due",
            ),
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state="pending"),
                name="events_delivery_oldest_due",
            ),
            # What may go to an endpoint that gets nothing else: found however much waits behind.
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=Q(state="pending", type__in=["webhook.verify", "webhook.test"]),
                name="events_delivery_probe",
            ),
            models.Index(
                fields=["endpoint", "lease_until"],
                condition=Q(state="sending"),
                name="events_delivery_in_flight",
            ),
            models.Index(
                fields=["endpoint", "created_at", "id"], name="events_delivery_by_endpoint"
            ),
            models.Index(
                fields=["partner_id", "created_at", "id"], name="events_delivery_by_partner"
            ),
            # For the search by what people read out of a webhook-id.
            models.Index(ids.tail_column("webhook_id"), name="events_delivery_tail"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "endpoint", "type"], name="events_delivery_once_per_event"
            ),
            models.CheckConstraint(
                condition=Q(channel="email", endpoint__isnull=True)
                | Q(channel="webhook", endpoint__isnull=False),
                name="events_delivery_recipient_fits_channel",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_id__isnull=False, lease_until__isnull=False)
                | (~Q(state="sending") & Q(lease_id__isnull=True, lease_until__isnull=True)),
                name="events_delivery_leased_while_sending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.webhook_id}"


class Attempt(models.Model):
    """One try of a delivery: what came of it, and which fields left the house."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveSmallIntegerField(_("Number"))
    trigger = models.CharField(
        _("Trigger"),
        max_length=10,
        choices=Delivery.Trigger.choices,
        default=Delivery.Trigger.SCHEDULE,
        db_default=Delivery.Trigger.SCHEDULE,
    )
    # Database time just before the body was read: consent withdrawn by then is not in it.
    built_at = models.DateTimeField(_("Built"), null=True)
    started_at = models.DateTimeField(_("Started"))
    duration_ms = models.PositiveIntegerField(_("Duration in ms"))
    status = models.PositiveSmallIntegerField(_("Answer"), null=True)
    error = models.CharField(_("Error"), max_length=30, blank=True)
    fields = ArrayField(models.CharField(max_length=100), default=list)
    body_sha256 = models.BinaryField(max_length=32, null=True)
    response_head = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["delivery", "number"], name="events_attempt_of_delivery"),
            BrinIndex(fields=["started_at"], name="events_attempt_started"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.error or self.status}"


class StoredAnswer(models.Model):
    """What a call with an Idempotency-Key was answered; without a status it is still running."""

    caller = models.CharField(max_length=40)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=400)
    key = models.CharField(max_length=255)
    body_sha256 = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(null=True)  # JSON as it was sent: jsonb would put its keys in order
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [BrinIndex(fields=["created_at"], name="events_storedanswer_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "method", "path", "key"], name="events_storedanswer_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
