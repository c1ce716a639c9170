"""Invitations: used once, by whom they were sent to, and only while their sender may invite."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Delivery, Event
from partners import mails, services
from partners.inviting import token_of
from partners.models import Invitation, User
from partners.services import (
    AddressTaken,
    InvitationEnded,
    NotYourself,
    TooManyInvitations,
)
from partners.services.invitations import MOST
from partners.tests.factories import OwnerFactory, UserFactory
from portal.lib.errors import NotAllowed, NotFound, Unprocessable
from portal.tests.test_races import at_once, codes

pytestmark = pytest.mark.django_db
ADDRESS = "nadia@acme.example"
PEOPLE = "/portal/settings/people/"
GIVEN = {"name": "Nadia", "password": "a-quiet-lantern-41"}


@pytest.fixture
def invitation(amira: User) -> Invitation:
    return services.invite(actor=amira, email=ADDRESS, role="member")


def link_of(invitation: Invitation) -> str:
    mail = mails.invitation({"invitation": str(invitation.pk)})
    assert mail is not None
    assert mail.to == invitation.email
    return urlsplit(next(word for word in mail.text.split() if "/invitation/" in word)).path


def test_whoever_reads_the_mail_makes_the_account_and_is_signed_in(client, invitation, amira):
    asked = client.get(link_of(invitation), follow=True)
    done = client.post("/accounts/invitation/", GIVEN)
    user = User.objects.get(email=ADDRESS)

    assert (asked.status_code, asked.request["PATH_INFO"]) == (200, "/accounts/invitation/")
    assert (done.status_code, user.role, user.partner_id) == (302, "member", amira.partner_id)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get("/portal/").status_code == 200
    event = Event.objects.get(kind=Event.Kind.INVITATION_ACCEPTED)
    assert ADDRESS not in str(event.data)


def test_a_scanner_uses_nothing_up(client, invitation):
    for method in (client.get, client.head, client.get):
        assert method(link_of(invitation)).status_code == 302
    client.get("/accounts/invitation/")
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_the_token_lies_nowhere(invitation):
    token = token_of(str(invitation.pk))
    delivery = Delivery.objects.get(type="invitation")
    assert delivery.refs == {"invitation": str(invitation.pk)}
    assert token.encode() not in bytes(invitation.token_hash)


@pytest.mark.parametrize("how", ["used", "taken back", "old", "inviter out", "inviter demoted",
                                 "suspended", "made up", "sent again"])  # fmt: skip
def test_a_dead_link_is_one_neutral_page(client, invitation, amira, acme, how):
    link = link_of(invitation)
    client.get(link)
    if how == "used":
        services.accept(invitation_id=invitation.pk, **GIVEN)
    elif how == "taken back":
        services.take_back(actor=amira, invitation_id=invitation.pk)
    elif how == "old":
        gone = timezone.now() - timedelta(seconds=1)
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=gone)
    elif how == "inviter out":
        User.objects.filter(pk=amira.pk).update(is_active=False)
    elif how == "inviter demoted":
        User.objects.filter(pk=amira.pk).update(role="member")
    elif how == "suspended":
        type(acme).objects.filter(pk=acme.pk).update(status="suspended")
    elif how == "sent again":
        services.resend(actor=amira, invitation_id=invitation.pk)
    else:
        link = "/accounts/invitation/" + "x" * 32 + "/"
        client.cookies.clear()
    people = User.objects.count()

    answers = [client.get(link), client.post("/accounts/invitation/", GIVEN)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert "This invitation has ended" in answers[0].content.decode()
    assert User.objects.count() == people
    if how != "made up":
        assert mails.invitation({"invitation": str(invitation.pk)}) is None
        with pytest.raises(InvitationEnded):
            services.accept(invitation_id=invitation.pk, **GIVEN)


def test_a_weak_password_is_refused_and_uses_nothing_up(client, invitation):
    client.get(link_of(invitation))
    answer = client.post("/accounts/invitation/", {"name": "Nadia", "password": "password"})
    assert answer.status_code == 422
    assert not User.objects.filter(email=ADDRESS).exists()
    assert client.post("/accounts/invitation/", GIVEN).status_code == 302


def test_who_may_invite_whom(amira, milo, dana, admin_user, acme, rival):
    for actor in (milo, dana):
        with pytest.raises(NotAllowed):
            services.invite(actor=actor, email=ADDRESS, role="member", partner_id=acme.pk)
    with pytest.raises(NotAllowed):
        services.invite(actor=amira, email=ADDRESS, role="admin")
    own = services.invite(actor=amira, email=ADDRESS, role="owner", partner_id=rival.pk)
    assert own.partner_id == acme.pk
    staff = services.invite(actor=admin_user, email="new@portal.example", role="finance")
    assert staff.partner_id is None
    with pytest.raises(Unprocessable):
        services.invite(actor=admin_user, email="x@portal.example", role="owner")


class TestAnAddressKnownElsewhere:
    """A rival's owner learns nothing of it, and cannot block it."""

    def test_the_page_answers_alike(self, client_for, rami, rival, milo, dana, amira):
        gone = UserFactory.create(partner=milo.partner, role="member", is_active=False)
        services.invite(actor=amira, email=ADDRESS, role="member")
        known = [milo.email.upper(), gone.email, dana.email, ADDRESS]
        owner = client_for(rami)
        owner.get(PEOPLE)
        seen = []
        for email in ["nobody@rival.example", *known]:
            with CaptureQueriesContext(connection) as work:
                answer = owner.post(PEOPLE, {"email": email, "role": "member"}, follow=True)
            page = answer.content.decode()
            seen.append((answer.status_code, "An invitation was sent." in page, len(work)))
        assert seen == seen[:1] * 5
        assert seen[0][:2] == (200, True)
        assert page.count("/take-back/") == 5
        assert Delivery.objects.filter(type="invitation", partner_id=rival.pk).count() == 5

    def test_only_its_reader_is_told(self, client, rami, milo):
        invitation = services.invite(actor=rami, email=milo.email, role="owner")
        mail = mails.invitation({"invitation": str(invitation.pk)})
        assert mail is not None
        assert mail.to == milo.email
        assert "already has an account" in mail.text
        assert "/invitation/" not in mail.text
        assert milo.partner.name not in mail.text
        link = f"/accounts/invitation/{token_of(str(invitation.pk))}/"
        assert client.get(link).status_code == 410
        with pytest.raises(InvitationEnded):
            services.accept(invitation_id=invitation.pk, **GIVEN)

    def test_both_links_work_until_one_is_used(self, client, invitation, rami):
        other = services.invite(actor=rami, email=ADDRESS, role="owner")
        assert client.get(link_of(invitation)).status_code == 302
        link = link_of(other)
        services.accept(invitation_id=invitation.pk, **GIVEN)
        assert client.get(link).status_code == 410
        assert User.objects.get(email=ADDRESS).partner_id == invitation.partner_id

    def test_ones_own_people_and_staffs_list_are_no_secret(self, amira, milo, admin_user, acme):
        with pytest.raises(AddressTaken):
            services.invite(actor=amira, email=milo.email.upper(), role="owner")
        services.remove_member(actor=amira, user_id=milo.pk)
        with pytest.raises(AddressTaken, match="was removed"):
            services.invite(actor=amira, email=milo.email, role="owner")
        with pytest.raises(AddressTaken):
            services.invite(actor=admin_user, email=amira.email, role="agent")

    def test_a_strangers_invitation_is_not_there(self, rami, invitation):
        for act in (services.take_back, services.resend):
            with pytest.raises(NotFound):
                act(actor=rami, invitation_id=invitation.pk)


