"""The form that shares a lead with one or several partners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads import notices, selectors
from leads.consent import RULES
from leads.consent_words import names_in
from leads.forms import METHODS
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead, Proposal
from leads.oversight import proposals_of
from leads.preview import Preview, preview_for
from leads.selectors import Candidate
from leads.standing import Standing, is_explicit, standing_of
from partners.models import Partner
from partners.types import TYPES, PartnerType
from portal.lib.access import Actor
from portal.lib.errors import DomainError

LISTED = 40
# Before a partner is chosen the switches stand at what the most careful type starts with.
_CAREFUL = RULES[PartnerType.CHANNEL].default
_FIELD_OF_REFUSAL = {
    "callback_not_verified": "callback_url",
    "consent_withheld": "share_contact",
    "already_shared": "partner",
}


def picked_partners(selected: str, ticked: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Return the partners meant by the select and the tick boxes together.

    Both show the same choice, so whichever differs from what the page SHOWED is what was changed.

    :param selected: the partner of the select, or ""
    :param shown: the partners that were chosen when the page was made
    """
    unchanged = set(ticked) == set(shown)
    if selected == _of_select(shown):
        return list(ticked)
    if unchanged:
        return [selected] if selected else []
    return [selected, *ticked] if selected else list(ticked)


def _of_select(picks: Sequence[str]) -> str:
    """Return what the select shows: the partner, or nothing where there are several or none."""
    return picks[0] if len(picks) == 1 else ""


def starting_choice(types: Sequence[str]) -> Groups:
    """Return what the switches start with: what every type that may see a group starts with."""
    if not types:
        return _CAREFUL
    rules = [RULES[kind] for kind in types]
    return Groups(
        *(
            any(rule.ceiling[group] for rule in rules)
            and all(rule.default[group] for rule in rules if rule.ceiling[group])
            for group in GROUPS
        )
    )


@dataclass(frozen=True, slots=True)
class Switch:
    """A consent switch: who decided about it, and what comes of switching it on."""

    field: forms.BoundField
    sources: list[str]
    effect: list[str]
    tone: str

    @property
    def words(self) -> SafeString:
        """The hint below the switch: the sources as a list, then the effect."""
        return format_html(
            '<ul class="reasons" role="list" data-tone="{}">{}</ul>{}',
            self.tone,
            format_html_join("", "<li>{}</li>", ((said,) for said in self.sources)),
            format_html_join("", "<p>{}</p>", ((said,) for said in self.effect)),
        )


