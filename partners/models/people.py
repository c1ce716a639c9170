"""People who sign in, invitations, and codes that were used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models.company import Partner
from partners.types import Market
from portal.lib import ids
from portal.lib.access import STAFF_ROLES, Can, PartnerScopedQuerySet, Role, may


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
    # Staff with either see the leads of their market, of their team, or of both together.
    market = models.CharField(
        _("Only this market"), max_length=10, choices=Market.choices, blank=True
    )
    team = models.CharField(
        _("Only this team"),
        max_length=80,
        blank=True,
        help_text=_("Leads whose agent is of the same team. Empty: of all teams."),
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
            ),
            models.CheckConstraint(
                condition=Q(market="", team="") | Q(partner__isnull=True),
                name="partners_user_scope_is_for_staff",
                violation_error_message=_("Only staff are limited to a market or a team."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor_id(self) -> str:
        return str(self.pk)

    @property
    def is_staff(self) -> bool:
        """Whether the account may enter Django admin."""
        return may(self, Can.OPEN_ADMINISTRATION)

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


class InvitationQuerySet(PartnerScopedQuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Return those that can still be accepted."""
        return self.in_state("open")

    def in_state(self, state: str) -> InvitationQuerySet:
        """Return those whose `state` this is."""
        if state == "accepted":
            return self.filter(accepted_at__isnull=False)
        if state == "taken_back":
            return self.filter(revoked_at__isnull=False)
        unused = self.filter(accepted_at__isnull=True, revoked_at__isnull=True)
        if state == "open":
            return unused.filter(expires_at__gt=timezone.now())
        return unused.filter(expires_at__lte=timezone.now())


class Invitation(models.Model):
    """A link, good once, that lets the person behind one address make an account in one role.

    Only the link's hash is kept. Without a partner it makes a member of the staff.
    """

    id = ids.TypeIDField(prefix="invitation", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey(
        Partner, models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    email = models.EmailField(_("Email"))
    role = models.CharField(_("Role"), max_length=10, choices=Role.choices)
    # What the account starts with; without it somebody new would see all leads for a while.
    market = models.CharField(
        _("Only this market"), max_length=10, choices=Market.choices, blank=True
    )
    team = models.CharField(_("Only this team"), max_length=80, blank=True)
    token_hash = models.BinaryField(unique=True, max_length=32, editable=False)
    invited_by = models.ForeignKey(User, models.CASCADE, related_name="invitations_sent")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("Expires"))
    accepted_at = models.DateTimeField(_("Accepted"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("Taken back"), null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # Of one company: that another has invited the same address is not for it to know.
            models.UniqueConstraint(
                Lower("email"),
                "partner",
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                nulls_distinct=False,
                name="partners_invitation_one_open_of_a_partner",
                violation_error_message=_("This address was invited just now."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "member"], partner__isnull=False)
                | Q(role__in=["admin", "finance", "agent"], partner__isnull=True),
                name="partners_invitation_partner_fits_role",
            ),
            models.CheckConstraint(
                condition=Q(market="", team="") | Q(partner__isnull=True),
                name="partners_invitation_scope_is_for_staff",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="partners_invitation_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """accepted, taken_back, expired, or open while it can still be accepted."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "taken_back"
        return "open" if self.expires_at > timezone.now() else "expired"


class UsedCode(models.Model):
    """A one-time code that was accepted, so that the database refuses it the second time.

    allauth notes it in the cache, which a flush forgets and two tries at once slip through.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="used_codes", db_index=False)
    step = models.BigIntegerField()  # the code's 30 seconds since 1970 (RFC 6238)
    used_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "step"], name="partners_usedcode_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.step}"