class TestHowMany:
    def test_a_company_sends_thirty_in_a_day(self, client_for, amira, rami, acme, admin_user):
        fill(acme, amira, MOST - 1)
        owner = client_for(amira)
        for number in (1, 2):
            answer = owner.post(PEOPLE, {"email": f"last{number}@acme.example", "role": "member"})
        assert answer.status_code == 422
        assert "No more than 30 invitations" in answer.content.decode()
        assert acme.invitations.count() == MOST
        services.invite(actor=rami, email=ADDRESS, role="member")
        services.invite(actor=admin_user, email=ADDRESS, role="owner", partner_id=acme.pk)
        Invitation.objects.update(created_at=timezone.now() - timedelta(days=1))
        services.invite(actor=amira, email="next@acme.example", role="member")

    def test_an_address_is_written_to_three_times(self, client_for, amira, rami, invitation):
        latest = services.resend(actor=amira, invitation_id=invitation.pk)
        latest = services.resend(actor=amira, invitation_id=latest.pk)
        answer = client_for(amira).post(f"{PEOPLE}invitations/{latest.pk}/resend/", follow=True)
        assert "was invited 3 times in 24 hours" in answer.content.decode()
        with pytest.raises(TooManyInvitations):
            services.invite(actor=amira, email=ADDRESS.upper(), role="owner")
        services.invite(actor=rami, email=ADDRESS, role="member")

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("whose", ["company", "staff"])
    def test_eight_at_once_do_not_pass_it(self, acme, amira, admin_user, whose):
        by, role, partner = {
            "company": (amira, "member", acme), "staff": (admin_user, "agent", None),
        }[whose]  # fmt: skip
        fill(partner, by, MOST - 3, role)
        invite = partial(services.invite, actor=by, role=role)
        results = at_once([partial(invite, email=f"p{n}@new.example") for n in range(8)])
        assert codes(results) == {"done": 3, "too_many_invitations": 5}


