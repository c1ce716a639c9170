"""Django admin for partners, people and keys, through HTTP."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event
from events.services import record_event
from partners import services
from partners.models import ApiKey, Invitation, Licence, Partner
from partners.tests.factories import LicenceFactory, PartnerFactory
from partners.types import Market, PartnerType
from portal.lib.access import THE_SYSTEM, Role

pytestmark = pytest.mark.django_db

LIST = "/admin/partners/partner/"
NO_LICENCES = {"licences-TOTAL_FORMS": "0", "licences-INITIAL_FORMS": "0"}
GIVEN = {
    "name": "ABC Realty Partners",
    "type": "channel",
    "market": "uae",
    "default_commission": "15",
    "capacity_limit": "10",
    "areas": "Dubai Marina, Downtown",
    "segments": "",
    "languages": "",
    "contact_email": "office@abc.example",
    "contact_phone": "+971501234567",
    **NO_LICENCES,
}


@pytest.fixture
def admin(admin_user, client_for) -> Any:
    return client_for(admin_user)


@pytest.fixture
def finance(finance_user, client_for) -> Any:
    return client_for(finance_user)


def change_page(partner: Partner) -> str:
    return reverse("admin:partners_partner_change", args=[partner.pk])


def act(client: Client, action: str, *partners: Partner, **more: str):
    data = {"action": action, "_selected_action": [partner.pk for partner in partners], **more}
    return client.post(LIST, data, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def shared_once(partner: Partner) -> None:
    record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=partner.pk)


class TestList:
    def test_it_shows_the_requirement_s_columns(self, admin, acme, skyline):
        page = admin.get(LIST).content.decode()
        for words in ("Name", "Type", "Market", "Status", "Commission", "Capacity"):
            assert words in page
        assert "Revenue entries" in page
        assert "Acme Channel Partners" in page
        assert "Channel Partner" in page
        assert "15%" in page
        assert 'max="10" value="0"' in page
        assert ">Edit</a>" in page
        assert ">Delete</a>" in page

    def test_it_has_no_inline_style_or_script(self, admin, acme):
        for address in (LIST, LIST + "add/", change_page(acme)):
            page = admin.get(address).content.decode()
            assert " style=" not in page
            assert "<style" not in page
            assert "<script>" not in page
            assert " onclick=" not in page

    def test_it_finds_by_name_and_by_licence(self, admin, acme, sahyadri):
        for query, found, missing in (("Acme", acme, sahyadri), ("A51800000001", sahyadri, acme)):
            page = admin.get(LIST, {"q": query}).content.decode()
            assert found.name in page
            assert missing.name not in page

    @pytest.mark.parametrize(
        "query", [{"type__exact": "channel"}, {"market__exact": "uae"}, {"status__exact": "active"}]
    )
    def test_it_filters(self, admin, acme, query):
        other = PartnerFactory(
            name="Zenith", type=PartnerType.DEVELOPER, market=Market.INDIA, status="inactive"
        )
        page = admin.get(LIST, query).content.decode()
        assert acme.name in page
        assert other.name not in page

    def test_it_costs_the_same_for_many(self, admin, django_assert_max_num_queries):
        PartnerFactory.create_batch(20)
        with django_assert_max_num_queries(10):
            admin.get(LIST)


class TestStatusActions:
    @pytest.mark.parametrize(
        ("action", "before", "after"),
        [
            ("enable", "inactive", "active"),
            ("disable", "active", "inactive"),
            ("suspend", "active", "suspended"),
        ],
    )
    def test_it_sets_the_status_and_records_who(self, admin, admin_user, action, before, after):
        partner = PartnerFactory(status=before)
        act(admin, action, partner)
        partner.refresh_from_db()
        assert partner.status == after
        event = Event.objects.get(kind="partner_status_changed")
        assert event.actor == admin_user.pk
        assert event.data == {"before": before, "after": after}

    def test_suspending_ends_the_session_with_the_next_request(self, admin, amira, client_for):
        theirs = client_for(amira)
        assert theirs.get("/portal/settings/").status_code == 200
        act(admin, "suspend", amira.partner)
        assert theirs.get("/portal/settings/").status_code == 302


class TestForm:
    def test_it_has_the_requirement_s_words(self, admin):
        page = admin.get(LIST + "add/").content.decode()
        for words in (
            'placeholder="Name"',
            'placeholder="Default commission %"',
            'placeholder="Capacity"',
            'value="Save Partner"',
            "RERA-registered agent (India)",
            "Generates leads, refers clients",
            "10-30%",
        ):
            assert words in page
        for value, label in PartnerType.choices:
            assert f'<option value="{value}">{label}</option>' in page

    def test_it_adds_a_partner_through_the_service(self, admin):
        response = admin.post(LIST + "add/", GIVEN, follow=True)
        partner = Partner.objects.get()
        assert response.redirect_chain[-1][0] == LIST
        assert (partner.name, partner.areas) == (GIVEN["name"], ["Dubai Marina", "Downtown"])
        assert Event.objects.get().kind == "partner_created"

    def test_it_adds_one_with_its_licence(self, admin):
        licence = {
            "licences-TOTAL_FORMS": "1",
            "licences-0-kind": "rera_agent",
            "licences-0-number": "A51800000001",
            "licences-0-authority": "MahaRERA",
            "licences-0-region": "IN-MH",
            "licences-0-status": "valid",
            "licences-0-valid_from": "2024-01-01",
            "licences-0-valid_to": "2029-01-01",
        }
        given = {**GIVEN, "type": "rera_agent", "market": "india", **licence}
        admin.post(LIST + "add/", given)
        assert Partner.objects.get().licences.get().number == "A51800000001"
        assert Event.objects.filter(kind="licence_changed").count() == 1

    def test_a_type_outside_its_market_is_an_error_beside_the_field(self, admin):
        response = admin.post(LIST + "add/", {**GIVEN, "type": "broker", "market": "india"})
        form = response.context["adminform"].form
        assert form.errors["type"] == ["This type of partner does not exist in this market."]
        assert not Partner.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [("default_commission", "0"), ("default_commission", "101"), ("contact_email", "nobody")],
    )
    def test_a_wrong_value_is_an_error_beside_its_field(self, admin, field, value):
        response = admin.post(LIST + "add/", {**GIVEN, field: value})
        assert field in response.context["adminform"].form.errors

    def test_an_unusual_commission_is_saved_with_a_warning(self, admin):
        response = admin.post(LIST + "add/", {**GIVEN, "default_commission": "45"}, follow=True)
        assert Partner.objects.get().default_commission == Decimal(45)
        assert "45% is outside the usual range of this type, 10-30%." in said(response)

    def test_it_changes_a_partner_and_records_which_fields(self, admin, acme):
        given = {**GIVEN, "name": acme.name, "status": "active", "capacity_limit": "12"}
        given |= {"contact_email": acme.contact_email, "contact_phone": "", "areas": ""}
        admin.post(change_page(acme), given)
        acme.refresh_from_db()
        assert acme.capacity_limit == 12
        assert Event.objects.get(kind="partner_changed").data == {"fields": ["capacity_limit"]}

    def test_it_sets_the_status_too(self, admin, acme):
        admin.post(change_page(acme), {**GIVEN, "name": acme.name, "status": "suspended"})
        acme.refresh_from_db()
        assert acme.status == "suspended"
        assert Event.objects.filter(kind="partner_status_changed").count() == 1

    def test_type_and_market_stay_once_there_is_a_history(self, admin, acme):
        shared_once(acme)
        response = admin.post(change_page(acme), {**GIVEN, "type": "developer", "status": "active"})
        assert "type" in response.context["adminform"].form.errors

    def test_a_licence_is_changed_and_removed(self, admin, sahyadri):
        licence = sahyadri.licences.get()
        rows = {
            "licences-TOTAL_FORMS": "1",
            "licences-INITIAL_FORMS": "1",
            "licences-0-id": licence.pk,
            "licences-0-partner": sahyadri.pk,
            "licences-0-kind": "rera_agent",
            "licences-0-number": licence.number,
            "licences-0-authority": licence.authority,
            "licences-0-region": "IN-MH",
            "licences-0-status": "suspended",
            "licences-0-valid_from": "2024-01-01",
            "licences-0-valid_to": "2098-12-31",
        }
        given = {**GIVEN, "name": sahyadri.name, "type": "rera_agent", "market": "india"}
        given |= {"status": "active", **rows}
        admin.post(change_page(sahyadri), given)
        licence.refresh_from_db()
        assert licence.status == Licence.Status.SUSPENDED
        admin.post(change_page(sahyadri), {**given, "licences-0-DELETE": "on"})
        assert not sahyadri.licences.exists()
        changes = [event.data["change"] for event in Event.objects.filter(kind="licence_changed")]
        assert sorted(changes) == ["changed", "removed"]

    def test_a_forged_row_cannot_take_another_partner_s_licence(self, admin, sahyadri, acme):
        licence = sahyadri.licences.get()
        rows = {
            "licences-TOTAL_FORMS": "1",
            "licences-INITIAL_FORMS": "1",
            "licences-0-id": licence.pk,
            "licences-0-partner": acme.pk,
            "licences-0-DELETE": "on",
        }
        admin.post(change_page(acme), {**GIVEN, "name": acme.name, "status": "active", **rows})
        assert sahyadri.licences.exists()


class TestDelete:
    def test_one_without_a_history_is_deleted(self, admin, acme):
        address = reverse("admin:partners_partner_delete", args=[acme.pk])
        assert "Acme Channel Partners" in admin.get(address).content.decode()
        admin.post(address, {"post": "yes"})
        assert not Partner.objects.exists()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_one_with_a_history_is_refused_in_words(self, admin, acme, method):
        shared_once(acme)
        address = reverse("admin:partners_partner_delete", args=[acme.pk])
        response = getattr(admin, method)(address, {"post": "yes"}, follow=True)
        assert "has a history" in said(response)
        assert "Disable or suspend it instead." in said(response)
        assert Partner.objects.filter(pk=acme.pk).exists()

    def test_many_are_deleted_only_if_none_has_a_history(self, admin, acme, rival):
        shared_once(acme)
        page = act(admin, "delete_selected", acme, rival).content.decode()
        assert "Acme Channel Partners has a history" in page
        act(admin, "delete_selected", acme, rival, post="yes")
        assert Partner.objects.count() == 2
        act(admin, "delete_selected", rival, post="yes")
        assert list(Partner.objects.all()) == [acme]


class TestProposals:
    @pytest.fixture
    def proposing(self, amira) -> Partner:
        return services.propose_commission(actor=amira, percent=Decimal("18.50"))

    @pytest.mark.parametrize(
        ("action", "commission"),
        [("approve_proposal", Decimal("18.50")), ("refuse_proposal", Decimal(15))],
    )
    def test_an_admin_sees_it_and_then_decides(self, admin, proposing, action, commission):
        asked = act(admin, action, proposing)
        assert "18.5%" in asked.content.decode()
        seen = {f"seen-{proposing.pk}": "18.50", "decided": "yes"}
        act(admin, action, proposing, **seen)
        proposing.refresh_from_db()
        assert proposing.default_commission == commission
        assert proposing.proposed_commission is None

    @pytest.mark.parametrize("seen", ["12", "", "nonsense", "NaN", None])
    def test_what_was_not_shown_is_not_approved(self, admin, proposing, seen):
        given = {"decided": "yes"} | ({} if seen is None else {f"seen-{proposing.pk}": seen})
        act(admin, "approve_proposal", proposing, **given)
        proposing.refresh_from_db()
        assert proposing.default_commission == Decimal(15)

    def test_without_one_it_says_so(self, admin, rival):
        assert "None of them proposes" in said(act(admin, "approve_proposal", rival))


class TestUsers:
    def test_nobody_is_added_and_no_password_is_set(self, admin, milo):
        assert admin.get("/admin/partners/user/add/").status_code == 403
        address = reverse("admin:partners_user_change", args=[milo.pk])
        page = admin.get(address).content.decode()
        assert milo.password not in page
        assert 'type="password"' not in page
        given = {"email": milo.email, "name": "Milo M.", "role": "member", "is_active": "on"}
        more = {"partner": milo.partner_id, "password": "x", "new_password": "another-horse-2026"}
        admin.post(address, given | more)
        kept = milo.password
        milo.refresh_from_db()
        assert (milo.name, milo.password) == ("Milo M.", kept)

    def test_a_role_that_does_not_fit_is_an_error_beside_the_partner(self, admin, milo):
        address = reverse("admin:partners_user_change", args=[milo.pk])
        given = {"email": milo.email, "name": milo.name, "role": "agent", "is_active": "on"}
        response = admin.post(address, given | {"partner": milo.partner_id})
        assert "partner" in response.context["adminform"].form.errors

    def test_people_are_shut_out_and_let_in(self, admin, milo, client_for):
        theirs = client_for(milo)
        address = "/admin/partners/user/"
        admin.post(address, {"action": "deactivate", "_selected_action": [milo.pk]})
        assert theirs.get("/portal/settings/").status_code == 302
        admin.post(address, {"action": "activate", "_selected_action": [milo.pk]})
        milo.refresh_from_db()
        assert milo.is_active

    def test_the_only_admin_cannot_shut_themselves_out(self, admin, admin_user):
        address = reverse("admin:partners_user_change", args=[admin_user.pk])
        given = {"email": admin_user.email, "name": admin_user.name, "role": "admin"}
        response = admin.post(address, given, follow=True)
        assert "only active admin" in said(response)
        admin_user.refresh_from_db()
        assert admin_user.is_active

    def test_nobody_is_deleted(self, admin, milo):
        address = reverse("admin:partners_user_delete", args=[milo.pk])
        assert admin.post(address, {"post": "yes"}).status_code == 403


class TestInvitations:
    LIST = "/admin/partners/invitation/"
    ADD = "/admin/partners/invitation/add/"

    def act(self, client: Client, action: str, invitation: Invitation):
        data = {"action": action, "_selected_action": [invitation.pk]}
        return client.post(self.LIST, data, follow=True)

    def test_staff_are_invited_with_what_they_will_see(self, admin, admin_user):
        given = {"email": "New@portal.example", "role": "agent", "market": "india", "team": "Pune"}
        assert "An invitation was sent." in said(admin.post(self.ADD, given, follow=True))
        invitation = Invitation.objects.get()
        assert (invitation.email, invitation.invited_by) == ("new@portal.example", admin_user)
        again = services.resend(actor=admin_user, invitation_id=invitation.pk)
        user = services.accept(invitation_id=again.pk, name="New", password="a-quiet-lantern-41")
        assert (user.role, user.partner, user.market, user.team) == ("agent", None, "india", "Pune")

    def test_an_owner_is_invited_for_one_partner(self, admin, acme):
        page = admin.get(self.ADD, {"partner": acme.pk, "role": "owner"}).content.decode()
        assert f'<option value="{acme.pk}" selected>' in page
        admin.post(self.ADD, {"email": "o@acme.example", "role": "owner", "partner": acme.pk})
        invitation = acme.invitations.get()
        assert invitation.role == "owner"
        assert Event.objects.get(kind="invitation_sent").partner_id == acme.pk
        assert "o@acme.example" in admin.get(self.LIST).content.decode()

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("partner", {"role": "owner"}),
            ("email", {"role": "agent", "email": "nobody"}),
            ("market", {"role": "owner", "partner": "acme", "market": "uae"}),
        ],
    )
    def test_what_does_not_fit_is_an_error_beside_its_field(self, admin, acme, field, given):
        given = {"email": "x@acme.example"} | given
        if "partner" in given:
            given["partner"] = acme.pk
        response = admin.post(self.ADD, given)
        assert field in response.context["adminform"].form.errors
        assert not Invitation.objects.exists()

    def test_an_address_with_an_account_is_refused_in_words(self, admin, milo):
        answer = admin.post(self.ADD, {"email": milo.email, "role": "agent"}, follow=True)
        assert "already has an account" in said(answer)

    def test_it_is_sent_again_and_taken_back(self, admin, amira):
        first = services.invite(actor=amira, email="n@acme.example", role="member")
        assert "1 sent" in said(self.act(admin, "send_again", first))
        latest = Invitation.objects.open().get()
        assert latest.pk != first.pk
        assert "1 taken back." in said(self.act(admin, "take_back", latest))
        assert "has ended" in said(self.act(admin, "take_back", latest))
        assert not Invitation.objects.open().exists()

    def test_it_is_found_by_its_state(self, admin, amira):
        used, back, old, waiting = (
            services.invite(actor=amira, email=f"{name}@acme.example", role="member")
            for name in ("used", "back", "old", "waiting")
        )
        services.accept(invitation_id=used.pk, name="U", password="a-quiet-lantern-41")
        services.take_back(actor=amira, invitation_id=back.pk)
        Invitation.objects.filter(pk=old.pk).update(expires_at=old.created_at)
        states = {"accepted": used, "taken_back": back, "expired": old, "open": waiting}
        for state, invitation in states.items():
            page = admin.get(self.LIST, {"state": state}).context["cl"]
            assert list(page.queryset) == [invitation]
            assert page.queryset[0].state == state
        assert admin.get(self.LIST, {"state": "nonsense"}).context["cl"].queryset.count() == 4

    def test_it_is_never_changed_and_its_link_is_not_shown(self, admin, amira):
        invitation = services.invite(actor=amira, email="n@acme.example", role="member")
        address = reverse("admin:partners_invitation_change", args=[invitation.pk])
        page = admin.get(address).content.decode()
        assert "n@acme.example" in page
        assert bytes(invitation.token_hash).hex() not in page
        assert admin.post(address, {"role": "owner"}).status_code == 403
        gone = reverse("admin:partners_invitation_delete", args=[invitation.pk])
        assert admin.post(gone, {"post": "yes"}).status_code == 403

    def test_finance_looks_and_invites_nobody(self, finance, amira):
        invitation = services.invite(actor=amira, email="n@acme.example", role="member")
        assert finance.get(self.LIST).status_code == 200
        assert "Invite somebody" not in finance.get("/admin/partners/user/").content.decode()
        assert finance.get(self.ADD).status_code == 403
        assert finance.post(self.ADD, {"email": "x@x.example", "role": "agent"}).status_code == 403
        self.act(finance, "take_back", invitation)
        assert Invitation.objects.open().count() == 1


class TestKeys:
    def test_an_admin_sees_no_secret_and_revokes(self, admin, admin_user, acme):
        key, secret = services.issue_key(actor=admin_user, partner=acme, name="CRM")
        page = admin.get("/admin/partners/apikey/").content.decode()
        assert key.prefix in page
        assert secret not in page
        admin.post("/admin/partners/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
        key.refresh_from_db()
        assert key.revoked_at is not None

    def test_none_is_added_or_changed_here(self, admin, admin_user, acme):
        key, _secret = services.issue_key(actor=admin_user, partner=acme)
        address = reverse("admin:partners_apikey_change", args=[key.pk])
        assert admin.get("/admin/partners/apikey/add/").status_code == 403
        assert admin.post(address, {"name": "mine"}).status_code == 403


class TestWhoMayEnter:
    ADDRESSES = (LIST, LIST + "add/", "/admin/partners/user/", "/admin/partners/apikey/", "/admin/")

    @pytest.mark.parametrize("who", ["dana", "amira", "milo"])
    def test_agents_and_partners_have_no_way_in(self, who, client_for, request, acme):
        client = client_for(request.getfixturevalue(who))
        for address in (*self.ADDRESSES, change_page(acme)):
            assert client.get(address).status_code in (302, 403, 404)
            assert client.post(address, GIVEN).status_code in (302, 403, 404)
        assert Partner.objects.count() == 1

    def test_finance_looks_and_changes_nothing(self, finance, admin_user, acme, sahyadri):
        key, _secret = services.issue_key(actor=admin_user, partner=acme)
        assert finance.get(LIST).status_code == 200
        page = finance.get(change_page(acme)).content.decode()
        assert acme.name in page
        assert "Save Partner" not in page
        assert finance.get(LIST + "add/").status_code == 403
        assert finance.post(LIST + "add/", GIVEN).status_code == 403
        assert finance.post(change_page(acme), {**GIVEN, "status": "inactive"}).status_code == 403
        delete = reverse("admin:partners_partner_delete", args=[acme.pk])
        assert finance.post(delete, {"post": "yes"}).status_code == 403
        for action in ("enable", "disable", "suspend", "approve_proposal", "delete_selected"):
            act(finance, action, acme, post="yes")
        finance.post("/admin/partners/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
        acme.refresh_from_db()
        assert acme.status == "active"
        assert acme.name == "Acme Channel Partners"
        assert ApiKey.objects.get().revoked_at is None

    def test_groups_and_addresses_of_accounts_are_not_offered(self, admin):
        page = admin.get("/admin/").content.decode()
        assert "/admin/auth/group/" not in page
        assert "/admin/account/emailaddress/" not in page

    @pytest.mark.parametrize(
        "address",
        [
            "/admin/partners/user/?password__startswith=a",
            "/admin/partners/apikey/?secret_hash__gte=a",
            "/admin/partners/partner/?users__password__startswith=a",
            "/admin/partners/partner/?api_keys__secret_hash__isnull=0",
        ],
    )
    def test_filters_tell_no_secret(self, finance, address):
        assert finance.get(address).status_code == 400

    def test_the_list_of_a_partner_s_people_is_one_click_away(self, finance, milo, dana):
        page = finance.get(f"/admin/partners/user/?partner__id__exact={milo.partner_id}")
        assert milo.email in page.content.decode()
        assert dana.email not in page.content.decode()

    def test_roles_cannot_be_raised_by_a_forged_post(self, finance, finance_user):
        address = reverse("admin:partners_user_change", args=[finance_user.pk])
        given = {"email": finance_user.email, "name": "F", "role": Role.ADMIN, "is_active": "on"}
        assert finance.post(address, given).status_code == 403
        finance_user.refresh_from_db()
        assert finance_user.role == Role.FINANCE


def test_a_licence_checked_tomorrow_is_an_error_beside_the_field(admin, sahyadri):
    licence = LicenceFactory.build(partner=sahyadri)
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    rows = {
        "licences-TOTAL_FORMS": "1",
        "licences-0-kind": "rera_agent",
        "licences-0-number": licence.number,
        "licences-0-authority": "MahaRERA",
        "licences-0-region": "IN-MH",
        "licences-0-status": "valid",
        "licences-0-valid_from": "2024-01-01",
        "licences-0-valid_to": "2029-01-01",
        "licences-0-checked_at_0": f"{tomorrow:%Y-%m-%d}",
        "licences-0-checked_at_1": "12:00:00",
    }
    given = {**GIVEN, "name": sahyadri.name, "type": "rera_agent", "market": "india"}
    response = admin.post(change_page(sahyadri), {**given, "status": "active", **rows})
    (formset,) = (inline.formset for inline in response.context["inline_admin_formsets"])
    assert "checked_at" in formset.errors[0]
