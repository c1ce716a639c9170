"""Addresses of the console, below `/portal/settings/webhooks/` and `/analytics/webhooks/`."""

from django.urls import path

from portal.console import actions, views

_OF_ENDPOINT = "endpoints/<endpoint:endpoint_id>/"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("debugger/", views.debugger, name="debugger"),
    path(_OF_ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{_OF_ENDPOINT}change/", actions.change, name="change"),
    path(f"{_OF_ENDPOINT}rotate/", actions.rotate, name="rotate"),
    path(f"{_OF_ENDPOINT}signing-key/", actions.signing_key, name="signing_key"),
    path(f"{_OF_ENDPOINT}test/", actions.test, name="test"),
    path(f"{_OF_ENDPOINT}recover/", actions.recover, name="recover"),
    path(f"{_OF_ENDPOINT}verify/", actions.verify, name="verify"),
    path(f"{_OF_ENDPOINT}disable/", actions.disable, name="disable"),
    path(f"{_OF_ENDPOINT}remove/", actions.remove, name="remove"),
    path("deliveries/<delivery:delivery_id>/", views.delivery, name="delivery"),
    path("deliveries/<delivery:delivery_id>/resend/", actions.resend, name="resend"),
]
