"""Who: partners, their people, licences and keys."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.types import REGION_CHOICES, TYPES, Direction, Market, PartnerType, Service
from portal.lib import ids
from portal.lib.access import (
    PARTNER_SYSTEM,
    STAFF_ROLES,
    Actor,
    PartnerScopedQuerySet,
    Role,
)

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


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, role: str = Role.MEMBER, **fields: Any
    ) -> User:
        """Create an account that signs in with EMAIL; without a password it cannot sign in yet."""
        user = self.model(email=self.normalize_email(email).lower(), role=role, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an admin (`manage.py createsuperuser`)."""
        return self.create_user(email, password, role=Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Somebody who signs in: staff, or one partner's owner or member."""

    id = ids.TypeIDField(prefix="user", make=ids.uuid7, primary_key=True, editable=False)
    email = models.EmailField(_("Email"), unique=True)
    name = models.CharField(_("Name"), max_length=150)
    role = models.CharField(_("Role"), max_length=10, choices=Role.choices)
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="users"
    )
    is_active = models.BooleanField(_("Active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["owner", "member"], partner__isnull=False)
                | Q(role__in=["admin", "finance", "agent"], partner__isnull=True),
                name="partners_user_partner_fits_role",
                violation_error_message=_(
                    "Owners and members belong to a partner; staff belong to none."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor_id(self) -> str:
        return str(self.pk)

    @property
    def is_staff(self) -> bool:
        """Whether the account may enter Django admin."""
        return self.role in (Role.ADMIN, Role.FINANCE)

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.role == Role.ADMIN

    @property
    def is_internal(self) -> bool:
        return self.role in STAFF_ROLES

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django admin's question: an admin may do everything there, finance only look."""
        if not self.is_active:
            return False
        return self.role == Role.ADMIN or (self.role == Role.FINANCE and ".view_" in perm)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


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
    def actor(self) -> Actor:
        """Who acts when this key is used."""
        return self.user if self.user is not None else self
