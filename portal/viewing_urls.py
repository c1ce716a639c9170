"""Addresses for seeing the portal as a partner does, below `/view-as/`."""

from django.urls import path

from portal import views_viewing

app_name = "viewing"
urlpatterns = [
    path("", views_viewing.choose, name="choose"),
    path("stop/", views_viewing.stop, name="stop"),
    path("<partner:partner_id>/", views_viewing.start, name="start"),
]
