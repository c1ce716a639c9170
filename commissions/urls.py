"""Addresses of the staff pages about money."""

from django.urls import path

from commissions import (
    agreement_views,
    board_views,
    desk_views,
    dispute_views,
    export_views,
    rate_views,
    statement_views,
    views,
)

app_name = "commissions"
urlpatterns = [
    path("analytics/", views.analytics_page, name="analytics"),
    path("analytics/checkpoints.jsonl", views.checkpoints_jsonl, name="checkpoints_jsonl"),
    path("analytics/events.jsonl", views.events_jsonl, name="events_jsonl"),
    path("agreements/", agreement_views.agreement_list, name="agreements"),
    path("agreements/new/", agreement_views.agreement_new, name="agreement_new"),
    path("agreements/<agreement:agreement>/", agreement_views.agreement, name="agreement"),
    path("agreements/<agreement:agreement>/end/", agreement_views.end, name="agreement_end"),
    path(
        "agreements/<terms:version>/withdraw/", agreement_views.withdraw, name="agreement_withdraw"
    ),
    path("reconciliation/", board_views.reconciliation, name="reconciliation"),
    path("reconciliation/differences/", board_views.differences, name="differences"),
    path("reconciliation/commissions/", board_views.commission_list, name="commission_list"),
    path("reconciliation/statements/", statement_views.statement_list, name="statements"),
    path("reconciliation/statements/new/", statement_views.statement_new, name="statement_new"),
    path(
        "reconciliation/statements/<statement:statement>/",
        statement_views.statement,
        name="statement",
    ),
    path("reconciliation/approve/", desk_views.approve_many, name="approve_many"),
    path("reconciliation/rates/", rate_views.rates, name="rates"),
    path("reconciliation/exports/", export_views.exports, name="exports"),
    path("reconciliation/exports/file/", export_views.export_file, name="export_file"),
    path("reconciliation/<rev:commission>/", desk_views.commission_page, name="commission"),
    path("reconciliation/<rev:commission>/approve/", desk_views.approve, name="approve"),
    path("reconciliation/<rev:commission>/correct/", desk_views.correct, name="correct"),
    path("reconciliation/<rev:commission>/claw-back/", desk_views.claw_back, name="claw_back"),
    path("reconciliation/<rev:commission>/pay/", desk_views.pay, name="pay"),
    path("reconciliation/<rev:commission>/milestone/", desk_views.meet_milestone, name="milestone"),
    path("reconciliation/<review:item>/settle/", desk_views.settle, name="settle"),
    path(
        "reconciliation/<review:item>/book-as-agreed/",
        desk_views.book_as_agreed,
        name="book_as_agreed",
    ),
    path("reconciliation/<review:item>/decide/", desk_views.decide, name="decide"),
    path("reconciliation/<review:item>/dismiss/", desk_views.dismiss, name="dismiss"),
    path("reconciliation/<review:item>/assign/", board_views.assign, name="assign"),
    path("reconciliation/<rev:commission>/record/", desk_views.record, name="record"),
    path(
        "reconciliation/<share:reference>/confirm/",
        board_views.confirm_closing,
        name="confirm_closing",
    ),
    path(
        "reconciliation/<rev:commission>/dispute/", dispute_views.open_dispute, name="dispute_open"
    ),
    path("reconciliation/<share:reference>/evidence/", dispute_views.add_paper, name="paper_add"),
    path("disputes/", dispute_views.dispute_list, name="disputes"),
    path("disputes/<dispute:dispute>/", dispute_views.dispute, name="dispute"),
    path("disputes/<dispute:dispute>/answer/", dispute_views.answer, name="dispute_answer"),
    path("disputes/<dispute:dispute>/decide/", dispute_views.decide, name="dispute_decide"),
    path("disputes/<dispute:dispute>/withdraw/", dispute_views.withdraw, name="dispute_withdraw"),
    path("evidence/<evidence:evidence>/", dispute_views.paper, name="paper"),
]
