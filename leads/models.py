"""The work: leads, what their clients allow, and what was shared with whom."""

from __future__ import annotations

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.groups import Groups
from partners.models import Partner
from partners.types import REGIONS, Direction, Market, Service
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet, StaffOnlyQuerySet
from portal.lib.money import CURRENCIES


class LeadQuerySet(StaffOnlyQuerySet["Lead"]):
    """Leads are the company's own; a partner only ever sees a share."""


class Lead(models.Model):
    """A person's recorded interest in buying or renting.

    Columns are grouped by consent group. A partner sees none of them except through
    `leads.consent.disclose`, which names each one it lets out.
    """

    class Intent(models.TextChoices):
        BUY = "buy", _("Buy")
        RENT = "rent", _("Rent")
        INVEST = "invest", _("Invest")

    class Financing(models.TextChoices):
        CASH = "cash", _("Cash")
        MORTGAGE = "mortgage", _("Mortgage")
        HOME_LOAN = "home_loan", _("Home loan")
        OTHER = "other", _("Other")

    class SizeUnit(models.TextChoices):
        SQFT = "sqft", _("sq ft")
        SQM = "sqm", _("sq m")

    class Furnishing(models.TextChoices):
        FURNISHED = "furnished", _("Furnished")
        SEMI = "semi_furnished", _("Semi-furnished")
        UNFURNISHED = "unfurnished", _("Unfurnished")

    class Completion(models.TextChoices):
        READY = "ready", _("Ready")
        OFF_PLAN = "off_plan", _("Off plan")

    class Temperature(models.TextChoices):
        HOT = "hot", _("Hot")
        WARM = "warm", _("Warm")
        COLD = "cold", _("Cold")

    id = ids.TypeIDField(prefix="lead", make=ids.uuid7, primary_key=True, editable=False)
    market = models.CharField(_("Market"), max_length=10, choices=Market.choices)
    # Where the property is to be; for India the state decides which licence counts.
    region = models.CharField(
        _("State or emirate"), max_length=6, blank=True, choices=sorted(REGIONS.items())
    )
    currency = models.CharField(max_length=3, choices=[(code, code) for code in CURRENCIES])

    # contact
    name = models.CharField(_("Name"), max_length=200, blank=True)
    email = models.EmailField(_("Email"), blank=True)
    phone = models.CharField(_("Phone"), max_length=32, blank=True)
    location = models.CharField(
        _("Lives in"), max_length=200, blank=True, help_text=_("Where the client lives.")
    )

    # budget
    budget_min = models.DecimalField(
        _("Budget from"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    budget_max = models.DecimalField(
        _("Budget to"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    financing = models.CharField(
        _("Financing"), max_length=20, blank=True, choices=Financing.choices
    )
    payment_preference = models.CharField(_("Payment preference"), max_length=200, blank=True)

    # requirements
    intent = models.CharField(_("Intent"), max_length=10, blank=True, choices=Intent.choices)
    property_type = models.CharField(_("Property type"), max_length=60, blank=True)
    bedrooms_min = models.PositiveSmallIntegerField(_("Bedrooms from"), null=True, blank=True)
    bedrooms_max = models.PositiveSmallIntegerField(_("Bedrooms to"), null=True, blank=True)
    size_min = models.PositiveIntegerField(_("Size from"), null=True, blank=True)
    size_max = models.PositiveIntegerField(_("Size to"), null=True, blank=True)
    size_unit = models.CharField(_("Size unit"), max_length=5, blank=True, choices=SizeUnit.choices)
    locations = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    views = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    amenities = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    furnishing = models.CharField(
        _("Furnishing"), max_length=20, blank=True, choices=Furnishing.choices
    )
    segment = models.CharField(_("Segment"), max_length=40, blank=True)
    completion = models.CharField(
        _("Completion"), max_length=10, blank=True, choices=Completion.choices
    )
    project = models.CharField(_("Project"), max_length=200, blank=True)
    move_in_timeline = models.CharField(_("Move-in timeline"), max_length=120, blank=True)
    services = ArrayField(
        models.CharField(max_length=20, choices=Service.choices), default=list, blank=True
    )

    # internal: no disclosure can name these
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="leads"
    )
    temperature = models.CharField(
        _("Temperature"), max_length=5, blank=True, choices=Temperature.choices
    )
    score = models.PositiveSmallIntegerField(_("Score"), null=True, blank=True)
    notes = models.TextField(_("Agent's notes"), blank=True, max_length=4000)
    source = models.CharField(_("Source"), max_length=80, blank=True)
    duplicate_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="duplicates"
    )
    collaboration_outcomes = models.JSONField(default=list, blank=True, editable=False)
    reassignment_history = models.JSONField(default=list, blank=True, editable=False)
    # A partner answered and the agent has not looked yet.
    needs_agent_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LeadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="leads_lead_newest"),
            models.Index(
                fields=["-needs_agent_since"],
                condition=Q(needs_agent_since__isnull=False),
                name="leads_lead_needs_agent",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(budget_min__isnull=True)
                | Q(budget_max__isnull=True)
                | Q(budget_max__gte=F("budget_min")),
                name="leads_lead_budget_in_order",
                violation_error_message=_("The budget's upper bound is below its lower bound."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # who the client is never stands anywhere by itself

    @property
    def client(self) -> str:
        """What to call the client on the agents' pages."""
        return self.name or str(_("Client without a name"))


class ConsentDecision(models.Model):
    """One decision about one group, by the client or attested by an agent. Never changed."""

    append_only = True

    class Group(models.TextChoices):
        CONTACT = "contact", _("Contact")
        BUDGET = "budget", _("Budget")
        REQUIREMENTS = "requirements", _("Requirements")

    class State(models.TextChoices):
        GIVEN = "given", _("Given")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Source(models.TextChoices):
        CLIENT = "client", _("Client")
        AGENT = "agent", _("Agent")

    class Method(models.TextChoices):
        """How the client agreed."""

        CALL = "call", _("On a call")
        MESSAGE = "message", _("In a message")
        IN_PERSON = "in_person", _("In person")
        DOCUMENT = "document", _("In a document")
        FORM = "form", _("On our form")
        PAGE = "page", _("On the consent page")
        UNSTATED = "unstated", _("Not said how")

    id = ids.TypeIDField(prefix="decision", make=ids.uuid7, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="decisions", db_index=False)
    # Null: for every partner.
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="decisions", db_index=False
    )
    purpose = models.CharField(max_length=40, default="property_search")
    group = models.CharField(max_length=12, choices=Group.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    source = models.CharField(max_length=6, choices=Source.choices)
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.UNSTATED)
    notice_version = models.CharField(max_length=40, blank=True)
    notice_hash = models.CharField(max_length=64, blank=True)
    decided_by = models.CharField(max_length=40)
    decided_at = models.DateTimeField(default=timezone.now)

    objects = StaffOnlyQuerySet["ConsentDecision"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["lead", "-decided_at"], name="leads_decision_of_lead")]
        constraints = [
            models.CheckConstraint(
                condition=Q(source="client") | Q(partner__isnull=False),
                name="leads_decision_agent_names_a_partner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.state}"


class ShareStatus(models.TextChoices):
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REVOKED = "revoked", _("Revoked")


LIVE = (ShareStatus.SENT, ShareStatus.ACCEPTED, ShareStatus.IN_PROGRESS)
# What may follow what (design.md section 5). The service, the forms and the tests read this.
TRANSITIONS: dict[str, frozenset[str]] = {
    ShareStatus.SENT: frozenset({"accepted", "rejected", "expired", "withdrawn", "revoked"}),
    ShareStatus.ACCEPTED: frozenset({"in_progress", "closed", "rejected", "withdrawn", "revoked"}),
    ShareStatus.IN_PROGRESS: frozenset({"closed", "rejected", "withdrawn", "revoked"}),
    ShareStatus.CLOSED: frozenset(),
    ShareStatus.REJECTED: frozenset(),
    ShareStatus.EXPIRED: frozenset(),
    ShareStatus.WITHDRAWN: frozenset(),
    ShareStatus.REVOKED: frozenset(),
}
# A share in one of these tells its partner what it was; every other end tells only that it ended.
DISCLOSING = frozenset({*LIVE, ShareStatus.CLOSED})


class ShareQuerySet(PartnerScopedQuerySet["Share"]):
    def live(self) -> Self:
        return self.filter(status__in=LIVE)


class Share(models.Model):
    """One lead offered to one partner, with the consent that governs what that partner sees.

    The partner knows the lead by this row's random id, so that two partners cannot compare notes.
    """

    Status = ShareStatus

    id = ids.TypeIDField(prefix="share", make=ids.random_uuid, primary_key=True, editable=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="shares")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="shares", db_index=False)
    status = models.CharField(max_length=12, choices=ShareStatus.choices, default=ShareStatus.SENT)
    chosen_contact = models.BooleanField()
    chosen_budget = models.BooleanField()
    chosen_requirements = models.BooleanField()
    # decision AND choice AND ceiling, recomputed with every decision and choice.
    shares_contact = models.BooleanField()
    shares_budget = models.BooleanField()
    shares_requirements = models.BooleanField()
    consent_version = models.PositiveIntegerField(default=1)
    consent_updated_at = models.DateTimeField(default=timezone.now)
    # Frozen when it was shared.
    commission_percent = models.DecimalField(max_digits=5, decimal_places=2)
    direction = models.CharField(max_length=24, choices=Direction.choices)
    currency = models.CharField(max_length=3)
    gate = models.JSONField(default=dict)
    # Set: this share's webhooks go to that endpoint only.
    endpoint_id = ids.TypeIDField(prefix="endpoint", null=True, blank=True)

    shared_by = models.CharField(max_length=40)
    shared_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500, blank=True)
    notes = models.TextField(blank=True, max_length=4000)
    # Not a column: what the service that returns the share says was withheld, group → reason.
    withheld: dict[str, str]

    objects = ShareQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["partner", "-shared_at", "-id"],
                name="leads_share_of_partner",
                include=["status"],
            ),
            models.Index(
                fields=["partner", "status"],
                condition=Q(status__in=[s.value for s in LIVE]),
                name="leads_share_live",
            ),
            models.Index(
                fields=["shared_at"],
                condition=Q(status="sent"),
                name="leads_share_unanswered",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "partner"],
                condition=Q(status__in=[s.value for s in LIVE]),
                name="leads_share_one_live_per_partner",
            ),
            models.CheckConstraint(
                condition=(Q(shares_contact=False) | Q(chosen_contact=True))
                & (Q(shares_budget=False) | Q(chosen_budget=True))
                & (Q(shares_requirements=False) | Q(chosen_requirements=True)),
                name="leads_share_effective_within_choice",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in ShareStatus]),
                name="leads_share_status_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def chosen(self) -> Groups:
        """What the agent chose to share."""
        return Groups(self.chosen_contact, self.chosen_budget, self.chosen_requirements)

    @property
    def effective(self) -> Groups:
        """What this partner may see while the share discloses anything."""
        return Groups(self.shares_contact, self.shares_budget, self.shares_requirements)

    @property
    def disclosed(self) -> Groups:
        """What this partner sees now: nothing once the share ended other than by closing."""
        return self.effective if self.status in DISCLOSING else Groups.none()

    @property
    def next_statuses(self) -> frozenset[str]:
        return TRANSITIONS[self.status]


