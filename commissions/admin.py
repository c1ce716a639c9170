"""The money in Django admin, to look at; limits of confirmation are set here, by their service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from commissions import services
from commissions.models import Commission, ConfirmationLimit, ExchangeRate, ReconciliationItem
from partners.admin.through_services import ServiceAdmin


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing is added, changed or deleted here; it shows what lies in the reader's scope."""

    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        visible: QuerySet[Any] = rows.visible_to(request.user)
        return visible

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Commission)
class CommissionAdmin(ReadOnly):
    list_display = [
        "id",
        "partner",
        "agreement_value",
        "percent",
        "amount",
        "currency",
        "direction",
        "status",
        "recorded_at",
    ]
    list_filter = ["status", "currency", "direction"]
    search_fields = ["partner__name", "=id"]
    list_select_related = ["partner"]
    date_hierarchy = "recorded_at"
    ordering = ["-recorded_at", "-id"]


@admin.register(ReconciliationItem)
class ReconciliationItemAdmin(ReadOnly):
    list_display = [
        "id",
        "kind",
        "partner",
        "status",
        "claimed_value",
        "claimed_percent",
        "recorded_percent",
        "created_at",
    ]
    list_filter = ["status", "kind"]
    search_fields = ["partner__name"]
    list_select_related = ["partner"]
    ordering = ["-created_at", "-id"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnly):
    list_display = ["day", "currency", "per_euro", "source", "imported_at"]
    list_filter = ["currency"]
    date_hierarchy = "day"
    ordering = ["-day", "currency"]


@admin.register(ConfirmationLimit)
class ConfirmationLimitAdmin(ServiceAdmin[ConfirmationLimit]):
    """One per market and currency; what it is for is never changed, only its amount."""

    list_display = ["market", "currency", "amount"]
    ordering = ["market", "currency"]
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("market", "currency") if obj else ()

    def save_model(self, request: Any, obj: ConfirmationLimit, form: Any, change: bool) -> None:
        limit = services.set_limit(
            actor=request.user, market=obj.market, currency=obj.currency, amount=obj.amount
        )
        obj.pk = limit.pk

    def delete_model(self, request: Any, obj: ConfirmationLimit) -> None:
        services.drop_limit(actor=request.user, market=obj.market, currency=obj.currency)
