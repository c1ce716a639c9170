"""A client withdraws while two hundred messages about it are under way, forty times over.

The witness is what the partners' systems received, byte for byte, joined to the tries by webhook id
and sha256. A try says by the database's clock when its body was built: none built after the
withdrawal was committed may hold anything of what was withdrawn.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.dispatch import LONGEST_WAIT
from events.models import Attempt, Delivery, Endpoint
from events.services import nudge
from events.tests.receiver import Got, Handler, Receiver, receiving
from leads.actors import ClientActor
from leads.groups import GROUPS, Groups
from leads.models import Lead, Share
from leads.services import AppointmentDraft, Wish, decide, share_appointment, share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory
from portal.tests.live import LivePortal

ROUNDS = 40
PARTNERS, ENDPOINTS, MESSAGES = 4, 10, 5  # of each of the one before: 200 in a round
ENDS_WITHIN = 150.0  # seconds
# What the client withdraws, in turn: a part, or everything.
WITHDRAWN = (("contact",), ("contact", "budget"), ("requirements",), GROUPS)

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True, slots=True)
class Round:
    """One client, what it withdrew, and a time by which that was committed."""

    canaries: tuple[bytes, ...]
    groups: tuple[str, ...]
    share_ids: frozenset[str]
    committed_at: datetime

    def is_carried_by(self, got: Got) -> bool:
        """Return whether what arrived holds anything the client withdrew."""
        return any(canary in got.body for canary in self.canaries)


def test_nothing_built_after_a_withdrawal_carries_what_was_withdrawn(
    live: LivePortal, dana: User, systems: tuple[Receiver, list[Partner]]
) -> None:
    receiver, partners = systems
    luck = random.Random(3)

    rounds = [one_round(number, dana, partners, luck) for number in range(ROUNDS)]
    wait_for_the_end(live)

    messages = Delivery.objects.filter(channel="webhook")
    assert set(messages.values_list("state", flat=True)) <= {"sent", "cancelled", "failed"}
    tries, arrived = tries_by_bytes(), arrived_by_share(receiver)
    before, after = 0, 0
    for round_ in rounds:
        told = [got for share_id in round_.share_ids for got in arrived[share_id]]
        assert leaks(round_, told, tries) == []
        before += sum(map(round_.is_carried_by, told))
        after += sum(not round_.is_carried_by(got) for got in told)
    # It was a race: some left in time, some were stopped or made narrower.
    assert before > ROUNDS
    assert after + messages.filter(state="cancelled").count() > ROUNDS


def one_round(number: int, dana: User, partners: list[Partner], luck: random.Random) -> Round:
    """Queue two hundred messages about one client at once, and let it withdraw meanwhile."""
    lead = a_client(number)
    with transaction.atomic():
        shares = [everything_about(lead, partner, dana) for partner in partners]
    time.sleep(luck.uniform(0, 0.6))
    groups = WITHDRAWN[number % len(WITHDRAWN)]
    wishes = [Wish(group, given=False) for group in groups]
    decide(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk), wishes=wishes)
    return Round(
        canaries=tuple(canary for group in groups for canary in canaries(number)[group]),
        groups=groups,
        share_ids=frozenset(str(share.pk) for share in shares),
        committed_at=database_time(),
    )


def canaries(number: int) -> dict[str, tuple[bytes, ...]]:
    """Return values that stand nowhere but in this client's lead, by group."""
    return {
        "contact": (f"Zenobia{number:03}q".encode(), f"zq{number:03}@canary.example".encode()),
        "budget": (f"771{number:03}313".encode(), f"Plan Quokka{number:03}q".encode()),
        "requirements": (f"Villa Xanadu{number:03}q".encode(), f"Cove{number:03}q".encode()),
    }


def a_client(number: int) -> Lead:
    words = {group: [word.decode() for word in found] for group, found in canaries(number).items()}
    return LeadFactory.create(
        name=words["contact"][0],
        email=words["contact"][1],
        budget_min=None,
        budget_max=words["budget"][0],
        payment_preference=words["budget"][1],
        project=words["requirements"][0],
        locations=[words["requirements"][1]],
    )


