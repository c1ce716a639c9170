"""Accounts. Made here, never by signing up; shut out, never deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partners import services
from partners.admin.through_services import ServiceAdmin
from partners.forms import UserForm
from partners.models import User
from partners.step_up import confirmed


@admin.register(User)
class UserAdmin(ServiceAdmin[User]):
    """An account stays, so that what its person did keeps a name."""

    form = UserForm
    list_display = ("email", "name", "role", "partner", "market", "team", "is_active", "last_login")
    list_filter = ("role", "is_active", "market")
    list_select_related = ("partner",)
    search_fields = ("email", "name", "partner__name")
    readonly_fields = ("last_login", "created_at")
    actions = ("activate", "deactivate")

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = ["email", "name", "role", "partner", "market", "team", "new_password"]
        if not self.has_change_permission(request, obj):
            fields.remove("new_password")
        return fields if obj is None else [*fields, "is_active", "last_login", "created_at"]

    def get_urls(self) -> Any:
        """Whoever changes accounts shows once more that it is they."""
        urls = super().get_urls()
        for each in urls:
            if each.callback is not None:
                each.callback = confirmed(each.callback)
        return urls

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        given = form.cleaned_data
        values = {name: given[name] for name in ("email", "name", "role", "market", "team")}
        values["partner_id"] = given["partner"].pk if given["partner"] else None
        password = given["new_password"] or None
        if not change:
            user = services.create_user(actor=request.user, password=password, **values)
            obj.__dict__.update(user.__dict__)
            return
        services.update_user(actor=request.user, user_id=obj.pk, **values)
        services.set_user_active(actor=request.user, user_id=obj.pk, active=given["is_active"])
        if password:
            services.set_password(actor=request.user, user_id=obj.pk, password=password)

    @admin.action(description=_("Let the selected people in"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=True, done=str(_("%(count)s activated.")))

    @admin.action(description=_("Shut the selected people out"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, active=False, done=str(_("%(count)s deactivated.")))

    def _switch(self, request: Any, queryset: QuerySet[User], *, active: bool, done: str) -> None:
        def switch(user: User) -> None:
            services.set_user_active(actor=request.user, user_id=user.pk, active=active)

        self.each(request, queryset, switch, done)
