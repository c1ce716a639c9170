"""Disputes about one commission, what is said in them, and the papers handed in."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.models.commission import Commission
from leads.models import Share
from partners.models import Partner
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet
from portal.lib.money import MoneyColumn


class DisputeQuerySet(PartnerScopedQuerySet["Dispute"]):
    """Disputes; a partner sees those about its own commissions."""

    lead_lookup = "commission__lead"


class Dispute(models.Model):
    """A disagreement about one commission. Only the amount disputed is held back.

    `claimed_amount` is what the opener says the commission should be, in the settlement currency;
    what it disputes is the difference from what was booked, of which a lower claim holds its part.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        DECIDED = "decided", _("Decided")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Decision(models.TextChoices):
        UPHELD = "upheld", _("As claimed")
        PARTLY = "partly", _("In part")
        REJECTED = "rejected", _("As recorded")

    id = ids.TypeIDField(prefix="dispute", make=ids.uuid7, primary_key=True, editable=False)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="disputes")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="disputes")
    by_partner = models.BooleanField()
    opened_by = models.CharField(max_length=40)
    opened_at = models.DateTimeField(default=timezone.now)
    claimed_amount = MoneyColumn()
    recorded_amount = MoneyColumn()
    currency = models.CharField(max_length=3)
    # Free text: emptied when the client is erased.
    reason = models.CharField(max_length=1000, blank=True)
    due_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_amount = MoneyColumn(null=True, blank=True)
    decision_reason = models.CharField(max_length=1000, blank=True)
    decided_by = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["commission"],
                condition=Q(status="open"),
                name="commissions_dispute_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(claimed_amount=F("recorded_amount")) & Q(claimed_amount__gte=0),
                name="commissions_dispute_about_something",
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("opened_by")),
                name="commissions_dispute_four_eyes",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-opened_at"], name="commissions_dispute_partner"),
            models.Index(
                fields=["due_on"], condition=Q(status="open"), name="commissions_dispute_due"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class DisputeMessageQuerySet(PartnerScopedQuerySet["DisputeMessage"]):
    """Messages; a partner sees those in its own disputes."""

    lead_lookup = "dispute__commission__lead"


class DisputeMessage(models.Model):
    """What one side wrote to the other about a dispute."""

    id = ids.TypeIDField(prefix="message", make=ids.uuid7, primary_key=True, editable=False)
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="messages")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    by_partner = models.BooleanField()
    author = models.CharField(max_length=40)
    # Emptied when the client is erased.
    text = models.TextField(max_length=4000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = DisputeMessageQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["dispute", "at"], name="commissions_message_of_one")]

    def __str__(self) -> str:
        return str(self.pk)


class EvidenceQuerySet(PartnerScopedQuerySet["Evidence"]):
    """Papers; a partner sees those about its own shares."""

    lead_lookup = "share__lead"


class Evidence(models.Model):
    """A paper that proves a closing or a claim. Emptied when the client is erased."""

    id = ids.TypeIDField(prefix="evidence", make=ids.random_uuid, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="evidence")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    dispute = models.ForeignKey(
        Dispute, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    by_partner = models.BooleanField()
    file_name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    added_by = models.CharField(max_length=40)
    added_at = models.DateTimeField(default=timezone.now)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share", "sha256"],
                condition=~Q(sha256=""),
                name="commissions_evidence_once",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
