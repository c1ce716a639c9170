"""Money by machine: report a status or a closing; read the partner's own account and figures."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from commissions import examples, selectors, serializers, services
from commissions.services import Outcome
from commissions.wire import commission_told, revenue_told
from events.models import Endpoint
from leads.api import require_partner
from leads.models import Share
from partners.models import Partner
from portal.lib.access import Actor
from portal.lib.api import PARAMS, ApiView
from portal.lib.errors import NotFound
from portal.lib.fields import rfc3339
from portal.lib.money import plain
from portal.lib.openapi import PAGE, described

LATEST = 10  # revenue entries in GET /api/partner


class PartnerUpdateView(ApiView):
    """Report how a lead goes: accepted, in progress, rejected or closed."""

    @described(
        serializers.UpdateAnswer,
        summary="Report how a lead goes, or close it",
        request=serializers.PartnerUpdate,
        beside={"commission": serializers.BookedAnswer(required=False)},
        refusals={
            403: ["not_allowed", "partner_mismatch"],
            409: ["illegal_transition"],
            422: ["reason_required"],
        },
        sent=examples.UPDATE,
        answered=examples.UPDATED,
        answered_beside=examples.BOOKED,
    )
    def post(self, request: Request) -> Response:
        given = self.given(serializers.PartnerUpdate)
        outcome = services.report_status(
            actor=self.actor,
            reference=given["lead_id"],
            partner_id=given.get("partner_id"),
            status=given["status"],
            agreement_value=given.get("agreement_value"),
            claimed_percent=given.get("commission_percent"),
            claimed_currency=given.get("currency"),
            closed_on=given.get("closing_date"),
            notes=given.get("notes", ""),
            reason=given.get("reason", ""),
        )
        share = outcome.share
        data = {
            "leadId": given["lead_id"],
            "partnerId": share.partner_id,
            "status": share.status,
            "updatedAt": rfc3339(share.updated_at),
        }
        if given["status"] != Share.Status.CLOSED:
            return self.answer(data)
        return self.answer(data, commission=_booked(outcome, given["agreement_value"]))


def _booked(outcome: Outcome, claimed_value: Any) -> dict[str, Any]:
    share, commission = outcome.share, outcome.commission
    return {
        "id": commission.pk if commission else None,
        "commissionAmount": plain(commission.amount) if commission else None,
        "commissionPercent": plain(share.commission_percent),
        "agreementValue": plain(commission.agreement_value if commission else claimed_value),
        "currency": share.currency,
        "direction": share.direction,
        "recorded": commission is not None,
        "status": "under_review" if commission is None else commission.status,
        "claimDiffers": outcome.claim_differs,
    }


class CommissionsView(ApiView):
    """The partner's commissions, newest first (partner key)."""

    query_params = PARAMS
    read_scope = "commissions:read"

    @described(
        serializers.CommissionAnswer,
        many=True,
        summary="List the partner's commissions",
        query=PAGE,
        answered=[examples.COMMISSION],
    )
    def get(self, request: Request) -> Response:
        require_partner(self.actor)
        rows = selectors.commissions_for(user=self.actor)
        return self.listing(rows, by="recorded_at", show=commission_told)


class PartnerView(ApiView):
    """The partner's own account, with its latest revenue entries (partner key)."""

    read_scope = "partner:read"

    @described(
        serializers.PartnerAnswer,
        summary="The partner's own account",
        answered=examples.PARTNER_SHOWN,
    )
    def get(self, request: Request) -> Response:
        require_partner(self.actor)
        partner = Partner.objects.visible_to(self.actor).first()
        if partner is None:
            raise NotFound(_("There is no such partner."))
        rows = selectors.commissions_for(user=self.actor).order_by("-recorded_at", "-pk")
        revenue = [revenue_told(row) for row in rows[:LATEST]]
        return self.answer({**_account(self.actor, partner), "revenue": revenue})


def _account(actor: Actor, partner: Partner) -> dict[str, Any]:
    endpoints = Endpoint.objects.visible_to(actor).receiving().order_by("created_at")
    return {
        "id": partner.pk,
        "name": partner.name,
        "type": partner.type,
        "market": partner.market,
        "status": partner.status,
        "capacity": partner.capacity,
        "activeLeads": Share.objects.visible_to(actor).live().count(),
        "defaultCommission": plain(partner.default_commission),
        "contactEmail": partner.contact_email,
        "contactPhone": partner.contact_phone,
        "callbackUrl": endpoints.values_list("url", flat=True).first(),
        "createdAt": rfc3339(partner.created_at),
        "updatedAt": rfc3339(partner.updated_at),
    }


class MetricsView(ApiView):
    """The partner's figures of all time and now (partner key)."""

    read_scope = "metrics:read"

    @described(
        serializers.MetricsAnswer, summary="The partner's figures", answered=examples.METRICS
    )
    def get(self, request: Request) -> Response:
        require_partner(self.actor)
        partner = Partner.objects.visible_to(self.actor).first()
        if partner is None:
            raise NotFound(_("There is no such partner."))
        return self.answer(selectors.metrics_for(user=self.actor, partner=partner).as_wire())
