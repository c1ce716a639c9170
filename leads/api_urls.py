"""Addresses of the API about leads."""

from django.urls import path

from leads import api

urlpatterns = [
    path("share-lead", api.ShareLeadView.as_view(), name="share_lead"),
    path("share-preferences", api.SharePreferencesView.as_view(), name="share_preferences"),
    path("share-appointment", api.ShareAppointmentView.as_view(), name="share_appointment"),
    path("leads", api.LeadsView.as_view(), name="leads"),
    path("leads/<str:reference>", api.LeadView.as_view(), name="lead"),
]
