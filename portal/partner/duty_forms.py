"""What a partner types about a deletion it owes, or to see more of a lead."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from leads.models import ConsentDecision
from leads.services.more import LONGEST, SHORTEST


class KeepingForm(forms.Form):
    """Why something must be kept."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Name the law or the contract. The client reads it."),
        error_messages={"required": _("Say which law or which contract makes you keep it.")},
    )


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
