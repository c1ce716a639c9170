"""The settings of a partner."""

from django.urls import path

from partners import key_views, people_views, views
from partners.step_up import confirmed

app_name = "partners"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("keys/", confirmed(key_views.keys), name="keys"),
    path("keys/<key:key_id>/", confirmed(key_views.key), name="key"),
    path("keys/<key:key_id>/rotate/", confirmed(key_views.rotate), name="rotate_key"),
    path("keys/<key:key_id>/revoke/", confirmed(key_views.revoke), name="revoke_key"),
    path("people/", confirmed(people_views.people), name="people"),
    path("people/<user:user_id>/remove/", confirmed(people_views.remove), name="remove_person"),
    path("people/<user:user_id>/role/", confirmed(people_views.role), name="change_role"),
    path(
        "people/invitations/<invitation:invitation_id>/resend/",
        confirmed(people_views.resend),
        name="resend_invitation",
    ),
    path(
        "people/invitations/<invitation:invitation_id>/take-back/",
        confirmed(people_views.take_back),
        name="take_back_invitation",
    ),
    path("commission/", views.propose_commission, name="propose_commission"),
    path("endpoints/", confirmed(views.add_endpoint), name="add_endpoint"),
    path("endpoints/<endpoint:endpoint_id>/verify/", views.verify_endpoint, name="verify_endpoint"),
    path(
        "endpoints/<endpoint:endpoint_id>/remove/",
        confirmed(views.remove_endpoint),
        name="remove_endpoint",
    ),
]
