"""The floors: a bare DRF view that shares, and a bare page that lists."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.floor.models import Event, Outbox, Partner, Share
from leads.models import Share as LeadShare

BODY = "x" * 2048


class ShareView(APIView):
    """The seven statements of the reference: begin, lock, count, three inserts, commit."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        given: Any = request.data
        with transaction.atomic():
            partner = Partner.objects.select_for_update().get(pk=given["partner"])
            active = Share.objects.filter(partner=partner, status="sent").count()
            if active >= partner.capacity:
                return Response({"ok": False}, status=409)
            share = Share.objects.create(
                partner=partner,
                lead_id=given["lead"],
                contact=False,
                budget=True,
                requirements=True,
            )
            Event.objects.create(kind="lead_shared", share=share, data={"groups": ["budget"]})
            Outbox.objects.create(share=share, body=BODY)
        return Response({"ok": True, "data": {"shareId": share.pk, "status": share.status}})


def bare_page(request: HttpRequest) -> HttpResponse:
    """One query and 25 rows, behind the portal's whole middleware."""
    shares = (
        LeadShare.objects.filter(partner_id=request.user.partner_id)  # type: ignore[union-attr]
        .select_related("lead")
        .order_by("-shared_at", "-pk")[:25]
    )
    return render(request, "floor/list.html", {"shares": shares})
