"""No order of sharing, narrowing, widening, revoking and retrying tells what is withheld.

Hypothesis makes up the order. A second, simpler account of what the client said is kept here; after
every step each partner looks at everything it can see, and every message is built as an attempt
made now would build it.
"""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from leads import services
from leads.actors import ClientActor
from leads.groups import GROUPS, Groups
from leads.models import DISCLOSING, MoreRequest, Proposal, Share
from leads.services import Wish
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory, UserFactory
from partners.types import PartnerType, Service
from portal.lib.access import Role
from portal.lib.errors import DomainError
from portal.tests import disclosure
from portal.tests.callers import caller_for
from portal.tests.disclosure import BUDGET, CONTACT, REQUIREMENTS, Eyes

pytestmark = [pytest.mark.django_db, pytest.mark.proof]

COLUMNS = {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS}
OF_A_PROVIDER = {
    "contact": CONTACT - {"location"},
    "budget": frozenset[str](),
    "requirements": frozenset({"move_in_timeline"}),
}
KINDS = (PartnerType.CHANNEL, PartnerType.DEVELOPER, PartnerType.SERVICE_PROVIDER)
groups = st.sampled_from(GROUPS)
places = st.sampled_from(range(len(KINDS)))
choices = st.builds(Groups, st.booleans(), st.booleans(), st.booleans())


class Word:
    """What the client has said of one group: of everybody, and of partners by name."""

    def __init__(self) -> None:
        self.of_all: bool | None = None
        self.by_name: dict[str, bool] = {}
        self.attested: set[str] = set()

    def say(self, given: bool, partner_id: str | None) -> None:
        if partner_id is not None:
            self.by_name[partner_id] = given
            return
        self.of_all = given
        if not given:  # a no for all takes back every yes; a stop by name stays one
            self.by_name = {name: said for name, said in self.by_name.items() if not said}

    def allows(self, partner_id: str) -> bool:
        said = self.by_name.get(partner_id, self.of_all)
        return partner_id in self.attested if said is None else said


