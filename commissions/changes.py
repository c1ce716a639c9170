"""What became of a commission's figures, and why, in words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commissions.desk import names_of
from commissions.models import Commission, Correction
from commissions.terms_words import rate
from portal.lib import formats, marks
from portal.lib.access import Actor

MOST = 50


class Change(NamedTuple):
    """Why the figures of a commission became others."""

    kind: str
    before: str
    after: str
    reason: str
    who: str
    at: SafeString


def changes_of(*, user: Actor, commission: Commission) -> list[Change]:
    """Return the latest changes of COMMISSION that USER may see, the last one first."""
    seen = Correction.objects.visible_to(user).filter(commission=commission)
    found = list(seen.order_by("-made_at", "-pk")[:MOST])
    names = names_of(one.made_by for one in found)
    return [
        Change(
            kind=one.get_kind_display(),
            before=_figures_told(one.before, commission.currency),
            after=_figures_told(one.after, commission.currency),
            reason=one.reason,
            who=names.get(one.made_by, _("The portal")),
            at=marks.when(one.made_at),
        )
        for one in found
    ]


def _figures_told(figures: dict[str, str], currency: str) -> str:
    if not figures:
        return _("nothing")
    day = dt.date.fromisoformat(figures["closedOn"])
    return " · ".join(
        (
            formats.money(Decimal(figures["value"]), currency),
            rate(Decimal(figures["percent"])),
            formats.money(Decimal(figures["amount"]), currency),
            formats.date(day),
        )
    )
