"""Partners' systems confirm deletions and ask for more, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import Event
from leads.actors import ClientActor
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, MoreRequest, Share
from leads.services import share_lead
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.tests.callers import Caller, caller_for
from portal.tests.test_api_calls import UNKNOWN, data_of, refused
from portal.tests.test_api_schema import check_answer, check_body

pytestmark = pytest.mark.django_db
ATTEST = "/api/leads/{reference}/attest-deletion"
MORE = "/api/leads/{reference}/request-more"
ASK = {"group": "contact", "reason": "To agree on a time for the viewing"}
KEY = "5f0d1ad1-6a4e-4e55-9a0b-0d6f5ad3f5c1"


def at(address: str, share: Share) -> str:
    return address.format(reference=share.pk)


@pytest.fixture
def withdrawn(dana: User, acme: Partner) -> Share:
    """A lead Acme had in full, of which the client took back contact."""
    lead = LeadFactory.create(agent=dana)
    share = share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything())
    decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=[Wish("contact", False)])
    return share


class TestAttestDeletion:
    def test_needs_no_words_to_say_that_it_is_deleted(
        self, acme_api: Caller, withdrawn: Share
    ) -> None:
        response = acme_api.post(at(ATTEST, withdrawn), b"")

        data = data_of(response)
        task = DeletionTask.objects.get()
        assert task.attested_at is not None
        assert data == {
            "leadId": withdrawn.pk,
            "partnerId": withdrawn.partner_id,
            "outcome": "deleted",
            "attestedAt": data["attestedAt"],
            "groups": ["contact"],
        }
        assert data["attestedAt"].startswith(task.attested_at.strftime("%Y-%m-%dT%H:%M:%S"))
        assert task.attested_by.startswith("key_")
        check_answer(response, ATTEST)

    def test_says_why_something_is_kept(self, acme_api: Caller, withdrawn: Share) -> None:
        path = at(ATTEST, withdrawn)
        for silent in ({"outcome": "retained"}, {"outcome": "retained", "reason": " "}):
            check_body(silent, ATTEST)
            response = acme_api.post(path, silent)
            refused(response, 422, "reason_required")
            check_answer(response, ATTEST)

        data = data_of(acme_api.post(path, {"outcome": "retained", "reason": "Tax law"}))

        assert data["outcome"] == "retained"
        response = acme_api.post(path, {"outcome": "deleted"})
        refused(response, 409, "already_attested")
        check_answer(response, ATTEST)

    def test_more_was_taken_back_in_the_meantime(self, acme_api: Caller, withdrawn: Share) -> None:
        path, lead_id = at(ATTEST, withdrawn), str(withdrawn.lead_id)
        decide(actor=ClientActor(lead_id), lead_id=lead_id, wishes=[Wish("budget", False)])

        response = acme_api.post(path, {"groups": ["contact"]})

        refused(response, 409, "more_to_delete")
        check_answer(response, ATTEST)
        assert data_of(acme_api.post(path, {"groups": ["contact", "budget"]}))["outcome"]

    def test_again_is_answered_the_same(self, acme_api: Caller, withdrawn: Share) -> None:
        path = at(ATTEST, withdrawn)
        first = data_of(acme_api.post(path, {}))
        assert data_of(acme_api.post(path, {"outcome": "deleted"})) == first
        assert Event.objects.filter(kind="deletion_attested").count() == 1

    def test_honours_an_idempotency_key(self, acme_api: Caller, withdrawn: Share) -> None:
        path = at(ATTEST, withdrawn)
        first = acme_api.post(path, {}, Idempotency_Key=KEY)
        again = acme_api.post(path.replace("/api/", "/api/v1/"), {}, Idempotency_Key=KEY)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert data_of(again) == data_of(first)
        other = acme_api.post(path, {"outcome": "deleted"}, Idempotency_Key=KEY)
        refused(other, 422, "idempotency_key_reused")

    def test_finds_nothing_where_nothing_is_owed_or_it_is_not_theirs(
        self, acme_api: Caller, rival_api: Caller, withdrawn: Share, share: Share
    ) -> None:
        refused(acme_api.post(at(ATTEST, share), {}), 404, "not_found")
        refused(rival_api.post(at(ATTEST, withdrawn), {}), 404, "not_found")
        refused(acme_api.post(ATTEST.format(reference=UNKNOWN), {}), 404, "not_found")
        assert DeletionTask.objects.open().count() == 1

    def test_is_no_agents_call(self, dana: User, agent_api: Caller, withdrawn: Share) -> None:
        limited = caller_for(user=dana, scopes=("leads:read",))
        for api in (agent_api, limited):  # no scope would help them
            told = refused(api.post(at(ATTEST, withdrawn), {}), 403, "not_allowed")
            assert "scope" not in told["detail"]

    def test_needs_the_scope_to_work_leads(self, acme: Partner, withdrawn: Share) -> None:
        reader = caller_for(partner=acme, scopes=("leads:read",))
        told = refused(reader.post(at(ATTEST, withdrawn), {}), 403, "not_allowed")
        assert told["detail"] == "This key lacks the scope for it: leads:work."
        worker = caller_for(partner=acme, scopes=("leads:work",))
        data_of(worker.post(at(ATTEST, withdrawn), {}))

    @pytest.mark.parametrize(
        "body",
        [
            {"outcome": "lost"},
            {"outcome": None},
            {"outcome": True},
            {"reason": 5},
            {"reason": "x" * 501},
            {"partnerId": "partner_1"},
            {"groups": ["name"]},
            {"groups": "contact"},
            [],
        ],
    )
    def test_a_malformed_body_changes_nothing(
        self, acme_api: Caller, withdrawn: Share, body: Any
    ) -> None:
        events = Event.objects.count()
        refused(acme_api.post(at(ATTEST, withdrawn), body), 400, "malformed")
        assert DeletionTask.objects.open().count() == 1
        assert Event.objects.count() == events


class TestRequestMore:
    def test_asks_for_what_is_withheld(self, acme_api: Caller, share: Share) -> None:
        check_body(ASK, MORE)
        response = acme_api.post(at(MORE, share), ASK)

        asked = MoreRequest.objects.get()
        assert data_of(response) == {
            "requestId": asked.pk,
            "group": "contact",
            "status": "asked",
        }
        check_answer(response, MORE)
        again = acme_api.post(at(MORE, share), ASK)
        refused(again, 409, "already_asked")
        check_answer(again, MORE)

    def test_honours_an_idempotency_key(self, acme_api: Caller, share: Share) -> None:
        first = acme_api.post(at(MORE, share), ASK, Idempotency_Key=KEY)
        again = acme_api.post(at(MORE, share), ASK, Idempotency_Key=KEY)
        assert data_of(again) == data_of(first)
        assert MoreRequest.objects.count() == 1

    def test_refuses_what_cannot_be_asked(
        self, acme_api: Caller, dana: User, lendwell: Partner, share: Share
    ) -> None:
        refused(acme_api.post(at(MORE, share), {**ASK, "group": "budget"}), 409, "conflict")
        refused(acme_api.post(at(MORE, share), {**ASK, "reason": "short"}), 422, "reason_required")
        at_lendwell = share_lead(actor=dana, partner_id=lendwell.pk, lead_id=share.lead_id)
        never = {**ASK, "group": "budget"}
        refused(
            caller_for(partner=lendwell).post(at(MORE, at_lendwell), never),
            422,
            "consent_withheld",
        )
        wishes = [Wish(group, False) for group in GROUPS]
        decide(actor=ClientActor(share.lead_id), lead_id=share.lead_id, wishes=wishes)
        refused(acme_api.post(at(MORE, share), ASK), 409, "illegal_transition")
        assert not MoreRequest.objects.exists()

    def test_is_the_partners_own(self, agent_api: Caller, rival_api: Caller, share: Share) -> None:
        refused(rival_api.post(at(MORE, share), ASK), 404, "not_found")
        refused(agent_api.post(at(MORE, share), ASK), 403, "not_allowed")
        assert not MoreRequest.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            {},
            {"group": "contact"},
            {"reason": ASK["reason"]},
            {**ASK, "group": "score"},
            {**ASK, "group": ["contact"]},
            {**ASK, "reason": "x" * 501},
            {**ASK, "reason": None},
            {**ASK, "status": "given"},
        ],
    )
    def test_a_malformed_body_changes_nothing(
        self, acme_api: Caller, share: Share, body: Any
    ) -> None:
        events = Event.objects.count()
        refused(acme_api.post(at(MORE, share), body), 400, "malformed")
        assert not MoreRequest.objects.exists()
        assert Event.objects.count() == events
