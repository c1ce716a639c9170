"""Addresses of a partner's people."""

from django.urls import path

from portal.partner import (
    agreement_views,
    dispute_views,
    duty_views,
    export_views,
    money_views,
    views,
)

app_name = "partner"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("leads/", views.lead_list, name="lead_list"),
    path("leads.csv", export_views.leads_csv, name="leads_csv"),
    path("leads/<share:reference>/", views.lead_detail, name="lead_detail"),
    path("leads/<share:reference>/accept/", views.lead_accept, name="lead_accept"),
    path("leads/<share:reference>/start/", views.lead_start, name="lead_start"),
    path("leads/<share:reference>/reject/", views.lead_reject, name="lead_reject"),
    path("leads/<share:reference>/close/", views.lead_close, name="lead_close"),
    path("leads/<share:reference>/attest/", duty_views.lead_attest, name="lead_attest"),
    path("leads/<share:reference>/keep/", duty_views.lead_keep, name="lead_keep"),
    path("leads/<share:reference>/ask/", duty_views.lead_ask, name="lead_ask"),
    path("commissions/", money_views.commission_list, name="commission_list"),
    path("commissions/<rev:commission>/", dispute_views.commission, name="commission"),
    path("commissions/<rev:commission>/dispute/", dispute_views.dispute_open, name="dispute_open"),
    path("disputes/<dispute:dispute>/", dispute_views.dispute, name="dispute"),
    path("disputes/<dispute:dispute>/answer/", dispute_views.dispute_answer, name="dispute_answer"),
    path(
        "disputes/<dispute:dispute>/withdraw/",
        dispute_views.dispute_withdraw,
        name="dispute_withdraw",
    ),
    path("leads/<share:reference>/evidence/", dispute_views.paper_add, name="paper_add"),
    path("evidence/<evidence:evidence>/", dispute_views.paper, name="paper"),
    path("commissions.csv", money_views.commissions_csv, name="commissions_csv"),
    path("commissions.xlsx", money_views.commissions_xlsx, name="commissions_xlsx"),
    path("agreements/", agreement_views.agreement_list, name="agreement_list"),
    path("agreements/<terms:version>/", agreement_views.agreement, name="agreement"),
    path("agreements/<terms:version>/accept/", agreement_views.accept, name="agreement_accept"),
    path("agreements/<terms:version>/decline/", agreement_views.decline, name="agreement_decline"),
    path("reconciliation/", money_views.reconciliation, name="reconciliation"),
]
