"""Partners: the list, the form, enabling and disabling, proposals, and what they earned."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partners import selectors, services
from partners.admin.licences import LicenceInline, save_licences
from partners.admin.revenue import revenue_table
from partners.admin.through_services import ServiceAdmin
from partners.forms import PartnerForm
from partners.models import Licence, Partner
from portal.lib import formats, marks


@admin.register(Partner)
class PartnerAdmin(ServiceAdmin[Partner]):
    """Partners as the requirement's partners dashboard shows them."""

    form = PartnerForm
    inlines = (LicenceInline,)
    list_display = (
        "name",
        "type",
        "market",
        "status_mark",
        "commission",
        "capacity_mark",
        "revenue_entries",
        "links",
    )
    list_filter = ("type", "market", "status")
    search_fields = ("name", "licences__number")
    list_per_page = 25
    actions = ("enable", "disable", "suspend", "approve_proposal", "refuse_proposal")
    readonly_fields = (
        "proposed_commission",
        "capacity_wanted",
        "revenue_history",
        "people",
        "portal_seen",
    )
    _about = (None, {"fields": ("name", "type", "market")})
    _terms = (_("Terms"), {"fields": ("default_commission", "capacity_limit")})
    _fit = (_("What fits"), {"fields": ("areas", "segments", "languages", "services")})
    _contact = (_("Contact"), {"fields": ("contact_email", "contact_phone")})

    # --- reading ---------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        return selectors.with_counts(super().get_queryset(request), user=_actor(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        partner: Any = super().get_object(request, object_id, from_field)
        if partner is not None:
            partner.reader = _actor(request)  # the columns below are told no request
        return partner

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        if obj is None:
            return (self._about, self._terms, self._fit, self._contact)
        about = (None, {"fields": ("name", "type", "market", "status")})
        chosen = ("default_commission", "proposed_commission", "capacity_limit", "capacity_wanted")
        return (
            about,
            (_("Terms"), {"fields": chosen}),
            self._fit,
            self._contact,
            (_("People"), {"fields": ("people", "portal_seen")}),
            (_("Revenue entries"), {"fields": ("revenue_history",)}),
        )

    @admin.display(description=_("Status"), ordering="status")
    def status_mark(self, partner: Partner) -> SafeString:
        return marks.status_dot(partner.status)

    @admin.display(description=_("Commission"), ordering="default_commission")
    def commission(self, partner: Partner) -> SafeString:
        if partner.proposed_commission is None:
            return SafeString(formats.percent(partner.default_commission))
        return format_html(
            "{} ({})",
            formats.percent(partner.default_commission),
            _("proposes %(percent)s") % {"percent": formats.percent(partner.proposed_commission)},
        )

    @admin.display(description=_("Capacity"))
    def capacity_mark(self, partner: Any) -> SafeString:
        return marks.capacity_bar(partner.live_shares, partner.capacity)

    @admin.display(description=_("Revenue entries"), ordering="commission_count")
    def revenue_entries(self, partner: Any) -> int:
        return int(partner.commission_count)

    @admin.display(description=_("Edit"))
    def links(self, partner: Partner) -> SafeString:
        names = (("partners_partner_change", _("Edit")), ("partners_partner_delete", _("Delete")))
        edit, delete = (
            format_html(
                '<a href="{}" aria-label="{} {}">{}</a>',
                reverse(f"admin:{name}", args=[partner.pk]),
                word,
                partner.name,
                word,
            )
            for name, word in names
        )
        return format_html("{} {}", edit, delete)

    @admin.display(description=_("Revenue history"))
    def revenue_history(self, partner: Any) -> SafeString:
        return revenue_table(partner, user=partner.reader)

    @admin.display(description=_("Portal"))
    def portal_seen(self, partner: Partner) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("viewing:start", args=[partner.pk]), _("View as partner")
        )

    @admin.display(description=_("Accounts"))
    def people(self, partner: Partner) -> SafeString:
        address = reverse("admin:partners_user_changelist")
        count = partner.users.count()
        words = ngettext("%(count)s account", "%(count)s accounts", count) % {"count": count}
        invite = reverse("admin:partners_invitation_add")
        return format_html(
            '<a href="{}?partner__id__exact={}">{}</a> · <a href="{}?partner={}&role=owner">{}</a>',
            address,
            partner.pk,
            words,
            invite,
            partner.pk,
            _("Invite an owner"),
        )

    # --- writing ---------------------------------------------------------------------------
    def save_model(self, request: Any, obj: Partner, form: Any, change: bool) -> None:
        given = {**form.cleaned_data}
        status = given.pop("status", None)
        if change:
            services.update_partner(actor=request.user, partner_id=obj.pk, **given)
            if status is not None:
                services.set_status(actor=request.user, partner_id=obj.pk, status=status)
        else:
            obj.__dict__.update(services.create_partner(actor=request.user, **given).__dict__)
        if not obj.facts.covers(obj.default_commission):
            words = _("%(percent)s is outside the usual range of this type, %(range)s.") % {
                "percent": formats.percent(obj.default_commission),
                "range": obj.facts.commission_range,
            }
            self.message_user(request, words, messages.WARNING)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        if formset.model is Licence:
            save_licences(request.user, form.instance, formset)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what goes along, or say why one of OBJS has to stay."""
        protected = [
            services.why_it_stays(partner) for partner in objs if selectors.has_history(partner)
        ]
        named = [str(partner) for partner in objs]
        return named, {str(Partner._meta.verbose_name_plural): len(named)}, set(), protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        partner = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, partner):
            raise PermissionDenied
        if partner is not None and selectors.has_history(partner):
            self.message_user(request, services.why_it_stays(partner), messages.ERROR)
            return redirect("admin:partners_partner_change", partner.pk)
        return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: Any, obj: Partner) -> None:
        services.delete_partner(actor=request.user, partner_id=obj.pk)

    def delete_queryset(self, request: Any, queryset: QuerySet[Partner]) -> None:
        for partner in queryset:
            services.delete_partner(actor=request.user, partner_id=partner.pk)

    # --- actions ---------------------------------------------------------------------------
    @admin.action(description=_("Enable the selected partners"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Partner]) -> None:
        self._set_status(request, queryset, Partner.Status.ACTIVE, str(_("%(count)s enabled.")))

    @admin.action(
        description=_("Disable the selected partners (no new leads)"), permissions=["change"]
    )
    def disable(self, request: HttpRequest, queryset: QuerySet[Partner]) -> None:
        self._set_status(request, queryset, Partner.Status.INACTIVE, str(_("%(count)s disabled.")))

    @admin.action(
        description=_("Suspend the selected partners (no access at all)"), permissions=["change"]
    )
    def suspend(self, request: HttpRequest, queryset: QuerySet[Partner]) -> None:
        done = str(_("%(count)s suspended; their people are signed out."))
        self._set_status(request, queryset, Partner.Status.SUSPENDED, done)

    def _set_status(
        self, request: Any, queryset: QuerySet[Partner], status: str, done: str
    ) -> None:
        def change(partner: Partner) -> None:
            services.set_status(actor=request.user, partner_id=partner.pk, status=status)

        self.each(request, queryset, change, done)

    @admin.action(description=_("Approve the proposed commission"), permissions=["change"])
    def approve_proposal(
        self, request: HttpRequest, queryset: QuerySet[Partner]
    ) -> HttpResponse | None:
        return self._decide(request, queryset, approve=True, done=str(_("%(count)s approved.")))

    @admin.action(description=_("Refuse the proposed commission"), permissions=["change"])
    def refuse_proposal(
        self, request: HttpRequest, queryset: QuerySet[Partner]
    ) -> HttpResponse | None:
        return self._decide(request, queryset, approve=False, done=str(_("%(count)s refused.")))

    def _decide(
        self, request: Any, queryset: QuerySet[Partner], *, approve: bool, done: str
    ) -> HttpResponse | None:
        """Show what is proposed, then decide exactly what was shown."""
        proposing = queryset.filter(proposed_commission__isnull=False)
        if not proposing:
            self.message_user(request, _("None of them proposes a commission."), messages.WARNING)
            return None
        if "decided" not in request.POST:
            return self._ask(request, proposing, approve=approve)

        def decide(partner: Partner) -> None:
            services.decide_commission_proposal(
                actor=request.user,
                partner_id=partner.pk,
                approve=approve,
                percent=_seen(request.POST.get(f"seen-{partner.pk}")),
            )

        self.each(request, proposing, decide, done)
        return None

    def _ask(
        self, request: HttpRequest, proposing: QuerySet[Partner], *, approve: bool
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Approve proposed commissions") if approve else _("Refuse proposals"),
            "opts": self.opts,
            "partners": proposing,
            "action": "approve_proposal" if approve else "refuse_proposal",
            "button": _("Approve") if approve else _("Refuse"),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/partners/partner/decide_proposals.html", context)


def _actor(request: HttpRequest) -> Any:
    return request.user


def _seen(text: str | None) -> Decimal:
    """Return the percentage the form showed; nobody can have seen a zero, so it decides nothing."""
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)
