"""What was shared with whom, and how far it got."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.groups import Groups
from leads.models.lead import Lead
from partners.models import Partner
from partners.types import Direction
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet


class ShareStatus(models.TextChoices):
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REVOKED = "revoked", _("Revoked")


LIVE = (ShareStatus.SENT, ShareStatus.ACCEPTED, ShareStatus.IN_PROGRESS)
# What may follow what (design.md section 5). The service, the forms and the tests read this.
TRANSITIONS: dict[str, frozenset[str]] = {
    ShareStatus.SENT: frozenset({"accepted", "rejected", "expired", "withdrawn", "revoked"}),
    ShareStatus.ACCEPTED: frozenset({"in_progress", "closed", "rejected", "withdrawn", "revoked"}),
    ShareStatus.IN_PROGRESS: frozenset({"closed", "rejected", "withdrawn", "revoked"}),
    ShareStatus.CLOSED: frozenset(),
    ShareStatus.REJECTED: frozenset(),
    ShareStatus.EXPIRED: frozenset(),
    ShareStatus.WITHDRAWN: frozenset(),
    ShareStatus.REVOKED: frozenset(),
}
# A share in one of these tells its partner what it was; every other end tells only that it ended.
DISCLOSING = frozenset({*LIVE, ShareStatus.CLOSED})


class ShareQuerySet(PartnerScopedQuerySet["Share"]):
    lead_lookup = "lead"

    def live(self) -> Self:
        return self.filter(status__in=LIVE)


class Share(models.Model):
    """One lead offered to one partner, with the consent that governs what that partner sees.

    The partner knows the lead by this row's random id, so that two partners cannot compare notes.
    """

    Status = ShareStatus

    id = ids.TypeIDField(prefix="share", make=ids.random_uuid, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="shares")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="shares", db_index=False)
    status = models.CharField(max_length=12, choices=ShareStatus.choices, default=ShareStatus.SENT)
    chosen_contact = models.BooleanField()
    chosen_budget = models.BooleanField()
    chosen_requirements = models.BooleanField()
    # decision AND choice AND ceiling, recomputed with every decision and choice.
    shares_contact = models.BooleanField()
    shares_budget = models.BooleanField()
    shares_requirements = models.BooleanField()
    # Effective at any time: what this partner must delete when the client withdraws it.
    received_contact = models.BooleanField(default=False)
    received_budget = models.BooleanField(default=False)
    received_requirements = models.BooleanField(default=False)
    consent_version = models.PositiveIntegerField(default=1)
    consent_updated_at = models.DateTimeField(default=timezone.now)
    # Frozen when it was shared.
    commission_percent = models.DecimalField(max_digits=7, decimal_places=4)
    direction = models.CharField(max_length=24, choices=Direction.choices)
    currency = models.CharField(max_length=3)
    gate = models.JSONField(default=dict)
    # All terms, as `commissions.terms` reads them.
    terms = models.JSONField(default=dict)
    # Set: this share's webhooks go to that endpoint only.
    endpoint_id = ids.TypeIDField(prefix="endpoint", null=True, blank=True)

    shared_by = models.CharField(max_length=40)
    shared_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500, blank=True)
    notes = models.TextField(blank=True, max_length=4000)
    # Not a column: what the service that returns the share says was withheld, group → reason.
    withheld: dict[str, str]

    objects = ShareQuerySet.as_manager()

    class Meta:
        indexes = [
            # For the search by what a partner reads out of a lead's reference.
            models.Index(ids.tail_column("id"), name="leads_share_tail"),
            models.Index(
                fields=["partner", "-shared_at", "-id"],
                name="leads_share_of_partner",
                include=["status"],
            ),
            models.Index(
                fields=["partner", "status"],
                condition=Q(status__in=[s.value for s in LIVE]),
                name="leads_share_live",
            ),
            models.Index(
                fields=["shared_at"],
                condition=Q(status="sent"),
                name="leads_share_unanswered",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "partner"],
                condition=Q(status__in=[s.value for s in LIVE]),
                name="leads_share_one_live_per_partner",
            ),
            models.CheckConstraint(
                condition=(Q(shares_contact=False) | Q(chosen_contact=True))
                & (Q(shares_budget=False) | Q(chosen_budget=True))
                & (Q(shares_requirements=False) | Q(chosen_requirements=True)),
                name="leads_share_effective_within_choice",
            ),
            models.CheckConstraint(
                condition=(Q(shares_contact=False) | Q(received_contact=True))
                & (Q(shares_budget=False) | Q(received_budget=True))
                & (Q(shares_requirements=False) | Q(received_requirements=True)),
                name="leads_share_effective_was_received",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in ShareStatus]),
                name="leads_share_status_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def chosen(self) -> Groups:
        """What the agent chose to share."""
        return Groups(self.chosen_contact, self.chosen_budget, self.chosen_requirements)

    @property
    def effective(self) -> Groups:
        """What this partner may see while the share discloses anything."""
        return Groups(self.shares_contact, self.shares_budget, self.shares_requirements)

    @property
    def received(self) -> Groups:
        """What this partner has seen at any time."""
        return Groups(self.received_contact, self.received_budget, self.received_requirements)

    def set_effective(self, groups: Groups) -> None:
        """Let this partner see GROUPS from now on, and remember that it received them."""
        self.shares_contact, self.shares_budget = groups.contact, groups.budget
        self.shares_requirements = groups.requirements
        self.received_contact = self.received_contact or groups.contact
        self.received_budget = self.received_budget or groups.budget
        self.received_requirements = self.received_requirements or groups.requirements

    @property
    def disclosed(self) -> Groups:
        """What this partner sees now: nothing once the share ended other than by closing."""
        return self.effective if self.status in DISCLOSING else Groups.none()

    @property
    def next_statuses(self) -> frozenset[str]:
        return TRANSITIONS[self.status]


class AppointmentQuerySet(PartnerScopedQuerySet["Appointment"]):
    partner_lookup = "share__partner_id"
    lead_lookup = "share__lead"


class Appointment(models.Model):
    """A viewing or meeting told to the partner of one share."""

    class Type(models.TextChoices):
        VIEWING = "viewing", _("Viewing")
        SITE_VISIT = "site_visit", _("Site visit")
        INSPECTION = "inspection", _("Inspection")
        MEETING = "meeting", _("Meeting")
        CALL = "call", _("Call")

    class Place(models.TextChoices):
        PROPERTY = "property", _("At the property")
        CLIENT_ADDRESS = "client_address", _("At the client's address")

    id = ids.TypeIDField(prefix="appt", make=ids.uuid7, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="appointments")
    external_id = models.CharField(max_length=64, blank=True)
    type = models.CharField(_("Type"), max_length=12, choices=Type.choices)
    starts_at = models.DateTimeField(_("When"))
    location = models.CharField(_("Where"), max_length=300)
    place = models.CharField(
        _("Place"), max_length=16, choices=Place.choices, default=Place.PROPERTY
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["share", "external_id"],
                condition=~Q(external_id=""),
                name="leads_appointment_once_per_share",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.starts_at:%Y-%m-%d}"
