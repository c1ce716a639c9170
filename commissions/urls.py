"""Addresses of the staff pages about money."""

from django.urls import path

from commissions import agreement_views, desk_views, export_views, rate_views, views

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
    path("reconciliation/", views.reconciliation, name="reconciliation"),
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
    path(
        "reconciliation/<share:reference>/confirm/", views.confirm_closing, name="confirm_closing"
    ),
]
