"""When a commission falls due: its milestones, or the closing itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commissions.models.commission import Commission
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet


class InstalmentQuerySet(PartnerScopedQuerySet["Instalment"]):
    """Milestones of commissions; a partner sees those of its own."""

    partner_lookup = "commission__partner_id"
    lead_lookup = "commission__lead"


class Instalment(models.Model):
    """A part of a commission that falls due once a condition is met and held some days."""

    id = ids.TypeIDField(prefix="instalment", make=ids.uuid7, primary_key=True, editable=False)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField()
    condition = models.CharField(max_length=200, blank=True)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    met_on = models.DateField(null=True, blank=True)
    met_by = models.CharField(max_length=40, blank=True)
    # The day from which it may be paid: met plus the holding period.
    due_on = models.DateField(null=True, blank=True)

    objects = InstalmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["commission", "number"], name="commissions_instalment_numbered"
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100),
                name="commissions_instalment_part_of_whole",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], name="commissions_instalment_due")]

    def __str__(self) -> str:
        return f"{self.commission_id} {self.number}"
