"""Forms about partners and their people. They clean; the services decide and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from partners.models import PERCENTAGE, Invitation, Licence, Partner, User
from partners.selectors import has_history
from partners.types import TYPES, PartnerType, Service
from portal.lib.access import PARTNER_ROLES


def describe_types() -> SafeString:
    """Say of each type what it is, what it does and what it usually earns."""
    rows = (
        (PartnerType(kind).label, facts.description, facts.typical_role, facts.commission_range)
        for kind, facts in TYPES.items()
    )
    return format_html_join("", "<div><strong>{}</strong>: {}. {}. {}</div>", rows)


class PartnerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A partner as an admin keeps it."""

    services = forms.MultipleChoiceField(
        label=_("Services"),
        choices=Service.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What a service provider offers; a lead that wants none of it is not shared."),
    )

    class Meta:
        model = Partner
        fields = (
            "name",
            "type",
            "market",
            "status",
            "default_commission",
            "capacity_limit",
            "areas",
            "segments",
            "languages",
            "services",
            "contact_email",
            "contact_phone",
        )
        widgets = {
            "name": forms.TextInput(attrs={"placeholder": _("Name")}),
            "default_commission": forms.NumberInput(
                attrs={
                    "placeholder": _("Default commission %"),
                    "class": "vTextField",
                    "min": "0.01",
                    "max": "100",
                    "step": "0.01",
                }
            ),
            "capacity_limit": forms.NumberInput(attrs={"placeholder": _("Capacity")}),
        }
        help_texts = {
            "type": lazy(describe_types, SafeString)(),
            "areas": _("Separated by commas."),
            "segments": _("Separated by commas."),
            "languages": _("Separated by commas."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, market = cleaned.get("type"), cleaned.get("market")
        if kind and market and market not in TYPES[kind].markets:
            self.add_error("type", _("This type of partner does not exist in this market."))
        moved = [name for name in ("type", "market") if name in self.changed_data]
        if moved and self.instance.created_at and not self.instance._state.adding:
            kept = Partner.objects.get(pk=self.instance.pk)
            if has_history(kept):
                self.add_error(moved[0], _("This partner has a history, so this stays."))
        return cleaned


class LicenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A licence as a row of its partner's page."""

    evidence = forms.URLField(
        label=_("Evidence"), required=False, max_length=200, assume_scheme="https"
    )

    class Meta:
        model = Licence
        fields = (
            "kind",
            "number",
            "authority",
            "region",
            "status",
            "valid_from",
            "valid_to",
            "checked_at",
            "evidence",
        )


class _PlaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """An address, and where in the company or in which partner its account belongs."""

    def clean_email(self) -> str:
        email: str = User.objects.normalize_email(self.cleaned_data["email"]).lower()
        return email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        role = cleaned.get("role")
        if role and "partner" in cleaned and (role in PARTNER_ROLES) != bool(cleaned["partner"]):
            self.add_error(
                "partner", _("Owners and members belong to a partner; staff belong to none.")
            )
        if cleaned.get("partner") and (cleaned.get("market") or cleaned.get("team")):
            self.add_error("market", _("Only staff are limited to a market or a team."))
        return cleaned


class UserForm(_PlaceForm):
    """An account as an admin keeps it; its password is its person's alone."""

    class Meta:
        model = User
        fields = ("email", "name", "role", "partner", "market", "team", "is_active")


class InvitationForm(_PlaceForm):
    """Whom an admin invites, and as what."""

    class Meta:
        model = Invitation
        fields = ("email", "role", "partner", "market", "team")
        help_texts = {
            "partner": _("For owners and members."),
            "market": _("For staff: which leads they see. Empty: of all markets."),
            "team": _("For staff: leads whose agent is of the same team. Empty: of all teams."),
        }


class SettingsForm(forms.Form):
    """How a partner is reached and how many leads it takes at a time."""

    contact_email = forms.EmailField(label=_("Contact email"), required=False, max_length=254)
    contact_phone = forms.CharField(
        label=_("Contact phone"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=_("With the country's code, such as +971 50 123 4567."),
    )
    capacity_wanted = forms.IntegerField(
        label=_("Capacity"), required=False, min_value=0, max_value=100_000
    )

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {name: getattr(partner, name) for name in self.base_fields},
        )
        super().__init__(*args, **kwargs)
        self.fields["capacity_wanted"].help_text = _(
            "How many leads you take at a time, up to %(limit)s. Empty takes all of them."
        ) % {"limit": partner.capacity_limit}


class ProposalForm(forms.Form):
    """The default commission a partner would like to have."""

    percent = forms.DecimalField(
        label=_("Your proposal"), max_digits=5, decimal_places=2, validators=PERCENTAGE
    )


class EndpointForm(forms.Form):
    """An address of the partner's system."""

    url = forms.CharField(
        label=_("Callback webhook URL"),
        max_length=2048,
        widget=forms.URLInput(attrs={"placeholder": "https://partner.example/webhook"}),
        help_text=_("An https address that answers our challenge. Up to five."),
    )
