"""Beside leads and shares: the daily figures, and the links of clients."""

from __future__ import annotations

import hashlib
import secrets
from typing import Self

from django.db import models
from django.utils import timezone

from leads.models.lead import Lead
from partners.models import Partner
from portal.lib import ids
from portal.lib.access import Actor, OfLeadQuerySet, PartnerScopedQuerySet, scope_of


class PartnerDayQuerySet(PartnerScopedQuerySet["PartnerDay"]):
    """Daily figures of a partner."""

    def in_scope(self, actor: Actor) -> Self:
        """Return the figures of ACTOR's market and team.

        A lead is shared with partners of its own market only, so the partner's market is its.
        """
        columns = {"market": "partner__market", "agent__team": "team"}
        return self.filter(**{columns[name]: value for name, value in scope_of(actor).items()})


class PartnerDay(models.Model):
    """Counts, sums and times of one partner, UTC day, currency and team of the leads' agents.

    Kept in the transaction of what it counts, rebuilt and compared nightly; all-time figures and
    leaderboards read it instead of the shares. Who changes the team takes the figures along with
    the next comparison.
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    team = models.CharField(max_length=60, blank=True, default="")
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(max_digits=20, decimal_places=3, default=0)
    commission = models.DecimalField(max_digits=20, decimal_places=3, default=0)
    response_seconds = models.BigIntegerField(default=0)
    close_seconds = models.BigIntegerField(default=0)

    objects = PartnerDayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "day", "currency", "team"], name="leads_partnerday_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day} {self.currency}"


class ClientLink(models.Model):
    """A link that lets one lead's client in without an account. Only its hash is kept."""

    id = ids.TypeIDField(prefix="link", make=ids.random_uuid, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="client_links")
    token_hash = models.BinaryField(unique=True, max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = OfLeadQuerySet["ClientLink"].as_manager()

    def __str__(self) -> str:
        return str(self.pk)

    @staticmethod
    def new_token() -> str:
        """Return 192 random bits as text for an address."""
        return secrets.token_urlsafe(24)

    @staticmethod
    def hash_of(token: str) -> bytes:
        return hashlib.sha256(token.encode()).digest()
