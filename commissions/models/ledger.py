"""The ledger: double entry, only ever added to."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.models.commission import Commission
from partners.models import Partner
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet
from portal.lib.money import MoneyColumn


class Account(models.TextChoices):
    """The accounts of one partner and currency (`domain.md` section 5).

    The first block is used where the platform pays the partner, the second where it is paid.
    """

    COMMISSION_EXPENSE = "commission_expense", _("Commission expense")
    ACCRUED_COMMISSION = "accrued_commission", _("Accrued commission")
    APPROVED_COMMISSION = "approved_commission", _("Approved, not due yet")
    PARTNER_PAYABLE = "partner_payable", _("Payable to the partner")
    DISPUTED_PAYABLE = "disputed_payable", _("Held in dispute")
    CLAWBACK_RECEIVABLE = "clawback_receivable", _("To be paid back by the partner")

    COMMISSION_INCOME = "commission_income", _("Commission income")
    ACCRUED_INCOME = "accrued_income", _("Accrued income")
    APPROVED_INCOME = "approved_income", _("Approved income, not due yet")
    DEVELOPER_RECEIVABLE = "developer_receivable", _("Receivable from the partner")
    DISPUTED_RECEIVABLE = "disputed_receivable", _("Receivable held in dispute")
    REFUND_PAYABLE = "refund_payable", _("To be paid back to the partner")

    BANK_CLEARING = "bank_clearing", _("Bank clearing")


class LedgerEntryQuerySet(PartnerScopedQuerySet["LedgerEntry"]):
    """Entries; a partner sees its own, staff those about leads in their scope."""

    lead_lookup = "commission__lead"


class LedgerEntry(models.Model):
    """An amount moved from one account to another: the debit and the credit of it in one row.

    So no entry can be out of balance. The database refuses to change or remove one; what was wrong
    is reversed by another entry, at the exchange rate of the first.
    """

    append_only = True

    class Kind(models.TextChoices):
        ACCRUAL = "accrual", _("Booked")
        RERATING = "rerating", _("Earlier deals at the rate reached")
        APPROVAL = "approval", _("Approved")
        RELEASE = "release", _("Fell due")
        PAYMENT = "payment", _("Paid")
        REVERSAL = "reversal", _("Reversed")
        CLAWBACK = "clawback", _("Clawed back")
        OFFSET = "offset", _("Set off against a debt")
        HOLD = "hold", _("Held in dispute")
        UNHOLD = "unhold", _("Dispute ended")

    id = ids.TypeIDField(prefix="entry", make=ids.uuid7, primary_key=True, editable=False)
    commission = models.ForeignKey(
        Commission, models.PROTECT, related_name="entries", db_index=False
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    debit = models.CharField(max_length=24, choices=Account.choices)
    credit = models.CharField(max_length=24, choices=Account.choices)
    amount = MoneyColumn()
    currency = models.CharField(max_length=3)
    # As it was for the commission, so that a reversal undoes exactly what was booked.
    exchange_rate = models.DecimalField(max_digits=18, decimal_places=10, null=True, blank=True)
    # The day it counts for: of the closing, the approval, the bank's.
    booked_on = models.DateField()
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    # The bank's or the case's reference: an id or a number, never words about a person.
    reference = models.CharField(max_length=80, blank=True)
    recorded_by = models.CharField(max_length=40)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["commission", "id"], name="commissions_entry_of_one"),
            models.Index(
                fields=["partner", "currency", "booked_on"], name="commissions_entry_of_partner"
            ),
            models.Index(fields=["booked_on", "id"], name="commissions_entry_journal"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="commissions_entry_positive"),
            models.CheckConstraint(
                condition=~Q(debit=F("credit")), name="commissions_entry_two_accounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
