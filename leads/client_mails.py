"""The mails to clients, written when they leave: to the address and in the words of that moment.

None of them is known to a partner. Subjects name nobody but us. A link is made for each mail,
because only its hash is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import payloads
from events.payloads import SEALED_TO, Attachment, Mail, MailBuilder
from leads import documents, receipts
from leads.consent import Verdict, verdicts
from leads.models import DeletionTask, Lead, MoreRequest, Proposal, Receipt, Share
from leads.records import labels_of
from leads.services.links import issue_client_link
from leads.services.resolving import decisions_about, lock_lead
from partners.licensing import TIME_ZONES
from partners.models import Partner
from partners.types import Market
from portal.lib import formats
from portal.lib.access import THE_SYSTEM
from portal.lib.ids import is_id
from portal.lib.secrets import unsealed

# An address that waits sealed is readable no longer than a mail is tried.
SEALED_SECONDS = 7 * 24 * 3600
MOST_LINKS = 5  # in one mail
YOUR: dict[str, str | Promise] = {
    "contact": gettext_lazy("Your contact details"),
    "budget": gettext_lazy("Your budget"),
    "requirements": gettext_lazy("What you are looking for"),
}


def register() -> None:
    """Tell `events` who writes the mails to clients (called once when the apps are loaded)."""
    for template, builder in _BUILDERS.items():
        payloads.register_mail(template, _without_waiting(builder))


def _without_waiting(builder: MailBuilder) -> MailBuilder:
    """Let a mail whose lead is locked by somebody be tried later: other mails wait behind it."""

    def built(refs: Mapping[str, Any]) -> Mail | None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
            return builder(refs)

    return built


def share_notice(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the client who got what and why, with the receipt for what an agent attested for it."""
    share = _share(refs)
    if share is None or not share.received or not _may_write(share.lead):
        return None
    lead = lock_lead(str(share.lead_id))
    receipts.issue(lead, mail=False)
    proof = receipts.newest_about(lead, share.partner)
    parts = [
        _("%(platform)s has passed details of your request to a partner.") % _us(),
        _who(share.partner),
        _what(share),
        _("You can stop this, change it or see everything we hold here:"),
        _page(lead),
        _("If you did not agree to this, stop it there or write to %(contact)s.") % _us(),
    ]
    if proof is not None:
        parts.append(_("Attached is the signed receipt of what you allowed, for you to keep."))
    return _mail(lead, _("Your details were shared"), parts, _attached(proof))


def receipt(refs: Mapping[str, Any]) -> Mail | None:
    """Send the client the receipt of what it decided; after a withdrawal, say who must delete."""
    found = Receipt.objects.select_related("lead").filter(pk=refs["receipt"]).first()
    if found is None or not _may_write(found.lead):
        return None
    open_ = DeletionTask.objects.open().filter(share__lead=found.lead).order_by("due_at", "pk")
    duties = [_duty(task) for task in open_.select_related("share__partner", "share__lead")]
    told = [_("These partners must delete what they got of it:"), "\n".join(duties)]
    parts = [
        _("This was recorded on %(day)s:") % {"day": _day(found.issued_at, found.lead)},
        "\n".join(documents.decisions_in_words(found)),
        *(told if duties else []),
        _("You can change it at any time here:"),
        _page(found.lead),
        _("Attached is the signed receipt, for you to keep: to read, and as data to check."),
    ]
    return _mail(found.lead, _("Receipt for your decision"), parts, _attached(found))


def link(refs: Mapping[str, Any]) -> Mail | None:
    """Send the client a new link to its own page."""
    lead = Lead.objects.filter(pk=refs["lead"]).first()
    if lead is None or not _may_write(lead):
        return None
    parts = [
        _("Here you see what we hold, who got what, and can change or stop it:"),
        _page(lead),
        _("Anybody with this link can open your page, so keep it to yourself."),
        _("If you did not ask for it, you need not do anything."),
    ]
    return _mail(lead, _("Your link"), parts)


