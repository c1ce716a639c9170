"""The filter of the audit trail's page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import Event
from partners.models import Partner, User
from portal.lib.access import Actor


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuditFilter(forms.Form):
    """What of the trail is shown: by kind, person, partner, lead and days (UTC)."""

    kind = forms.ChoiceField(
        label=_("What happened"), required=False, choices=[("", _("Anything")), *Event.Kind.choices]
    )
    who = forms.ChoiceField(label=_("Who acted"), required=False)
    partner = forms.ChoiceField(label=_("Partner"), required=False)
    lead = forms.CharField(label=_("Lead's id"), required=False, max_length=40)
    looks = forms.BooleanField(label=_("With looks at contact data"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=_day())
    until = forms.DateField(label=_("To"), required=False, widget=_day())

    def __init__(self, *args: Any, user: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partners = Partner.objects.visible_to(user).order_by("name").values_list("pk", "name")
        people = User.objects.order_by("name", "email")
        fields: Any = self.fields
        fields["partner"].choices = [("", _("Any partner")), *partners]
        fields["who"].choices = [("", _("Anybody")), *((p.pk, str(p)) for p in people)]

    def chosen(self) -> dict[str, Any]:
        """Return the filter as `who_saw.trail_for` takes it; what is not understood is left out."""
        self.is_valid()
        given = dict(self.cleaned_data)
        since, until = given.pop("since", None), given.pop("until", None)
        return given | {
            "since": _start(since) if since else None,
            "until": _start(until + timedelta(days=1)) if until and until < date.max else None,
        }


def _start(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())
