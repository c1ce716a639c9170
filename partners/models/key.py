"""API keys, kept as hashes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models.company import Partner
from partners.models.people import User
from portal.lib import ids
from portal.lib.access import PARTNER_SYSTEM, Actor
from portal.lib.secrets import EncryptedTextField


class ApiKey(models.Model):
    """A secret that lets a partner's or an agent's system act. Only its hash is kept.

    A partner's key acts for that partner, an agent's key as that agent.
    """

    id = ids.TypeIDField(prefix="key", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey(
        Partner, models.CASCADE, null=True, blank=True, related_name="api_keys"
    )
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="api_keys")
    name = models.CharField(_("Name"), max_length=80, blank=True)
    prefix = models.CharField(_("Starts with"), max_length=20)
    secret_hash = models.BinaryField(unique=True, max_length=32, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # Networks in CIDR notation the key may be used from; empty means from anywhere.
    networks = ArrayField(
        models.CharField(max_length=43), verbose_name=_("Networks"), default=list, blank=True
    )
    # `whsec_…`: with it every call must be signed as our webhooks are (docs/api.md).
    signing_secret = EncryptedTextField(blank=True, default="", editable=False)
    # The key this one takes the place of.
    replaces = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("Expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("Revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("Last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(partner__isnull=True, user__isnull=False)
                | Q(partner__isnull=False, user__isnull=True),
                name="partners_apikey_one_holder",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    # A partner's key is an actor of its own; an agent's key makes the agent the actor.
    is_authenticated = True
    is_anonymous = False

    @property
    def role(self) -> str:
        return PARTNER_SYSTEM

    @property
    def actor_id(self) -> str:
        return str(self.pk)

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None

    @property
    def is_in_use(self) -> bool:
        """Whether it can be used: neither revoked nor expired."""
        alive = self.expires_at is None or self.expires_at > timezone.now()
        return self.revoked_at is None and alive

    @property
    def actor(self) -> Actor:
        """Who acts when this key is used."""
        return self.user if self.user is not None else self
