"""The link of an invitation, and whether it is still good."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode

from django.utils import timezone

from partners.backends import may_sign_in
from partners.models import Invitation, Partner, User
from portal.lib import ids
from portal.lib.access import Can, is_staff, may
from portal.lib.secrets import derived_key


def token_of(invitation_id: str) -> str:
    """Return the token of the invitation's link. It is derived, so that nothing has to keep it."""
    key = derived_key("invitation")
    digest = hmac.digest(key, ids.decode("invitation", invitation_id).bytes, "sha256")
    return urlsafe_b64encode(digest[:24]).decode()


def hash_of(token: str) -> bytes:
    """Return what is stored instead of TOKEN."""
    return hashlib.sha256(token.encode()).digest()


def has_account(address: str) -> bool:
    """Return whether ADDRESS signs in already, wherever; then no invitation of it can be used."""
    return User.objects.filter(email__iexact=address).exists()


def is_good(invitation: Invitation) -> bool:
    """Return whether INVITATION can be accepted now; it dies with its sender's right to invite."""
    by, partner = invitation.invited_by, invitation.partner
    return (
        invitation.accepted_at is None
        and invitation.revoked_at is None
        and invitation.expires_at > timezone.now()
        and may_sign_in(by)
        and may(by, Can.INVITE_PEOPLE)
        and (is_staff(by) or by.partner_id == invitation.partner_id)
        and (partner is None or partner.status != Partner.Status.SUSPENDED)
    )
