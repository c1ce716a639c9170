"""What a partner types about a deletion it owes, or to see more of a lead."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from leads.models import ConsentDecision, DeletionTask
from leads.services.more import LONGEST, SHORTEST

Outcome = DeletionTask.Outcome


class AttestationForm(forms.Form):
    """Whether it is deleted; if it must be kept, why."""

    outcome = forms.ChoiceField(choices=Outcome.choices, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Name the law or the contract. The client reads it."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the reason only where something is kept."""
        given: dict[str, Any] = self.cleaned_data
        if given.get("outcome") == Outcome.RETAINED and not given.get("reason"):
            self.add_error("reason", _("Say which law or which contract makes you keep it."))
        return given


class MoreForm(forms.Form):
    """What the partner needs a withheld group for."""

    group = forms.ChoiceField(choices=ConsentDecision.Group.choices, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("What do you need it for?"),
        min_length=SHORTEST,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The agent reads it and, if it is passed on, the client."),
        error_messages={"required": _("Say what you need it for, in a sentence.")},
    )

    @classmethod
    def about(cls, group: str, given: QueryDict | None = None) -> MoreForm:
        """Return the form that asks for GROUP; a page holds one for each, so ids name it."""
        return cls(given, initial={"group": group}, auto_id=f"id_{group}_%s")