def everything_about(lead: Lead, partner: Partner, dana: User) -> Share:
    """Share everything with PARTNER, and tell it of appointments as well."""
    share = share_lead(
        actor=dana,
        partner_id=partner.pk,
        lead_id=lead.pk,
        choice=Groups.everything(),
        method="call",
    )
    draft = AppointmentDraft(type="viewing", starts_at=timezone.now(), location="Marina gate")
    for _ in range(MESSAGES - 1):
        share_appointment(actor=dana, partner_id=partner.pk, reference=share.pk, draft=draft)
    return share


def leaks(round_: Round, told: list[Got], tries: dict[tuple[str, bytes], list[Any]]) -> list[Any]:
    """Return what must not have arrived: built after the commit, untraceable, or far too late."""
    found: list[Any] = []
    deadline = round_.committed_at.timestamp() + LONGEST_WAIT + settings.WEBHOOK_DEADLINE_SECONDS
    for got in told:
        if not round_.is_carried_by(got):
            continue
        key = (got.headers["webhook-id"], hashlib.sha256(got.body).digest())
        built = tries.get(key, [])
        if not built or max(built) > round_.committed_at or got.at > deadline:
            found.append((round_.groups, round_.committed_at, built, got.at, got.body))
    return found


def arrived_by_share(receiver: Receiver) -> dict[str, list[Got]]:
    found: dict[str, list[Got]] = defaultdict(list)
    for got in receiver.got:
        found[got.message["data"]["leadId"]].append(got)
    return found


def tries_by_bytes() -> dict[tuple[str, bytes], list[Any]]:
    """Return when each try's body was built, by webhook id and hash of the bytes."""
    found: dict[tuple[str, bytes], list[Any]] = {}
    sent = Attempt.objects.filter(body_sha256__isnull=False)
    rows = sent.values_list("delivery__webhook_id", "body_sha256", "built_at")
    for webhook_id, digest, built_at in rows.iterator():
        found.setdefault((webhook_id, bytes(digest)), []).append(built_at)
    return found


def wait_for_the_end(live: LivePortal) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    while Delivery.objects.filter(channel="webhook", state__in=["pending", "sending"]).exists():
        assert time.monotonic() < deadline, live.said()
        # Those that refuse are paused, then tried one by one: here that is over at once.
        Endpoint.objects.update(
            open_until=None, openings=0, silent_in_row=0, window_tried=0, window_failed=0, lane=32
        )
        nudge()
        time.sleep(0.2)
    # The mails are not what this is about, and the next test waits for them.
    Delivery.objects.filter(channel="email", state="pending").update(state="cancelled")


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


@pytest.fixture
def systems(live: LivePortal) -> Iterator[tuple[Receiver, list[Partner]]]:
    """Partners whose systems answer at once, late, only the second time, or never."""
    with receiving() as receiver:
        partners = PartnerFactory.create_batch(PARTNERS, capacity_limit=10 * ROUNDS)
        for partner in partners:
            # One partner's last system takes nothing, so that some messages are given up.
            last: Any = never if partner is partners[0] else at_once
            ways = [slow, SecondTime(), *[at_once] * (ENDPOINTS - 3), last]
            for number, way in enumerate(ways):
                path = f"/{partner.pk}/{number}"
                receiver.answers[path] = way
                Endpoint.objects.create(
                    partner=partner,
                    url=receiver.url(path),
                    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                    challenge="the-challenge",
                    verified_at=timezone.now(),
                )
        yield receiver, partners


def at_once(handler: Handler, body: bytes) -> None:
    handler.answer(200, {}, b"ok")


def never(handler: Handler, body: bytes) -> None:
    handler.answer(500, {}, b"")


def slow(handler: Handler, body: bytes) -> None:
    """Take a while to answer."""
    time.sleep(0.05)
    handler.answer(200, {}, b"ok")


class SecondTime:
    """Refuses a message when it comes first, so that it is built and sent once more."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, handler: Handler, body: bytes) -> None:
        told = handler.headers["webhook-id"]
        handler.answer(200 if told in self._known else 503, {}, b"")
        self._known.add(told)
