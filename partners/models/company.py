"""Partners: the companies leads are shared with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.types import TYPES, Direction, Market, PartnerType, Service
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet

PERCENTAGE = [MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))]


class PartnerQuerySet(PartnerScopedQuerySet["Partner"]):
    partner_lookup = "pk"

    def active(self) -> Self:
        return self.filter(status=Partner.Status.ACTIVE)


def _type_in_its_market() -> Q:
    rule = Q()
    for kind, facts in TYPES.items():
        rule |= Q(type=kind, market__in=list(facts.markets))
    return rule


class Partner(models.Model):
    """A company that leads are shared with."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")
        SUSPENDED = "suspended", _("Suspended")

    Type = PartnerType

    id = ids.TypeIDField(prefix="partner", make=ids.uuid7, primary_key=True, editable=False)
    name = models.CharField(_("Name"), max_length=200, unique=True)
    type = models.CharField(_("Type"), max_length=20, choices=PartnerType.choices)
    market = models.CharField(_("Market"), max_length=10, choices=Market.choices)
    status = models.CharField(
        _("Status"), max_length=10, choices=Status.choices, default=Status.ACTIVE
    )
    default_commission = models.DecimalField(
        _("Default commission %"), max_digits=5, decimal_places=2, validators=PERCENTAGE
    )
    # Who set the rate: they may not approve what it earns.
    commission_set_by = models.CharField(max_length=40, blank=True, editable=False)
    proposed_commission = models.DecimalField(
        _("Proposed commission %"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=PERCENTAGE,
    )
    capacity_limit = models.PositiveIntegerField(
        _("Capacity"),
        default=10,
        help_text=_("How many leads the partner may have open at a time."),
        validators=[MaxValueValidator(100_000)],
    )
    capacity_wanted = models.PositiveIntegerField(
        _("Capacity the partner set"),
        null=True,
        blank=True,
        help_text=_("The partner may take fewer, never more."),
    )
    areas = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    segments = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    services = ArrayField(
        models.CharField(max_length=20, choices=Service.choices), default=list, blank=True
    )
    contact_email = models.EmailField(_("Contact email"), blank=True)
    contact_phone = models.CharField(_("Contact phone"), max_length=32, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=_type_in_its_market(),
                name="partners_partner_type_in_its_market",
                violation_error_message=_("This type of partner does not exist in this market."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "inactive", "suspended"]),
                name="partners_partner_status_known",
            ),
            models.CheckConstraint(
                condition=Q(default_commission__gt=0, default_commission__lte=100),
                name="partners_partner_commission_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(capacity_wanted__isnull=True)
                | Q(capacity_wanted__lte=F("capacity_limit")),
                name="partners_partner_capacity_within_limit",
                violation_error_message=_("The partner cannot take more than the admin allows."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def capacity(self) -> int:
        """How many leads this partner takes at a time: the admin's limit, lowered by itself."""
        return self.capacity_limit if self.capacity_wanted is None else self.capacity_wanted

    @property
    def facts(self) -> Any:
        return TYPES[self.type]

    @property
    def direction(self) -> Direction:
        return TYPES[self.type].direction
