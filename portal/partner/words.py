"""What is disclosed of a lead to its partner, in short. Reads what `leads.consent` lets out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from commissions.agreements import terms_of
from commissions.terms import Base, Terms
from commissions.terms_words import in_short, in_words
from leads.models import Share
from leads.words import Told, bedrooms, home_wanted, size_wanted
from partners.types import Direction, PartnerType
from portal.lib import formats
from portal.lib.ids import tail

_PLAIN_BASES = (Base.AGREEMENT_VALUE, Base.SERVICE_VALUE)


def headline(told: Told) -> str:
    """Return what to call a lead: its client's name, else what is wanted, else its reference."""
    name = told.get("customerInfo", {}).get("name")
    return name or home_wanted(told.get("preferences", {})) or reference(told["leadId"])


def reference(share_id: str) -> str:
    """Return a lead's reference short enough to say on the phone."""
    return _("Lead %(reference)s") % {"reference": tail(share_id)}


def summary(told: Told) -> str:
    """Return one line about what is wanted, without repeating the headline."""
    wanted = told.get("preferences", {})
    parts = [bedrooms(wanted), size_wanted(wanted)]
    if told.get("customerInfo", {}).get("name"):
        parts.insert(0, home_wanted(wanted))
    if timeline := wanted.get("moveInTimeline"):
        parts.append(_("move-in: %(when)s") % {"when": timeline})
    return " · ".join(part for part in parts if part)


def terms(share: Share) -> str:
    """Return what a deal earns and who pays whom, as frozen when the lead was shared."""
    if share.terms.get("agreement"):
        return " ".join(in_words(terms_of(share), share.currency, you=True))
    percent = rate(share.commission_percent)
    if share.direction == Direction.PARTNER_PAYS_PLATFORM:
        return _("You pay the platform %(percent)s of the agreement value.") % {"percent": percent}
    if share.partner.type == PartnerType.SERVICE_PROVIDER:
        return _("You earn %(percent)s of the value of the service.") % {"percent": percent}
    return _("You earn %(percent)s of the agreement value.") % {"percent": percent}


def short_terms(row: Mapping[str, Any]) -> str:
    """Return what the share of ROW earns and who pays whom, for a line of a list.

    A plain rate is said from its columns: reading terms costs more than the rest of the line.
    """
    kept = row["terms"]
    plain = kept.get("base", Base.AGREEMENT_VALUE) in _PLAIN_BASES
    if not plain or kept.get("tiers") or kept.get("partner_share"):
        return in_short(Terms.from_json(kept), row["lead__currency"], you=True).rstrip(".")
    named = {"percent": rate(row["commission_percent"])}
    if row["direction"] == Direction.PARTNER_PAYS_PLATFORM:
        return _("You pay %(percent)s") % named
    return _("You earn %(percent)s") % named


def rate(percent: Decimal | None) -> str:
    """Return an agreed or claimed rate with every digit it has, such as "12.75%"."""
    return formats.NOTHING if percent is None else f"{percent.normalize():f}%"
