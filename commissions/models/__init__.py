"""The money: terms agreed, what closed deals earned, the ledger, and where claims differ."""

from commissions.models.agreement import Agreement, AgreementVersion, TierVolume
from commissions.models.commission import Commission
from commissions.models.correction import Correction
from commissions.models.dispute import Dispute, DisputeMessage, Evidence
from commissions.models.exchange import ConfirmationLimit, ExchangeRate
from commissions.models.instalment import Instalment
from commissions.models.ledger import Account, LedgerEntry
from commissions.models.reconciliation import ReconciliationItem, Statement, StatementLine

__all__ = [
    "Account",
    "Agreement",
    "AgreementVersion",
    "Commission",
    "ConfirmationLimit",
    "Correction",
    "Dispute",
    "DisputeMessage",
    "Evidence",
    "ExchangeRate",
    "Instalment",
    "LedgerEntry",
    "ReconciliationItem",
    "Statement",
    "StatementLine",
    "TierVolume",
]
