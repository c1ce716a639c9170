"""Hand out the rows of an export, and remember who took which."""

from __future__ import annotations

from dataclasses import asdict

from django.utils.translation import gettext as _

from commissions.accounting import EXPORTS, Chosen, Rows
from events.models import Event
from events.services import record_event
from portal.lib.access import Actor, require
from portal.lib.errors import NotFound


def take_export(*, actor: Actor, what: str, form: str, chosen: Chosen) -> Rows:
    """Return the rows of the export WHAT, the heading first; they are read as they are asked for.

    :param what: a name of `commissions.accounting.EXPORTS`
    :param form: csv or xlsx, for the record
    :raises NotFound: if there is no such export
    """
    if what not in EXPORTS:
        raise NotFound(_("There is no such export."))
    require(actor, EXPORTS[what].right)
    wanted = {name: value for name, value in asdict(chosen).items() if value}
    record_event(Event.Kind.EXPORT_TAKEN, actor=actor, what=what, form=form, **wanted)
    return EXPORTS[what].rows(actor, chosen)
