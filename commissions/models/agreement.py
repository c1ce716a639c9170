"""What is agreed with a partner: agreements in versions, each accepted by the partner's owner."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.terms import Terms
from leads.models import Lead
from partners.models import Partner
from portal.lib import ids
from portal.lib.access import Actor, PartnerScopedQuerySet, about_visible_leads
from portal.lib.money import MoneyColumn


class AgreementQuerySet(PartnerScopedQuerySet["Agreement"]):
    """Agreements; a partner sees its own, staff those of one deal only where they see its lead."""

    def in_scope(self, actor: Actor) -> Self:
        """Return those about no lead, and those about a lead in ACTOR's scope."""
        return self.filter(about_visible_leads(actor))


class Agreement(models.Model):
    """One agreement with a partner: for all its leads, those of one project, or one deal."""

    id = ids.TypeIDField(prefix="agreement", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="agreements")
    title = models.CharField(_("Title"), max_length=120)
    project = models.CharField(_("Project"), max_length=200, blank=True)
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, blank=True, related_name="agreements")
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)
    # Set: none of its versions counts for new shares any more.
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(project="") | Q(lead__isnull=True),
                name="commissions_agreement_project_or_deal",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AgreementVersionQuerySet(PartnerScopedQuerySet["AgreementVersion"]):
    """Versions; whoever sees an agreement sees those of it."""

    def in_scope(self, actor: Actor) -> Self:
        """Return those about no lead, and those about a lead in ACTOR's scope."""
        return self.filter(about_visible_leads(actor, "agreement__lead_id"))


class AgreementVersion(models.Model):
    """The terms and the text offered at one time. Only its acceptance is ever added to it.

    The database refuses to change the terms or the text of a version, and to accept it twice.
    """

    id = ids.TypeIDField(prefix="terms", make=ids.uuid7, primary_key=True, editable=False)
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="versions")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    valid_from = models.DateField(_("Valid from"))
    valid_to = models.DateField(_("Valid to"), null=True, blank=True)
    # As `commissions.terms.Terms.as_json` writes them.
    terms = models.JSONField()
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    entered_by = models.CharField(max_length=40)
    entered_at = models.DateTimeField(default=timezone.now)
    accepted_by = models.CharField(max_length=40, blank=True)
    accepted_name = models.CharField(max_length=200, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    # Taken back before it was accepted, or declined.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=40, blank=True)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "number"], name="commissions_agreementversion_numbered"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="commissions_agreementversion_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="commissions_agreementversion_accepted_or_withdrawn",
            ),
        ]
        indexes = [
            # What sharing asks: the accepted versions of a partner.
            models.Index(
                fields=["partner"],
                condition=Q(accepted_at__isnull=False),
                name="commissions_version_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} v{self.number}"

    def read_terms(self) -> Terms:
        """Return the terms."""
        return Terms.from_json(self.terms)


class TierVolume(models.Model):
    """What a partner closed in one period under one agreement: where its next deal starts.

    Locked last of all, after partner, lead and share, by whoever books or reverses a deal.
    """

    agreement_id = ids.TypeIDField(prefix="agreement")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    period = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    value = MoneyColumn(default=0)
    booked = MoneyColumn(default=0)

    objects = PartnerScopedQuerySet["TierVolume"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement_id", "period", "currency"], name="commissions_tiervolume_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.period} {self.currency}"
