"""Up to which value a closing whose claim agrees confirms itself."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from commissions.models import ConfirmationLimit
from events.models import Event
from events.services import record_event
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Malformed, NotFound
from portal.lib.money import fits


def set_limit(*, actor: Actor, market: str, currency: str, amount: Decimal) -> ConfirmationLimit:
    """Let closings in MARKET up to AMOUNT of CURRENCY confirm themselves; 0 lets none.

    :raises Malformed: if the amount cannot be
    """
    with transaction.atomic():
        require(actor, Can.MANAGE_PARTNERS)
        if amount < 0 or not fits(amount, currency):
            raise Malformed(
                _("Not below 0, and no smaller part than %(currency)s has.")
                % {"currency": currency}
            )
        limits = ConfirmationLimit.objects.select_for_update()
        held = limits.filter(market=market, currency=currency).first()
        if held is not None and held.amount == amount:
            return held
        limit, _made = ConfirmationLimit.objects.update_or_create(
            defaults={"amount": amount}, market=market, currency=currency
        )
        _tell(actor, limit, held.amount if held else None, amount)
    return limit


def drop_limit(*, actor: Actor, market: str, currency: str) -> None:
    """Take the limit away: every closing whose claim agrees confirms itself.

    :raises NotFound: if there is none
    """
    with transaction.atomic():
        require(actor, Can.MANAGE_PARTNERS)
        limits = ConfirmationLimit.objects.select_for_update()
        limit = limits.filter(market=market, currency=currency).first()
        if limit is None:
            raise NotFound(_("There is no such limit."))
        limit.delete()
        _tell(actor, limit, limit.amount, None)


def _tell(
    actor: Actor, limit: ConfirmationLimit, before: Decimal | None, after: Decimal | None
) -> None:
    record_event(
        Event.Kind.CONFIRMATION_LIMIT_CHANGED,
        actor=actor,
        market=limit.market,
        currency=limit.currency,
        before=before,
        after=after,
    )
