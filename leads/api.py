"""Leads by machine: share, change what is shared, tell an appointment, capture, read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from events.models import Event
from events.services import refusals_recorded
from leads import consent, examples, selectors, serializers, services
from leads.groups import WIRE
from leads.models import Share, ShareStatus
from leads.services.seeing import API
from partners.types import CURRENCY_OF_MARKET, Market
from portal.lib.access import PARTNER_SYSTEM, Actor, Can, require
from portal.lib.api import PARAMS, ApiView
from portal.lib.errors import NotAllowed, NotFound, Unprocessable
from portal.lib.fields import rfc3339
from portal.lib.openapi import PAGE, described


class PartnersDisagree(Unprocessable):
    """A body names two partners where it can mean only one."""

    code = "partners_disagree"


def require_partner(actor: Actor) -> None:
    """Refuse whoever is not a partner's system: what is read here belongs to one partner."""
    if actor.role != PARTNER_SYSTEM:
        raise NotAllowed(_("Only a partner's key may read this."))


def withheld_on_wire(share: Share) -> dict[str, str]:
    """Return why groups are withheld, by the names outsiders know."""
    withheld: dict[str, str] = share.withheld
    return {WIRE[group]: str(reason) for group, reason in withheld.items()}


def shown(share: Share) -> dict[str, Any]:
    """Return one lead as its partner sees it; `share.lead` and `share.partner` are loaded."""
    return {
        "leadId": share.pk,
        "partnerId": share.partner_id,
        "status": share.status,
        "sharedAt": rfc3339(share.shared_at),
        "acceptedAt": rfc3339(share.accepted_at),
        "closedAt": rfc3339(share.closed_at),
        "confirmedAt": rfc3339(share.confirmed_at),
        "updatedAt": rfc3339(share.updated_at),
        "consent": share.disclosed.as_wire(),
        "lead": consent.disclose(share),
    }


class ShareLeadView(ApiView):
    """Offer a lead to a partner, under the client's consent (agent key)."""

    @described(
        serializers.SharedAnswer,
        summary="Share a lead with a partner",
        request=serializers.ShareLead,
        refusals={
            403: ["not_allowed"],
            409: ["capacity_reached", "already_shared", "partner_inactive", "suppressed"],
            422: [
                "callback_not_verified",
                "partner_name_mismatch",
                "consent_withheld",
                "compliance_gate",
            ],
        },
        sent=examples.SHARE,
        answered=examples.SHARED,
    )
    def post(self, request: Request) -> Response:
        given = self.given(serializers.ShareLead)
        lead_id = given.get("lead_id")
        share = services.share_lead(
            actor=self.actor,
            partner_id=given["partner_id"],
            lead_id=lead_id,
            draft=serializers.draft_of(given["lead"]) if lead_id is None else None,
            choice=serializers.groups_of(given["consent"]) if "consent" in given else None,
            method=given["consent_method"],
            partner_name=given.get("partner_name"),
            callback_url=given.get("callback_url"),
        )
        return self.answer(_shared(share))


def _shared(share: Share) -> dict[str, Any]:
    return {
        "leadId": share.lead_id,
        "partnerId": share.partner_id,
        "shareId": share.pk,
        "status": share.status,
        "sharedAt": rfc3339(share.shared_at),
        "consent": share.disclosed.as_wire(),
        "withheld": withheld_on_wire(share),
    }


class SharePreferencesView(ApiView):
    """Change later what a partner sees of a lead (agent key)."""

    @described(
        serializers.PreferencesAnswer,
        summary="Change what a partner sees of a lead",
        request=serializers.SharePreferences,
        refusals={403: ["not_allowed"], 409: ["illegal_transition"], 422: ["consent_withheld"]},
        sent=examples.PREFERENCES,
        answered=examples.PREFERENCES_CHANGED,
    )
    def post(self, request: Request) -> Response:
        given = self.given(serializers.SharePreferences)
        share = services.change_preferences(
            actor=self.actor,
            reference=given["lead_id"],
            partner_id=given.get("partner_id"),
            choice=serializers.groups_of(given["consent"]),
            method=given["consent_method"],
        )
        return self.answer(
            {
                "leadId": given["lead_id"],
                "partnerId": share.partner_id,
                "consent": share.disclosed.as_wire(),
                "withheld": withheld_on_wire(share),
                "updatedAt": rfc3339(share.updated_at),
            }
        )


