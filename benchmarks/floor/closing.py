"""The floor of a closing: the rows that the portal writes, by a bare DRF view and the ORM."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commissions.models import Account, Commission, Instalment, LedgerEntry
from events.models import Delivery, Endpoint, Event
from leads.models import Lead, PartnerDay, Share
from partners.models import Partner


class CloseView(APIView):
    """Lock, close, book, count, tell and confirm; no key, no rule, no claim is looked at."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        given: Any = request.data
        with transaction.atomic():
            share = Share.objects.select_for_update().get(pk=given["share"])
            lead = Lead.objects.select_for_update().get(pk=share.lead_id)
            partner = Partner.objects.get(pk=share.partner_id)
            commission = _booked(share, lead, Decimal(given["value"]))
            _counted(share, commission)
            _event(share, Event.Kind.SHARE_CLOSED)
            _told(_event(share, Event.Kind.PARTNER_COMMISSION_RECORDED), partner, commission)
            lead.collaboration_outcomes.append({"partner": str(partner.pk), "outcome": "closed"})
            lead.save(update_fields=["collaboration_outcomes"])
            _event(share, Event.Kind.CLOSING_CONFIRMED)
        return Response({"ok": True, "data": {"commission": commission.pk}})


def _booked(share: Share, lead: Lead, value: Decimal) -> Commission:
    now = timezone.now()
    share.status, share.closed_at, share.updated_at, share.confirmed_at = "closed", now, now, now
    share.save(update_fields=["status", "closed_at", "updated_at", "confirmed_at"])
    amount = value * share.commission_percent / 100
    commission = Commission.objects.create(
        lead=lead,
        share=share,
        partner_id=share.partner_id,
        agreement_value=value,
        percent=share.commission_percent,
        amount=amount,
        currency=share.currency,
        direction=share.direction,
        terms=share.terms,
        settlement_currency=share.currency,
        settled_amount=amount,
        partner_part=amount,
        platform_part=0,
        claimed_value=value,
        claimed_amount=amount,
        claimed_on=now.date(),
        closed_on=now.date(),
        recorded_by="floor",
    )
    Instalment.objects.create(
        commission=commission, number=1, percent=100, met_on=now.date(), due_on=now.date()
    )
    LedgerEntry.objects.create(
        commission=commission,
        partner_id=share.partner_id,
        kind=LedgerEntry.Kind.ACCRUAL,
        debit=Account.COMMISSION_EXPENSE,
        credit=Account.ACCRUED_COMMISSION,
        amount=amount,
        currency=share.currency,
        booked_on=now.date(),
        recorded_by="floor",
    )
    return commission


def _counted(share: Share, commission: Commission) -> None:
    day, _made = PartnerDay.objects.get_or_create(
        partner_id=share.partner_id, day=commission.closed_on, currency=share.currency, team=""
    )
    PartnerDay.objects.filter(pk=day.pk).update(
        closed=F("closed") + 1,
        revenue=F("revenue") + commission.agreement_value,
        commission=F("commission") + commission.amount,
    )


def _event(share: Share, kind: str) -> Event:
    return Event.objects.create(
        kind=kind,
        actor="floor",
        partner_id=share.partner_id,
        lead_id=share.lead_id,
        share_id=share.pk,
        data={"before": "in_progress"},
    )


def _told(event: Event, partner: Partner, commission: Commission) -> None:
    refs = {"share": commission.share_id, "commission": commission.pk}
    same = {"partner_id": partner.pk, "event_id": event.pk, "event_at": event.at, "refs": refs}
    for endpoint in Endpoint.objects.filter(partner=partner, removed_at__isnull=True):
        Delivery.objects.create(
            channel="webhook", endpoint=endpoint, type="commission.recorded", **same
        )
    if partner.contact_email:
        Delivery.objects.create(channel="email", type="commission_recorded", **same)
