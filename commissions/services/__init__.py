"""Close deals and book what they earn."""

from commissions.services.closing import (
    ClosingDiffers,
    Outcome,
    confirm_closing,
    report_status,
)
from commissions.services.days import rebuild_partner_days

__all__ = [
    "ClosingDiffers",
    "Outcome",
    "confirm_closing",
    "rebuild_partner_days",
    "report_status",
]
