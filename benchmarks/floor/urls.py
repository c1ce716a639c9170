"""The floor's addresses without the portal around them."""

from django.urls import path

from benchmarks.floor import closing, views

urlpatterns = [
    path("floor/share", views.ShareView.as_view()),
    path("floor/close", closing.CloseView.as_view()),
]
