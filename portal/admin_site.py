"""Django admin for the company's admins, behind the same login as every other page."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.lib.access import Can, may


class PortalAdminSite(admin.AdminSite):
    """The admin site, open to active people with the right to it only."""

    site_header = site_title = _("Partner portal")
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return user.is_authenticated and may(user, Can.OPEN_ADMINISTRATION)

    @property
    def login(self) -> Any:
        return secure_admin_login(super().login)
