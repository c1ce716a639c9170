"""Every address of the API, below /api/ and again below /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from portal import views_docs
from portal.lib.api import UnknownAddress

app_name = "api"

addresses: list[URLPattern | URLResolver] = [
    path("docs/", views_docs.docs, name="docs"),
    path("schema/", views_docs.schema, name="schema"),
    path("", include("leads.api_urls")),
    path("", include("commissions.api_urls")),
    path("", include("events.api_urls")),
]
urlpatterns = [
    path("v1/", include((addresses, "v1"))),
    *addresses,
    # Last: what is below /api/ and no address is answered as the API answers.
    re_path(r"", UnknownAddress.as_view(), name="unknown"),
]
