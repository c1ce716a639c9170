"""Invitations: how staff and partners' owners get their accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from partners import services
from partners.admin.through_services import ConfirmedAdmin
from partners.forms import InvitationForm
from partners.models import Invitation
from portal.lib import marks
from portal.lib.access import Can, may

_STATES = {
    "open": (_("Not accepted yet"), "warn", "ring"),
    "accepted": (_("Accepted"), "good", "full"),
    "taken_back": (_("Taken back"), "neutral", "ring"),
    "expired": (_("Expired"), "neutral", "ring"),
}


class StateFilter(admin.SimpleListFilter):
    """Those of one state; without a choice all of them."""

    title = _("State")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(state, words) for state, (words, _tone, _shape) in _STATES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in _STATES:
            return queryset.in_state(self.value())
        return queryset


@admin.register(Invitation)
class InvitationAdmin(ConfirmedAdmin[Invitation]):
    """One is sent, sent again or taken back, never changed: the mail said what it is for."""

    form = InvitationForm
    list_display = ("email", "role", "partner", "invited_by", "created_at", "expires_at", "state")
    list_filter = (StateFilter, "role")
    list_select_related = ("partner", "invited_by")
    search_fields = ("email", "partner__name")
    list_per_page = 25
    actions = ("send_again", "take_back")
    _given = ("email", "role", "partner", "market", "team")
    _became = ("invited_by", "created_at", "expires_at", "accepted_at", "revoked_at")

    # --- reading ---------------------------------------------------------------------------
    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        return self._given if obj is None else (*self._given, *self._became)

    def has_add_permission(self, request: HttpRequest) -> bool:
        actor: Any = request.user
        return may(actor, Can.INVITE_PEOPLE)

    has_invite_permission = has_add_permission  # for the actions

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    @admin.display(description=_("State"))
    def state(self, invitation: Invitation) -> SafeString:
        return marks.dot(*_STATES[invitation.state])

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer no other forms beside the choice of a partner."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "partner" and field is not None:
            for what in ("add", "change", "view", "delete"):
                setattr(field.widget, f"can_{what}_related", False)
        return field

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        offered = {"title": _("Invitations"), "may_invite": self.has_add_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **offered})

    # --- writing ---------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ours = {
            "title": _("Invite somebody"),
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().add_view(request, form_url, {**(extra_context or {}), **ours})

    def save_model(self, request: Any, obj: Invitation, form: Any, change: bool) -> None:
        given = {**form.cleaned_data}
        partner = given.pop("partner")
        partner_id = partner.pk if partner else None
        sent = services.invite(actor=request.user, partner_id=partner_id, **given)
        obj.__dict__.update(sent.__dict__)

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _("An invitation was sent."), messages.SUCCESS)
        return redirect("admin:partners_invitation_changelist")

    @admin.action(description=_("Send a new link"), permissions=["invite"])
    def send_again(self, request: Any, queryset: QuerySet[Invitation]) -> None:
        def send(invitation: Invitation) -> None:
            services.resend(actor=request.user, invitation_id=invitation.pk)

        self.each(request, queryset, send, str(_("%(count)s sent; the old links have ended.")))

    @admin.action(description=_("Take back"), permissions=["invite"])
    def take_back(self, request: Any, queryset: QuerySet[Invitation]) -> None:
        def end(invitation: Invitation) -> None:
            services.take_back(actor=request.user, invitation_id=invitation.pk)

        self.each(request, queryset, end, str(_("%(count)s taken back.")))
