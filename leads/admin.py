"""Leads in Django admin: to look at, and to share and withdraw through the same services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from leads import services
from leads.consent import CONTACT
from leads.hiding import sees_contact
from leads.models import (
    Appointment,
    ConsentDecision,
    DeletionTask,
    Lead,
    MoreRequest,
    Notice,
    Proposal,
    Receipt,
    Share,
)
from leads.services import seeing
from partners.models import Partner
from portal.lib.access import Can, may
from portal.lib.errors import DomainError

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

# What only an admin sees there: who the client is, and what we think of the client.
PERSONAL = frozenset({*CONTACT.values(), "notes", "collaboration_outcomes"})


class ReadOnlyAdmin(_ModelAdmin):
    """Read-only: what changes goes through services, so that it is checked and recorded.

    It shows what lies in the reader's market and team.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return rows.visible_to(request.user)  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters over what the reader is not shown: letter by letter they would tell it."""
        columns = {field.name for field in self.model._meta.fields if not field.is_relation}
        hidden = columns - set(self.get_fields(request))
        return lookup.partition("__")[0] not in hidden and super().lookup_allowed(
            lookup, value, request
        )

    def each(self, request: HttpRequest, rows: QuerySet[Any], act: Any, done: Any) -> None:
        """Call ACT with each of ROWS; say DONE for each that went well, and each refusal."""
        for row in rows:
            try:
                act(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.WARNING)
            else:
                self.message_user(request, done % {"row": row}, messages.SUCCESS)


def _sees_contact(request: HttpRequest) -> bool:
    user: Any = request.user
    return sees_contact(user)


def _may_act(request: HttpRequest, right: Can) -> bool:
    user: Any = request.user
    return may(user, right)


def _but_words(model: type[Model], request: HttpRequest, hidden: str, *words: str) -> list[str]:
    """Return the fields of MODEL but HIDDEN, and somebody's WORDS only where contact data is seen.

    What people wrote may name the client.
    """
    left_out = {hidden} if _sees_contact(request) else {hidden, *words}
    return [field.name for field in model._meta.fields if field.name not in left_out]


def _seen(request: HttpRequest, leads: list[Lead], where: str) -> None:
    actor: Any = request.user
    services.note_contact_seen(actor=actor, lead_ids=[lead.pk for lead in leads], where=where)


class ShareActionForm(ActionForm):
    """The bar of actions with the partner to share with."""

    partner = forms.ModelChoiceField(
        queryset=Partner.objects.active(), required=False, label=_("Partner")
    )


