"""Mails about accounts, written when they leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from events import payloads
from events.models import Event
from events.payloads import SEALED_TO, Mail
from partners.inviting import has_account, hash_of, is_good, token_of
from partners.models import ApiKey, Invitation, Partner, User
from portal.lib.access import Role
from portal.lib.secrets import unsealed

# An address that waits sealed is readable no longer than a mail is tried.
SEALED_SECONDS = 7 * 24 * 3600


def register() -> None:
    """Let the queue write these mails."""
    payloads.register_mail("contact_changed", contact_changed)
    payloads.register_mail("factors_removed", factors_removed)
    payloads.register_mail("invitation", invitation)
    payloads.register_mail("key_changed", key_changed)


def invitation(refs: Mapping[str, Any]) -> Mail | None:
    """Invite; nothing is sent once the invitation has ended.

    Whoever has an account already gets no link but is told why: only they learn of it, not the
    company that invites.
    """
    rows = Invitation.objects.select_related("partner", "invited_by__partner")
    found = rows.filter(pk=refs["invitation"]).first()
    if found is None or not is_good(found):
        return None
    token = token_of(str(found.pk))
    if hash_of(token) != bytes(found.token_hash):  # the key it came from was dropped meanwhile
        return None
    company = found.partner.name if found.partner else settings.PLATFORM_LEGAL_NAME
    parts = [
        _("Hello,"),
        _("%(who)s invites you to the %(portal)s for %(company)s.")
        % {"who": found.invited_by.name, "portal": settings.PORTAL_NAME, "company": company},
        *(_why_not(company) if has_account(found.email) else _how(token)),
        settings.PLATFORM_LEGAL_NAME,
    ]
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {_('Your invitation')}"
    return Mail(to=found.email, subject=subject, text="\n\n".join(parts) + "\n")


def _how(token: str) -> list[str]:
    return [
        _("Choose your name and password here:"),
        f"{settings.PORTAL_ORIGIN}/accounts/invitation/{token}/",
        _("The link works once and for %(days)s days. If you expect none, do nothing.")
        % {"days": settings.INVITATION_DAYS},
    ]


def _why_not(company: str) -> list[str]:
    return [
        _(
            "This address already has an account in the portal, and an account belongs to one "
            "company only. So this invitation cannot be used."
        ),
        _("To work for %(company)s, ask them to invite another address of yours.")
        % {"company": company},
        _("Nobody was told that you have an account. If you expect no invitation, do nothing."),
    ]


def factors_removed(refs: Mapping[str, Any]) -> Mail | None:
    """Tell whose second factor an admin took away; nothing goes to an account that is shut."""
    user = User.objects.filter(pk=refs["user"], is_active=True).first()
    if user is None:
        return None
    parts = [
        _("Hello,"),
        _("an admin removed the second factor of your account, and ended its sessions."),
        _("Sign in with your password and set up another one:"),
        f"{settings.PORTAL_ORIGIN}/accounts/2fa/",
        _("If you did not ask for this, tell an admin at once."),
        settings.PLATFORM_LEGAL_NAME,
    ]
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {_('Your second factor was removed')}"
    return Mail(to=user.email, subject=subject, text="\n\n".join(parts) + "\n")


_TOLD_OF_KEYS = {
    Event.Kind.API_KEY_ISSUED: _l("An API key of %(company)s was made: %(key)s."),
    Event.Kind.API_KEY_CHANGED: _l("What limits an API key of %(company)s was changed: %(key)s."),
    Event.Kind.API_KEY_ROTATED: _l("An API key of %(company)s was rotated. The new one: %(key)s."),
    Event.Kind.API_KEY_REVOKED: _l("An API key of %(company)s was revoked: %(key)s."),
}


def key_changed(refs: Mapping[str, Any]) -> Mail | None:
    """Tell an owner what became of a key; nobody who is no owner of that partner any more."""
    key = ApiKey.objects.select_related("partner").filter(pk=refs["key"]).first()
    if key is None or key.partner is None:
        return None
    owners = User.objects.filter(partner=key.partner, role=Role.OWNER, is_active=True)
    owner = owners.filter(pk=refs["user"]).first()
    if owner is None:
        return None
    named = f"{key.prefix}… {key.name}".strip()
    parts = [
        _("Hello,"),
        str(_TOLD_OF_KEYS[refs["kind"]]) % {"company": key.partner.name, "key": named},
        _("Look at your keys, and revoke what you do not know:"),
        f"{settings.PORTAL_ORIGIN}/portal/settings/keys/",
        settings.PLATFORM_LEGAL_NAME,
    ]
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {_('An API key of your company')}"
    return Mail(to=owner.email, subject=subject, text="\n\n".join(parts) + "\n")


def contact_changed(refs: Mapping[str, Any]) -> Mail | None:
    """Tell who was a partner's contact until now that somebody else is; not who that is."""
    address = unsealed(refs.get(SEALED_TO, ""), seconds=SEALED_SECONDS)
    partner = Partner.objects.filter(pk=refs["partner"]).first()
    if not address or partner is None:
        return None
    parts = [
        _("Hello,"),
        _("This address is no longer the contact of %(company)s: somebody entered another one.")
        % {"company": partner.name},
        _("If nobody of yours did this, write to us at once: %(mail)s")
        % {"mail": settings.PRIVACY_EMAIL},
        settings.PLATFORM_LEGAL_NAME,
    ]
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {_('Your company has another contact')}"
    return Mail(to=address, subject=subject, text="\n\n".join(parts) + "\n")
