"""Accounts. Made by invitation, never by signing up; shut out, never deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from partners import services
from partners.admin.through_services import ConfirmedAdmin
from partners.forms import UserForm
from partners.models import User
from portal.lib.access import Can, may


@admin.register(User)
class UserAdmin(ConfirmedAdmin[User]):
    """An account stays, so that what its person did keeps a name."""

    form = UserForm
    list_display = ("email", "name", "role", "partner", "market", "team", "is_active", "last_login")
    list_filter = ("role", "is_active", "market")
    list_select_related = ("partner",)
    search_fields = ("email", "name", "partner__name")
    readonly_fields = ("last_login", "created_at")
    actions = ("activate", "deactivate", "remove_factors")

    fields = (
        "email",
        "name",
        "role",
        "partner",
        "market",
        "team",
        "is_active",
        "last_login",
        "created_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is added here but invited (`InvitationAdmin`): no admin ever knows a password."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        actor: Any = request.user
        offered = {"may_invite": may(actor, Can.INVITE_PEOPLE)}
        return super().changelist_view(request, {**(extra_context or {}), **offered})

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        given = form.cleaned_data
        values = {name: given[name] for name in ("email", "name", "role", "market", "team")}
        values["partner_id"] = given["partner"].pk if given["partner"] else None
        services.update_user(actor=request.user, user_id=obj.pk, **values)
        services.set_user_active(actor=request.user, user_id=obj.pk, active=given["is_active"])

    @admin.action(description=_("Let the selected people in"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=True, done=str(_("%(count)s activated.")))

    @admin.action(description=_("Shut the selected people out"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=False, done=str(_("%(count)s deactivated.")))

    @admin.action(
        description=_("Remove the second factor of the selected people"), permissions=["change"]
    )
    def remove_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For who lost a phone. They sign in with their password and make another factor."""
        actor: Any = request.user
        self.each(
            request,
            queryset,
            lambda user: services.remove_factors(actor=actor, user_id=user.pk),
            str(_("The second factor of %(count)s was removed.")),
        )

    def _switch(self, request: Any, queryset: QuerySet[User], *, active: bool, done: str) -> None:
        def switch(user: User) -> None:
            services.set_user_active(actor=request.user, user_id=user.pk, active=active)

        self.each(request, queryset, switch, done)
