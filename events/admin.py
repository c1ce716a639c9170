"""What happened and what was sent, to look at: nobody changes the past by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from events.models import Attempt, Delivery, Endpoint, Event


class ReadOnly:
    """No adding, changing or deleting, for whoever looks."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class InScope:
    """Only what lies in the reader's market and team."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)  # type: ignore[misc]
        return rows.visible_to(request.user)  # type: ignore[no-any-return]


@admin.register(Event)
class EventAdmin(InScope, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["at", "kind", "ok", "actor", "partner_id", "lead_id", "share_id"]
    list_filter = ["kind", "ok"]
    date_hierarchy = "at"
    show_full_result_count = False
    fields = [
        "id",
        "at",
        "kind",
        "ok",
        "actor",
        "partner_id",
        "lead_id",
        "share_id",
        "request_id",
        "data",
    ]


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["url", "partner", "verified_at", "enabled", "disabled_reason", "removed_at"]
    list_filter = ["enabled"]
    list_select_related = ["partner"]
    search_fields = ["url", "partner__name"]
    fields = [
        "id",
        "partner",
        "url",
        "event_types",
        "verified_at",
        "enabled",
        "disabled_reason",
        "created_at",
        "removed_at",
    ]


class AttemptInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Attempt
    extra = 0
    fields = ["number", "started_at", "duration_ms", "status", "error", "fields"]


@admin.register(Delivery)
class DeliveryAdmin(InScope, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["created_at", "type", "state", "attempts", "endpoint", "last_error"]
    list_filter = ["state", "channel", "type"]
    list_select_related = ["endpoint"]
    show_full_result_count = False
    inlines = [AttemptInline]
    fields = [
        "id",
        "webhook_id",
        "channel",
        "endpoint",
        "type",
        "event_id",
        "event_at",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
        "created_at",
        "finished_at",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("endpoint")