def fill(partner, by, number, role="member"):
    """Write NUMBER invitations that were sent today."""
    Invitation.objects.bulk_create(
        Invitation(
            partner=partner, email=f"sent{each}@acme.example", role=role, invited_by=by,
            token_hash=f"{each}".encode(), expires_at=timezone.now() + timedelta(days=1),
        )
        for each in range(number)
    )  # fmt: skip


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_accepted_by_eight_at_once_it_makes_one_account(amira):
    pk = services.invite(actor=amira, email=ADDRESS, role="member").pk
    results = at_once([lambda: services.accept(invitation_id=pk, **GIVEN)] * 8)
    assert codes(results) == {"done": 1, "invitation_ended": 7}
    assert User.objects.filter(email=ADDRESS).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_companies_invitations_accepted_at_once_make_one_account(amira, rami):
    found = [services.invite(actor=by, email=ADDRESS, role="member").pk for by in (amira, rami)]
    results = at_once([lambda pk=pk: services.accept(invitation_id=pk, **GIVEN) for pk in found])
    assert codes(results) == {"done": 1, "invitation_ended": 1}
    assert User.objects.filter(email=ADDRESS).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_inviting_one_address_at_once_leave_one_invitation(admin_user):
    other = UserFactory.create(role="admin")
    given = {"email": "new@portal.example", "role": "agent"}
    results = at_once(
        [lambda by=by: services.invite(actor=by, **given) for by in (admin_user, other)]
    )
    assert set(codes(results)) <= {"done", "address_taken", "unprocessable"}
    assert Invitation.objects.open().count() == 1


def test_owners_keep_their_own_people(client_for, amira, milo, rami):
    owner = client_for(amira)
    page = owner.get("/portal/settings/people/").content.decode()
    assert milo.email in page
    assert rami.email not in page
    owner.post(f"/portal/settings/people/{milo.pk}/role/", {"role": "owner"})
    milo.refresh_from_db()
    assert milo.role == "owner"
    owner.post(f"/portal/settings/people/{milo.pk}/remove/")
    milo.refresh_from_db()
    assert not milo.is_active
    assert owner.post(f"/portal/settings/people/{rami.pk}/remove/").status_code == 404


def test_the_list_names_ones_own_people_and_no_staff(client_for, amira, acme, admin_user):
    services.invite(actor=amira, email="a@acme.example", role="member")
    services.invite(actor=admin_user, email="b@acme.example", role="owner", partner_id=acme.pk)
    page = client_for(amira).get(PEOPLE).content.decode()
    assert "a@acme.example" in page
    assert "b@acme.example" in page
    assert f"invited by {amira.name}" in page
    assert f"invited by {settings.PLATFORM_LEGAL_NAME}" in page
    assert admin_user.name not in page


def test_members_see_no_list_and_remove_nobody(client_for, amira, milo):
    member = client_for(milo)
    assert member.get("/portal/settings/people/").status_code == 403
    assert member.post(f"/portal/settings/people/{amira.pk}/remove/").status_code == 403


def test_nobody_ends_themselves_and_no_partners_owner_becomes_staff(amira, milo):
    for end, given in ((services.remove_member, {}), (services.change_role, {"role": "member"})):
        with pytest.raises(NotYourself):
            end(actor=amira, user_id=amira.pk, **given)
    with pytest.raises(Unprocessable):
        services.change_role(actor=amira, user_id=milo.pk, role="admin")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [services.remove_member, services.change_role])
@pytest.mark.parametrize("second", [services.remove_member, services.change_role])
def test_of_two_owners_who_end_each_other_at_once_one_stays(acme, amira, first, second):
    other = OwnerFactory.create(partner=acme)

    def end(how, actor, user):
        demoted = {"role": "member"} if how is services.change_role else {}
        return how(actor=actor, user_id=user.pk, **demoted)

    results = at_once([partial(end, first, amira, other), partial(end, second, other, amira)])
    assert codes(results) == {"done": 1, "last_owner": 1}
    assert acme.users.filter(role="owner", is_active=True).count() == 1
