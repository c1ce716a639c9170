"""What happened and what was sent, to look at: nobody changes the past by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from events import headers
from events.health import State, endpoints_by_state, state_of
from events.models import Attempt, Delivery, Endpoint, Event
from portal.lib import ids


class ReadOnly:
    """No adding, changing or deleting, for whoever looks."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters over what the reader is not shown: letter by letter they would tell it."""
        asked: Any = super()
        me: Any = self
        columns = {field.name for field in me.model._meta.fields if not field.is_relation}
        hidden = columns - set(me.get_fields(request))
        return lookup.partition("__")[0] not in hidden and asked.lookup_allowed(
            lookup, value, request
        )


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


_IN_WORDS = {
    State.WORKING: _("Working"),
    State.FAILING: _("Failing"),
    State.PAUSED: _("Paused"),
    State.UNVERIFIED: _("Not verified"),
    State.DISABLED: _("Switched off"),
}


class ByHealth(admin.SimpleListFilter):
    """The endpoints somebody should look at."""

    title = _("health")
    parameter_name = "health"

    def lookups(self, *_args: Any) -> list[tuple[str, Any]]:
        return list(_IN_WORDS.items())

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return endpoints_by_state(rows, wanted) if wanted in _IN_WORDS else rows


@admin.register(Endpoint)
class EndpointAdmin(InScope, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["url", "partner", "health", "last_sent_at", "failing_since", "removed_at"]
    list_filter = [ByHealth, "disabled_reason", "thin", "payload_version"]
    list_select_related = ["partner"]
    search_fields = ["url", "pending_url", "description", "partner__name"]
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "id", "partner", "url", "pending_url", "description", "event_types", "thin",
                    "payload_version", "header_names", "signatures",
                ]
            },
        ),
        (
            _("How it does"),
            {
                "fields": [
                    "health", "verified_at", "enabled", "disabled_reason", "last_sent_at",
                    "last_failed_at", "failing_since", "open_until", "openings", "lane",
                    "created_at", "removed_at", "messages",
                ]
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["header_names", "signatures", "health", "openings", "lane", "messages"]

    @admin.display(description=_("Health"))
    def health(self, endpoint: Endpoint) -> str:
        """Say what stands first."""
        return str(_IN_WORDS[state_of(endpoint)])

    @admin.display(description=_("Added headers"))
    def header_names(self, endpoint: Endpoint) -> str:
        """Name them; their values are the partner's secrets."""
        return ", ".join(headers.unpacked(endpoint.headers)) or "–"

    @admin.display(description=_("Signatures"))
    def signatures(self, endpoint: Endpoint) -> str:
        """Say with how many secrets and keys its messages are signed now."""
        made = ["v1"] * len(endpoint.signing_secrets())
        return ", ".join(made + ["v1a"] * bool(endpoint.signing_key))

    @admin.display(description=_("Messages"))
    def messages(self, endpoint: Endpoint) -> str:
        """Lead to what was sent, and to where it can be sent again."""
        page = reverse("webhook_oversight:endpoint", args=[endpoint.pk])
        sent = reverse("admin:events_delivery_changelist") + f"?endpoint__id__exact={endpoint.pk}"
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            page, _("The endpoint\u2019s page"), sent, _("All of its messages"),
        )  # fmt: skip


class AttemptInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Attempt
    extra = 0
    fields = [
        "number", "trigger", "started_at", "duration_ms", "status", "error", "fields",
        "response_head",
    ]  # fmt: skip


_IDS = {"msg": "webhook_id", "delivery": "pk", "event": "event_id", "endpoint": "endpoint"}


@admin.register(Delivery)
class DeliveryAdmin(InScope, ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["created_at", "type", "state", "attempts", "endpoint", "last_error", "trigger"]
    list_filter = ["state", "channel", "trigger", "type"]
    search_fields = ["webhook_id"]  # offers the field; what it finds is said below
    search_help_text = _("A webhook-id, or the id of a message, an event or an endpoint.")
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
        "trigger",
        "attempts",
        "next_attempt_at",
        "last_error",
        "created_at",
        "finished_at",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("endpoint")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by whole ids: those of partners' questions and of our logs."""
        term = search_term.strip()
        if not term:
            return queryset, False
        for prefix, column in _IDS.items():
            if ids.is_id(prefix, term):
                return queryset.filter(**{column: term}), False
        return queryset.none(), False
