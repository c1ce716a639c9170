"""Addresses of the API about closings, commissions and figures."""

from django.urls import path

from commissions import api

urlpatterns = [
    path("partner-update", api.PartnerUpdateView.as_view(), name="partner_update"),
    path("partner", api.PartnerView.as_view(), name="partner"),
    path("commissions", api.CommissionsView.as_view(), name="commissions"),
    path("metrics", api.MetricsView.as_view(), name="metrics"),
]
