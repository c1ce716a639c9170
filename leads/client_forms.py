"""What a client types on its own pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leads.groups import GROUPS, Groups
from leads.models import Lead
from leads.rights_forms import CorrectionForm
from leads.services.consent import Wish

# What we think of a request is ours to correct; the copy holds it all the same.
OURS = ("region", "temperature", "score", "notes", "source")


class LostLinkForm(forms.Form):
    """Where the client's link was sent to."""

    email = forms.EmailField(
        label=_("Your email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter the email address you gave us."),
            "invalid": _("Enter an email address such as name@example.com."),
        },
    )


class DecisionForm(forms.Form):
    """A yes or no to one group, for everybody or for one partner."""

    group = forms.ChoiceField(choices=[(group, group) for group in GROUPS])
    given = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    partner = forms.CharField(required=False, max_length=40)

    def wishes(self) -> list[Wish]:
        """Return what the service takes."""
        given = self.cleaned_data
        return [Wish(given["group"], given["given"] == "yes", given["partner"] or None)]


class StopForm(forms.Form):
    """Stop everything: with one partner, or with everybody."""

    partner = forms.CharField(required=False, max_length=40)

    def wishes(self) -> list[Wish]:
        """Return a no to each group."""
        return [Wish(group, False, self.cleaned_data["partner"] or None) for group in GROUPS]


class AnswerForm(forms.Form):
    """The client's answer to a question: the groups ticked, or a plain yes or no."""

    answer = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    groups = forms.MultipleChoiceField(choices=[(group, group) for group in GROUPS], required=False)

    @property
    def given(self) -> bool:
        return bool(self.cleaned_data["answer"] == "yes")

    def chosen(self) -> Groups | None:
        """Return the groups allowed, none at all for a no."""
        ticked = self.cleaned_data["groups"] if self.given else []
        return Groups(*(group in ticked for group in GROUPS)) if ticked else None


class CopyForm(forms.Form):
    """In which form the client takes its copy."""

    form = forms.ChoiceField(choices=[("json", "JSON"), ("pdf", "PDF")])


class OwnCorrectionForm(CorrectionForm):
    """The client's details as they stand, without what we noted ourselves."""

    def __init__(self, data: Any = None, *, lead: Lead) -> None:
        super().__init__(data, lead=lead)
        for name in OURS:
            self.fields.pop(name, None)

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields of each part of the page."""
        of = {"contact": self.CONTACT, "budget": self.BUDGET, "requirements": self.REQUIREMENTS}
        return {
            part: [self[name] for name in names if name in self.fields]
            for part, names in of.items()
        }


class ErasureWishForm(forms.Form):
    """The client's word that it means it."""

    sure = forms.BooleanField(
        label=_("Yes, erase my details"),
        error_messages={"required": _("Tick this if you want your details erased.")},
    )
