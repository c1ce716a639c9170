"""The money: what a closed deal earned, and where a partner's claim differs from it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.models import Lead, Share
from partners.models import Partner
from partners.types import Direction
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet


class CommissionQuerySet(PartnerScopedQuerySet["Commission"]):
    """Commissions; a partner sees its own."""

    lead_lookup = "lead"


class Commission(models.Model):
    """What one closed lead earned, at the rate frozen when it was shared. One per lead.

    The amount is value × rate, rounded half-up once; who pays whom is `direction`, never a sign.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        PAID = "paid", _("Paid")
        ON_HOLD = "on_hold", _("On hold")
        REVERSED = "reversed", _("Reversed")

    id = ids.TypeIDField(prefix="rev", make=ids.uuid7, primary_key=True, editable=False)
    lead = models.OneToOneField(Lead, models.PROTECT, related_name="commission")
    share = models.OneToOneField(Share, models.PROTECT, related_name="commission")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="commissions", db_index=False)
    agreement_value = models.DecimalField(max_digits=14, decimal_places=2)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    direction = models.CharField(max_length=24, choices=Direction.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    # What the partner said; booking never follows it.
    claimed_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    claimed_currency = models.CharField(max_length=3, blank=True)
    recorded_by = models.CharField(max_length=40)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = CommissionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["partner", "-recorded_at", "-id"], name="commissions_of_partner")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(agreement_value__gt=0, amount__gte=0),
                name="commissions_commission_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(amount__lte=F("agreement_value")),
                name="commissions_commission_within_value",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def claim_differs(self) -> bool:
        """Whether the partner claimed another rate or currency than agreed."""
        rate_differs = self.claimed_percent is not None and self.claimed_percent != self.percent
        return rate_differs or self.claimed_currency not in ("", self.currency)


class ReconciliationItemQuerySet(PartnerScopedQuerySet["ReconciliationItem"]):
    """Open questions between what is claimed and what is recorded."""

    lead_lookup = "share__lead"


class ReconciliationItem(models.Model):
    """A closing that does not agree with our record, for somebody to decide."""

    class Kind(models.TextChoices):
        RATE = "rate_diff", _("Rate differs")
        CURRENCY = "currency_diff", _("Currency differs")
        DUPLICATE = "duplicate", _("Closed by another partner as well")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")

    id = ids.TypeIDField(prefix="review", make=ids.uuid7, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="reconciliation_items")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="reconciliation_items")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    claimed_value = models.DecimalField(max_digits=14, decimal_places=2)
    claimed_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    claimed_currency = models.CharField(max_length=3, blank=True)
    recorded_percent = models.DecimalField(max_digits=5, decimal_places=2)
    recorded_currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=40, blank=True)

    objects = ReconciliationItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share", "kind"], name="commissions_reconciliationitem_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.share_id}"
