"""The rows of the partner's lists, formatted here so that the templates only place them.

A list of 25 is asked for more often than anything else: one query, and no tag that runs per row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leads.consent import DISCLOSURE_COLUMNS, RULES, disclose_row
from leads.deletions import deletions_for
from leads.models import DISCLOSING, Share, ShareStatus
from leads.words import budget
from partners.models import User
from portal.lib import formats, marks
from portal.partner import words

Row = Mapping[str, Any]
_COLUMNS = (*DISCLOSURE_COLUMNS, "commission_percent", "direction", "terms")


class LeadRow(NamedTuple):
    """A lead as a line of the list: nothing in it that is not disclosed."""

    href: str
    headline: str
    summary: str
    budget: str
    terms: str
    status: SafeString
    shared: SafeString
    answer_by: str


def lead_rows(
    *, user: User, status: str = "", owed: bool = False
) -> QuerySet[Share, dict[str, Any]]:
    """Return USER's leads as rows for :func:`as_row`, unordered; an unknown STATUS has none.

    :param owed: only those of which something has to be deleted
    """
    shares = _listed(user=user, status=status, owed=owed)
    rows: QuerySet[Share, dict[str, Any]] = shares.values(*_COLUMNS)
    return rows


def telling_contact(*, user: User, status: str = "", owed: bool = False) -> list[Share]:
    """Return those of :func:`lead_rows` whose contact data USER is told; only their ids are read.

    A type of partner that is never told any has none.
    """
    if user.partner is None or not RULES[user.partner.type].ceiling.contact:
        return []
    shares = _listed(user=user, status=status, owed=owed)
    telling = shares.filter(status__in=DISCLOSING, shares_contact=True).order_by()
    return list(telling.only("pk", "lead_id", "partner_id"))


def _listed(*, user: User, status: str, owed: bool) -> QuerySet[Share]:
    shares = Share.objects.visible_to(user)
    if owed:
        shares = shares.filter(pk__in=deletions_for(user=user).values("share"))
    if status:
        shares = shares.filter(status=status) if status in ShareStatus.values else shares.none()
    return shares


def waiting_rows(*, user: User, limit: int) -> list[LeadRow]:
    """Return the leads USER has to answer, those that expire first on top.

    Bounded in time, because the index by time then finds them without looking at all that ended.
    """
    oldest = timezone.now() - 2 * timedelta(days=settings.SHARE_EXPIRES_AFTER_DAYS)
    waiting = lead_rows(user=user, status=ShareStatus.SENT).filter(shared_at__gte=oldest)
    return as_rows(waiting.order_by("shared_at", "pk")[:limit], user=user)


def nameless(user: User) -> dict[str, bool]:
    """Return what of a row is overruled for USER: staff who look as the partner see no names."""
    return {"shares_contact": False} if hasattr(user, "hides_contact") else {}


def as_rows(rows: Any, *, user: User) -> list[LeadRow]:
    """Format ROWS of :func:`lead_rows`; staff who look as the partner see no names in lists."""
    without_names = nameless(user)
    base = reverse("partner:lead_list")
    now = timezone.now()
    patience = timedelta(days=settings.SHARE_EXPIRES_AFTER_DAYS)
    hidden = _("The client's data is not shown any more.")
    ended = dict.fromkeys(set(ShareStatus.values) - DISCLOSING, hidden)
    made = []
    for row in rows:
        told = disclose_row(row | without_names)
        made.append(
            LeadRow(
                href=f"{base}{row['pk']}/",
                headline=words.headline(told),
                summary=words.summary(told) or ended.get(row["status"], ""),
                budget=budget(told),
                terms=words.short_terms(row),
                status=marks.status_dot(row["status"]),
                shared=marks.when(row["shared_at"], now),
                answer_by=formats.date(row["shared_at"] + patience),
            )
        )
    return made


class CommissionRow(NamedTuple):
    """A commission as a line of the partner's list."""

    href: str
    lead: str
    value: str
    percent: str
    amount: str
    status: SafeString
    recorded: SafeString


def commission_rows(commissions: Any) -> list[CommissionRow]:
    """Format COMMISSIONS for the partner's list."""
    base = reverse("partner:commission_list")
    now = timezone.now()
    return [
        CommissionRow(
            href=f"{base}{entry.pk}/",
            lead=words.reference(str(entry.share_id)),
            value=formats.money(entry.agreement_value, entry.currency),
            percent=words.rate(entry.percent),
            amount=formats.money(entry.amount, entry.currency),
            status=marks.status_dot(entry.status),
            recorded=marks.when(entry.recorded_at, now),
        )
        for entry in commissions
    ]