class SharingForm(forms.Form):
    """Partners, consent and where to send it. Everything works without JavaScript.

    With it, each change posts the form to the preview, which answers with :meth:`following`.
    """

    type = forms.ChoiceField(label=gettext_lazy("Partner type"), required=False)
    partner = forms.CharField(label=gettext_lazy("Select partner"), required=False)
    also = forms.MultipleChoiceField(required=False)
    share_contact = forms.BooleanField(label=gettext_lazy("Share contact"), required=False)
    share_budget = forms.BooleanField(label=gettext_lazy("Share budget"), required=False)
    share_requirements = forms.BooleanField(
        label=gettext_lazy("Share requirements"), required=False
    )
    consent_method = forms.ChoiceField(
        label=gettext_lazy("How the client agreed"), choices=METHODS, required=False
    )
    consent_note = forms.CharField(
        label=gettext_lazy("What the client said"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Kept with the record of the consent; no partner sees it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    callback_url = forms.CharField(
        label=gettext_lazy("Partner callback URL"),
        required=False,
        max_length=2048,
        help_text=gettext_lazy(
            "Only an address the partner has verified gets leads; any other is refused."
        ),
        widget=forms.URLInput(
            attrs={
                "placeholder": gettext_lazy("Partner callback URL (optional)"),
                "list": "callback-addresses",
                "autocomplete": "off",
            }
        ),
    )
    instead_of = forms.CharField(required=False, widget=forms.HiddenInput)
    # What the page showed, so that the next request knows what was changed.
    shown_partners = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_choice = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        user: Actor,
        lead: Lead,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial, auto_id="share_%s")
        self.user, self.lead = user, lead
        self.candidates = selectors.candidates_for(user=user, lead=lead)
        self.by_id = {str(candidate.partner.pk): candidate for candidate in self.candidates}
        self.decisions = selectors.decisions_of(user=user, lead=lead)
        self.names = names_in(self.decisions)
        # Where the market asks for the client's own act, ticking attests nothing.
        self.explicit = is_explicit(lead)
        self.notice = notices.current(lead.market, notices.ATTESTATION)
        proposals = proposals_of(user=user, lead=lead)
        self.asked = {str(p.partner_id): p for p in proposals if p.status == Proposal.Status.OPEN}
        kinds = [kind for kind in PartnerType if lead.market in TYPES[kind].markets]
        self._choose("type", [("", _("All types")), *((kind, kind.label) for kind in kinds)])
        self._choose("also", [(pk, pk) for pk in self.by_id])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = choices

    @classmethod
    def opened(cls, *, user: Actor, lead: Lead, given: QueryDict) -> SharingForm:
        """Return the form as the lead's page shows it first."""
        form = cls(user=user, lead=lead)
        picks = [pk for pk in [given.get("partner", "")] if pk in form.by_id]
        form._show(picks, starting_choice(form._types(picks)), form._address_for(picks))
        form.initial["instead_of"] = given.get("instead_of", "")
        return form

    @classmethod
    def following(cls, *, user: Actor, lead: Lead, given: QueryDict) -> SharingForm:
        """Return the form after a change: what was typed stays, what depends on it follows."""
        form = cls(user=user, lead=lead)
        for name in ("type", "consent_method", "consent_note", "instead_of"):
            form.initial[name] = given.get(name, "")
        shown = _words(given.get("shown_partners", ""))
        picks = form._choosable(
            picked_partners(given.get("partner", ""), given.getlist("also"), shown),
            given.get("type", ""),
        )
        choice = Groups(*(f"share_{group}" in given for group in GROUPS))
        address = given.get("callback_url", "")
        if set(picks) != set(shown) or not picks:
            if list(choice) == _words(given.get("shown_choice", "")):
                choice = starting_choice(form._types(picks) or form._kind())
            if not address or address in form._addresses(shown):
                address = form._address_for(picks)
        form._show(picks, choice, address)
        return form

    def _show(self, picks: list[str], choice: Groups, address: str) -> None:
        ceiling = self._ceiling(picks)
        self.initial.update(
            partner=_of_select(picks),
            also=picks,
            callback_url=address,
            shown_partners=" ".join(picks),
            shown_choice=" ".join(choice & ceiling),
            **{f"share_{group}": choice[group] and ceiling[group] for group in GROUPS},
        )

    def _kind(self) -> list[str]:
        kind = self.initial.get("type", "")
        return [kind] if kind in PartnerType.values else []

    def _choosable(self, picks: list[str], kind: str) -> list[str]:
        return [
            pk
            for pk in dict.fromkeys(picks)
            if pk in self.by_id
            and self.by_id[pk].choosable
            and kind in ("", self.by_id[pk].partner.type)
        ]

    def _types(self, picks: Sequence[str]) -> list[str]:
        return [self.by_id[pk].partner.type for pk in picks]

    def _ceiling(self, picks: Sequence[str]) -> Groups:
        """Return the groups at least one of the chosen partners may see."""
        rules = [RULES[kind] for kind in self._types(picks)]
        if not rules:
            return Groups.everything()
        return Groups(*(any(rule.ceiling[group] for rule in rules) for group in GROUPS))

    def _addresses(self, picks: Sequence[str]) -> list[str]:
        known = [pk for pk in picks if pk in self.by_id]
        if not known:
            return []
        return selectors.receiving_addresses(user=self.user, partner_ids=known)

    def _address_for(self, picks: Sequence[str]) -> str:
        addresses = self._addresses(picks) if len(picks) == 1 else []
        return addresses[0] if len(addresses) == 1 else ""

    # --- what the page shows -------------------------------------------------------------------
    @property
    def picks(self) -> list[str]:
        """The ids of the partners that are chosen."""
        if not self.is_bound:
            return list(self.initial.get("also", []))
        data: Any = self.data
        shown = _words(data.get("shown_partners", ""))
        picks = picked_partners(data.get("partner", ""), data.getlist("also"), shown)
        return [pk for pk in dict.fromkeys(picks) if pk in self.by_id]

    @property
    def chosen(self) -> list[Candidate]:
        return [self.by_id[pk] for pk in self.picks]

    @property
    def options(self) -> list[Candidate]:
        """The partners of the type that is filtered for."""
        kind = self["type"].value() or ""
        return [c for c in self.candidates if kind in ("", c.partner.type)]

    @property
    def listed(self) -> list[Candidate]:
        """The first of them, for the list with each one's facts."""
        return self.options[:LISTED]

    @property
    def hidden_count(self) -> int:
        return len(self.options) - len(self.listed)

    @property
    def addresses(self) -> list[str]:
        """The verified addresses of the chosen partner; several partners have none in common."""
        return self._addresses(self.picks) if len(self.picks) == 1 else []

    def shown_choice_now(self) -> Groups:
        """Return the switches as they stand on the page."""
        return Groups(*(bool(self[f"share_{group}"].value()) for group in GROUPS))

    def switches(self) -> list[Switch]:
        """Return each switch with what is known about it, in plain words."""
        ceiling = self._ceiling(self.picks)
        for group in GROUPS:
            self.fields[f"share_{group}"].disabled = not ceiling[group]
        return [self._switch(group) for group in GROUPS]

    def _switch(self, group: str) -> Switch:
        standings = {c.partner.name: self._standing(group, c.partner) for c in self.chosen}
        known = standings or {"": self._standing(group, None)}
        tones = [standing.tone for standing in known.values()]
        return Switch(
            field=self[f"share_{group}"],
            sources=_by_partner({name: s.sources for name, s in known.items()}),
            effect=_by_partner({n: (s.effect,) if s.effect else () for n, s in known.items()}),
            tone=next((tone for tone in ("bad", "warn") if tone in tones), "good"),
        )

    def _standing(self, group: str, partner: Partner | None) -> Standing:
        partner_id = str(partner.pk) if partner else ""
        asked = self.asked.get(partner_id)
        return standing_of(
            group,
            partner.type if partner else "",
            self.decisions,
            lead=self.lead,
            partner_id=partner_id,
            names=self.names,
            asked_at=asked.proposed_at if asked and group in asked.groups else None,
        )

    def previews(self) -> list[Preview]:
        """Return what each chosen partner would receive."""
        choice = self.shown_choice_now()
        return [self._preview(candidate, choice) for candidate in self.chosen]

    @property
    def ask_first(self) -> bool:
        """Whether nobody chosen can get anything before the client has been asked."""
        previews = self.previews()
        return bool(previews) and all(preview.must_ask for preview in previews)

    def must_ask(self, candidate: Candidate) -> bool:
        """Return whether the client has to be asked before anything goes to this partner."""
        return self._preview(candidate, self.shown_choice_now()).must_ask

    def _preview(self, candidate: Candidate, choice: Groups) -> Preview:
        by = self.user.actor_id
        terms = candidate.terms
        return preview_for(self.lead, candidate.partner, choice, self.decisions, by=by, terms=terms)

    # --- what is sent --------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.picks:
            self.add_error("partner", _("Select a partner."))
        return cleaned

    def call_for(self, partner: Partner) -> dict[str, Any]:
        """Return the arguments of the service that shares with PARTNER.

        Of several partners each gets what its type may see. The only address a partner has is not
        named, because a share that is bound to one ends with it.
        """
        given = self.cleaned_data
        address = given["callback_url"].strip()
        return self.question_about(partner) | {
            "method": given["consent_method"] or ConsentDecision.Method.UNSTATED,
            "note": given["consent_note"],
            "callback_url": None if self._addresses([str(partner.pk)]) == [address] else address,
        }

    def question_about(self, partner: Partner) -> dict[str, Any]:
        """Return the arguments of the service that asks the client about PARTNER."""
        given = self.cleaned_data
        choice = Groups(*(given[f"share_{group}"] for group in GROUPS))
        return {
            "partner_id": str(partner.pk),
            "lead_id": str(self.lead.pk),
            "choice": choice & RULES[partner.type].ceiling,
            "instead_of": given["instead_of"] or None,
        }

    def settle(self, refused: Mapping[str, DomainError]) -> None:
        """Keep those chosen who were REFUSED, each with its reason; the others have the lead."""
        for pk, refusal in refused.items():
            field = _FIELD_OF_REFUSAL.get(refusal.code, "partner")
            self.add_error(field, f"{self.by_id[pk].partner.name}: {refusal}")
        left = list(refused) or self.picks
        data: Any = self.data
        self.data = data = data.copy()
        data["partner"] = _of_select(left)
        data.setlist("also", left)
        data["shown_partners"] = " ".join(left)
        data["shown_choice"] = " ".join(self.shown_choice_now())


def _by_partner(said: Mapping[str, Sequence[str]]) -> list[str]:
    """Return each sentence once, with the partners it is about where it is not about all."""
    about: dict[str, list[str]] = {}
    for name, sentences in said.items():
        for sentence in sentences:
            about.setdefault(sentence, []).append(name)
    return [
        sentence if len(names) == len(said) else f"{', '.join(names)}: {sentence}"
        for sentence, names in about.items()
    ]


def _words(text: str) -> list[str]:
    return text.split()
