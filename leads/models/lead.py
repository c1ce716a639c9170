"""Leads and what their clients allow."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner
from partners.types import REGIONS, Market, Service
from portal.lib import ids
from portal.lib.access import LEAD, OfLeadQuerySet
from portal.lib.money import CURRENCIES, MoneyColumn


class LeadQuerySet(OfLeadQuerySet["Lead"]):
    """Leads are the company's own; a partner only ever sees a share."""

    lead_lookup = LEAD


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
    budget_min = MoneyColumn(_("Budget from"), null=True, blank=True)
    budget_max = MoneyColumn(_("Budget to"), null=True, blank=True)
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
    # Set: kept, but neither shared nor shown to any partner, until it is lifted.
    restricted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The client asked to be erased; where the law makes us keep the data, it is done from then on.
    erasure_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    erase_after = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LeadQuerySet.as_manager()

    # Not a column: set where it was emptied for a reader who may not know who the client is.
    contact_hidden = False

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="leads_lead_newest"),
            models.Index(
                fields=["-needs_agent_since"],
                condition=Q(needs_agent_since__isnull=False),
                name="leads_lead_needs_agent",
            ),
            # Whether the same person is known already.
            models.Index(
                fields=["market", "email"], condition=~Q(email=""), name="leads_lead_by_email"
            ),
            models.Index(
                fields=["market", "phone"], condition=~Q(phone=""), name="leads_lead_by_phone"
            ),
            models.Index(
                fields=["erase_after"],
                condition=Q(erase_after__isnull=False, erased_at__isnull=True),
                name="leads_lead_to_erase",
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
    def restricted(self) -> bool:
        """Whether nothing of it may be shared or shown to partners now."""
        return self.restricted_at is not None or self.erased_at is not None

    @property
    def client(self) -> str:
        """What to call the client on the agents' pages."""
        if self.erased_at is not None:
            return str(_("Erased client"))
        if self.contact_hidden:
            return str(_("Client %(reference)s") % {"reference": str(self.pk)[-6:].upper()})
        return self.name or str(_("Client without a name"))


class ConsentDecision(models.Model):
    """One decision about one group, by the client or attested by an agent. Never changed.

    Only `note`, which may name the client, can be emptied, when the client is erased.
    """

    append_only = True
    may_be_emptied = ("note",)

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
    notice_language = models.CharField(max_length=10, blank=True)
    # How the client agreed, in the agent's words.
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.CharField(max_length=40)
    decided_at = models.DateTimeField(default=timezone.now)

    objects = OfLeadQuerySet["ConsentDecision"].as_manager()

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
