"""The text of an agreement: the terms in words, and the rules that go with the partner's type.

What partners may not do is in the requirement, "Access & Permissions" of each type; the duties of
real estate agents in India are those of the Real Estate (Regulation and Development) Act, 2016,
sections 9 and 10. The text is kept as it was offered; its hash is what the owner accepts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.terms import Terms
from commissions.terms_words import in_words
from partners.models import Partner
from partners.types import Direction, PartnerType
from portal.lib import formats

# A line that begins with it belongs to a list.
BULLET = "- "
_EVERYBODY: tuple[Promise, ...] = (
    gettext_lazy(
        "The partner uses a client's data only to serve that client in what the lead asks for."
    ),
    gettext_lazy(
        "The partner shares no lead and no data of a client with anybody else: not with another"
        " partner, broker, developer or provider, for money or without."
    ),
    gettext_lazy(
        "When a client withdraws consent, the partner stops using the data and deletes it, unless"
        " the law makes it keep it, and confirms that in the portal."
    ),
    gettext_lazy("The partner reports in the portal how a lead went on, and every closed deal."),
)
_BY_TYPE: dict[str, tuple[Promise, ...]] = {
    PartnerType.CHANNEL: (
        gettext_lazy("The partner contacts a client only where the client agreed to that."),
        gettext_lazy("The partner does not change what the platform recorded of a lead."),
    ),
    PartnerType.DEVELOPER: (
        gettext_lazy(
            "The partner says truthfully which homes are to be had and what they cost, and keeps"
            " that up to date."
        ),
        gettext_lazy("Leads of other developers are no concern of the partner's."),
    ),
    PartnerType.BROKER: (
        gettext_lazy(
            "The partner keeps its licence valid, and represents a client only as the law of the"
            " place lets a licensed broker do."
        ),
        gettext_lazy("The partner shares no lead with another broker, a co-broke included."),
    ),
    PartnerType.RERA_AGENT: (
        gettext_lazy(
            "The partner is registered as a real estate agent with the authority of the state in"
            " which the property lies, keeps the registration valid, and quotes its number in"
            " every sale (section 9 of the Act)."
        ),
        gettext_lazy(
            "The partner facilitates the sale of registered projects only, and of none that"
            " should be registered and is not (section 10(a) of the Act)."
        ),
        gettext_lazy(
            "The partner keeps the books, records and documents that the rules prescribe (section"
            " 10(b) of the Act)."
        ),
        gettext_lazy(
            "The partner takes part in no unfair trade practice: it makes no false or misleading"
            " statement about services, and promotes none that are not offered (section 10(c) of"
            " the Act)."
        ),
        gettext_lazy(
            "The partner sees to it that the client gets all information and documents the client"
            " is entitled to at the time of booking (section 10(d) of the Act)."
        ),
        gettext_lazy("The partner answers a client's complaint, and tells the platform of it."),
    ),
    PartnerType.SERVICE_PROVIDER: (
        gettext_lazy(
            "The partner sells and brokers no property to a client of the platform, and contacts"
            " no client for that; it offers only the service that was asked for."
        ),
        gettext_lazy("The partner asks for no details of the property beyond what its work needs."),
    ),
}
_MONEY: tuple[Promise, ...] = (
    gettext_lazy(
        "A closed deal is booked at these terms as soon as the partner reports it. Where the"
        " partner claims other figures, both are looked at by people."
    ),
    gettext_lazy(
        "A commission is approved once the closing is confirmed, and is paid once it has fallen"
        " due. Taxes are not included."
    ),
    gettext_lazy(
        "When a deal is cancelled or its figures turn out to be wrong, the commission is corrected"
        " at the same rates. What was paid too much is set off against what falls due next."
    ),
    gettext_lazy("Either side may dispute a commission. Only the disputed amount is held."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an agreement covers, and from when to when (the last day included)."""

    title: str
    project: str = ""
    one_deal: bool = False
    number: int = 1
    valid_from: dt.date
    valid_to: dt.date | None = None


def compose(partner: Partner, scope: Scope, terms: Terms) -> str:
    """Return the text of what is offered to PARTNER: blocks with an empty line between them."""
    names = {"platform": settings.PLATFORM_LEGAL_NAME, "partner": partner.name}
    rules = [*_EVERYBODY, *_BY_TYPE[partner.type]]
    covered = [_covers(scope), _lasts(scope)]
    blocks = [
        _("%(title)s, version %(number)s") % {"title": scope.title, "number": scope.number},
        _("1. Who agrees"),
        _("%(platform)s (the platform) and %(partner)s (the partner).") % names,
        _("2. What it covers"),
        *covered,
        _("3. What a deal earns"),
        _listed(in_words(terms, "")),
        _("4. How it is booked and paid"),
        _listed(str(rule) for rule in _money(terms)),
        _("5. What the partner keeps to"),
        _listed(str(rule) for rule in rules),
        _("6. Changes and end"),
        _(
            "The terms of a lead are those in force when it is shared, and stay so whatever is"
            " agreed later. Changed terms are another version, which the partner's owner accepts"
            " or declines. When the agreement ends, it ends for leads that are"
            " shared after that, and for no others."
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def hash_of(text: str) -> str:
    """Return the SHA-256 of TEXT in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _money(terms: Terms) -> tuple[Promise, ...]:
    if terms.direction == Direction.PARTNER_PAYS_PLATFORM:
        owed = gettext_lazy("The partner owes the platform what falls due; nothing is paid to it.")
        return (*_MONEY, owed)
    return _MONEY


def _covers(scope: Scope) -> str:
    if scope.one_deal:
        return _("One lead only, which is shared with the partner under this agreement.")
    if scope.project:
        return _("Leads about the project %(project)s.") % {"project": scope.project}
    return _("Every lead for which nothing closer was agreed.")


def _lasts(scope: Scope) -> str:
    days = {"start": formats.date(scope.valid_from), "end": formats.date(scope.valid_to)}
    if scope.valid_to is None:
        return _("It holds for leads shared from %(start)s on.") % days
    return _("It holds for leads shared from %(start)s to %(end)s.") % days


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"{BULLET}{line}" for line in lines)
