"""What the client decides, what follows for every share, and every refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
from django.utils import timezone

from events.models import Delivery, Event
from events.services import confirm_endpoint, create_endpoint
from leads import payloads, services
from leads.actors import ClientActor
from leads.consent import disclose
from leads.errors import ConsentWithheld, Erased
from leads.groups import GROUPS, Groups
from leads.models import (
    ConsentDecision,
    DeletionTask,
    Lead,
    MoreRequest,
    Notice,
    Proposal,
    Receipt,
    Share,
)
from leads.services import Wish, decide
from leads.services.consent import apply
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import DomainError, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
ALL = Groups.everything()
NONE = Groups.none()


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def endpoint(amira: User, acme: Partner) -> str:
    """Acme takes webhooks and mails."""
    acme.contact_email = "desk@acme.example"
    acme.save()
    made = create_endpoint(actor=amira, url="https://acme.example/hooks")
    confirm_endpoint(actor=amira, endpoint_id=made.pk, echoed=made.challenge)
    Delivery.objects.all().delete()
    return str(made.pk)


def shared(dana: User, lead: Lead, partner: Partner, choice: Groups = ALL) -> Share:
    return services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=choice, method="call"
    )


def say(lead: Lead, given: bool, *groups: str, partner: Partner | None = None) -> list[Any]:
    """Let the client say GIVEN to GROUPS, for PARTNER or for all."""
    partner_id = partner.pk if partner else None
    wishes = [Wish(group, given, partner_id) for group in groups or GROUPS]
    return decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=wishes)


def fresh(share: Share) -> Share:
    return Share.objects.select_related("lead", "partner").get(pk=share.pk)


def rows(lead: Lead) -> list[tuple[str, str | None, str]]:
    """Return the client's own decisions in their order."""
    own = lead.decisions.filter(source="client").order_by("decided_at", "pk")
    return list(own.values_list("group", "partner", "state"))


def kinds(of: Iterable[str] | None = None) -> list[str]:
    events = Event.objects.order_by("at", "pk")
    return list((events.filter(kind__in=of) if of else events).values_list("kind", flat=True))


def queued(state: str = "pending") -> set[str]:
    return set(Delivery.objects.filter(state=state).values_list("type", flat=True))


