"""Every address of the portal."""

from allauth.account.views import password_reset_from_key
from django.contrib import admin
from django.urls import include, path, re_path

from partners import people_views
from partners.passkey_views import remove_passkey
from portal import views, views_metrics

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views_metrics.show, name="metrics"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    # Nobody signs up, and an address is changed by an admin, so that it is recorded.
    path("accounts/email/", views.page_not_found),
    path("accounts/signup/", views.page_not_found),
    # allauth's own pattern knows no underscore, and the ids of our users have one.
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>user_[0-9a-z]+)-(?P<key>.+)/$",
        password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("accounts/invitation/", people_views.invitation, name="invitation"),
    path("accounts/invitation/<str:token>/", people_views.invitation_link, name="invitation_link"),
    path("pulse/", people_views.pulse, name="pulse"),
    # allauth's own view lets the last factor of a role go that must have one.
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", remove_passkey, name="mfa_remove_webauthn"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("view-as/", include("portal.viewing_urls")),
    path("analytics/audit/", include("leads.audit_urls")),
    path("leads/", include("leads.urls")),
    path("c/", include("leads.client_urls")),
    path("enquire/", include("leads.capture_urls")),
    path("portal/", include("portal.partner_urls")),
    path("portal/settings/webhooks/", include(("portal.console.urls", "webhooks"))),
    path(
        "analytics/webhooks/",
        include(("portal.console.urls", "webhooks"), namespace="webhook_oversight"),
    ),
    path("portal/settings/", include("partners.urls")),
    path("", include("commissions.urls")),
    path("api/", include("portal.api_urls")),
]

handler400 = "portal.views_errors.bad_request"
handler500 = "portal.views_errors.server_error"
