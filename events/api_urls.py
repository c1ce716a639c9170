"""Addresses of the API about webhooks."""

from django.urls import path

from events import api, api_deliveries

_ONE = "webhook-endpoints/<endpoint:endpoint>"
_SENT = f"{_ONE}/deliveries"

urlpatterns = [
    path("webhook-endpoints", api.EndpointsView.as_view(), name="webhook_endpoints"),
    path(_ONE, api.EndpointView.as_view(), name="webhook_endpoint"),
    path(f"{_ONE}/verify", api.VerifyEndpointView.as_view(), name="verify_webhook_endpoint"),
    path(f"{_ONE}/rotate-secret", api.RotateSecretView.as_view(), name="rotate_webhook_secret"),
    path(f"{_ONE}/signing-key", api.SigningKeyView.as_view(), name="webhook_signing_key"),
    path(f"{_ONE}/test", api_deliveries.TestEndpointView.as_view(), name="test_webhook_endpoint"),
    path(f"{_ONE}/recover", api_deliveries.RecoverView.as_view(), name="recover_webhooks"),
    path(f"{_ONE}/stats", api_deliveries.StatsView.as_view(), name="webhook_stats"),
    path(_SENT, api_deliveries.DeliveriesView.as_view(), name="webhook_deliveries"),
    path(
        f"{_SENT}/<delivery:delivery>",
        api_deliveries.DeliveryView.as_view(),
        name="webhook_delivery",
    ),
    path(
        f"{_SENT}/<delivery:delivery>/resend",
        api_deliveries.ResendView.as_view(),
        name="resend_webhook",
    ),
]