class TestWhatIsWrittenDown:
    def test_a_yes_is_a_yes_of_the_client(self, lead: Lead) -> None:
        notice = Notice.objects.create(
            version="uae-page-1", language="en", market="uae", text="Words", sha256="f" * 64
        )

        [decision] = decide(
            actor=ClientActor(lead.pk),
            lead_id=lead.pk,
            wishes=[Wish("budget", given=True)],
            notice=notice,
        )

        assert (decision.state, decision.source, decision.method) == ("given", "client", "page")
        assert (decision.notice_version, decision.notice_hash) == ("uae-page-1", "f" * 64)
        assert decision.notice_language == "en"
        assert decision.decided_by == lead.pk
        assert kinds(["consent_decided"]) == ["consent_decided"]

    def test_a_no_to_what_never_was_a_yes_is_a_refusal(self, lead: Lead) -> None:
        say(lead, False, "contact")

        assert rows(lead) == [("contact", None, "refused")]

    def test_a_no_after_a_yes_is_a_withdrawal(self, lead: Lead) -> None:
        say(lead, True, "contact")
        say(lead, False, "contact")

        assert rows(lead)[-1] == ("contact", None, "withdrawn")
        event = Event.objects.get(kind="consent_withdrawn")
        assert event.data["withdrawn"] == ["contact"]
        assert event.actor == lead.pk

    def test_a_no_to_what_an_agent_attested_is_a_withdrawal(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        shared(dana, lead, acme)

        say(lead, False, "contact")

        assert rows(lead) == [("contact", None, "withdrawn")]

    def test_what_is_so_already_is_not_written_again(self, lead: Lead) -> None:
        say(lead, True, "contact")
        events = Event.objects.count()

        assert say(lead, True, "contact") == []
        assert Event.objects.count() == events

    def test_a_no_for_all_counts_anew_when_one_was_allowed_since(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        shared(dana, lead, acme)
        say(lead, False, "contact")
        say(lead, True, "contact", partner=acme)

        say(lead, False, "contact")

        assert rows(lead)[-1] == ("contact", None, "withdrawn")

    def test_a_yes_for_all_leaves_out_whom_the_client_stopped_by_name(
        self, dana: User, acme: Partner, rival: Partner, lead: Lead
    ) -> None:
        stopped, other = shared(dana, lead, acme), shared(dana, lead, rival)
        say(lead, False, "contact", partner=acme)
        say(lead, False, "contact")

        say(lead, True, "contact")

        assert not fresh(stopped).effective.contact
        assert fresh(other).effective.contact
        assert rows(lead)[-2:] == [
            ("contact", None, "given"),
            ("contact", acme.pk, "withdrawn"),
        ]

    def test_a_stop_by_name_while_all_are_stopped_outlasts_a_yes_for_all(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, acme)
        say(lead, False, "contact")
        say(lead, False, "contact", partner=acme)

        say(lead, True, "contact")

        assert not fresh(share).effective.contact

    def test_who_was_stopped_by_name_is_allowed_by_name(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, acme)
        say(lead, False, "contact", partner=acme)
        say(lead, True, "contact", partner=acme)

        say(lead, False, "contact")
        say(lead, True, "contact")

        assert fresh(share).effective.contact

    def test_what_is_said_of_one_partner_stands_against_what_is_said_of_all(
        self, dana: User, acme: Partner, rival: Partner, lead: Lead
    ) -> None:
        kept, lost = shared(dana, lead, acme), shared(dana, lead, rival)

        decide(
            actor=ClientActor(lead.pk),
            lead_id=lead.pk,
            wishes=[Wish("contact", True, acme.pk), Wish("contact", False)],
        )

        assert fresh(kept).effective.contact
        assert not fresh(lost).effective.contact

    def test_a_new_decision_is_newer_than_one_by_a_clock_that_runs_ahead(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, acme)
        ConsentDecision.objects.create(
            lead=lead,
            group="contact",
            state="given",
            source="client",
            decided_by="client",
            decided_at=timezone.now() + dt.timedelta(minutes=3),
        )

        say(lead, False, "contact")

        assert not fresh(share).effective.contact

    def test_every_act_gets_one_receipt(self, lead: Lead) -> None:
        made = say(lead, True)

        [receipt] = Receipt.objects.all()
        assert set(receipt.decisions) == {decision.pk for decision in made}

    def test_the_event_names_no_value(self, dana: User, acme: Partner, lead: Lead) -> None:
        shared(dana, lead, acme)
        say(lead, False)

        told = str(list(Event.objects.values_list("data", flat=True)))
        assert lead.name not in told
        assert lead.email not in told
        assert lead.phone not in told


class TestRefusals:
    def test_somebody_elses_lead_is_not_there(self, lead: Lead) -> None:
        other = LeadFactory.create()

        with pytest.raises(NotFound):
            decide(
                actor=ClientActor(other.pk), lead_id=lead.pk, wishes=[Wish("contact", given=True)]
            )
        assert not lead.decisions.exists()

    def test_a_lead_that_is_not_there(self, dana: User) -> None:
        with pytest.raises(NotFound):
            decide(actor=dana, lead_id="lead_1", wishes=[], method="call")

    def test_staff_allow_nothing_in_the_clients_name(self, dana: User, lead: Lead) -> None:
        with pytest.raises(NotAllowed):
            decide(actor=dana, lead_id=lead.pk, wishes=[Wish("contact", given=True)], method="call")

    @pytest.mark.parametrize("method", ["page", "form", "telepathy"])
    def test_staff_say_how_they_were_told(self, dana: User, lead: Lead, method: str) -> None:
        with pytest.raises(Malformed):
            decide(
                actor=dana, lead_id=lead.pk, wishes=[Wish("contact", given=False)], method=method
            )

    def test_a_client_does_not_call_itself(self, lead: Lead) -> None:
        with pytest.raises(Malformed):
            decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=[], method="call")

    def test_partners_and_finance_decide_nothing(
        self, amira: User, finance_user: User, lead: Lead
    ) -> None:
        for actor in (amira, finance_user):
            with pytest.raises(NotAllowed):
                decide(
                    actor=actor,
                    lead_id=lead.pk,
                    wishes=[Wish("contact", given=False)],
                    method="call",
                )

    @pytest.mark.parametrize("wish", [Wish("name", True), Wish("", True)])
    def test_a_group_that_is_none(self, lead: Lead, wish: Wish) -> None:
        with pytest.raises(Malformed):
            decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=[wish])

    def test_a_partner_the_client_never_heard_of_is_not_there(
        self, acme: Partner, lead: Lead
    ) -> None:
        for partner_id in (acme.pk, "partner_1", "nobody"):
            with pytest.raises(NotFound):
                decide(
                    actor=ClientActor(lead.pk),
                    lead_id=lead.pk,
                    wishes=[Wish("contact", True, partner_id)],
                )

    def test_a_proposed_partner_is_known(self, dana: User, acme: Partner, lead: Lead) -> None:
        Proposal.objects.create(lead=lead, partner=acme, groups=["budget"], proposed_by=dana.pk)

        assert len(say(lead, True, "budget", partner=acme)) == 1

    def test_an_erased_client_decides_nothing(self, lead: Lead) -> None:
        lead.erased_at = timezone.now()
        lead.save()

        with pytest.raises(Erased):
            say(lead, True, "contact")

    def test_a_refused_act_leaves_nothing(self, lead: Lead) -> None:
        with pytest.raises(DomainError):
            say(lead, True, "contact", "name")

        assert not lead.decisions.exists()
        assert not Event.objects.exists()


