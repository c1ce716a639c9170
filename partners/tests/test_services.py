"""What changes a partner, its people and its licences: success, each refusal, its event."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import Event
from events.services import create_endpoint, record_event, request_verification
from partners import selectors, services
from partners.models import Licence, Partner, User
from partners.services.companies import NoProposal
from partners.tests.factories import PASSWORD, LicenceFactory, PartnerFactory, UserFactory
from partners.types import Market, PartnerType
from portal.lib.access import THE_SYSTEM, Role
from portal.lib.errors import NotAllowed, NotFound, Unprocessable

pytestmark = pytest.mark.django_db

NEW = {
    "name": "ABC Realty Partners",
    "type": PartnerType.CHANNEL,
    "market": Market.UAE,
    "default_commission": Decimal(15),
    "capacity_limit": 10,
}


def events(kind: str) -> list[dict]:
    return list(Event.objects.filter(kind=kind).order_by("at", "pk").values_list("data", flat=True))


def shared_once(partner: Partner) -> None:
    record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=partner.pk)


class TestCreatePartner:
    def test_it_adds_one_that_is_active_and_records_it(self, admin_user):
        partner = services.create_partner(actor=admin_user, **NEW)

        assert partner.status == Partner.Status.ACTIVE
        assert partner.capacity == 10
        event = Event.objects.get()
        assert (event.kind, event.actor, event.partner_id) == (
            "partner_created",
            admin_user.pk,
            partner.pk,
        )

    def test_only_admins_may(self, dana, finance_user, amira):
        for actor in (dana, finance_user, amira):
            with pytest.raises(NotAllowed):
                services.create_partner(actor=actor, **NEW)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("default_commission", Decimal(0)),
            ("default_commission", Decimal("100.01")),
            ("default_commission", Decimal("12.345")),
            ("capacity_limit", -1),
            ("contact_email", "nobody"),
            ("services", ["gardening"]),
            ("market", "oman"),
        ],
    )
    def test_a_wrong_field_is_named(self, admin_user, field, value):
        with pytest.raises(Unprocessable) as refused:
            services.create_partner(actor=admin_user, **{**NEW, field: value})
        assert field in refused.value.details["fields"]
        assert not Event.objects.exists()

    def test_two_cannot_have_the_same_name(self, admin_user, acme):
        with pytest.raises(Unprocessable):
            services.create_partner(actor=admin_user, **{**NEW, "name": acme.name})


class TestTypeAndMarket:
    WRONG = ((PartnerType.BROKER, Market.INDIA), (PartnerType.RERA_AGENT, Market.UAE))

    @pytest.mark.parametrize(("type_", "market"), WRONG)
    def test_the_database_itself_refuses_a_type_outside_its_market(self, type_, market):
        with pytest.raises(IntegrityError, match="type_in_its_market"), transaction.atomic():
            PartnerFactory(type=type_, market=market)

    @pytest.mark.parametrize(("type_", "market"), WRONG)
    def test_the_service_says_it_in_words(self, admin_user, type_, market):
        with pytest.raises(Unprocessable, match="does not exist in this market"):
            services.create_partner(actor=admin_user, **{**NEW, "type": type_, "market": market})

    def test_every_other_pair_is_welcome(self):
        pairs = {(type_, market) for type_ in PartnerType for market in Market} - set(self.WRONG)
        for type_, market in pairs:
            PartnerFactory(type=type_, market=market)
        assert Partner.objects.count() == len(pairs) == 8

    def test_a_rename_does_not_move_type_or_market(self, admin_user, acme):
        shared_once(acme)
        with pytest.raises(services.TypeIsFixed):
            services.update_partner(
                actor=admin_user, partner_id=acme.pk, type=PartnerType.DEVELOPER
            )

    def test_without_a_history_the_type_may_be_put_right(self, admin_user, acme):
        services.update_partner(actor=admin_user, partner_id=acme.pk, type=PartnerType.DEVELOPER)
        acme.refresh_from_db()
        assert acme.type == PartnerType.DEVELOPER


class TestUpdatePartner:
    def test_it_records_which_fields_changed_and_no_value(self, admin_user, acme):
        services.update_partner(
            actor=admin_user,
            partner_id=acme.pk,
            contact_email="new@acme.example",
            name=acme.name,
        )
        assert events("partner_changed") == [{"fields": ["contact_email"]}]
        acme.refresh_from_db()
        assert acme.contact_email == "new@acme.example"

    def test_nothing_new_records_nothing(self, admin_user, acme):
        services.update_partner(actor=admin_user, partner_id=acme.pk, name=acme.name)
        assert not Event.objects.exists()

    def test_a_lower_limit_lowers_what_the_partner_wanted(self, admin_user):
        partner = PartnerFactory(capacity_limit=10, capacity_wanted=8)
        services.update_partner(actor=admin_user, partner_id=partner.pk, capacity_limit=5)
        partner.refresh_from_db()
        assert partner.capacity_wanted == 5
        assert events("capacity_changed") == [{"before": 8, "after": 5}]

    def test_only_admins_may(self, dana, amira, acme):
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                services.update_partner(actor=actor, partner_id=acme.pk, name="Mine")

    @pytest.mark.parametrize("wrong", ["", "partner_1", "partner_01h00000000000000000000000"])
    def test_an_unknown_partner_is_not_found(self, admin_user, wrong):
        with pytest.raises(NotFound):
            services.update_partner(actor=admin_user, partner_id=wrong, name="X")


class TestSetStatus:
    def test_it_disables_and_enables(self, admin_user, acme):
        for status in (Partner.Status.INACTIVE, Partner.Status.ACTIVE):
            services.set_status(actor=admin_user, partner_id=acme.pk, status=status)
            acme.refresh_from_db()
            assert acme.status == status
        assert events("partner_status_changed") == [
            {"before": "active", "after": "inactive"},
            {"before": "inactive", "after": "active"},
        ]

    def test_the_same_status_records_nothing(self, admin_user, acme):
        services.set_status(actor=admin_user, partner_id=acme.pk, status=acme.status)
        assert not Event.objects.exists()

    def test_suspending_ends_the_sessions_of_its_people_and_no_others(
        self, admin_user, amira, milo, rami, client_for
    ):
        theirs = [client_for(amira), client_for(milo)]
        others = [client_for(rami), client_for(admin_user)]

        services.set_status(
            actor=admin_user, partner_id=amira.partner_id, status=Partner.Status.SUSPENDED
        )

        living = set(Session.objects.values_list("session_key", flat=True))
        assert not living & {client.session.session_key for client in theirs}
        assert living >= {client.session.session_key for client in others}

    def test_an_unknown_status_is_refused(self, admin_user, acme):
        with pytest.raises(Unprocessable):
            services.set_status(actor=admin_user, partner_id=acme.pk, status="paused")

    def test_only_admins_may(self, dana, amira, acme):
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                services.set_status(actor=actor, partner_id=acme.pk, status="inactive")


class TestDeletePartner:
    def test_asking_an_endpoint_for_its_proof_is_no_history(self, admin_user, amira, acme):
        endpoint = create_endpoint(actor=amira, url="https://acme.example/hook")
        request_verification(actor=amira, endpoint_id=endpoint.pk)

        assert not selectors.has_history(acme)

    def test_one_without_a_history_goes_with_its_people_and_licences(self, admin_user):
        partner = services.create_partner(
            actor=admin_user, **{**NEW, "type": PartnerType.RERA_AGENT, "market": Market.INDIA}
        )
        services.update_partner(actor=admin_user, partner_id=partner.pk, name="Renamed")
        UserFactory(role=Role.OWNER, partner=partner)
        LicenceFactory(partner=partner)

        services.delete_partner(actor=admin_user, partner_id=partner.pk)

        assert not Partner.objects.exists()
        assert not Licence.objects.exists()
        assert list(User.objects.all()) == [admin_user]
        assert events("partner_status_changed") == [{"before": "active", "after": "deleted"}]

    def test_one_with_a_history_stays_and_the_message_says_what_to_do(self, admin_user, acme):
        shared_once(acme)
        with pytest.raises(services.PartnerHasHistory, match="Disable or suspend it instead"):
            services.delete_partner(actor=admin_user, partner_id=acme.pk)
        assert Partner.objects.filter(pk=acme.pk).exists()

    def test_only_admins_may(self, dana, amira, acme):
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                services.delete_partner(actor=actor, partner_id=acme.pk)


class TestUpdateSettings:
    def changed(self, actor: User, **values) -> Partner:
        given = {"contact_email": "", "contact_phone": "", "capacity_wanted": None}
        return services.update_settings(actor=actor, **{**given, **values})

    def test_the_owner_sets_contact_and_capacity(self, amira, acme):
        self.changed(
            amira,
            contact_email="leads@acme.example",
            contact_phone="+971501234567",
            capacity_wanted=4,
        )
        acme.refresh_from_db()
        assert (acme.contact_email, acme.contact_phone) == ("leads@acme.example", "+971501234567")
        assert acme.capacity == 4
        assert events("partner_changed") == [{"fields": ["contact_email", "contact_phone"]}]
        assert events("capacity_changed") == [{"before": 10, "after": 4}]
        assert "971501234567" not in str(list(Event.objects.values()))

    def test_more_than_the_admin_allows_is_refused(self, amira, acme):
        with pytest.raises(services.CapacityAboveLimit, match="up to 10 leads"):
            self.changed(amira, capacity_wanted=11)

    def test_nothing_new_records_nothing(self, amira, acme):
        self.changed(amira, contact_email=acme.contact_email)
        assert not Event.objects.exists()

    def test_members_and_staff_may_not(self, milo, admin_user, dana):
        for actor in (milo, admin_user, dana):
            with pytest.raises(NotAllowed):
                self.changed(actor)


class TestCommissionProposal:
    def proposed(self, amira: User, percent: str = "18.5") -> Decimal:
        services.propose_commission(actor=amira, percent=Decimal(percent))
        return Decimal(percent)

    def test_a_proposal_changes_nothing_until_it_is_approved(self, amira, acme):
        percent = self.proposed(amira)
        acme.refresh_from_db()
        assert acme.default_commission == Decimal(15)
        assert acme.proposed_commission == percent
        assert selectors.latest_proposal(acme).state == "waiting"

    def test_approving_makes_it_the_default(self, amira, admin_user, acme):
        percent = self.proposed(amira)
        services.decide_commission_proposal(
            actor=admin_user, partner_id=acme.pk, approve=True, percent=percent
        )
        acme.refresh_from_db()
        assert acme.default_commission == percent
        assert acme.proposed_commission is None
        assert selectors.latest_proposal(acme).state == "approved"
        assert events("commission_proposal_decided") == [
            {"approved": True, "percent": "18.5", "before": "15.00"}
        ]

    def test_refusing_leaves_the_default(self, amira, admin_user, acme):
        percent = self.proposed(amira)
        services.decide_commission_proposal(
            actor=admin_user, partner_id=acme.pk, approve=False, percent=percent
        )
        acme.refresh_from_db()
        assert acme.default_commission == Decimal(15)
        assert acme.proposed_commission is None
        assert selectors.latest_proposal(acme).state == "refused"

    def test_an_admin_decides_what_they_saw_and_nothing_newer(self, amira, admin_user, acme):
        seen = self.proposed(amira, "16")
        self.proposed(amira, "29")
        with pytest.raises(NoProposal):
            services.decide_commission_proposal(
                actor=admin_user, partner_id=acme.pk, approve=True, percent=seen
            )

    def test_without_a_proposal_there_is_nothing_to_decide(self, admin_user, acme):
        with pytest.raises(NoProposal):
            services.decide_commission_proposal(
                actor=admin_user, partner_id=acme.pk, approve=True, percent=Decimal(15)
            )

    def test_the_present_one_is_no_proposal(self, amira, acme):
        with pytest.raises(services.NothingToPropose):
            services.propose_commission(actor=amira, percent=acme.default_commission)

    @pytest.mark.parametrize("percent", ["0", "-1", "100.01", "12.345"])
    def test_a_senseless_one_is_refused(self, amira, percent):
        with pytest.raises(Unprocessable):
            services.propose_commission(actor=amira, percent=Decimal(percent))

    def test_owners_propose_and_admins_decide(self, amira, milo, admin_user, dana, acme):
        for actor in (milo, admin_user, dana):
            with pytest.raises(NotAllowed):
                services.propose_commission(actor=actor, percent=Decimal(20))
        percent = self.proposed(amira)
        for actor in (amira, milo, dana):
            with pytest.raises(NotAllowed):
                services.decide_commission_proposal(
                    actor=actor, partner_id=acme.pk, approve=True, percent=percent
                )


class TestLicences:
    GIVEN = {
        "kind": Licence.Kind.RERA_AGENT,
        "number": "A51800000009",
        "authority": "MahaRERA",
        "region": "IN-MH",
        "valid_from": dt.date(2024, 1, 1),
        "valid_to": dt.date(2029, 1, 1),
    }

    def test_it_is_added_changed_and_removed(self, admin_user, sahyadri):
        licence = services.add_licence(actor=admin_user, partner_id=sahyadri.pk, **self.GIVEN)
        services.change_licence(
            actor=admin_user, licence_id=licence.pk, status=Licence.Status.REVOKED
        )
        services.remove_licence(actor=admin_user, licence_id=licence.pk)

        assert not Licence.objects.filter(number="A51800000009").exists()
        assert [data["change"] for data in events("licence_changed")] == [
            "added",
            "changed",
            "removed",
        ]
        assert events("licence_changed")[1]["fields"] == ["status"]

    def test_it_cannot_end_before_it_starts(self, admin_user, sahyadri):
        with pytest.raises(Unprocessable):
            services.add_licence(
                actor=admin_user,
                partner_id=sahyadri.pk,
                **{**self.GIVEN, "valid_to": dt.date(2023, 1, 1)},
            )

    def test_a_check_cannot_lie_in_the_future(self, admin_user, sahyadri):
        tomorrow = timezone.now() + dt.timedelta(days=1)
        with pytest.raises(Unprocessable, match="future"):
            services.add_licence(
                actor=admin_user, partner_id=sahyadri.pk, **self.GIVEN, checked_at=tomorrow
            )

    def test_a_partner_cannot_license_itself(self, rohan, dana, sahyadri):
        licence = sahyadri.licences.get()
        for actor in (rohan, dana):
            with pytest.raises(NotAllowed):
                services.add_licence(actor=actor, partner_id=sahyadri.pk, **self.GIVEN)
            with pytest.raises(NotAllowed):
                services.change_licence(actor=actor, licence_id=licence.pk, number="X")
            with pytest.raises(NotAllowed):
                services.remove_licence(actor=actor, licence_id=licence.pk)


class TestUsers:
    def test_an_admin_makes_an_account_and_the_event_names_nobody(self, admin_user, acme):
        user = services.create_user(
            actor=admin_user,
            email="New.Person@Acme.example",
            name="New Person",
            role=Role.MEMBER,
            partner_id=acme.pk,
            password=PASSWORD,
        )
        assert user.email == "new.person@acme.example"
        assert user.check_password(PASSWORD)
        assert events("user_changed") == [{"user": user.pk, "change": "added", "fields": []}]

    def test_without_a_password_nobody_can_sign_in(self, admin_user):
        user = services.create_user(
            actor=admin_user, email="x@portal.example", name="X", role=Role.AGENT
        )
        assert not user.has_usable_password()

    @pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER])
    def test_a_partner_role_needs_a_partner(self, admin_user, role):
        with pytest.raises(Unprocessable, match="belong to a partner"):
            services.create_user(actor=admin_user, email="x@x.example", name="X", role=role)

    def test_staff_belongs_to_none(self, admin_user, acme):
        with pytest.raises(Unprocessable, match="staff belong to none"):
            services.create_user(
                actor=admin_user, email="x@x.example", name="X", role=Role.AGENT, partner_id=acme.pk
            )

    def test_an_address_is_taken_in_any_case(self, admin_user, dana):
        with pytest.raises(Unprocessable) as refused:
            services.create_user(
                actor=admin_user, email=dana.email.upper(), name="X", role=Role.AGENT
            )
        assert "email" in refused.value.details["fields"]

    def test_a_weak_password_is_refused(self, admin_user):
        given = {"email": "x@portal.example", "name": "X", "role": Role.AGENT}
        with pytest.raises(Unprocessable):
            services.create_user(actor=admin_user, password="12345", **given)

    def test_another_role_signs_out_and_is_recorded(self, admin_user, milo, client_for):
        key = client_for(milo).session.session_key
        services.update_user(
            actor=admin_user,
            user_id=milo.pk,
            email=milo.email,
            name=milo.name,
            role=Role.OWNER,
            partner_id=milo.partner_id,
        )
        assert not Session.objects.filter(session_key=key).exists()
        assert events("user_changed") == [
            {"user": milo.pk, "change": "changed", "fields": ["role"]}
        ]

    def test_another_address_forgets_the_old_one(self, admin_user, dana):
        dana.emailaddress_set.create(email=dana.email, primary=True, verified=True)
        services.update_user(
            actor=admin_user,
            user_id=dana.pk,
            email="dana.new@portal.example",
            name=dana.name,
            role=dana.role,
            partner_id=None,
        )
        assert not dana.emailaddress_set.exists()

    def test_deactivating_shuts_out_at_once(self, admin_user, dana, client_for):
        key = client_for(dana).session.session_key
        services.set_user_active(actor=admin_user, user_id=dana.pk, active=False)
        dana.refresh_from_db()
        assert not dana.is_active
        assert not Session.objects.filter(session_key=key).exists()

    def test_the_last_admin_stays(self, admin_user, dana):
        with pytest.raises(services.LastAdmin):
            services.set_user_active(actor=admin_user, user_id=admin_user.pk, active=False)
        with pytest.raises(services.LastAdmin):
            services.update_user(
                actor=admin_user,
                user_id=admin_user.pk,
                email=admin_user.email,
                name=admin_user.name,
                role=Role.AGENT,
                partner_id=None,
            )
        UserFactory(role=Role.ADMIN)
        services.set_user_active(actor=admin_user, user_id=admin_user.pk, active=False)

    def test_only_admins_may(self, dana, amira, finance_user, acme):
        for actor in (dana, amira, finance_user):
            with pytest.raises(NotAllowed):
                services.create_user(actor=actor, email="x@x.example", name="X", role=Role.ADMIN)
            with pytest.raises(NotAllowed):
                services.set_user_active(actor=actor, user_id=dana.pk, active=False)
            with pytest.raises(NotAllowed):
                services.update_user(
                    actor=actor,
                    user_id=actor.pk,
                    email=actor.email,
                    name="Me",
                    role=Role.ADMIN,
                    partner_id=None,
                )
