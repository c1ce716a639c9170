"""API keys: who holds which, and revoking one. A key is made where its holder can read it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partners import services
from partners.admin.through_services import ServiceAdmin
from partners.models import ApiKey
from portal.lib.access import Can, may


@admin.register(ApiKey)
class ApiKeyAdmin(ServiceAdmin[ApiKey]):
    """Read-only, but for revoking."""

    list_display = ("prefix", "holder", "name", "created_at", "expires_at", "last_used_at", "state")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("partner", "user")
    search_fields = ("name", "prefix", "partner__name")
    fields = (
        "prefix",
        "holder",
        "name",
        "scopes",
        "networks",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    readonly_fields = fields
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        actor: Any = request.user
        return may(actor, Can.MANAGE_PARTNERS)

    @admin.display(description=_("Holder"))
    def holder(self, key: ApiKey) -> str:
        return str(key.partner or key.user)

    @admin.display(description=_("In use"), boolean=True)
    def state(self, key: ApiKey) -> bool:
        return key.revoked_at is None

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        actor: Any = request.user
        self.each(
            request,
            queryset,
            lambda key: services.revoke_key(actor=actor, key_id=key.pk),
            str(_("%(count)s revoked.")),
        )
