"""The portal as an app: its commands, its admin site and what happens after migrating."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401, PLC0415 - registers the deployment checks
        from portal.grants import grant_app_role  # noqa: PLC0415 - models must be loaded first
        from portal.lib import converters  # noqa: PLC0415

        converters.register()
        post_migrate.connect(grant_app_role, sender=self)


class PortalAdminConfig(AdminConfig):
    """Django admin behind the portal's own login."""

    default_site = "portal.admin_site.PortalAdminSite"
