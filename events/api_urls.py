"""Addresses of the API about webhooks."""

from django.urls import path

from events import api

urlpatterns = [
    path("webhook-endpoints", api.EndpointsView.as_view(), name="webhook_endpoints"),
    path(
        "webhook-endpoints/<endpoint:endpoint>/verify",
        api.VerifyEndpointView.as_view(),
        name="verify_webhook_endpoint",
    ),
]