class AppointmentQuerySet(PartnerScopedQuerySet["Appointment"]):
    partner_lookup = "share__partner_id"


class Appointment(models.Model):
    """A viewing or meeting told to the partner of one share."""

    class Type(models.TextChoices):
        VIEWING = "viewing", _("Viewing")
        SITE_VISIT = "site_visit", _("Site visit")
        INSPECTION = "inspection", _("Inspection")
        MEETING = "meeting", _("Meeting")
        CALL = "call", _("Call")

    class Place(models.TextChoices):
        PROPERTY = "property", _("At the property")
        CLIENT_ADDRESS = "client_address", _("At the client's address")

    id = ids.TypeIDField(prefix="appt", make=ids.uuid7, primary_key=True, editable=False)
    share = models.ForeignKey(Share, models.PROTECT, related_name="appointments")
    external_id = models.CharField(max_length=64, blank=True)
    type = models.CharField(_("Type"), max_length=12, choices=Type.choices)
    starts_at = models.DateTimeField(_("When"))
    location = models.CharField(_("Where"), max_length=300)
    place = models.CharField(
        _("Place"), max_length=16, choices=Place.choices, default=Place.PROPERTY
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["share", "external_id"],
                condition=~Q(external_id=""),
                name="leads_appointment_once_per_share",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.starts_at:%Y-%m-%d}"


class PartnerDayQuerySet(PartnerScopedQuerySet["PartnerDay"]):
    """Daily figures of a partner."""


class PartnerDay(models.Model):
    """Counts, sums and times of one partner, UTC day and currency.

    Kept in the transaction of what it counts, rebuilt and compared nightly; all-time figures and
    leaderboards read it instead of the shares.
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    commission = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    response_seconds = models.BigIntegerField(default=0)
    close_seconds = models.BigIntegerField(default=0)

    objects = PartnerDayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "day", "currency"], name="leads_partnerday_once"
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

    objects = StaffOnlyQuerySet["ClientLink"].as_manager()

    def __str__(self) -> str:
        return str(self.pk)

    @staticmethod
    def new_token() -> str:
        """Return 192 random bits as text for an address."""
        return secrets.token_urlsafe(24)

    @staticmethod
    def hash_of(token: str) -> bytes:
        return hashlib.sha256(token.encode()).digest()
