"""Addresses of the agent's pages, below `/leads/`."""

from django.urls import path

from leads.views import agent, deletions, importing, proposing, receipts, requests, rights, sharing

app_name = "leads"
urlpatterns = [
    path("", agent.lead_list, name="lead_list"),
    path("new/", agent.lead_new, name="lead_new"),
    path("import/", importing.lead_import, name="import"),
    path("import/template.csv", importing.import_template, name="import_template"),
    path("<lead:lead_id>/", agent.lead_detail, name="lead_detail"),
    path("<lead:lead_id>/share/", sharing.share, name="share"),
    path("<lead:lead_id>/preview/", sharing.preview, name="preview"),
    path("<lead:lead_id>/seen/", agent.seen, name="seen"),
    path("<lead:lead_id>/client-link/", agent.client_link, name="client_link"),
    path("<lead:lead_id>/send-link/", agent.send_link, name="send_link"),
    path("<lead:lead_id>/propose/", proposing.propose, name="propose"),
    path("proposals/<proposal:proposal_id>/take-back/", proposing.take_back, name="take_back"),
    path("<lead:lead_id>/copy/", rights.copy, name="copy"),
    path("<lead:lead_id>/correct/", rights.correct, name="correct"),
    path("<lead:lead_id>/withdraw-consent/", rights.withdraw_consent, name="withdraw_consent"),
    path("<lead:lead_id>/restrict/", rights.restrict, name="restrict"),
    path("<lead:lead_id>/lift/", rights.lift, name="lift"),
    path("<lead:lead_id>/erase/", rights.erase, name="erase"),
    path(
        "<lead:lead_id>/receipts/<receipt:receipt_id>.json",
        receipts.receipt_json,
        name="receipt_json",
    ),
    path(
        "<lead:lead_id>/receipts/<receipt:receipt_id>.pdf",
        receipts.receipt_pdf,
        name="receipt_pdf",
    ),
    path("requests/<more:request_id>/forward/", requests.forward, name="forward_request"),
    path("requests/<more:request_id>/decline/", requests.decline, name="decline_request"),
    path("deletions/", deletions.deletion_list, name="deletion_list"),
    path("deletions/<partner:partner_id>/stop/", deletions.stop, name="stop_leads"),
    path("deletions/<partner:partner_id>/resume/", deletions.resume, name="resume_leads"),
    path(
        "shares/<share:share_id>/preferences/",
        sharing.share_preferences,
        name="share_preferences",
    ),
    path("shares/<share:share_id>/withdraw/", sharing.withdraw, name="withdraw"),
    path("shares/<share:share_id>/appointment/", sharing.appointment, name="appointment"),
]
