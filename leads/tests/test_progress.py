"""Work a share: every legal step, every illegal one, and what each tells whom."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from events.models import Delivery, Event
from leads import errors, services
from leads.consent import disclose
from leads.groups import Groups
from leads.models import TRANSITIONS, Appointment, ClientLink, PartnerDay, Share, ShareStatus
from leads.services.progress import move
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.errors import Conflict, IllegalTransition, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    lead = LeadFactory.create(agent=dana)
    return services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)


def last_event() -> Event:
    return Event.objects.latest("at", "pk")


@pytest.mark.parametrize(("before", "after"), list(product(ShareStatus, ShareStatus)))
def test_only_the_steps_of_the_table_are_taken(
    share: Share, dana: User, before: str, after: str
) -> None:
    now = timezone.now()
    Share.objects.filter(pk=share.pk).update(status=before, accepted_at=now)
    share.refresh_from_db()
    legal = after in TRANSITIONS[before] and after != ShareStatus.REVOKED

    if legal:
        move(dana, share, after, reason="because")
    elif after != ShareStatus.REVOKED:
        with pytest.raises(IllegalTransition):
            move(dana, share, after)

    share.refresh_from_db()
    assert share.status == (after if legal else before)


class TestUpdateShare:
    def test_accepting_counts_the_response(self, amira: User, share: Share) -> None:
        Share.objects.filter(pk=share.pk).update(shared_at=timezone.now() - timedelta(hours=2))

        services.update_share(actor=amira, reference=share.pk, status="accepted")

        day = PartnerDay.objects.get(accepted=1)
        assert 7195 <= day.response_seconds <= 7205
        assert last_event().kind == "share_accepted"

    def test_the_same_status_again_records_nothing(self, amira: User, share: Share) -> None:
        services.update_share(actor=amira, reference=share.pk, status="accepted")
        before = Event.objects.count()

        services.update_share(actor=amira, reference=share.pk, status="accepted")

        assert Event.objects.count() == before
        assert PartnerDay.objects.get(partner=share.partner).accepted == 1

    def test_a_rejection_says_why_and_goes_to_the_agent(self, amira: User, share: Share) -> None:
        with pytest.raises(errors.ReasonRequired):
            services.update_share(actor=amira, reference=share.pk, status="rejected", reason=" ")
        services.update_share(
            actor=amira, reference=share.pk, status="rejected", reason="Outside our capacity"
        )

        share.lead.refresh_from_db()
        assert share.lead.needs_agent_since is not None
        assert share.lead.collaboration_outcomes[0]["reason"] == "Outside our capacity"
        assert Delivery.objects.filter(type="share_needs_agent").count() == 1

    def test_notes_serve_as_the_reason(self, amira: User, share: Share) -> None:
        done = services.update_share(
            actor=amira, reference=share.pk, status="rejected", notes="Too far"
        )
        assert done.reason == "Too far"

    def test_an_ended_share_discloses_the_envelope_only(self, amira: User, share: Share) -> None:
        services.update_share(actor=amira, reference=share.pk, status="rejected", reason="no")
        ended = Share.objects.select_related("lead", "partner").get(pk=share.pk)
        assert set(disclose(ended)) == {"leadId", "market", "currency", "sharedAt"}

    def test_a_rival_finds_nothing(self, rami: User, share: Share) -> None:
        with pytest.raises(NotFound):
            services.update_share(actor=rami, reference=share.pk, status="accepted")

    def test_another_partners_name_is_refused(
        self, rami: User, acme: Partner, share: Share
    ) -> None:
        with pytest.raises(errors.PartnerMismatch):
            services.update_share(
                actor=rami, reference=share.pk, partner_id=acme.pk, status="accepted"
            )

    def test_finance_has_no_right(self, finance_user: User, share: Share) -> None:
        with pytest.raises(NotAllowed):
            services.update_share(actor=finance_user, reference=share.pk, status="accepted")

    def test_an_agent_may_name_the_lead_and_the_partner(
        self, dana: User, acme: Partner, share: Share
    ) -> None:
        done = services.update_share(
            actor=dana, reference=share.lead_id, partner_id=acme.pk, status="accepted"
        )
        assert done.pk == share.pk

    def test_no_partner_ever_learns_the_leads_own_id(self, amira: User, share: Share) -> None:
        with pytest.raises(NotFound):
            services.update_share(actor=amira, reference=share.lead_id, status="accepted")

    def test_a_word_that_is_no_status(self, amira: User, share: Share) -> None:
        with pytest.raises(Malformed):
            services.update_share(actor=amira, reference=share.pk, status="won")


class TestWithdrawAndExpire:
    def test_the_agent_takes_a_lead_back(self, dana: User, share: Share) -> None:
        done = services.withdraw_share(actor=dana, reference=share.pk)
        assert (done.status, done.reason) == ("withdrawn", "Withdrawn by the agent")
        assert last_event().kind == "share_withdrawn"

    def test_a_partner_cannot(self, amira: User, share: Share) -> None:
        with pytest.raises(NotAllowed):
            services.withdraw_share(actor=amira, reference=share.pk)

    def test_what_nobody_answers_expires(self, share: Share) -> None:
        assert services.expire_shares() == 0
        Share.objects.filter(pk=share.pk).update(shared_at=timezone.now() - timedelta(days=15))

        assert services.expire_shares() == 1

        share.refresh_from_db()
        assert share.status == "expired"
        assert last_event().actor == "system"


class TestPreferences:
    def test_widening_is_attested_and_told(self, dana: User, share: Share) -> None:
        changed = services.change_preferences(
            actor=dana, reference=share.pk, choice=Groups.everything(), method="call"
        )

        assert changed.effective == Groups.everything()
        assert changed.consent_version == 2
        assert share.lead.decisions.filter(group="contact", method="call").count() == 1
        assert last_event().kind == "share_prefs_updated"

    def test_narrowing_needs_no_attestation(self, dana: User, share: Share) -> None:
        before = share.lead.decisions.count()
        changed = services.change_preferences(
            actor=dana, reference=share.pk, choice=Groups(False, False, True)
        )
        assert changed.effective == Groups(False, False, True)
        assert share.lead.decisions.count() == before

    def test_never_beats_the_client(self, dana: User, acme: Partner) -> None:
        lead = services.capture_lead(
            actor=dana,
            market="uae",
            draft=services.LeadDraft(name="Kabir"),
            client_consent=Groups(False, True, True),
        )
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

        changed = services.change_preferences(
            actor=dana, reference=share.pk, choice=Groups.everything()
        )

        assert changed.effective == Groups(False, True, True)
        assert changed.withheld == {"contact": "refused by the client"}

    def test_nothing_changes_once_the_share_ended(self, dana: User, share: Share) -> None:
        services.withdraw_share(actor=dana, reference=share.pk)
        with pytest.raises(IllegalTransition):
            services.change_preferences(actor=dana, reference=share.pk, choice=Groups.everything())

    def test_a_partner_has_no_right(self, amira: User, share: Share) -> None:
        with pytest.raises(NotAllowed):
            services.change_preferences(actor=amira, reference=share.pk, choice=Groups.everything())

    def test_the_ceiling_of_the_type_holds(self, dana: User, lendwell: Partner) -> None:
        lead = LeadFactory.create()
        share = services.share_lead(actor=dana, partner_id=lendwell.pk, lead_id=lead.pk)
        with pytest.raises(errors.ConsentWithheld):
            services.change_preferences(
                actor=dana, reference=share.pk, choice=Groups(False, True, True)
            )


class TestAppointments:
    @pytest.fixture
    def draft(self) -> services.AppointmentDraft:
        return services.AppointmentDraft(
            type="viewing",
            starts_at=timezone.now() + timedelta(days=1),
            location="Property Site",
            external_id="appt_abc",
        )

    def test_the_same_id_again_updates(
        self, dana: User, acme: Partner, share: Share, draft: services.AppointmentDraft
    ) -> None:
        for _ in range(2):
            services.share_appointment(
                actor=dana, partner_id=acme.pk, reference=share.lead_id, draft=draft
            )
        assert Appointment.objects.count() == 1
        assert last_event().kind == "appointment_updated"
        assert Event.objects.filter(kind="appointment_shared_with_partner").count() == 1

    def test_a_status_that_is_not_the_shares_is_refused(
        self, dana: User, acme: Partner, share: Share, draft: services.AppointmentDraft
    ) -> None:
        with pytest.raises(Conflict):
            services.share_appointment(
                actor=dana,
                partner_id=acme.pk,
                reference=share.pk,
                draft=draft,
                claimed_status="accepted",
            )
        assert last_event().kind == "appointment_share_failed"
        assert last_event().ok is False

    def test_an_ended_share_takes_none(
        self, dana: User, acme: Partner, share: Share, draft: services.AppointmentDraft
    ) -> None:
        services.withdraw_share(actor=dana, reference=share.pk)
        with pytest.raises(IllegalTransition):
            services.share_appointment(
                actor=dana, partner_id=acme.pk, reference=share.pk, draft=draft
            )


class TestCapture:
    def test_records_phone_and_address_in_one_form(self, dana: User) -> None:
        lead = services.capture_lead(
            actor=dana,
            market="uae",
            draft=services.LeadDraft(name="Layla", phone="050 123 4567", email="L@Example.com "),
        )
        assert (lead.phone, lead.email) == ("+971501234567", "l@example.com")
        assert (lead.agent_id, lead.currency) == (dana.pk, "AED")
        assert last_event().kind == "lead_captured"

    def test_refuses_a_budget_in_the_wrong_order(self, dana: User) -> None:
        with pytest.raises(Malformed):
            services.capture_lead(
                actor=dana,
                market="uae",
                draft=services.LeadDraft(budget_min=2, budget_max=1),  # type: ignore[arg-type]
            )

    def test_a_partner_captures_none(self, amira: User) -> None:
        with pytest.raises(NotAllowed):
            services.capture_lead(actor=amira, market="uae", draft=services.LeadDraft())


def test_a_clients_link_is_kept_as_a_hash(dana: User, share: Share) -> None:
    token = services.issue_client_link(actor=dana, lead_id=share.lead_id)

    link = ClientLink.objects.get()
    assert bytes(link.token_hash) == ClientLink.hash_of(token)
    assert token not in str(Event.objects.values_list("data"))
