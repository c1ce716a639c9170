"""What finance types to offer terms: every part of `commissions.terms`, checked by the service."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.models import AgreementVersion
from commissions.services.agreements import Draft
from commissions.terms import Base, Milestone, Period, Rounding, Terms, Tier, TierMode
from leads.selectors import lead_for
from partners.models import Partner
from partners.types import TYPES, Direction
from portal.lib.access import Actor
from portal.lib.forms import MoneyField
from portal.lib.money import CURRENCIES

_DAY = {"type": "date"}
_MOST = 4_000  # characters of tiers or milestones
# No two parts beside each other take the same character: a long line is read once, not squared.
_TIER = re.compile(r"^(?P<end>[\d,.\s]+|above\s*)[:;]\s*(?P<rate>\d+(\.\d+)?)\s*%?$")
_MILESTONE = re.compile(r"^(?P<part>\d+(\.\d+)?)\s*(%\s*)?[:;]\s*(?P<condition>.+)$")


def _percent(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class TermsForm(forms.Form):
    """Terms and the days of sharing they count for."""

    base = forms.ChoiceField(
        label=gettext_lazy("What the rate is applied to"), choices=Base.choices
    )
    percent = _percent(gettext_lazy("Rate, %"))
    flat = MoneyField(label=gettext_lazy("Flat fee per deal"), required=False)
    base_percent = _percent(gettext_lazy("Gross commission, % of the agreement value"))
    base_fee = MoneyField(label=gettext_lazy("The platform's fee per deal"), required=False)
    partner_share = _percent(
        gettext_lazy("Partner's part of the commission, %"),
        gettext_lazy("Leave it empty where the commission is not split."),
    )
    tiers = forms.CharField(
        label=gettext_lazy("Tiers"),
        required=False,
        max_length=_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: 10,000,000: 5 and at the end above: 3"),
    )
    tier_mode = forms.ChoiceField(
        label=gettext_lazy("How tiers count"), choices=TierMode.choices, required=False
    )
    tier_period = forms.ChoiceField(
        label=gettext_lazy("Over which time"), choices=Period.choices, required=False
    )
    rerates = forms.BooleanField(
        label=gettext_lazy("Deals before get the rate reached as well"), required=False
    )
    milestones = forms.CharField(
        label=gettext_lazy("Milestones"),
        required=False,
        max_length=_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: 50: 25 % of the price is paid"),
    )
    cap = MoneyField(label=gettext_lazy("At most per deal"), required=False)
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency of the amounts and the settlement"),
        required=False,
        choices=[("", gettext_lazy("That of the deal")), *((code, code) for code in CURRENCIES)],
    )
    rounding = forms.ChoiceField(
        label=gettext_lazy("Rounding"), choices=Rounding.choices, required=False
    )
    holding_days = forms.IntegerField(
        label=gettext_lazy("Days it is held after it fell due"),
        min_value=0,
        max_value=3650,
        required=False,
    )
    direction = forms.ChoiceField(
        label=gettext_lazy("Who pays"),
        required=False,
        choices=[("", gettext_lazy("As usual for the type")), *Direction.choices],
    )
    valid_from = forms.DateField(
        label=gettext_lazy("For leads shared from"), widget=forms.DateInput(attrs=_DAY)
    )
    valid_to = forms.DateField(
        label=gettext_lazy("Up to and including"),
        required=False,
        widget=forms.DateInput(attrs=_DAY),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"valid_from": timezone.now().date()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def clean_tiers(self) -> tuple[Tier, ...]:
        """Read a tier a line."""
        return tuple(_tier(line) for line in _lines(self.cleaned_data["tiers"]))

    def clean_milestones(self) -> tuple[Milestone, ...]:
        """Read a milestone a line."""
        return tuple(_milestone(line) for line in _lines(self.cleaned_data["milestones"]))

    @classmethod
    def starting_from(cls, data: Any, version: AgreementVersion | None) -> Self:
        """Return the form with what VERSION says, to be changed here and there."""
        return cls(data, initial=_as_typed(version.read_terms()) if version else None)

    def draft(self, partner: Partner) -> Draft:
        """Return what is offered to PARTNER."""
        given = self.cleaned_data
        terms = Terms(
            direction=given["direction"] or partner.direction,
            percent=given["percent"] or Decimal(0),
            base=given["base"],
            flat=given["flat"],
            base_percent=given["base_percent"],
            base_fee=given["base_fee"],
            partner_share=given["partner_share"],
            tiers=given["tiers"],
            tier_mode=given["tier_mode"] or TierMode.GRADUATED,
            tier_period=given["tier_period"] or Period.DEAL,
            rerates=given["rerates"],
            milestones=given["milestones"],
            cap=given["cap"],
            currency=given["currency"],
            rounding=given["rounding"] or Rounding.HALF_UP,
            holding_days=given["holding_days"] or 0,
        )
        return Draft(terms=terms, valid_from=given["valid_from"], valid_to=given["valid_to"])

    def refuse(self, fields: dict[str, list[str]], otherwise: str) -> None:
        """Say beside each part what the service found wrong with it."""
        for name, reasons in fields.items():
            self.add_error(name if name in self.fields else None, ValidationError(reasons))
        if not fields:
            self.add_error(None, otherwise)


class OfferForm(TermsForm):
    """A new agreement: with whom, about what, and its first terms.

    `of_lead` is the lead of the one deal it is about, or None.
    """

    partner = forms.ModelChoiceField(label=gettext_lazy("Partner"), queryset=Partner.objects.none())
    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    project = forms.CharField(
        label=gettext_lazy("Only for the project"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Leave it empty for all leads of the partner."),
    )
    # The one deal it is about; set by the link on the lead's page.
    lead = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("partner", "title", "project")

    def __init__(self, *args: Any, user: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_lead = lead_for(user=user, lead_id=self["lead"].value() or "")
        partner = self.fields["partner"]
        if isinstance(partner, forms.ModelChoiceField):
            partner.queryset = Partner.objects.visible_to(user).order_by("name")


def _as_typed(terms: Terms) -> dict[str, Any]:
    """Return TERMS as they are typed into the form."""
    plain = ("base", "percent", "flat", "base_percent", "base_fee", "partner_share", "tier_mode")
    others = ("tier_period", "rerates", "cap", "currency", "rounding", "holding_days", "direction")
    typed: dict[str, Any] = {name: getattr(terms, name) for name in (*plain, *others)}
    for name, value in typed.items():
        if isinstance(value, Decimal):
            typed[name] = f"{value.normalize():f}"
    ends = ("above" if t.up_to is None else f"{t.up_to.normalize():,f}" for t in terms.tiers)
    rates = (f"{tier.percent.normalize():f}" for tier in terms.tiers)
    typed["tiers"] = "\n".join(map(": ".join, zip(ends, rates, strict=True)))
    typed["milestones"] = "\n".join(
        f"{milestone.percent.normalize():f}: {milestone.condition}"
        for milestone in terms.milestones
    )
    return typed


def unusual(partner: Partner, terms: Terms) -> str:
    """Return a warning where the rate lies outside what is usual for the partner's type."""
    facts = TYPES[partner.type]
    if terms.base == Base.FLAT or facts.covers(terms.told_percent):
        return ""
    return _("The rate lies outside the %(range)s that is usual for this type of partner.") % {
        "range": facts.commission_range
    }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _tier(line: str) -> Tier:
    if (found := _TIER.match(line.lower())) is None:
        raise ValidationError(_("Not a tier: %(line)s") % {"line": line})
    end = found["end"].strip()
    if end == "above":
        return Tier(None, Decimal(found["rate"]))
    try:
        return Tier(Decimal(re.sub(r"[,\s]", "", end)), Decimal(found["rate"]))
    except InvalidOperation as error:
        raise ValidationError(_("Not a tier: %(line)s") % {"line": line}) from error


def _milestone(line: str) -> Milestone:
    if (found := _MILESTONE.match(line)) is None:
        raise ValidationError(_("Not a milestone: %(line)s") % {"line": line})
    return Milestone(found["condition"].strip()[:200], Decimal(found["part"]))
