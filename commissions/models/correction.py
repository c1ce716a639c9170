"""Why a commission was booked anew or reversed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.models.commission import Commission
from portal.lib import ids
from portal.lib.access import StaffOnlyQuerySet


class CorrectionQuerySet(StaffOnlyQuerySet["Correction"]):
    """Corrections; partners are told what is recorded, not what people noted about it."""

    lead_lookup = "commission__lead"


class Correction(models.Model):
    """One change of a commission's figures, with those before and after it, and the reason.

    Figures are texts: `value`, `percent`, `closedOn` and `amount`, in the currency of the deal.
    """

    append_only = True
    # Free text: emptied when the client is erased.
    may_be_emptied = ("reason",)

    class Kind(models.TextChoices):
        CORRECTED = "corrected", _("Corrected")
        REVERSED = "reversed", _("Reversed")

    id = ids.TypeIDField(prefix="correction", make=ids.uuid7, primary_key=True, editable=False)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="corrections")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    before = models.JSONField()
    after = models.JSONField()
    reason = models.CharField(max_length=500, blank=True)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=timezone.now)

    objects = CorrectionQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.pk)