def links(refs: Mapping[str, Any]) -> Mail | None:
    """Send whoever has this address a new link to each of its newest requests, if it has any."""
    address = unsealed(refs.get(SEALED_TO, ""), seconds=SEALED_SECONDS)
    known = Lead.objects.filter(email=address or "", erased_at__isnull=True).exclude(email="")
    leads = list(known.order_by("-created_at", "-pk")[:MOST_LINKS])
    if not leads:
        return None
    parts = [_("Here you see what we hold, who got what, and can change or stop it:")]
    for lead in leads:
        words = {"day": _day(lead.created_at, lead), "market": lead.get_market_display()}
        parts += [_("Your request of %(day)s, %(market)s:") % words, _page(lead)]
    parts += [
        _("Anybody with this link can open your page, so keep it to yourself."),
        _("If you did not ask for it, you need not do anything."),
    ]
    return _to_sealed(refs, _("Your link"), parts)


def request(refs: Mapping[str, Any]) -> Mail | None:
    """Ask the client to decide: a partner wants more, or a new partner is proposed."""
    return _asked_for_more(refs) if "more" in refs else _proposed(refs)


def _asked_for_more(refs: Mapping[str, Any]) -> Mail | None:
    asked = MoreRequest.objects.select_related("share__lead", "share__partner")
    more = asked.filter(pk=refs["more"], status=MoreRequest.Status.FORWARDED).first()
    if more is None or not _may_write(more.share.lead):
        return None
    group, partner = str(YOUR[more.group]).lower(), more.share.partner
    parts = [
        _("A partner asks to see more of your request. It gets nothing unless you allow it."),
        _who(partner),
        _("It asks for: %(group)s.") % {"group": group},
        _("Its reason: %(reason)s") % {"reason": more.reason},
        _("Allow it or refuse it here:"),
        _page(more.share.lead),
    ]
    return _mail(more.share.lead, _("A question for you"), parts)


def _proposed(refs: Mapping[str, Any]) -> Mail | None:
    proposals = Proposal.objects.select_related("lead", "partner")
    found = proposals.filter(pk=refs["proposal"], status=Proposal.Status.OPEN).first()
    if found is None or not _may_write(found.lead):
        return None
    parts = [
        _(
            "May we pass details of your request to another partner? "
            "It gets nothing unless you say yes."
        ),
        _who(found.partner),
        _("It would get: %(groups)s.") % {"groups": _listed(found.groups)},
        _("Say yes or no here:"),
        _page(found.lead),
    ]
    return _mail(found.lead, _("A question for you"), parts)


