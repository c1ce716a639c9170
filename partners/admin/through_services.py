"""What admin pages share: the services write, and a refusal is a sentence and not a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from partners.step_up import confirmed
from portal.lib.errors import DomainError

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin
else:

    class _ModelAdmin(admin.ModelAdmin):
        def __class_getitem__(cls, _model: object) -> type:
            return cls


class ServiceAdmin(_ModelAdmin[M]):
    """An admin whose writes are service calls.

    Forms check first, so that an error stands beside its field; what only the service can know
    rolls everything back and comes as a message.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters over what is secret: letter by letter they would tell it."""
        secret = any(part in lookup for part in ("password", "secret", "hash"))
        return not secret and super().lookup_allowed(lookup, value, request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        view = super().changeform_view
        return self._answered(request, lambda: view(request, object_id, form_url, extra_context))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        view = super().changelist_view
        return self._answered(request, lambda: view(request, extra_context))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        view = super().delete_view
        return self._answered(request, lambda: view(request, object_id, extra_context))

    def _answered(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return view()
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def each(
        self,
        request: HttpRequest,
        queryset: models.QuerySet[M],
        change: Callable[[M], object],
        done: str,
    ) -> None:
        """CHANGE every row of QUERYSET on its own; say DONE with their number, and each refusal."""
        changed = 0
        for row in queryset:
            try:
                change(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.WARNING)
            else:
                changed += 1
        if changed:
            self.message_user(request, done % {"count": changed}, messages.SUCCESS)


class ConfirmedAdmin(ServiceAdmin[M]):
    """An admin about accounts: whoever changes one shows once more that it is they."""

    def get_urls(self) -> Any:
        urls = super().get_urls()
        for each in urls:
            if each.callback is not None:
                each.callback = confirmed(each.callback)
        return urls
