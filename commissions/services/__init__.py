"""Close deals, book what they earn, and see it through to the payment."""

from commissions.services import agreements, disputes, evidence
from commissions.services.booking import FourEyes
from commissions.services.closing import (
    ClosingDiffers,
    Outcome,
    confirm_closing,
    report_status,
)
from commissions.services.correcting import booked_of_share, claw_back, correct
from commissions.services.days import rebuild_partner_days
from commissions.services.deciding import book_as_agreed, decide_duplicate, settle_item
from commissions.services.exporting import take_export
from commissions.services.limits import drop_limit, set_limit
from commissions.services.questions import assign_item, staff_to_ask
from commissions.services.rates import RatesReport, import_bundled_rates, import_rates
from commissions.services.recording import record_deal
from commissions.services.settling import (
    approve,
    approve_many,
    is_approved,
    meet_milestone,
    record_payment,
    release_due,
)
from commissions.services.statements import Imported, import_statement

__all__ = [
    "ClosingDiffers",
    "FourEyes",
    "Imported",
    "Outcome",
    "RatesReport",
    "agreements",
    "approve",
    "approve_many",
    "assign_item",
    "book_as_agreed",
    "booked_of_share",
    "claw_back",
    "confirm_closing",
    "correct",
    "decide_duplicate",
    "disputes",
    "drop_limit",
    "evidence",
    "import_bundled_rates",
    "import_rates",
    "import_statement",
    "is_approved",
    "meet_milestone",
    "rebuild_partner_days",
    "record_deal",
    "record_payment",
    "release_due",
    "report_status",
    "set_limit",
    "settle_item",
    "staff_to_ask",
    "take_export",
]