class ShareAppointmentView(ApiView):
    """Tell a partner about a viewing or a meeting for a live share (agent key)."""

    @described(
        serializers.AppointmentAnswer,
        summary="Tell a partner about an appointment",
        request=serializers.ShareAppointment,
        refusals={
            403: ["not_allowed"],
            409: ["illegal_transition", "conflict"],
            422: ["partners_disagree"],
        },
        sent=examples.APPOINTMENT,
        answered=examples.APPOINTED,
    )
    def post(self, request: Request) -> Response:
        given = self.given(serializers.ShareAppointment)
        claim, payload = given["partner"], given["payload"]
        if claim["partner_id"] != payload["partner_id"]:
            _refuse_two_partners(self.actor, payload)
        appointment = services.share_appointment(
            actor=self.actor,
            partner_id=payload["partner_id"],
            reference=payload["lead_id"],
            claimed_status=claim.get("status"),
            draft=serializers.appointment_of(payload["appointment"]),
        )
        return self.answer(
            {
                "appointmentId": appointment.pk,
                "leadId": payload["lead_id"],
                "partnerId": payload["partner_id"],
                "sharedAt": rfc3339(appointment.updated_at),
            }
        )


def _refuse_two_partners(actor: Actor, payload: dict[str, Any]) -> None:
    sent_id = payload["lead_id"]
    failed = Event.Kind.APPOINTMENT_SHARE_FAILED
    with refusals_recorded(failed, actor=actor, lead_id=sent_id, share_id=sent_id):
        require(actor, Can.SHARE_APPOINTMENT)
        raise PartnersDisagree(_("partner.partnerId and payload.partnerId name two partners."))


class ReadsLeads(ApiView):
    """Shows a partner's system leads, and records which of them told it contact data."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.told: list[Share] = []

    def shown(self, share: Share) -> dict[str, Any]:
        """Return SHARE as its partner sees it."""
        lead = shown(share)
        if "customerInfo" in lead["lead"]:
            self.told.append(share)
        return lead

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Record before it is answered, and outside the scope in which nothing can be written."""
        if response.status_code == HTTPStatus.OK:
            services.note_contact_told(actor=self.actor, shares=self.told, where=API)
        return super().finalize_response(request, response, *args, **kwargs)


class LeadsView(ReadsLeads):
    """List the partner's leads (partner key); record a new one (agent key)."""

    query_params = PARAMS | {"status"}
    read_scope = "leads:read"

    @described(
        serializers.LeadAnswer,
        many=True,
        summary="List the partner's leads",
        query={"status": "Only leads in this status.", **PAGE},
        answered=[examples.LEAD_SHOWN],
    )
    def get(self, request: Request) -> Response:
        require_partner(self.actor)
        status = self.chosen("status", ShareStatus.values)
        shares = selectors.shares_for(user=self.actor, status=status)
        return self.listing(shares, by="shared_at", show=self.shown)

    @described(
        serializers.CapturedAnswer,
        summary="Record a new lead and what its client decided",
        request=serializers.CaptureLead,
        refusals={403: ["not_allowed"], 409: ["suppressed"]},
        sent=examples.CAPTURE,
        answered=examples.CAPTURED,
    )
    def post(self, request: Request) -> Response:
        given = self.given(serializers.CaptureLead)
        draft = serializers.draft_of(given["lead"])
        decided = given.get("client_consent")
        in_rupees = draft.currency == CURRENCY_OF_MARKET[Market.INDIA]
        lead = services.capture_lead(
            actor=self.actor,
            market=given.get("market", Market.INDIA if in_rupees else Market.UAE),
            draft=draft,
            client_consent=None if decided is None else serializers.groups_of(decided),
            method=(decided or {}).get("method", "form"),
            notice_version=(decided or {}).get("notice_version", ""),
        )
        created_at = rfc3339(lead.created_at)
        return self.answer({"leadId": lead.pk, "market": lead.market, "createdAt": created_at})


class LeadView(ReadsLeads):
    """One lead of the partner's, by its reference (partner key)."""

    read_scope = "leads:read"

    @described(
        serializers.LeadAnswer,
        summary="One lead of the partner's",
        answered=examples.LEAD_SHOWN,
    )
    def get(self, request: Request, reference: str) -> Response:
        require_partner(self.actor)
        share = selectors.share_for(user=self.actor, reference=reference)
        if share is None:
            raise NotFound(_("There is no such lead."))
        return self.answer(self.shown(share))