class TestNarrowing:
    @pytest.fixture
    def share(self, dana: User, acme: Partner, lead: Lead, endpoint: str) -> Share:
        return shared(dana, lead, acme)

    def test_the_partner_sees_nothing_of_it_any_more(self, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")

        after = fresh(share)
        assert after.effective == Groups(False, True, True)
        assert after.received == ALL
        assert after.consent_version == 2
        assert after.status == "sent"
        assert "customerInfo" not in disclose(after)

    def test_the_partner_is_asked_to_delete_it(
        self, lead: Lead, share: Share, settings: Any
    ) -> None:
        say(lead, False, "contact")

        task = DeletionTask.objects.get(share=share)
        assert (task.groups, task.cause, task.attested_at) == (["contact"], "withdrawn", None)
        days = (task.due_at - timezone.now()) / dt.timedelta(days=1)
        assert days == pytest.approx(settings.DELETION_DUE_DAYS, abs=0.01)
        event = Event.objects.get(kind="deletion_asked", share_id=share.pk)
        assert event.data["withdrawn"] == ["contact"]
        assert event.data["groups"] == ["budget", "requirements"]

    def test_the_partner_is_told(self, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")

        [told] = Delivery.objects.filter(type="lead.revoked")
        body = payloads.build_revoked([told])[told.pk]
        task = DeletionTask.objects.get()
        assert body == {
            "leadId": share.pk,
            "version": 2,
            "status": "sent",
            "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
            "withdrawn": ["contact"],
            "attestBy": body and body["attestBy"],
        }
        assert body["attestBy"].startswith(f"{task.due_at:%Y-%m-%d}")
        assert "lead.consent_updated" not in queued()

    def test_the_mail_names_nothing_of_the_client(self, lead: Lead, share: Share) -> None:
        say(lead, False)

        [told] = Delivery.objects.filter(type="lead_revoked")
        mail = payloads.mail_lead_revoked(told.refs)
        assert mail is not None
        assert mail.to == "desk@acme.example"
        for value in (lead.name, lead.email, lead.phone, lead.project):
            assert value not in mail.subject + mail.text

    def test_what_waits_is_built_narrower(self, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")

        [told] = Delivery.objects.filter(type="lead.shared")
        assert told.state == "pending"
        body = payloads.build_shared([told])[told.pk]
        assert body is not None
        assert "customerInfo" not in body["lead"]

    def test_another_withdrawal_extends_the_task(self, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")
        long_ago = timezone.now() - dt.timedelta(days=3)
        DeletionTask.objects.update(due_at=long_ago)
        say(lead, False, "budget")

        [task] = DeletionTask.objects.all()
        assert task.groups == ["contact", "budget"]
        assert task.due_at > timezone.now()

    def test_a_withdrawal_is_asked_for_once(self, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")
        say(lead, False, "contact", partner=share.partner)
        say(lead, False, "contact")

        assert kinds(["deletion_asked"]) == ["deletion_asked"]
        assert Delivery.objects.filter(type="lead.revoked").count() == 1

    def test_one_partner_is_stopped_and_the_other_goes_on(
        self, dana: User, rival: Partner, lead: Lead, share: Share
    ) -> None:
        other = shared(dana, lead, rival)

        say(lead, False, partner=share.partner)

        assert fresh(share).status == "revoked"
        assert fresh(other).effective == ALL
        assert not DeletionTask.objects.filter(share=other).exists()

    def test_an_agent_records_what_the_client_said_on_a_call(
        self, dana: User, lead: Lead, share: Share
    ) -> None:
        [decision] = decide(
            actor=dana,
            lead_id=lead.pk,
            wishes=[Wish("contact", given=False)],
            method="call",
            note="She rang at noon",
        )

        assert (decision.source, decision.method) == ("client", "call")
        assert (decision.decided_by, decision.note) == (dana.pk, "She rang at noon")
        assert not fresh(share).effective.contact


class TestRevoking:
    @pytest.fixture
    def share(self, dana: User, acme: Partner, lead: Lead, endpoint: str) -> Share:
        return shared(dana, lead, acme)

    def test_a_share_with_nothing_left_is_revoked(
        self, lead: Lead, acme: Partner, share: Share
    ) -> None:
        say(lead, False)

        after = fresh(share)
        assert (after.status, after.effective) == ("revoked", NONE)
        assert set(disclose(after)) == {"leadId", "market", "currency", "sharedAt"}
        assert "share_revoked" in kinds()
        assert not acme.shares.live().exists()

    def test_the_lead_is_put_before_the_agent(self, lead: Lead, share: Share) -> None:
        say(lead, False)

        lead.refresh_from_db()
        assert lead.needs_agent_since is not None
        assert lead.collaboration_outcomes[-1]["outcome"] == "revoked"
        assert "share_needs_agent" in queued()

    def test_what_waits_is_cancelled_and_the_partner_told(self, lead: Lead, share: Share) -> None:
        draft = services.AppointmentDraft(
            type="viewing", starts_at=timezone.now(), location="Marina gate"
        )
        services.share_appointment(
            actor=THE_SYSTEM, partner_id=share.partner_id, reference=share.pk, draft=draft
        )

        say(lead, False)

        webhooks = Delivery.objects.filter(channel="webhook")
        states = dict(webhooks.values_list("type", "state"))
        assert states == {
            "lead.shared": "cancelled",
            "appointment.shared": "cancelled",
            "lead.revoked": "pending",
        }
        assert Delivery.objects.get(type="lead.shared").finished_at is not None

    def test_capacity_is_freed(self, dana: User, acme: Partner, lead: Lead, share: Share) -> None:
        acme.capacity_limit = 1
        acme.save()

        say(lead, False)

        assert shared(dana, LeadFactory.create(), acme).status == "sent"

    def test_what_the_agent_never_chose_does_not_keep_it_alive(
        self, dana: User, rival: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, rival, Groups(False, True, False))

        say(lead, False, "budget")

        assert fresh(share).status == "revoked"

    def test_a_closed_share_stays_closed_and_shows_nothing(self, lead: Lead, share: Share) -> None:
        Share.objects.filter(pk=share.pk).update(status="closed")

        say(lead, False)

        assert fresh(share).status == "closed"
        assert fresh(share).disclosed == NONE
        assert DeletionTask.objects.get(share=share).groups == list(GROUPS)

    def test_open_requests_end_with_the_share(self, lead: Lead, share: Share) -> None:
        asked = MoreRequest.objects.create(
            share=share, group="contact", reason="To arrange a viewing", asked_by="x"
        )

        say(lead, False)

        asked.refresh_from_db()
        assert asked.status == "cancelled"

    def test_an_ended_share_is_asked_to_delete_as_well(
        self, dana: User, lead: Lead, share: Share
    ) -> None:
        services.withdraw_share(actor=dana, reference=share.pk)

        say(lead, False, "contact")

        assert fresh(share).status == "withdrawn"
        assert DeletionTask.objects.get(share=share).groups == ["contact"]
        assert "lead.revoked" in queued()

    def test_two_shares_with_one_partner_are_told_of_each(
        self, dana: User, acme: Partner, lead: Lead, share: Share
    ) -> None:
        services.withdraw_share(actor=dana, reference=share.pk)
        again = shared(dana, lead, acme)

        say(lead, False, "contact")

        told = Delivery.objects.filter(type="lead.revoked")
        assert {delivery.refs["share"] for delivery in told} == {share.pk, again.pk}

    def test_what_was_deleted_is_not_asked_for_again(
        self, dana: User, amira: User, lead: Lead, share: Share
    ) -> None:
        say(lead, False, "contact")
        services.attest_deletion(actor=amira, reference=share.pk)
        services.withdraw_share(actor=dana, reference=share.pk)
        say(lead, True, "contact")

        say(lead, False, "contact")

        assert not DeletionTask.objects.open().exists()

    def test_what_was_deleted_and_received_again_is_asked_for_again(
        self, amira: User, lead: Lead, share: Share
    ) -> None:
        say(lead, False, "contact")
        services.attest_deletion(actor=amira, reference=share.pk)
        say(lead, True, "contact")

        say(lead, False, "contact")

        assert DeletionTask.objects.open().get().groups == ["contact"]

    def test_received_again_and_hidden_by_the_agent_is_asked_for_as_well(
        self, dana: User, amira: User, lead: Lead, share: Share
    ) -> None:
        say(lead, False, "contact")
        services.attest_deletion(actor=amira, reference=share.pk)
        say(lead, True, "contact")
        services.change_preferences(
            actor=dana, reference=share.pk, choice=Groups(False, True, True)
        )

        say(lead, False, "contact")

        assert DeletionTask.objects.open().get().groups == ["contact"]

    def test_an_ended_share_never_sees_more(self, dana: User, lead: Lead, share: Share) -> None:
        say(lead, False, "contact")
        services.withdraw_share(actor=dana, reference=share.pk)
        before = Delivery.objects.count()

        say(lead, True, "contact")

        assert not fresh(share).effective.contact
        assert not Delivery.objects.filter(type="lead.consent_updated").exists()
        assert Delivery.objects.exclude(type__startswith="client_").count() <= before


class TestWidening:
    @pytest.fixture
    def share(self, dana: User, acme: Partner, lead: Lead, endpoint: str) -> Share:
        say(lead, False, "contact")
        return shared(dana, lead, acme)

    def test_the_partner_sees_it_and_is_told(self, lead: Lead, share: Share) -> None:
        say(lead, True, "contact")

        assert fresh(share).effective == ALL
        assert {"lead.consent_updated", "lead_consent_updated"} <= queued()
        event = Event.objects.get(kind="share_prefs_updated", share_id=share.pk)
        assert event.data["groups"] == list(GROUPS)
        assert not DeletionTask.objects.exists()

    def test_only_what_the_agent_chose(self, dana: User, rival: Partner, lead: Lead) -> None:
        say(lead, False, "contact")
        share = shared(dana, lead, rival, Groups(False, True, True))

        say(lead, True, "contact")

        assert not fresh(share).effective.contact
        assert "lead.consent_updated" not in queued()

    def test_what_is_given_again_needs_no_deleting(self, lead: Lead, share: Share) -> None:
        say(lead, True, "contact")
        say(lead, False, "contact", "budget")

        say(lead, True, "contact")

        assert DeletionTask.objects.get().groups == ["budget"]
        say(lead, True, "budget")
        task = DeletionTask.objects.get()
        assert (task.outcome, task.attested_by) == ("retained", "system")

    def test_a_message_about_what_is_given_again_is_not_sent(
        self, lead: Lead, share: Share
    ) -> None:
        say(lead, False, "budget")
        say(lead, True, "budget")

        [told] = Delivery.objects.filter(type="lead.revoked")
        assert payloads.build_revoked([told])[told.pk] is None
        assert payloads.mail_lead_revoked(told.refs) is None

    def test_one_act_may_give_and_take(self, lead: Lead, share: Share) -> None:
        decide(
            actor=ClientActor(lead.pk),
            lead_id=lead.pk,
            wishes=[Wish("contact", True), Wish("budget", False)],
        )

        assert fresh(share).effective == Groups(True, False, True)
        assert {"lead.revoked", "lead.consent_updated"} <= queued()

    def test_the_agents_choice_that_came_before_takes_effect(
        self, dana: User, rival: Partner, lead: Lead
    ) -> None:
        say(lead, True, "contact")
        share = shared(dana, lead, rival, Groups(False, True, True))
        Share.objects.filter(pk=share.pk).update(chosen_contact=True)

        assert say(lead, True, "contact", partner=rival) == []
        assert fresh(share).effective.contact

    def test_a_suspended_partner_gets_no_mail(self, lead: Lead, share: Share) -> None:
        say(lead, True, "contact")
        Partner.objects.filter(pk=share.partner_id).update(status="suspended")

        assert payloads.mail_lead_consent_updated({"share": share.pk}) is None


class TestOtherCauses:
    @pytest.fixture
    def share(self, dana: User, acme: Partner, lead: Lead, endpoint: str) -> Share:
        return shared(dana, lead, acme)

    def test_a_restriction_hides_everything_and_ends_nothing(
        self, dana: User, lead: Lead, share: Share
    ) -> None:
        services.restrict_lead(actor=dana, lead_id=lead.pk)

        after = fresh(share)
        assert (after.status, after.disclosed) == ("sent", NONE)
        assert not DeletionTask.objects.exists()
        assert {"lead.consent_updated"} <= queued()
        assert Delivery.objects.get(type="lead.shared").state == "cancelled"

    def test_a_lifted_restriction_shows_what_it_hid(
        self, dana: User, lead: Lead, share: Share
    ) -> None:
        services.restrict_lead(actor=dana, lead_id=lead.pk)
        services.lift_restriction(actor=dana, lead_id=lead.pk)

        assert fresh(share).disclosed == ALL

    def test_a_withdrawal_while_restricted_leaves_the_rest_for_later(
        self, dana: User, lead: Lead, share: Share
    ) -> None:
        services.restrict_lead(actor=dana, lead_id=lead.pk)

        say(lead, False, "contact")

        assert fresh(share).status == "sent"
        assert DeletionTask.objects.get().groups == ["contact"]
        services.lift_restriction(actor=dana, lead_id=lead.pk)
        assert fresh(share).disclosed == Groups(False, True, True)

    def test_an_erasure_takes_everything_from_everybody(
        self, dana: User, rival: Partner, lead: Lead, share: Share
    ) -> None:
        ended = shared(dana, lead, rival)
        services.withdraw_share(actor=dana, reference=ended.pk)
        lead.erased_at = timezone.now()
        proposal = Proposal.objects.create(
            lead=lead, partner=rival, groups=["budget"], proposed_by=dana.pk
        )

        apply(THE_SYSTEM, lead, None, cause="erased")

        assert fresh(share).status == "revoked"
        tasks = DeletionTask.objects.all()
        assert {task.share_id for task in tasks} == {share.pk, ended.pk}
        assert {task.cause for task in tasks} == {"erased"}
        proposal.refresh_from_db()
        assert proposal.status == "cancelled"


def test_the_agents_narrowing_asks_nobody_to_delete(
    dana: User, acme: Partner, lead: Lead, endpoint: str
) -> None:
    share = shared(dana, lead, acme)

    services.change_preferences(actor=dana, reference=share.pk, choice=Groups(False, True, True))

    assert "lead.consent_updated" in queued()
    assert not DeletionTask.objects.exists()


def test_deciding_takes_a_few_queries_for_each_share(
    dana: User,
    acme: Partner,
    rival: Partner,
    lead: Lead,
    endpoint: str,
    django_assert_max_num_queries: Any,
) -> None:
    shared(dana, lead, acme)
    shared(dana, lead, rival)

    with django_assert_max_num_queries(50):
        say(lead, False)


class TestAppointmentsOfARestrictedLead:
    def test_none_is_added_and_none_leaves(
        self, dana: User, acme: Partner, lead: Lead, endpoint: str
    ) -> None:
        share = shared(dana, lead, acme)
        draft = services.AppointmentDraft(
            type="viewing", starts_at=timezone.now(), location="Marina gate"
        )
        services.share_appointment(actor=dana, partner_id=acme.pk, reference=share.pk, draft=draft)
        [told] = Delivery.objects.filter(type="appointment.shared")

        services.restrict_lead(actor=dana, lead_id=lead.pk)

        assert payloads.build_appointment([told])[told.pk] is None
        with pytest.raises(ConsentWithheld):
            services.share_appointment(
                actor=dana, partner_id=acme.pk, reference=share.pk, draft=draft
            )


def test_a_new_share_takes_what_it_shows_again_off_the_old_duty(
    dana: User, acme: Partner, lead: Lead
) -> None:
    first = shared(dana, lead, acme)
    say(lead, False)
    task = DeletionTask.objects.get(share=first)
    assert task.groups == list(GROUPS)
    say(lead, True, "budget", "requirements")

    shared(dana, lead, acme, Groups(False, True, True))

    task.refresh_from_db()
    assert (task.groups, task.attested_at) == (["contact"], None)


def test_a_yes_by_name_is_written_down_under_a_yes_for_all(
    dana: User, acme: Partner, lead: Lead
) -> None:
    say(lead, True)
    shared(dana, lead, acme)
    wish = Wish("contact", True, str(acme.pk), by_name=True)
    client = ClientActor(lead.pk)

    decide(actor=client, lead_id=lead.pk, wishes=[wish])
    assert decide(actor=client, lead_id=lead.pk, wishes=[wish]) == []  # it is so by now

    assert rows(lead)[-1] == ("contact", acme.pk, "given")
    newest = Receipt.objects.order_by("issued_at").last()
    assert newest is not None
    assert str(acme.pk) in str(newest.body)
