"""A recipient's duty to delete: attesting it, being reminded of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from events.models import Delivery, Event
from events.payloads import build_mail
from leads import services, tasks
from leads.actors import ClientActor
from leads.deletions import ATTESTED, OPEN, OVERDUE, deletion_of, deletions_for
from leads.errors import AlreadyAttested, MoreToDelete, ReasonRequired
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, Share
from leads.services.consent import Wish, decide
from leads.services.deletion import MOST_REMINDERS, _remind
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def shared_in_full(dana: User, partner: Partner) -> Share:
    lead = LeadFactory.create(agent=dana)
    return services.share_lead(
        actor=dana, partner_id=str(partner.pk), lead_id=str(lead.pk), choice=Groups.everything()
    )


def withdraw(share: Share, *groups: str) -> DeletionTask:
    wishes = [Wish(group, False) for group in groups or GROUPS]
    decide(actor=ClientActor(str(share.lead_id)), lead_id=str(share.lead_id), wishes=wishes)
    return DeletionTask.objects.open().get(share=share)


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    return shared_in_full(dana, acme)


@pytest.fixture
def task(share: Share) -> DeletionTask:
    return withdraw(share)


def attested() -> list[Event]:
    return list(Event.objects.filter(kind="deletion_attested"))


class TestAttestDeletion:
    def test_records_who_said_it_and_when(
        self, amira: User, share: Share, task: DeletionTask
    ) -> None:
        done = services.attest_deletion(actor=amira, reference=str(share.pk))

        task.refresh_from_db()
        assert done.pk == task.pk
        assert (task.outcome, task.attested_by) == ("deleted", str(amira.pk))
        assert task.attested_at is not None
        (event,) = attested()
        assert event.data == {"outcome": "deleted"}
        assert (event.share_id, event.partner_id) == (str(share.pk), str(share.partner_id))

    def test_keeping_needs_a_reason_which_stays_out_of_the_event(
        self, amira: User, share: Share, task: DeletionTask
    ) -> None:
        reference = str(share.pk)
        with pytest.raises(ReasonRequired):
            services.attest_deletion(
                actor=amira, reference=reference, outcome="retained", reason="  "
            )
        assert attested() == []

        services.attest_deletion(
            actor=amira, reference=reference, outcome="retained", reason="Tax law, five years"
        )

        task.refresh_from_db()
        assert (task.outcome, task.reason) == ("retained", "Tax law, five years")
        assert attested()[0].data == {"outcome": "retained"}

    def test_the_same_again_records_nothing_and_the_opposite_is_refused(
        self, amira: User, milo: User, share: Share, task: DeletionTask
    ) -> None:
        first = services.attest_deletion(actor=amira, reference=str(share.pk))
        again = services.attest_deletion(actor=milo, reference=str(share.pk))

        assert (again.pk, again.attested_by) == (first.pk, str(amira.pk))
        with pytest.raises(AlreadyAttested):
            services.attest_deletion(
                actor=amira, reference=str(share.pk), outcome="retained", reason="Tax law"
            )
        assert len(attested()) == 1

    def test_a_later_withdrawal_is_a_duty_of_its_own(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        share = shared_in_full(dana, acme)
        first = withdraw(share, "contact")
        services.attest_deletion(actor=amira, reference=str(share.pk))
        second = withdraw(share, "budget")

        assert second.pk != first.pk
        assert deletion_of(user=amira, share=share) == second
        services.attest_deletion(actor=amira, reference=str(share.pk))
        assert not DeletionTask.objects.open().exists()

    def test_nobody_confirms_what_was_taken_back_in_the_meantime(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        share = shared_in_full(dana, acme)
        told = withdraw(share, "contact").groups
        DeletionTask.objects.update(reminders=MOST_REMINDERS, reminded_at=timezone.now())
        task = withdraw(share, "budget")
        assert (task.reminders, task.reminded_at) == (0, None)

        with pytest.raises(MoreToDelete):
            services.attest_deletion(actor=amira, reference=str(share.pk), groups=told)

        assert attested() == []
        services.attest_deletion(actor=amira, reference=str(share.pk), groups=task.groups)
        assert len(attested()) == 1

    def test_what_the_client_allowed_again_is_no_duty(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        share = shared_in_full(dana, acme)
        withdraw(share, "contact")
        client = ClientActor(str(share.lead_id))
        decide(actor=client, lead_id=str(share.lead_id), wishes=[Wish("contact", True)])

        assert deletion_of(user=amira, share=share) is None
        with pytest.raises(NotFound):
            services.attest_deletion(actor=amira, reference=str(share.pk))

    def test_without_a_duty_there_is_nothing_to_attest(self, amira: User, share: Share) -> None:
        with pytest.raises(NotFound):
            services.attest_deletion(actor=amira, reference=str(share.pk))

    def test_only_the_partner_itself_attests(
        self, dana: User, admin_user: User, rami: User, share: Share, task: DeletionTask
    ) -> None:
        with pytest.raises(NotFound):
            services.attest_deletion(actor=rami, reference=str(share.pk))
        for staff in (dana, admin_user):
            with pytest.raises(NotAllowed):
                services.attest_deletion(actor=staff, reference=str(share.pk))
        with pytest.raises(NotAllowed):
            services.attest_deletion(actor=ClientActor(str(share.lead_id)), reference=str(share.pk))
        task.refresh_from_db()
        assert task.attested_at is None

    def test_an_outcome_is_one_of_two(self, amira: User, share: Share, task: DeletionTask) -> None:
        with pytest.raises(Malformed):
            services.attest_deletion(actor=amira, reference=str(share.pk), outcome="lost")


class TestReminders:
    @pytest.fixture
    def clock(self) -> Any:
        with time_machine.travel(START, tick=False) as traveller:
            yield traveller

    @pytest.fixture
    def task(self, clock: Any, dana: User, acme: Partner) -> DeletionTask:
        Partner.objects.filter(pk=acme.pk).update(contact_email="office@acme.example")
        return withdraw(shared_in_full(dana, acme))

    def reminded(self) -> int:
        return Delivery.objects.filter(type="deletion_reminder").count()

    def test_come_before_when_and_after_it_is_due(self, clock: Any, task: DeletionTask) -> None:
        came = []
        for hour in range(0, 40 * 24, 6):
            clock.move_to(START + timedelta(hours=hour))
            if services.remind_deletions():
                came.append(hour / 24)

        assert came == [5, 7, 10, 13, 16, 19]  # due after seven days
        assert len(came) == MOST_REMINDERS == self.reminded()
        events = Event.objects.filter(kind="deletion_reminded").order_by("at")
        assert [event.data["number"] for event in events] == [1, 2, 3, 4, 5, 6]

    def test_two_runs_at_a_time_remind_once(self, clock: Any, task: DeletionTask) -> None:
        clock.shift(timedelta(days=6))
        stale = deletions_for(user=THE_SYSTEM).get()
        tasks.remind_deletions()
        assert not _remind(THE_SYSTEM, stale, timezone.now())
        tasks.remind_deletions()
        assert self.reminded() == 1

    def test_what_was_missed_is_not_made_up_for(self, clock: Any, task: DeletionTask) -> None:
        clock.shift(timedelta(days=30))
        for _run in range(3):
            services.remind_deletions()
        assert self.reminded() == 1

    def test_stop_once_it_is_attested(self, clock: Any, amira: User, task: DeletionTask) -> None:
        clock.shift(timedelta(days=6))
        services.remind_deletions()
        refs = {"deletion": str(task.pk)}
        mail = build_mail("deletion_reminder", refs)
        assert mail is not None
        assert mail.to == "office@acme.example"
        assert str(task.share_id) in mail.text
        assert "John" not in mail.subject + mail.text

        services.attest_deletion(actor=amira, reference=str(task.share_id))

        assert build_mail("deletion_reminder", refs) is None
        clock.shift(timedelta(days=10))
        assert services.remind_deletions() == 0

    def test_suspended_partners_and_those_without_an_address_get_nothing(
        self, clock: Any, task: DeletionTask, acme: Partner
    ) -> None:
        clock.shift(timedelta(days=6))
        Partner.objects.filter(pk=acme.pk).update(status="suspended")
        assert services.remind_deletions() == 0
        Partner.objects.filter(pk=acme.pk).update(status="active", contact_email="")
        assert services.remind_deletions() == 0
        Partner.objects.filter(pk=acme.pk).update(contact_email="office@acme.example")
        assert services.remind_deletions() == 1

    def test_a_partner_suspended_meanwhile_is_not_written_to(
        self, clock: Any, task: DeletionTask, acme: Partner
    ) -> None:
        Partner.objects.filter(pk=acme.pk).update(status="suspended")
        assert build_mail("deletion_reminder", {"deletion": str(task.pk)}) is None


class TestDeletionsFor:
    def test_tells_open_overdue_and_attested_apart(
        self, dana: User, amira: User, acme: Partner, rival: Partner
    ) -> None:
        late, fresh, done = (withdraw(shared_in_full(dana, p)) for p in (acme, rival, acme))
        DeletionTask.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(days=1))
        services.attest_deletion(actor=amira, reference=str(done.share_id))

        found = {
            state: set(deletions_for(user=dana, state=state)) for state in (OPEN, OVERDUE, ATTESTED)
        }

        assert found == {OPEN: {late, fresh}, OVERDUE: {late}, ATTESTED: {done}}
        assert set(deletions_for(user=amira)) == {late}
