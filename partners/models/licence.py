"""Licences to broker, as registers show them."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models.company import Partner
from partners.types import REGION_CHOICES
from portal.lib import ids


class Licence(models.Model):
    """A permission to broker: its holder, its number, and how and when we saw it."""

    class Kind(models.TextChoices):
        """Kinds of `domain.md` section 2."""

        RERA_AGENT = "rera_agent", _("RERA agent registration")
        BRN = "brn", _("Dubai broker number (BRN)")
        ORN = "orn", _("Dubai office number (ORN)")
        BLN = "bln", _("Abu Dhabi broker number (BLN)")
        TRADE_LICENCE = "trade_licence", _("Trade licence")
        DEVELOPER_NO = "developer_no", _("Developer number")

    class Status(models.TextChoices):
        VALID = "valid", _("Valid")
        SUSPENDED = "suspended", _("Suspended")
        REVOKED = "revoked", _("Revoked")

    id = ids.TypeIDField(prefix="licence", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="licences")
    kind = models.CharField(_("Kind"), max_length=20, choices=Kind.choices)
    number = models.CharField(_("Number"), max_length=80)
    authority = models.CharField(_("Authority"), max_length=120)
    region = models.CharField(
        _("State or emirate"),
        max_length=6,
        choices=REGION_CHOICES,
    )
    status = models.CharField(
        _("Status"), max_length=10, choices=Status.choices, default=Status.VALID
    )
    valid_from = models.DateField(_("Valid from"))
    valid_to = models.DateField(_("Valid to"), help_text=_("The last day it is valid."))
    checked_at = models.DateTimeField(
        _("Checked at"), null=True, blank=True, help_text=_("When staff saw it in the register.")
    )
    evidence = models.URLField(_("Evidence"), blank=True, help_text=_("The register's page."))

    class Meta:
        ordering = ["region", "-valid_to"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="partners_licence_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["partner", "kind", "region", "number"], name="partners_licence_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    def clean(self) -> None:
        """Refuse what a register cannot say: an end before the start, a check still to come."""
        start: dt.date | None = self.valid_from  # None while a form lacks it
        end: dt.date | None = self.valid_to
        if start and end and end < start:
            raise ValidationError({"valid_to": _("It cannot end before it starts.")})
        if self.checked_at and self.checked_at > timezone.now():
            raise ValidationError({"checked_at": _("A check cannot lie in the future.")})
