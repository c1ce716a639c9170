"""Addresses of the staff pages about money."""

from django.urls import path

from commissions import views

app_name = "commissions"
urlpatterns = [
    path("analytics/", views.analytics_page, name="analytics"),
    path("analytics/checkpoints.jsonl", views.checkpoints_jsonl, name="checkpoints_jsonl"),
    path("analytics/events.jsonl", views.events_jsonl, name="events_jsonl"),
    path("reconciliation/", views.reconciliation, name="reconciliation"),
    path(
        "reconciliation/<share:reference>/confirm/", views.confirm_closing, name="confirm_closing"
    ),
]
