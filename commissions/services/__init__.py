"""Close deals, book what they earn, and see it through to the payment."""

from commissions.services import agreements
from commissions.services.booking import FourEyes
from commissions.services.closing import (
    ClosingDiffers,
    Outcome,
    confirm_closing,
    report_status,
)
from commissions.services.correcting import (
    book_as_agreed,
    booked_of_share,
    claw_back,
    correct,
    decide_duplicate,
    settle_item,
)
from commissions.services.days import rebuild_partner_days
from commissions.services.exporting import take_export
from commissions.services.limits import drop_limit, set_limit
from commissions.services.rates import RatesReport, import_bundled_rates, import_rates
from commissions.services.settling import (
    approve,
    approve_many,
    meet_milestone,
    record_payment,
    release_due,
)

__all__ = [
    "ClosingDiffers",
    "FourEyes",
    "Outcome",
    "RatesReport",
    "agreements",
    "approve",
    "approve_many",
    "book_as_agreed",
    "booked_of_share",
    "claw_back",
    "confirm_closing",
    "correct",
    "decide_duplicate",
    "drop_limit",
    "import_bundled_rates",
    "import_rates",
    "meet_milestone",
    "rebuild_partner_days",
    "record_payment",
    "release_due",
    "report_status",
    "set_limit",
    "settle_item",
    "take_export",
]
