"""Addresses of the client's pages, below `/c/`."""

from django.urls import path

from leads.views import client

app_name = "client"
urlpatterns = [
    # No token is "open": a token has 32 characters.
    path("open/lead/", client.lead, name="lead"),
    path("<str:token>/lead/", client.link, name="link"),
]
