"""Dated exchange rates, and up to which value a closing confirms itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.types import Market
from portal.lib.access import StaffOnlyQuerySet
from portal.lib.money import CURRENCIES, MoneyColumn

_CODES = [(code, code) for code in CURRENCIES]


class ExchangeRate(models.Model):
    """How many units of a currency one euro was worth on a day, and who says so.

    Reference rates are published against the euro; others are crossed through it. Never changed:
    what used a rate keeps its value and source.
    """

    append_only = True

    currency = models.CharField(max_length=3, choices=_CODES)
    day = models.DateField()
    per_euro = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=80)
    imported_at = models.DateTimeField(default=timezone.now)
    # Whoever handed in the file; empty where the portal read a feed or its own history.
    imported_by = models.CharField(max_length=40, blank=True)

    objects = StaffOnlyQuerySet["ExchangeRate"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="commissions_rate_once_a_day"),
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="commissions_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class ConfirmationLimit(models.Model):
    """Up to which value a closing whose claim agrees is confirmed without a person looking."""

    market = models.CharField(_("Market"), max_length=10, choices=Market.choices)
    currency = models.CharField(_("Currency"), max_length=3, choices=_CODES)
    amount = MoneyColumn(_("Confirmed automatically up to"))

    objects = StaffOnlyQuerySet["ConfirmationLimit"].as_manager()

    class Meta:
        verbose_name = _("confirmation limit")
        constraints = [
            models.UniqueConstraint(
                fields=["market", "currency"], name="commissions_limit_one_per_market"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0), name="commissions_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.currency}"
