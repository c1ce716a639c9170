"""Where what a partner claims and what is recorded differ, and the statements partners send."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.models.commission import Commission
from leads.models import Share
from partners.models import Partner
from portal.lib import ids
from portal.lib.access import PartnerScopedQuerySet
from portal.lib.money import MoneyColumn


class Statement(models.Model):
    """A partner's own list of what it closed, as it was handed in."""

    id = ids.TypeIDField(prefix="statement", make=ids.uuid7, primary_key=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="statements")
    period_from = models.DateField(_("From"))
    period_to = models.DateField(_("To"))
    file_name = models.CharField(max_length=200)
    # The same file handed in twice is one statement.
    file_hash = models.CharField(max_length=64)
    imported_by = models.CharField(max_length=40)
    imported_at = models.DateTimeField(default=timezone.now)

    objects = PartnerScopedQuerySet["Statement"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "file_hash"], name="commissions_statement_once"
            ),
            models.CheckConstraint(
                condition=Q(period_to__gte=models.F("period_from")),
                name="commissions_statement_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.period_from} {self.period_to}"


class StatementLineQuerySet(PartnerScopedQuerySet["StatementLine"]):
    """Lines of statements; a partner sees its own."""

    partner_lookup = "statement__partner_id"
    lead_lookup = "share__lead"


class StatementLine(models.Model):
    """One deal as the partner states it, and what it was found to be."""

    class Outcome(models.TextChoices):
        MATCHED = "matched", _("Agrees")
        VALUE = "value_diff", _("Value differs")
        RATE = "rate_diff", _("Rate differs")
        DATE = "date_diff", _("Date differs")
        CURRENCY = "currency_diff", _("Currency differs")
        MISSING_OURS = "missing_ours", _("Not in our records")
        DUPLICATE = "duplicate", _("Stated twice")

    class Hint(models.TextChoices):
        """Why a line is not in our records."""

        NO_SUCH = "no_such", _("No lead of this partner has this reference")
        NOT_CLOSED = "not_closed", _("The lead is not reported as closed")
        REVERSED = "reversed", _("The commission was reversed")
        AMBIGUOUS = "ambiguous", _("Several deals or lines fit it: name the lead")
        NOTHING = "nothing", _("No deal of about this day and value")

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="lines")
    # The row in the file, as the spreadsheet counts.
    number = models.PositiveIntegerField()
    # As written in the file, unless it is words: they may name somebody. Emptied on erasure.
    reference = models.CharField(max_length=80, blank=True)
    share = models.ForeignKey(Share, models.PROTECT, null=True, related_name="statement_lines")
    closed_on = models.DateField(null=True)
    value = MoneyColumn()
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    amount = MoneyColumn(null=True)
    currency = models.CharField(max_length=3)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    hint = models.CharField(max_length=12, choices=Hint.choices, blank=True)

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "number"], name="commissions_statementline_numbered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.number}"


class ReconciliationItemQuerySet(PartnerScopedQuerySet["ReconciliationItem"]):
    """Open questions between what is claimed and what is recorded."""

    lead_lookup = "share__lead"


class ReconciliationItem(models.Model):
    """A closing that does not agree with our record, for somebody to decide."""

    class Kind(models.TextChoices):
        VALUE = "value_diff", _("Value differs")
        RATE = "rate_diff", _("Rate differs")
        DATE = "date_diff", _("Date differs")
        CURRENCY = "currency_diff", _("Currency differs")
        DUPLICATE = "duplicate", _("Closed by another partner as well")
        MISSING_OURS = "missing_ours", _("Stated by the partner, not closed with us")
        MISSING_THEIRS = "missing_theirs", _("Not in the partner's statement")
        NO_RATE = "no_exchange_rate", _("No exchange rate of that day")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")

    class Resolution(models.TextChoices):
        RECORD = "record", _("As recorded")
        CLAIM = "claim", _("As claimed")
        OTHER = "other", _("Other figures")

    id = ids.TypeIDField(prefix="review", make=ids.uuid7, primary_key=True, editable=False)
    # None: a partner states a deal that is none of its leads.
    share = models.ForeignKey(
        Share, models.PROTECT, null=True, blank=True, related_name="reconciliation_items"
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="reconciliation_items")
    commission = models.ForeignKey(
        Commission, models.PROTECT, null=True, blank=True, related_name="reconciliation_items"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    claimed_value = MoneyColumn(null=True, blank=True)
    claimed_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    claimed_currency = models.CharField(max_length=3, blank=True)
    claimed_on = models.DateField(null=True, blank=True)
    recorded_value = MoneyColumn(null=True, blank=True)
    recorded_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    recorded_currency = models.CharField(max_length=3, blank=True)
    recorded_on = models.DateField(null=True, blank=True)
    # The partner's own, of a stated deal that is none of its leads.
    reference = models.CharField(max_length=80, blank=True)
    # The statement it was found in; null: found when the partner reported the closing.
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, blank=True, related_name="items"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=40, blank=True)
    resolution = models.CharField(max_length=8, choices=Resolution.choices, blank=True)
    # Free text: emptied when the client is erased.
    reason = models.CharField(max_length=500, blank=True)

    objects = ReconciliationItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share", "kind"],
                condition=Q(status="open"),
                name="commissions_reconciliationitem_open_once",
            ),
            models.CheckConstraint(
                condition=Q(share__isnull=False) | Q(kind="missing_ours"),
                name="commissions_reconciliationitem_about_a_share",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                condition=Q(status="open"),
                name="commissions_item_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.share_id or self.reference}"