@admin.register(Lead)
class LeadAdmin(ReadOnlyAdmin):
    """Leads; who the client is stands there only for those who see contact data."""

    list_display = ("reference", "market", "region", "agent", "needs_agent_since", "created_at")
    list_filter = ("market", "region", "source")
    list_select_related = ("agent",)
    ordering = ("-created_at", "-id")
    date_hierarchy = "created_at"
    action_form = ShareActionForm
    actions = ("share_with_partner",)

    @admin.display(description=_("Lead"), ordering="created_at")
    def reference(self, lead: Lead) -> str:
        return str(lead.pk)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        first, *others = self.list_display
        return (first, "name", *others) if _sees_contact(request) else self.list_display

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("name", "email", "phone", "project") if _sees_contact(request) else ("project",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = [field.name for field in Lead._meta.fields]
        return [name for name in names if _sees_contact(request) or name not in PERSONAL]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the lead, and record that somebody saw who the client is."""
        lead = super().get_object(request, object_id, from_field)
        if lead is not None:
            _seen(request, [lead], seeing.ADMIN)
        return lead

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list, and record whose names somebody saw there."""
        response: Any = super().changelist_view(request, extra_context)
        if (shown := (getattr(response, "context_data", None) or {}).get("cl")) is not None:
            _seen(request, [lead for lead in shown.result_list if lead.name], seeing.LIST)
        return response  # type: ignore[no-any-return]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if _may_act(request, Can.SHARE_LEAD) else {}

    @admin.action(description=_("Share with the partner chosen"))
    def share_with_partner(self, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        """Share each lead with what the partner's type starts with, as the agent's page does."""
        partner_id = request.POST.get("partner", "")
        if not partner_id:
            self.message_user(request, _("Choose a partner beside the action."), messages.WARNING)
            return
        actor: Any = request.user
        self.each(
            request,
            leads,
            lambda lead: services.share_lead(
                actor=actor, partner_id=partner_id, lead_id=str(lead.pk)
            ),
            _("%(row)s is shared."),
        )


@admin.register(Share)
class ShareAdmin(ReadOnlyAdmin):
    """Shares, with the action to take them back."""

    list_display = ("id", "lead_id", "partner", "status", "consent", "shared_at", "updated_at")
    list_filter = ("status", "partner__type", "partner__market")
    list_select_related = ("partner",)
    search_fields = ("partner__name",)
    ordering = ("-shared_at", "-id")
    date_hierarchy = "shared_at"
    actions = ("withdraw",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _but_words(Share, request, "lead", "notes", "reason")

    @admin.display(description=_("Consent"))
    def consent(self, share: Share) -> str:
        return ", ".join(share.disclosed) or "–"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if _may_act(request, Can.WITHDRAW_SHARE) else {}

    @admin.action(description=_("Withdraw the lead from the partner"))
    def withdraw(self, request: HttpRequest, shares: QuerySet[Share]) -> None:
        """End each share; the partner sees nothing of the lead any more."""
        actor: Any = request.user
        self.each(
            request,
            shares,
            lambda share: services.withdraw_share(actor=actor, reference=str(share.pk)),
            _("%(row)s is withdrawn."),
        )


@admin.register(ConsentDecision)
class ConsentDecisionAdmin(ReadOnlyAdmin):
    """Who allowed what, when and how. Nobody changes these."""

    list_display = ("id", "lead_id", "partner", "group", "state", "source", "method", "decided_at")
    list_filter = ("group", "state", "source", "method")
    list_select_related = ("partner",)
    ordering = ("-decided_at", "-id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _but_words(ConsentDecision, request, "lead", "note")


@admin.register(Appointment)
class AppointmentAdmin(ReadOnlyAdmin):
    """Viewings and meetings; where a client lives only for those who see contact data."""

    list_display = ("id", "share_id", "type", "starts_at", "place")
    list_filter = ("type", "place")
    ordering = ("-starts_at", "-id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = [field.name for field in Appointment._meta.fields]
        return names if _sees_contact(request) else [name for name in names if name != "location"]


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """What clients got for their decisions, as it was signed. It names no client."""

    list_display = ("id", "lead_id", "kind", "key_id", "issued_at")
    ordering = ("-issued_at", "-id")
    date_hierarchy = "issued_at"
    exclude = ("lead",)

    @admin.display(description=_("About"))
    def kind(self, receipt: Receipt) -> str:
        return str(receipt.body.get("kind", ""))


@admin.register(DeletionTask)
class DeletionTaskAdmin(ReadOnlyAdmin):
    """What partners have to delete, and what they said about it."""

    list_display = ("id", "share_id", "partner", "groups", "cause", "due_at", "outcome")
    list_filter = ("cause", "outcome", "share__partner__type")
    list_select_related = ("share__partner",)
    ordering = ("-due_at", "-id")
    date_hierarchy = "due_at"

    @admin.display(description=_("Partner"), ordering="share__partner__name")
    def partner(self, task: DeletionTask) -> str:
        return str(task.share.partner)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _but_words(DeletionTask, request, "share", "reason")


@admin.register(MoreRequest)
class MoreRequestAdmin(ReadOnlyAdmin):
    """What partners asked to see beyond what they do, and what the client said."""

    list_display = ("id", "share_id", "partner", "group", "status", "asked_at", "answered_at")
    list_filter = ("status", "group")
    list_select_related = ("share__partner",)
    ordering = ("-asked_at", "-id")

    @admin.display(description=_("Partner"), ordering="share__partner__name")
    def partner(self, asked: MoreRequest) -> str:
        return str(asked.share.partner)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _but_words(MoreRequest, request, "share", "reason")


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """The partners clients were asked about by name, and what came of it."""

    list_display = ("id", "lead_id", "partner", "status", "refusal", "proposed_at", "decided_at")
    list_filter = ("status",)
    list_select_related = ("partner",)
    ordering = ("-proposed_at", "-id")
    exclude = ("lead", "share", "instead_of")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """The words people were shown when they decided, with the hash that proves them."""

    list_display = ("version", "language", "market", "sha256", "first_shown_at")
    list_filter = ("market", "language")
    ordering = ("-first_shown_at", "-id")
