"""The floor's one address without the portal around it."""

from django.urls import path

from benchmarks.floor import views

urlpatterns = [path("floor/share", views.ShareView.as_view())]