def correction_notice(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the old address that it was replaced, so that nobody is shut out unnoticed."""
    text = [
        _("The email address of your request was changed; we no longer write to this one."),
        _("If that was not you, write to %(contact)s.") % _us(),
    ]
    return _to_sealed(refs, _("Your email address was changed"), text)


def erased(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the client that the details are gone, who was told to delete, and what stays."""
    duties = DeletionTask.objects.filter(share__lead=refs["lead"]).select_related("share__partner")
    text = [_("We erased your details.")]
    if told := {_duty(task) for task in duties.select_related("share__lead")}:
        text.append(_("We told everybody who got them to delete them too:"))
        text.append("\n".join(sorted(told)))
    text += [
        _("What stays is the record of what happened, without your name, email, phone or wishes."),
        _("A code made from your email and phone keeps us from recording you again."),
        _("Questions: %(contact)s.") % _us(),
    ]
    return _to_sealed(refs, _("Your details were erased"), text)


# --- parts -------------------------------------------------------------------------------------
def _mail(
    lead: Lead, subject: str, parts: Iterable[str], attachments: tuple[Attachment, ...] = ()
) -> Mail:
    return Mail(
        to=lead.email,
        subject=f"{settings.PLATFORM_LEGAL_NAME}: {subject}",
        text=_letter(parts),
        attachments=attachments,
    )


def _to_sealed(refs: Mapping[str, Any], subject: str, parts: Iterable[str]) -> Mail | None:
    address = unsealed(refs.get(SEALED_TO, ""), seconds=SEALED_SECONDS)
    if not address:
        return None
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {subject}"
    return Mail(to=address, subject=subject, text=_letter(parts))


def _letter(parts: Iterable[str]) -> str:
    return "\n\n".join([_("Hello,"), *filter(None, parts), settings.PLATFORM_LEGAL_NAME]) + "\n"


def _us() -> dict[str, str]:
    return {"platform": settings.PLATFORM_LEGAL_NAME, "contact": settings.PRIVACY_EMAIL}


def _may_write(lead: Lead) -> bool:
    return bool(lead.email) and lead.erased_at is None


def _share(refs: Mapping[str, Any]) -> Share | None:
    shares = Share.objects.select_related("partner", "lead")
    return shares.filter(pk=refs["share"]).first() if is_id("share", refs["share"]) else None


def _page(lead: Lead) -> str:
    token = issue_client_link(actor=THE_SYSTEM, lead_id=str(lead.pk))
    days = _("The link works for %(days)s days.") % {"days": settings.CLIENT_LINK_DAYS}
    return f"{settings.PORTAL_ORIGIN}/c/{token}/\n{days}"


def _who(partner: Partner) -> str:
    """Return who a partner is: name, kind, country and licences."""
    lines = [
        _("Partner: %(name)s (%(type)s, %(country)s)")
        % {
            "name": partner.name,
            "type": partner.get_type_display(),
            "country": partner.get_market_display(),
        }
    ]
    lines += [
        f"{licence.get_kind_display()}: {licence.number}" for licence in partner.licences.all()
    ]
    return "\n".join(lines)


def _what(share: Share) -> str:
    """Return each group with its fields and why the partner got it."""
    given = verdicts(
        decisions_about(share.lead, share.partner),
        partner_id=str(share.partner_id),
        market=share.lead.market,
    )
    lines = [_("It can see:") if share.disclosed else _("It could see:")]
    for group in share.received:
        fields = ", ".join(labels_of(group, share.partner.type)).lower()
        lines.append(f"- {YOUR[group]}: {fields}. {_why(given[group], share.lead)}".strip())
    return "\n".join(lines)


def _why(verdict: Verdict, lead: Lead) -> str:
    decision = verdict.decision
    if decision is None or not verdict.given:
        return ""
    how = str(decision.get_method_display()).lower()
    words = {"day": _day(decision.decided_at, lead), "how": how}
    if verdict.by_client:
        return _("You allowed this on %(day)s, %(how)s.") % words
    return _("Our agent noted on %(day)s that you agreed, %(how)s.") % words


def _duty(task: DeletionTask) -> str:
    """Return who has to delete what it got, and by when or since when it has said what it did."""
    words = {"partner": task.share.partner.name, "day": _day(task.due_at, task.share.lead)}
    if task.attested_at is None:
        return _("- %(partner)s, by %(day)s") % words
    words["day"] = _day(task.attested_at, task.share.lead)
    words["outcome"] = str(task.get_outcome_display()).lower()
    return _("- %(partner)s, %(day)s: %(outcome)s") % words


def _day(moment: datetime, lead: Lead) -> str:
    """Return the day MOMENT is where the client looks for a home."""
    with timezone.override(TIME_ZONES[Market(lead.market)]):
        return formats.date(moment)


def _listed(groups: Iterable[str]) -> str:
    return ", ".join(str(YOUR[group]).lower() for group in groups)


def _attached(proof: Receipt | None) -> tuple[Attachment, ...]:
    """Return the receipt as data that can be checked and as a PDF to read."""
    if proof is None:
        return ()
    data = json.dumps(receipts.as_file(proof), ensure_ascii=False, indent=2).encode()
    return (
        Attachment(name="receipt.json", content=data, media_type="application/json"),
        Attachment(
            name="receipt.pdf",
            content=documents.receipt_pdf(proof),
            media_type="application/pdf",
        ),
    )


_BUILDERS = {
    "client_share_notice": share_notice,
    "client_receipt": receipt,
    "client_link": link,
    "client_links": links,
    "client_request": request,
    "client_correction_notice": correction_notice,
    "client_erased": erased,
}
