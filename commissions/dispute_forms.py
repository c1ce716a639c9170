"""What either side types in a dispute, and the paper it hands in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.models import Dispute
from commissions.services.disputes import MOST_IN_MESSAGE, MOST_WORDS
from portal.lib import formats
from portal.lib.forms import MoneyField

_BOTH_READ = gettext_lazy("Both sides read it. Please leave the client's data out.")


def _words(label: Any, most: int, rows: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=_BOTH_READ,
    )


def _amount(currency: str, **given: Any) -> MoneyField:
    """Return a field for an amount from nothing on, in CURRENCY."""
    least = {"min_value": gettext_lazy("Enter an amount of at least zero.")}
    return MoneyField(currency=currency, min_value=Decimal(0), error_messages=least, **given)


class OpeningForm(forms.Form):
    """What the commission should be, and why."""

    prefix = "dispute"
    reason = _words(gettext_lazy("Reason"), MOST_WORDS, 3)

    def __init__(self, *args: Any, recorded: Decimal, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = _("Recorded: %(amount)s. Only the difference is held back until it is decided.")
        self.fields["claimed_amount"] = _amount(
            currency,
            label=_("What it should be"),
            help_text=said % {"amount": formats.money(recorded, currency)},
        )
        self.order_fields(["claimed_amount", "reason"])


class DatedOpeningForm(OpeningForm):
    """The same for finance, who also says by when."""

    due_on = forms.DateField(
        label=gettext_lazy("Decide by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Left empty: within a fortnight."),
    )


class MessageForm(forms.Form):
    """A message to the other side."""

    prefix = "message"
    text = _words(gettext_lazy("Message"), MOST_IN_MESSAGE, 3)


class DecisionForm(forms.Form):
    """How a dispute is decided, and why."""

    prefix = "decide"
    decision = forms.ChoiceField(label=gettext_lazy("Decision"), widget=forms.RadioSelect)
    reason = _words(gettext_lazy("Reason"), MOST_WORDS, 3)

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        decisions = Dispute.Decision
        amounts = {
            decisions.UPHELD: f": {formats.money(dispute.claimed_amount, dispute.currency)}",
            decisions.REJECTED: f": {formats.money(dispute.recorded_amount, dispute.currency)}",
        }
        choice = self.fields["decision"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [
                (one.value, f"{one.label}{amounts.get(one, '')}")
                for one in (decisions.UPHELD, decisions.PARTLY, decisions.REJECTED)
            ]
        self.fields["amount"] = _amount(
            dispute.currency, label=_("Amount, if in part"), required=False
        )
        self.order_fields(["decision", "amount", "reason"])

    def clean(self) -> dict[str, Any]:
        """Ask for the amount where it is decided in part; elsewhere there is none."""
        given: dict[str, Any] = self.cleaned_data
        if given.get("decision") != Dispute.Decision.PARTLY:
            given["amount"] = None
        elif given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Say which amount."))
        return given


class PaperForm(forms.Form):
    """A paper that proves a closing or a claim; what it is is found in its bytes."""

    prefix = "paper"
    file = forms.FileField(
        label=gettext_lazy("Paper"),
        max_length=500,
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    dispute = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.EVIDENCE_MAX_BYTES // 1_000_000
        said = _(
            "PDF, PNG or JPEG, up to %(most)s MB. The platform reads what a partner hands in; a"
            " partner reads the platform's papers while the client's contact is shared with it."
        )
        self.fields["file"].help_text = said % {"most": most}

    def clean_file(self) -> Any:
        """Refuse before it is read what is too large."""
        given = self.cleaned_data["file"]
        if given.size > settings.EVIDENCE_MAX_BYTES:
            raise ValidationError(_("This file is too large."))
        return given

    def paper(self) -> dict[str, Any]:
        """Return what `services.evidence.add_evidence` takes."""
        given = self.cleaned_data
        return {
            "content": given["file"].read(),
            "name": given["file"].name,
            "dispute_id": given["dispute"],
        }
