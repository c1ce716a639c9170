"""What makes a consent provable and a withdrawal reach everyone."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.models.lead import ConsentDecision, Lead
from leads.models.share import Share
from partners.models import Partner
from partners.types import Market
from portal.lib import ids
from portal.lib.access import OfLeadQuerySet, PartnerScopedQuerySet, StaffOnlyQuerySet


def _groups() -> ArrayField[list[str], list[str]]:
    return ArrayField(models.CharField(max_length=12, choices=ConsentDecision.Group.choices))


class Notice(models.Model):
    """A text about consent exactly as somebody was shown it. Never changed.

    Decisions name it by version and hash, so that years later the words can be shown again.
    """

    append_only = True

    id = ids.TypeIDField(prefix="notice", make=ids.uuid7, primary_key=True, editable=False)
    version = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    market = models.CharField(max_length=10, choices=Market.choices)
    text = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    first_shown_at = models.DateTimeField(default=timezone.now)

    objects = StaffOnlyQuerySet["Notice"].as_manager()

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"


class Receipt(models.Model):
    """What the client gets for every grant, change and withdrawal. Signed, never changed.

    `body` holds ids, codes and partners' names but nothing of the client, so that erasing the
    client leaves the proof as it was.
    """

    append_only = True

    id = ids.TypeIDField(prefix="receipt", make=ids.random_uuid, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="receipts")
    # The decisions it is about, by their ids.
    decisions = ArrayField(models.CharField(max_length=40))
    body = models.JSONField()
    jws = models.TextField()
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField(default=timezone.now)

    objects = OfLeadQuerySet["Receipt"].as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]

    def __str__(self) -> str:
        return str(self.pk)


class DeletionTaskQuerySet(PartnerScopedQuerySet["DeletionTask"]):
    partner_lookup = "share__partner_id"
    lead_lookup = "share__lead"

    def open(self) -> DeletionTaskQuerySet:
        return self.filter(attested_at__isnull=True)

    def overdue(self) -> DeletionTaskQuerySet:
        return self.open().filter(due_at__lt=timezone.now())


class DeletionTask(models.Model):
    """A recipient's duty to delete what it got of withdrawn groups, and to say that it did."""

    class Cause(models.TextChoices):
        WITHDRAWN = "withdrawn", _("The client withdrew consent")
        ERASED = "erased", _("The client's details were erased")

    class Outcome(models.TextChoices):
        DELETED = "deleted", _("Deleted")
        RETAINED = "retained", _("Kept, because the law or a deal demands it")

    id = ids.TypeIDField(prefix="deletion", make=ids.random_uuid, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="deletion_tasks")
    groups = _groups()
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.WITHDRAWN)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    attested_at = models.DateTimeField(null=True, blank=True)
    attested_by = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    # Why something is kept; the law or the contract, never the client.
    reason = models.CharField(max_length=500, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = DeletionTaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(attested_at__isnull=True),
                name="leads_deletion_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["share"],
                condition=Q(attested_at__isnull=True),
                name="leads_deletion_one_open_per_share",
            ),
            models.CheckConstraint(
                condition=Q(attested_at__isnull=True, outcome="")
                | (Q(attested_at__isnull=False) & ~Q(outcome="")),
                name="leads_deletion_attested_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def overdue(self) -> bool:
        return self.attested_at is None and self.due_at < timezone.now()


class MoreRequestQuerySet(PartnerScopedQuerySet["MoreRequest"]):
    partner_lookup = "share__partner_id"
    lead_lookup = "share__lead"


class MoreRequest(models.Model):
    """A partner asks for a group that is withheld; the agent forwards, the client decides."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Waiting for the agent")
        FORWARDED = "forwarded", _("Waiting for the client")
        DECLINED = "declined", _("Declined by the agent")
        GIVEN = "given", _("Allowed by the client")
        REFUSED = "refused", _("Refused by the client")
        CANCELLED = "cancelled", _("Ended with the share")

    OPEN = (Status.ASKED, Status.FORWARDED)

    id = ids.TypeIDField(prefix="more", make=ids.random_uuid, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="more_requests")
    group = models.CharField(max_length=12, choices=ConsentDecision.Group.choices)
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    asked_by = models.CharField(max_length=40)
    asked_at = models.DateTimeField(default=timezone.now)
    forwarded_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = MoreRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["share", "group"],
                condition=Q(status__in=["asked", "forwarded"]),
                name="leads_morerequest_one_open_per_group",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Proposal(models.Model):
    """A partner the agent would like to share with, put before the client by name."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waiting for the client")
        APPROVED = "approved", _("Approved by the client")
        DECLINED = "declined", _("Declined by the client")
        CANCELLED = "cancelled", _("Taken back")

    id = ids.TypeIDField(prefix="proposal", make=ids.random_uuid, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="proposals")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    groups = _groups()
    instead_of = models.ForeignKey(
        Share, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    proposed_by = models.CharField(max_length=40)
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    # What came of the approval: the share, or the code of the refusal.
    share = models.ForeignKey(
        Share, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    refusal = models.CharField(max_length=40, blank=True)

    objects = OfLeadQuerySet["Proposal"].as_manager()

    class Meta:
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "partner"],
                condition=Q(status="open"),
                name="leads_proposal_one_open_per_partner",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Suppression(models.Model):
    """A keyed hash of an address or number whose owner was erased; it is not recorded again."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("Email")
        PHONE = "phone", _("Phone")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = StaffOnlyQuerySet["Suppression"].as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d}"
