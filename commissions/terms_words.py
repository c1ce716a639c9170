"""Commission terms as a person reads them, sentence by sentence: the same on every page and mail.

Every amount is shown in the currency of the terms, every rate with all its digits.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commissions.terms import Base, Period, Rounding, Terms, TierMode
from partners.types import Direction
from portal.lib import formats
from portal.lib.money import HUNDRED

_PAYS, _IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
# Who pays whom: said about the partner, and said to it.
_WHO: dict[tuple[str, bool], Promise] = {
    (_PAYS, False): gettext_lazy("The platform pays the partner %(rate)s."),
    (_PAYS, True): gettext_lazy("You earn %(rate)s."),
    (_IS_PAID, False): gettext_lazy("The partner pays the platform %(rate)s."),
    (_IS_PAID, True): gettext_lazy("You pay the platform %(rate)s."),
}
_SPLIT: dict[tuple[str, bool], Promise] = {
    (_PAYS, False): gettext_lazy(
        "%(partner)s of that is the partner's and %(platform)s the platform's; the platform pays"
        " the partner its part."
    ),
    (_PAYS, True): gettext_lazy(
        "%(partner)s of that is yours and %(platform)s the platform's; the platform pays you your"
        " part."
    ),
    (_IS_PAID, False): gettext_lazy(
        "%(partner)s of that is the partner's and %(platform)s the platform's; the partner pays"
        " the platform its part."
    ),
    (_IS_PAID, True): gettext_lazy(
        "%(partner)s of that is yours and %(platform)s the platform's; you pay the platform its"
        " part."
    ),
}
_COUNTED: dict[str, Promise] = {
    Period.DEAL: gettext_lazy("Each deal counts by itself."),
    Period.MONTH: gettext_lazy("The value of all deals closed in a calendar month counts."),
    Period.QUARTER: gettext_lazy("The value of all deals closed in a calendar quarter counts."),
    Period.YEAR: gettext_lazy("The value of all deals closed in a calendar year counts."),
    Period.EVER: gettext_lazy("The value of all deals closed under the agreement counts."),
}


def in_words(terms: Terms, currency: str, *, you: bool = False) -> list[str]:
    """Return TERMS as sentences, the most important one first.

    :param currency: the deal's, or "" where no deal is meant
    :param you: whether it is said to the partner instead of about it
    """
    money = terms.currency or currency
    sentences = [in_short(terms, currency, you=you)]
    if terms.tiers:
        sentences += _tiers(terms, money)
    if terms.partner_share is not None:
        parts = {
            "partner": rate(terms.partner_share),
            "platform": rate(HUNDRED - terms.partner_share),
        }
        sentences.append(str(_SPLIT[terms.direction, you]) % parts)
    if terms.cap is not None:
        most = {"amount": formats.money(terms.cap, money)}
        sentences.append(_("One deal earns at most %(amount)s.") % most)
    sentences += _falling_due(terms)
    if terms.currency and terms.currency != currency:
        sentences.append(
            _("Settled in %(currency)s, at the exchange rate of the closing day.")
            % {"currency": terms.currency}
        )
    if terms.rounding == Rounding.HALF_EVEN:
        sentences.append(_("Amounts are rounded once, half to even."))
    return sentences


def in_short(terms: Terms, currency: str, *, you: bool = False) -> str:
    """Return in one sentence what a deal earns under TERMS and who pays it."""
    share = {"rate": _rate_of(terms, terms.currency or currency)}
    if terms.partner_share is not None:
        return _("A deal earns %(rate)s.") % share
    return str(_WHO[terms.direction, you]) % share


def rate(percent: Decimal | None) -> str:
    """Return an agreed or claimed rate with every digit it has, such as "12.75%"."""
    return formats.NOTHING if percent is None else f"{percent.normalize():f}%"


def _rate_of(terms: Terms, money: str) -> str:
    """Return what a deal earns as a part of a sentence: "15% of the agreement value"."""
    if terms.base == Base.FLAT:
        return _("%(amount)s per deal") % {"amount": formats.money(terms.flat, money)}
    given = {"percent": _percents(terms), "of": _base(terms, money)}
    return _("%(percent)s of %(of)s") % given


def _percents(terms: Terms) -> str:
    if not terms.tiers:
        return rate(terms.percent)
    percents = sorted({tier.percent for tier in terms.tiers})
    if len(percents) == 1:
        return rate(percents[0])
    return _("%(least)s to %(most)s") % {"least": rate(percents[0]), "most": rate(percents[-1])}


def _base(terms: Terms, money: str) -> str:
    if terms.base == Base.PLATFORM_FEE:
        fee = {"amount": formats.money(terms.base_fee, money)}
        return _("the platform's fee, %(amount)s per deal") % fee
    if terms.base == Base.GROSS_COMMISSION:
        gross = {"percent": rate(terms.base_percent)}
        return _("the gross commission, which is %(percent)s of the agreement value") % gross
    if terms.base == Base.SERVICE_VALUE:
        return _("the value of the service")
    return _("the agreement value")


def _tiers(terms: Terms, money: str) -> list[str]:
    """Return the tiers, how they are read, and what counts towards them."""
    steps = [
        _("%(percent)s up to %(end)s")
        % {"percent": rate(tier.percent), "end": formats.money(tier.up_to, money)}
        if tier.up_to is not None
        else _("%(percent)s above that") % {"percent": rate(tier.percent)}
        for tier in terms.tiers
    ]
    graduated = terms.tier_mode == TierMode.GRADUATED
    reading = (
        _("Each slice of the volume earns at its own rate: %(steps)s.")
        if graduated
        else _("A deal earns at the one rate its volume reaches: %(steps)s.")
    )
    sentences = [reading % {"steps": "; ".join(steps)}, str(_COUNTED[terms.tier_period])]
    if terms.rerates and terms.counts_volume and not graduated:
        sentences.append(
            _("When another rate is reached, earlier deals of the period are adjusted to it.")
        )
    return sentences


def _falling_due(terms: Terms) -> list[str]:
    sentences = []
    if terms.milestones:
        steps = "; ".join(
            _("%(percent)s once: %(condition)s")
            % {"percent": rate(milestone.percent), "condition": milestone.condition}
            for milestone in terms.milestones
        )
        sentences.append(_("It falls due in parts: %(steps)s.") % {"steps": steps})
    if terms.holding_days:
        sentences.append(
            ngettext(
                "What falls due is held for %(days)s day before it is payable.",
                "What falls due is held for %(days)s days before it is payable.",
                terms.holding_days,
            )
            % {"days": terms.holding_days}
        )
    return sentences
