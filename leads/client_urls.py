"""Addresses of the client's pages, below `/c/`."""

from django.urls import path

from leads.views import client, consent

app_name = "client"
urlpatterns = [
    path("", client.lost, name="lost"),
    # No token is "open": a token has 32 characters.
    path("open/", consent.page, name="consent"),
    path("open/lead/", client.lead, name="lead"),
    path("open/parties/", consent.parties, name="parties"),
    path("open/decide/", consent.decide, name="decide"),
    path("open/stop/", consent.stop, name="stop"),
    path("open/proposals/<proposal:proposal_id>/", consent.answer_proposal, name="proposal"),
    path("open/requests/<more:request_id>/", consent.answer_request, name="request"),
    path("open/pause/", consent.restrict, name="pause"),
    path("open/resume/", consent.lift, name="resume"),
    path("open/correct/", consent.correct, name="correct"),
    path("open/copy/", consent.copy, name="copy"),
    path(
        "open/receipts/<receipt:receipt_id>.json",
        consent.receipt,
        {"form": "json"},
        name="receipt_json",
    ),
    path(
        "open/receipts/<receipt:receipt_id>.pdf",
        consent.receipt,
        {"form": "pdf"},
        name="receipt_pdf",
    ),
    path("open/erase/", consent.erase, name="erase"),
    path("<str:token>/", client.consent_link, name="consent_link"),
    path("<str:token>/lead/", client.link, name="link"),
]