class ConsentMachine(RuleBasedStateMachine):
    """One lead, three partners of different types, and everybody doing what they may."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.dana: User = UserFactory.create(role=Role.AGENT)
        self.agent_api = caller_for(user=self.dana)
        self.lead = disclosure.lead_with_canaries()
        self.client = ClientActor(str(self.lead.pk))
        self.partners = [
            PartnerFactory.create(type=kind, services=[Service.LOANS], capacity_limit=50)
            for kind in KINDS
        ]
        self.eyes = [Eyes.of(partner) for partner in self.partners]
        self.words = {group: Word() for group in GROUPS}
        self.restricted = False
        self.logged = _Log()
        logging.getLogger().addHandler(self.logged)
        self.replays = itertools.count()

    def teardown(self) -> None:
        logging.getLogger().removeHandler(self.logged)
        try:
            assert not disclosure.columns_in("\n".join(self.logged.lines))
            assert disclosure.rows_that_hold_canaries() == {}
            assert disclosure.redis_that_holds_canaries() == set()
        finally:
            transaction.set_rollback(True)
            self._undone.__exit__(None, None, None)

    @initialize(choice=choices, accepted=st.booleans())
    def everybody_has_it(self, choice: Groups, accepted: bool) -> None:
        """Begin where there is something to take back."""
        for place in range(len(KINDS)):
            self.share(place=place, choice=choice)
        for share in Share.objects.live() if accepted else ():
            services.update_share(actor=self.dana, reference=str(share.pk), status="accepted")

    # --- what people do ------------------------------------------------------------------------
    @rule(place=places, choice=choices)
    def share(self, place: int, choice: Groups) -> None:
        partner = self.partners[place]
        made = attempt(
            services.share_lead,
            actor=self.dana,
            partner_id=partner.pk,
            lead_id=str(self.lead.pk),
            choice=choice,
            method="call",
        )
        if made is not None:
            self._attest(partner, choice)

    @rule(place=places, choice=choices)
    def share_twice_by_one_call_of_the_api(self, place: int, choice: Groups) -> None:
        """The second is a replay: it is answered from what is stored."""
        partner = self.partners[place]
        body = {
            "leadId": str(self.lead.pk),
            "partnerId": str(partner.pk),
            "consent": choice.as_wire(),
        }
        key = f"replay-{next(self.replays)}"
        first, second = (
            self.agent_api.post("/api/share-lead", body, Idempotency_Key=key) for _ in range(2)
        )
        assert (first.status_code, first.json()) == (second.status_code, second.json())
        assert not disclosure.columns_in(first.content.decode())
        if first.status_code == 200:
            self._attest(partner, choice)

    @rule(group=groups, given=st.booleans(), place=st.none() | places)
    def client_decides(self, group: str, given: bool, place: int | None) -> None:
        partner_id = None if place is None else str(self.partners[place].pk)
        wishes = [Wish(group=group, given=given, partner_id=partner_id)]
        lead_id = str(self.lead.pk)
        if attempt(services.decide, actor=self.client, lead_id=lead_id, wishes=wishes) is not None:
            self.words[group].say(given, partner_id)

    @rule()
    def client_stops_everything(self) -> None:
        wishes = [Wish(group=group, given=False) for group in GROUPS]
        services.decide(actor=self.client, lead_id=str(self.lead.pk), wishes=wishes)
        for word in self.words.values():
            word.say(given=False, partner_id=None)

    @precondition(lambda self: Share.objects.exists())
    @rule(choice=choices, data=st.data())
    def agent_chooses_again(self, choice: Groups, data: st.DataObject) -> None:
        share = self._one_of(data)
        before = share.chosen
        call = {"actor": self.dana, "reference": str(share.pk), "choice": choice}
        if attempt(services.change_preferences, **call) is not None:
            widened = Groups(*(choice[group] and not before[group] for group in GROUPS))
            self._attest(share.partner, widened)

    @precondition(lambda self: Share.objects.exists())
    @rule(status=st.sampled_from(["accepted", "in_progress", "rejected"]), data=st.data())
    def partner_reports(self, status: str, data: st.DataObject) -> None:
        share = self._one_of(data)
        call = {"actor": self.dana, "reference": str(share.pk), "status": status, "reason": "Full"}
        attempt(services.update_share, **call)

    @precondition(lambda self: Share.objects.live().exists())
    @rule(data=st.data())
    def agent_takes_it_back(self, data: st.DataObject) -> None:
        attempt(services.withdraw_share, actor=self.dana, reference=str(self._one_of(data).pk))

    @precondition(lambda self: Share.objects.exists())
    @rule(group=groups, given=st.booleans(), data=st.data())
    def partner_asks_for_more(self, group: str, given: bool, data: st.DataObject) -> None:
        share = self._one_of(data)
        owner = User.objects.get(partner=share.partner, role=Role.OWNER)
        asked = attempt(
            services.ask_for_more,
            actor=owner,
            reference=str(share.pk),
            group=group,
            reason="We need it to book the viewing",
        )
        if asked is None:
            return
        attempt(services.forward_request, actor=self.dana, request_id=str(asked.pk))
        call = {"actor": self.client, "request_id": str(asked.pk), "given": given}
        if attempt(services.answer_request, **call) is not None:
            answered = MoreRequest.objects.get(pk=asked.pk).status
            assert answered == (MoreRequest.Status.GIVEN if given else MoreRequest.Status.REFUSED)
            self.words[group].say(given, str(share.partner_id))

    @rule(place=places, choice=choices, approved=choices)
    def agent_proposes(self, place: int, choice: Groups, approved: Groups) -> None:
        partner = self.partners[place]
        proposal = attempt(
            services.propose_partner,
            actor=self.dana,
            lead_id=str(self.lead.pk),
            partner_id=str(partner.pk),
            choice=choice,
        )
        if proposal is None:
            return
        call = {"actor": self.client, "proposal_id": str(proposal.pk), "groups": approved & choice}
        if attempt(services.answer_proposal, **call) is None:
            return
        if Proposal.objects.get(pk=proposal.pk).status == Proposal.Status.APPROVED:
            for group in approved & choice:
                self.words[group].say(given=True, partner_id=str(partner.pk))

    @rule(lift=st.booleans())
    def client_restricts(self, lift: bool) -> None:
        act = services.lift_restriction if lift else services.restrict_lead
        act(actor=self.client, lead_id=str(self.lead.pk))
        self.restricted = not lift

    # --- what must hold after each -------------------------------------------------------------
    @invariant()
    def nobody_sees_what_is_withheld(self) -> None:
        for share in Share.objects.select_related("partner"):
            eyes = next(e for e in self.eyes if e.partner.pk == share.partner_id)
            assert self._seen(eyes.api, share) <= self._allowed(share)
        for eyes in self.eyes:
            shares = list(Share.objects.filter(partner=eyes.partner).select_related("partner"))
            may_see = frozenset[str]().union(*(self._allowed(share) for share in shares))
            for surface, text in self._everywhere(eyes, shares):
                columns = disclosure.columns_in(text)
                assert columns <= may_see, f"{surface} shows {sorted(columns - may_see)}"

    def _everywhere(self, eyes: Eyes, shares: list[Share]) -> Any:
        yield from eyes.messages()
        if shares:
            page = f"/portal/leads/{shares[-1].pk}/"
            yield "page", _text(eyes.browser, page)
            yield "list", _text(eyes.browser, "/portal/leads/")
            yield "export", _text(eyes.browser, "/portal/commissions.csv")

    def _seen(self, api: Any, share: Share) -> set[str]:
        answer = api.get(f"/api/leads/{share.pk}")
        assert answer.status_code == 200
        return disclosure.columns_in(answer.content.decode())

    def _allowed(self, share: Share) -> frozenset[str]:
        if share.status not in DISCLOSING or self.restricted:
            return frozenset()
        provider = share.partner.type == PartnerType.SERVICE_PROVIDER
        columns = OF_A_PROVIDER if provider else COLUMNS
        return frozenset[str]().union(
            *(
                columns[group]
                for group in share.chosen
                if self.words[group].allows(str(share.partner_id))
            )
        )

    def _attest(self, partner: Partner, choice: Groups) -> None:
        """What the agent chose is attested where the client had said nothing."""
        for group in choice:
            self.words[group].attested.add(str(partner.pk))

    def _one_of(self, data: st.DataObject) -> Share:
        shares = list(Share.objects.select_related("partner").order_by("shared_at", "pk"))
        return shares[data.draw(st.integers(0, len(shares) - 1))]


def attempt(service: Any, **arguments: Any) -> Any:
    """Return what SERVICE returns, or None where it refuses."""
    refused = ""
    try:
        with transaction.atomic():
            return service(**arguments)
    except DomainError as refusal:
        refused = f"{refusal} {refusal.details}"
    assert not disclosure.columns_in(refused)
    return None


def _text(browser: Client, path: str) -> str:
    response: Any = browser.get(path)
    return (b"".join(response) if response.streaming else response.content).decode()


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_no_order_of_acts_tells_what_is_withheld() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        ConsentMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=14,
            deadline=None,
            phases=[Phase.generate],  # what fails is said at once, not after an hour of shrinking
            suppress_health_check=list(HealthCheck),
        ),
    )
