"""The licences of a partner, as rows of its page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from partners import services
from partners.forms import LicenceForm
from partners.models import Licence, Partner
from portal.lib.access import Actor


class LicenceInline(admin.TabularInline):  # type: ignore[type-arg]
    """Licences with when and where staff saw them."""

    model = Licence
    extra = 0
    form = LicenceForm


def save_licences(actor: Actor, partner: Partner, formset: Any) -> None:
    """Write what FORMSET changed of PARTNER's licences, one service call each."""
    formset.save(commit=False)
    for licence in formset.deleted_objects:
        services.remove_licence(actor=actor, licence_id=licence.pk)
    for licence, names in formset.changed_objects:
        values: Any = {name: getattr(licence, name) for name in names}
        services.change_licence(actor=actor, licence_id=licence.pk, **values)
    for licence in formset.new_objects:
        values = {name: getattr(licence, name) for name in LicenceForm.Meta.fields}
        services.add_licence(actor=actor, partner_id=partner.pk, **values)
