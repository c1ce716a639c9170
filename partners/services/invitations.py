"""Invitations: how a person gets an account without anybody else ever knowing its password."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from partners.inviting import has_account, hash_of, is_good, token_of
from partners.models import Invitation, Partner, User
from partners.services.writing import clean, locked
from portal.lib.access import Actor, Can, Role, is_staff, require
from portal.lib.errors import Conflict, NotAllowed, NotFound, Unprocessable
from portal.lib.scope import sight_of

OF_A_PARTNER = (Role.OWNER, Role.MEMBER)
GIVEN = ("email", "role", "partner", "market", "team")  # what an invitation makes of its account
# In 24 hours, of one company together or of one of the staff. An address is counted for each
# company on its own: a common count would tell one that another invites it.
MOST = 30
MOST_TO_AN_ADDRESS = 3


class AddressTaken(Conflict):
    """The address has an account that whoever invites may know of."""

    code = "address_taken"


class InvitationEnded(Conflict):
    """The invitation was used, taken back, ran out, or whoever sent it has no right any more."""

    code = "invitation_ended"


class TooManyInvitations(Conflict):
    """As many invitations were sent in the last 24 hours as may be."""

    code = "too_many_invitations"


@transaction.atomic
def invite(
    *,
    actor: User,
    email: str,
    role: str,
    partner_id: str | None = None,
    market: str = "",
    team: str = "",
) -> Invitation:
    """Send a link to EMAIL with which its reader makes an account in ROLE.

    An open invitation of the same partner to the same address is replaced. Owners invite to their
    own partner; PARTNER_ID is for staff. An address that has an account elsewhere is invited like
    any other, so that an owner learns nothing of rivals' people; the mail tells its reader.

    :param market: staff see the leads of this market only
    :param team: staff see the leads only whose agent is of this team
    :raises AddressTaken: if one of the partner's own people has the address; for staff, anybody
    :raises TooManyInvitations: after 30 in 24 hours, or 3 to the same address
    :raises Unprocessable: if the address is none, or the role does not fit the partner
    """
    require(actor, Can.INVITE_PEOPLE)
    if not is_staff(actor):
        if role not in OF_A_PARTNER:
            raise NotAllowed(_("You have no right to do this."), right=Can.INVITE_PEOPLE.value)
        partner_id = actor.partner_id
    if partner_id is not None:
        locked(Partner, partner_id)
    address = User.objects.normalize_email(email).lower()
    _count(actor, address)
    _refuse_known(actor, address, partner_id)
    _end_open(address, partner_id)
    scope = {"partner_id": partner_id, "market": market, "team": team}
    invitation = Invitation(email=address, role=role, invited_by=actor, **scope)
    invitation.token_hash = hash_of(token_of(str(invitation.pk)))
    invitation.expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
    clean(invitation)
    _insert(invitation, AddressTaken(_("This address was invited just now.")))
    event = _record(Event.Kind.INVITATION_SENT, actor, invitation)
    queue_mail(event, "invitation", refs={"invitation": str(invitation.pk)})
    return invitation


def resend(*, actor: User, invitation_id: str) -> Invitation:
    """Send a new link to an invited address; the old link ends.

    :raises InvitationEnded: if it was accepted or taken back already
    """
    old = _visible(actor, invitation_id)
    if old.accepted_at or old.revoked_at:
        raise InvitationEnded(_("This invitation has ended."))
    scope = {"market": old.market, "team": old.team}
    who = {"email": old.email, "role": old.role, "partner_id": old.partner_id}
    return invite(actor=actor, **who, **scope)


@transaction.atomic
def take_back(*, actor: Actor, invitation_id: str) -> None:
    """End an invitation before it is accepted.

    :raises InvitationEnded: if it was accepted or taken back already
    """
    invitation = _visible(actor, invitation_id, lock=True)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvitationEnded(_("This invitation has ended."))
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    _record(Event.Kind.INVITATION_REVOKED, actor, invitation)


@transaction.atomic
def accept(*, invitation_id: str, name: str, password: str) -> User:
    """Make the account the invitation is for; of several tries at once, one makes it.

    :raises InvitationEnded: if the invitation is not good any more
    :raises Unprocessable: if name or password is not good enough
    """
    ended = InvitationEnded(_("This invitation has ended."))
    found = Invitation.objects.filter(pk=invitation_id).first()
    if found is None:
        raise ended
    if found.partner_id is not None:  # the order of locks: the partner before what is its
        locked(Partner, found.partner_id)
    rows = Invitation.objects.select_for_update(of=("self",))
    invitation = rows.select_related("partner", "invited_by__partner").get(pk=found.pk)
    if not is_good(invitation) or has_account(invitation.email):
        raise ended
    given = {field: getattr(invitation, field) for field in GIVEN}
    user = User(name=name, **given)
    try:
        validate_password(password, user)
    except ValidationError as error:
        fields = {"password": error.messages}
        raise Unprocessable(" ".join(error.messages), fields=fields) from error
    clean(user, without={"password", "email"})  # of the address the database is asked below
    user.set_password(password)
    _insert(user, ended)  # two companies' invitations may be accepted at the same moment
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    _record(Event.Kind.INVITATION_ACCEPTED, user, invitation, account=str(user.pk))
    return user


def _count(actor: User, address: str) -> None:
    """Refuse one invitation too many; who sends them is locked, so that none slips through.

    :raises TooManyInvitations: see :func:`invite`
    """
    since = timezone.now() - timedelta(days=1)
    sent = Invitation.objects.filter(created_at__gt=since)
    if is_staff(actor):
        locked(User, actor.pk)
        sent = sent.filter(invited_by=actor)
    else:  # the company is locked already
        sent = sent.filter(partner_id=actor.partner_id).exclude(invited_by__partner=None)
    if sent.count() >= MOST:
        words = _("No more than %(most)s invitations can be sent in 24 hours. Try again tomorrow.")
        raise TooManyInvitations(words % {"most": MOST})
    if sent.filter(email__iexact=address).count() >= MOST_TO_AN_ADDRESS:
        words = _("This address was invited %(most)s times in 24 hours. Try again tomorrow.")
        raise TooManyInvitations(words % {"most": MOST_TO_AN_ADDRESS})


def _refuse_known(actor: User, address: str, partner_id: str | None) -> None:
    """Say that ADDRESS has an account, to whoever can look its people up anyway.

    :raises AddressTaken: never to an owner for an account of another company
    """
    people = User.objects.filter(email__iexact=address)
    if not is_staff(actor):
        people = people.filter(partner_id=partner_id)
    if (known := people.first()) is None:
        return
    if known.is_active or is_staff(actor):
        raise AddressTaken(_("This address already has an account."))
    raise AddressTaken(_("Whoever has this address was removed. Ask us to let them in again."))


def _end_open(address: str, partner_id: str | None) -> None:
    """End the invitation that the same partner still has open to ADDRESS."""
    Invitation.objects.filter(
        email__iexact=address, partner_id=partner_id, accepted_at=None, revoked_at=None
    ).update(revoked_at=timezone.now())


def _insert(row: Invitation | User, refusal: Conflict) -> None:
    """Save ROW, or raise REFUSAL if the same was saved at this moment by somebody else."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise refusal from error


def _visible(actor: Actor, invitation_id: str, *, lock: bool = False) -> Invitation:
    require(actor, Can.INVITE_PEOPLE)
    rows = Invitation.objects.visible_to(actor).filter(pk=invitation_id)
    with sight_of(actor):
        found = rows.first()
    if found is not None and lock:
        found = rows.select_for_update().first()
    if found is None:
        raise NotFound(_("There is nothing with this id."))
    return found


def _record(kind: str, actor: Actor, invitation: Invitation, account: str = "") -> Event:
    data: dict[str, str] = {"user": account} if account else {}
    return record_event(
        kind,
        actor=actor,
        partner_id=invitation.partner_id,
        lead_id=None,
        share_id=None,
        ok=True,
        invitation=invitation.pk,
        role=invitation.role,
        **data,
    )
