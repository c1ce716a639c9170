"""What an agent types when a client uses its rights. The services decide and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from leads.forms import METHODS, LeadForm
from leads.groups import GROUPS
from leads.models import ConsentDecision, Lead, Share
from leads.services.consent import Wish

NOT_HERE = ("market", "client_decided", "client_contact", "client_budget", "client_requirements",
            "client_method")  # fmt: skip
EVERY_PARTNER = "every"


class CorrectionForm(LeadForm):
    """The details of a lead as they stand, to be put right."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, lead: Lead) -> None:
        super().__init__(data, instance=lead, initial={"seen": lead.updated_at.isoformat()})
        self.lead_id = str(lead.pk)
        self.was_seen = lead.updated_at.isoformat()
        for name in NOT_HERE:
            del self.fields[name]

    def clean_seen(self) -> str:
        """Refuse to write over what somebody else corrected since the page was opened."""
        if self.cleaned_data["seen"] != self.was_seen:
            raise forms.ValidationError(
                _("Somebody else changed this lead meanwhile. Open the page again and repeat.")
            )
        return self.was_seen

    def arguments(self) -> dict[str, Any]:
        """Return what the service takes: only what was changed."""
        changed = (name for name in self.changed_data if name != "seen")
        return {
            "lead_id": self.lead_id,
            "changes": {name: self.cleaned_data[name] for name in changed},
        }

    def show(self, errors: list[dict[str, str]]) -> None:
        """Put each refusal of the service beside its field."""
        for error in errors:
            name = error["pointer"].removeprefix("#/")
            self.add_error(name if name in self.fields else None, error["detail"])


class WithdrawalForm(forms.Form):
    """What a client said about stopping, on a call or in a message."""

    partner = forms.ChoiceField(label=_("For whom"))
    groups = forms.MultipleChoiceField(
        label=_("What may not be shared any more"),
        choices=ConsentDecision.Group.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one group.")},
    )
    method = forms.ChoiceField(label=_("How the client said it"), choices=METHODS[1:])
    note = forms.CharField(
        label=_("In the client's words"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with the decision. Partners never see it."),
    )

    def __init__(self, data: Any = None, *, lead: Lead, shares: list[Share]) -> None:
        super().__init__(data)
        self.lead_id = str(lead.pk)
        partners = {str(share.partner_id): share.partner.name for share in shares}
        everybody = [(EVERY_PARTNER, _("Every partner, also later ones"))]
        field: Any = self.fields["partner"]
        field.choices = [*everybody, *sorted(partners.items(), key=lambda entry: entry[1])]

    def arguments(self) -> dict[str, Any]:
        """Return what the service takes."""
        given = self.cleaned_data
        partner_id = None if given["partner"] == EVERY_PARTNER else given["partner"]
        chosen = [group for group in GROUPS if group in given["groups"]]
        return {
            "lead_id": self.lead_id,
            "wishes": [Wish(group, False, partner_id) for group in chosen],
            "method": given["method"],
            "note": given["note"],
        }


class ErasureForm(forms.Form):
    """The agent's word that it is the client who wants this."""

    asked = forms.BooleanField(
        label=_("The client asked for this, and I made sure it is the client"),
        error_messages={"required": _("Only the client can ask for it.")},
    )
