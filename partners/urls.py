"""The settings of a partner."""

from django.urls import path

from partners import views

app_name = "partners"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("commission/", views.propose_commission, name="propose_commission"),
    path("endpoints/", views.add_endpoint, name="add_endpoint"),
    path("endpoints/<endpoint:endpoint_id>/verify/", views.verify_endpoint, name="verify_endpoint"),
    path("endpoints/<endpoint:endpoint_id>/remove/", views.remove_endpoint, name="remove_endpoint"),
]
