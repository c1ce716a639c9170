"""What goes on while something fails: leads are shared, appointments told, shares withdrawn."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from portal.lib import ids
from portal.tests.faults.world import World
from portal.tests.visitors import Answer, Visitor

THREADS = 3
GIVES_UP_AFTER = 90.0  # seconds a caller goes on trying
ONCE_MORE = (500, 502, 503, 504)
STATUS = "SELECT status FROM leads_share WHERE id = %s"
WITHDRAWN = 0.2  # of all shares


@dataclass
class Load:
    """Callers that insist: each call has a key and is repeated until it is answered.

    Use it as a context: it works until the block ends, then waits for its callers.
    """

    world: World
    agent: Visitor
    pause: float = 0.25  # seconds of each caller between two leads
    shares: dict[str, str] = field(default_factory=dict)  # lead → share
    appointments: list[str] = field(default_factory=list)  # shares
    withdrawn: dict[str, float] = field(default_factory=dict)  # share → by when it was
    faults: list[str] = field(default_factory=list)
    _token: str = ""
    _before: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _one_browser: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._over.clear()
        self._before = len(self.shares)
        for number in range(THREADS):
            thread = threading.Thread(target=self._go_on, args=(random.Random(number),))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(GIVES_UP_AFTER * 2)
        self._threads.clear()
        assert self.faults == []
        assert len(self.shares) > self._before + THREADS, "hardly anything went on meanwhile"

    def _go_on(self, luck: random.Random) -> None:
        try:
            while not self._over.is_set():
                self.share(self.world.next_lead(), luck)
                self._over.wait(self.pause * luck.uniform(0.5, 1.5))
        except Exception as error:  # noqa: BLE001 - told when the block ends
            self.faults.append(repr(error))

    def share(self, lead: str, luck: random.Random | None = None) -> str:
        """Share LEAD, perhaps tell an appointment, perhaps withdraw it; return the share."""
        partner = self.world.known["partner"]
        consent = {"shareContact": True, "shareBudget": True, "shareRequirements": True}
        body = {"leadId": lead, "partnerId": partner, "consent": consent, "consentMethod": "call"}
        share = str(self._insist("/api/share-lead", body, f"share-{lead}").data["shareId"])
        self.shares[lead] = share
        fate = luck.random() if luck else 1.0
        if fate < WITHDRAWN:
            self.withdraw(share)
        elif fate < 2 * WITHDRAWN:
            self._appoint(share)
        return share

    def withdraw(self, share: str) -> None:
        """Take SHARE back on the staff's page."""
        deadline = time.monotonic() + GIVES_UP_AFTER
        while not self._is_withdrawn(share):
            assert time.monotonic() < deadline, f"{share} could not be withdrawn"
            with contextlib.suppress(OSError):
                self._send_withdrawal(share)
        self.withdrawn[share] = time.time()

    def _send_withdrawal(self, share: str) -> None:
        path = f"/leads/shares/{share}/withdraw/"
        with self._one_browser:
            if not self._token:
                self._token = self.agent.token_on("/leads/new/")
            self.agent.send_as(self._token, path, {"reason": "Taken back"}, on="/leads/new/")

    def _is_withdrawn(self, share: str) -> bool:
        try:
            found = self.world.rows(STATUS, ids.decode("share", share))
        except psycopg.OperationalError:  # the database is away
            time.sleep(0.1)
            return False
        return found == [("withdrawn",)]

    def _appoint(self, share: str) -> None:
        partner = self.world.known["partner"]
        appointment = {"date": "2096-12-28T14:00:00Z", "location": "Site", "type": "viewing"}
        payload = {"leadId": share, "partnerId": partner, "appointment": appointment}
        body = {"partner": {"partnerId": partner, "status": "sent"}, "payload": payload}
        self._insist("/api/share-appointment", body, f"appoint-{share}")
        self.appointments.append(share)

    def _insist(self, path: str, body: dict[str, Any], key: str) -> Answer:
        deadline = time.monotonic() + GIVES_UP_AFTER
        answer: Answer | None = None
        while time.monotonic() < deadline:
            try:
                answer = self.world.api().post(path, body, key=key)
            except OSError:  # nobody there, or it was killed meanwhile
                time.sleep(0.1)
                continue
            if answer.status not in ONCE_MORE and "key_in_use" not in answer.text:
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{path} was never answered: {answer and answer.text}")
