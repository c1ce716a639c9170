"""Addresses of the audit trail's pages, below `/analytics/audit/`."""

from django.urls import path

from leads.views import audit

app_name = "audit"
urlpatterns = [
    path("", audit.trail, name="trail"),
    path("<lead:lead_id>/", audit.of_lead, name="of_lead"),
]
