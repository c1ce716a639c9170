"""What a closed deal earned."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.terms import Terms
from leads.models import Lead, Share
from partners.models import Partner
from partners.types import Direction
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet
from portal.lib.money import MoneyColumn


class CommissionQuerySet(PartnerScopedQuerySet["Commission"]):
    """Commissions; a partner sees its own."""

    lead_lookup = "lead"


class Commission(models.Model):
    """What one closed lead earned, under the terms frozen when it was shared.

    One per lead that is not reversed. The amount is value × rate, rounded once; who pays whom is
    `direction`, never a sign. How much of it is approved, payable, held and paid says the ledger
    alone; `status` sums that up.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        PAYABLE = "payable", _("Payable")
        PAID = "paid", _("Paid")
        DISPUTED = "disputed", _("Disputed")
        REVERSED = "reversed", _("Reversed")

    id = ids.TypeIDField(prefix="rev", make=ids.uuid7, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="commissions")
    share = models.ForeignKey(Share, models.PROTECT, related_name="commissions")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="commissions", db_index=False)
    agreement_value = MoneyColumn()
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    amount = MoneyColumn()
    currency = models.CharField(max_length=3)
    direction = models.CharField(max_length=24, choices=Direction.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    # As `commissions.terms` reads them; frozen on the share, copied so that a correction shows.
    terms = models.JSONField(default=dict)
    # What is settled: the same amount in the currency agreed, and how it is split.
    settlement_currency = models.CharField(max_length=3)
    settled_amount = MoneyColumn()
    partner_part = MoneyColumn()
    platform_part = MoneyColumn()
    # Units of the settlement currency for one of the deal's; null where they are the same.
    exchange_rate = models.DecimalField(max_digits=18, decimal_places=10, null=True, blank=True)
    exchange_day = models.DateField(null=True, blank=True)
    exchange_source = models.CharField(max_length=200, blank=True)
    # What the partner said; booking never follows it.
    claimed_value = MoneyColumn()
    claimed_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    claimed_currency = models.CharField(max_length=3, blank=True)
    claimed_on = models.DateField()
    # What one side would pay the other if the claim were right, in `claim_currency`.
    claimed_amount = MoneyColumn()
    # What the company's own papers say, once somebody looked; booking does not follow by itself.
    papers_value = MoneyColumn(null=True, blank=True)
    papers_currency = models.CharField(max_length=3, blank=True)
    papers_on = models.DateField(null=True, blank=True)
    papers_by = models.CharField(max_length=40, blank=True)
    papers_at = models.DateTimeField(null=True, blank=True)
    # The day in the signed document, as the partner says; else the day it told us.
    closed_on = models.DateField()
    recorded_by = models.CharField(max_length=40)
    recorded_at = models.DateTimeField(default=timezone.now)
    # Everybody who entered or changed the rate or an amount: none of them may approve it.
    hands = ArrayField(models.CharField(max_length=40), default=list)
    approved_by = models.CharField(max_length=40, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)

    objects = CommissionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["partner", "-recorded_at", "-id"], name="commissions_of_partner"),
            models.Index(fields=["share"], name="commissions_of_share"),
            models.Index(fields=["-recorded_at", "-id"], name="commissions_newest"),
            models.Index(fields=["closed_on", "partner"], name="commissions_of_period"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=~Q(status="reversed"),
                name="commissions_commission_one_per_lead",
            ),
            models.CheckConstraint(
                condition=Q(agreement_value__gt=0, amount__gte=0),
                name="commissions_commission_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(partner_part__gte=0, platform_part__gte=0)
                & Q(settled_amount=F("partner_part") + F("platform_part")),
                name="commissions_commission_split_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(hands__contains=[F("approved_by")]),
                name="commissions_commission_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(exchange_rate__isnull=False) | Q(settlement_currency=F("currency")),
                name="commissions_commission_rate_stated",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def claim_differs(self) -> bool:
        """Whether the partner claimed another rate or currency than agreed."""
        rate_differs = self.claimed_percent is not None and self.claimed_percent != self.percent
        return rate_differs or self.claimed_currency not in ("", self.currency)

    @property
    def claim_currency(self) -> str:
        """The currency of `claimed_amount`: the one claimed, if the deal has another."""
        claimed = self.claimed_currency
        return claimed if claimed not in ("", self.currency) else self.settlement_currency

    @property
    def moved(self) -> Decimal:
        """What one side pays the other, in the settlement currency."""
        pays = self.direction == Direction.PLATFORM_PAYS_PARTNER
        part: Decimal = self.partner_part if pays else self.platform_part
        return part

    def read_terms(self) -> Terms:
        """Return the terms it was booked under."""
        return Terms.from_json(self.terms)
