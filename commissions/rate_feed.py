"""The daily feed of reference rates, read through the portal's one way out."""

from __future__ import annotations

import logging

from django.conf import settings

from commissions.rate_files import MAX_BYTES, read_quotes
from commissions.services.rates import RatesReport, import_rates
from events import egress, http
from events.models import Event
from events.services import record_event
from portal.lib.access import THE_SYSTEM
from portal.lib.sheets import FileRefused

logger = logging.getLogger(__name__)


def read_feed() -> RatesReport | None:
    """Import the rates at `EXCHANGE_RATES_FEED`; None where there is none or it could not be read.

    Why it could not is logged and recorded; the rates of a day missed come with the next file
    that holds them, or by hand.
    """
    if not settings.EXCHANGE_RATES_FEED:
        return None
    try:
        answer = http.fetch(egress.checked_url(settings.EXCHANGE_RATES_FEED), most=MAX_BYTES)
        error = answer.error
        quotes = [] if error else read_quotes(answer.head)
    except egress.Refused:
        error = "address_refused"
    except FileRefused as refused:
        error = "file_refused"
        for fault in refused.faults[:3]:
            logger.warning("exchange rates: row %s: %s", fault.row, fault.reason)
    if error:
        logger.warning("the feed of exchange rates could not be read: %s", error)
        record_event(Event.Kind.RATES_IMPORTED, actor=THE_SYSTEM, ok=False, code=error)
        return None
    report = import_rates(actor=THE_SYSTEM, quotes=quotes)
    for differing in report.differing:
        logger.warning("exchange rates: kept, not changed (held, given): %s", differing)
    return report
