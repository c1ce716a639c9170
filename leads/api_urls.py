"""Addresses of the API about leads."""

from django.urls import path

from leads import api, api_duties

urlpatterns = [
    path("share-lead", api.ShareLeadView.as_view(), name="share_lead"),
    path("share-preferences", api.SharePreferencesView.as_view(), name="share_preferences"),
    path("share-appointment", api.ShareAppointmentView.as_view(), name="share_appointment"),
    path("leads", api.LeadsView.as_view(), name="leads"),
    path("leads/<str:reference>", api.LeadView.as_view(), name="lead"),
    path(
        "leads/<str:reference>/attest-deletion",
        api_duties.AttestDeletionView.as_view(),
        name="attest_deletion",
    ),
    path(
        "leads/<str:reference>/request-more",
        api_duties.RequestMoreView.as_view(),
        name="request_more",
    ),
]
