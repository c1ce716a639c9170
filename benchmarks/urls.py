"""The portal's addresses and those of the floors."""

from django.urls import include, path

from benchmarks.floor import views

urlpatterns = [
    path("floor/list/", views.bare_page),
    path("", include("portal.urls")),
]
