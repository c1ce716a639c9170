"""The dispatcher: claims what is due, sends it side by side, writes down what came of it.

One event loop lives in a thread of the worker for as long as the worker, because connections
that stay open are most of the speed. Beside it three threads work, each with a database connection
of its own: one records and claims, one builds what was claimed, so that the next batch is written
down and claimed meanwhile, and one writes and posts the mails, which takes longer than any webhook
may wait. No transaction is open while anything is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import aiohttp
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from events import breaker, doorbell, http, letters, mails, metrics, outcomes, queue, signing
from events.letters import Letter
from events.models import Delivery
from events.queue import Result

log = logging.getLogger(__name__)
security = logging.getLogger("portal.security")

CAPACITY = 1280  # messages one worker holds at a time
CONNECTIONS = 16  # of one worker to one endpoint
TURN = 400  # results worth a turn of the database
PILE = 200  # letters written with one question to the database
PAUSE = 0.1  # seconds between turns when there are fewer
SHORT_PAUSE = 0.01  # and when the bell rings meanwhile
MAILS = 4
PATIENCE = 20.0  # seconds one call of drain waits
SWEEP_EVERY = 5.0  # seconds between looks at the queue when no bell rings
RECLAIM_EVERY = 5.0
# Seconds from the claim to the sending. What waited longer is given back and built anew, so that
# consent withdrawn meanwhile holds for it.
LONGEST_WAIT = 3.0


class Lane:
    """What waits for one endpoint with the time before its claim, and how many hands serve it."""

    __slots__ = ("hands", "letters", "stalled_at")

    def __init__(self) -> None:
        self.letters: deque[tuple[Letter, float]] = deque()
        self.hands = 0
        self.stalled_at = 0.0


class Dispatcher:
    """One per process, made on first use, so that each forked worker has its own."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.closing = False
        self._lanes: dict[str, Lane] = {}
        self._results: list[Result] = []
        self._held = 0  # claimed, without a result yet
        self._mails = 0  # of these
        self._reclaimed_at = float("-inf")
        self._counts = metrics.Counts()
        self._tasks: set[asyncio.Task[None]] = set()
        self._callers: list[Future[None]] = []
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._rung = False
        self._writing = asyncio.Lock()
        self._database = ThreadPoolExecutor(1, "dispatch-database")
        self._desk = ThreadPoolExecutor(1, "dispatch-desk")
        self._post_office = ThreadPoolExecutor(1, "dispatch-mail")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="dispatch-loop", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def drain(self, patience: float) -> bool:
        """Wake the loop and wait until nothing is due; return False after PATIENCE seconds."""
        done: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._called, done)
        try:
            done.result(patience)
        except TimeoutError:
            return False
        return True

    def look(self) -> None:
        """Wake the loop: something may be due."""
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._look)

    def close(self) -> None:
        """Claim no more, wait for what is under way, record it and end the threads."""
        self.closing = True
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(settings.WEBHOOK_DEADLINE_SECONDS + 5)
        self._database.submit(self._counts.send, at_once=True)
        for room, waits in ((self._database, True), (self._desk, True), (self._post_office, False)):
            room.submit(_disconnect)
            room.shutdown(wait=waits)

    # --- in the loop ---------------------------------------------------------------------------
    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._live())
        self._loop.close()

    def _called(self, done: Future[None]) -> None:
        self._callers.append(done)
        self._wake.set()

    def _look(self) -> None:
        self._rung = True
        self._wake.set()
        if self._held < TURN:  # else many are under way, and the next turn is near anyway
            self._progress.set()

    async def _live(self) -> None:
        async with http.new_session() as session:
            while not self.closing:
                await self._wake.wait()
                self._wake.clear()
                callers, self._callers = self._callers, []
                while await self._turn(session):
                    await self._rest()
                for caller in callers:
                    caller.set_result(None)
        for caller in self._callers:
            caller.set_result(None)

    async def _rest(self) -> None:
        """Wait until there is enough to write down, something new to send, or a little while."""
        self._progress.clear()
        if len(self._results) < TURN and self._held:
            if self._rung and self._held < TURN:
                await asyncio.sleep(SHORT_PAUSE)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._progress.wait(), PAUSE)
        self._rung = False  # the turn that follows sees what it was about

    async def _turn(self, session: aiohttp.ClientSession) -> bool:
        """Let the database write down what came and hand out what is due; return if we are busy."""
        results, self._results = self._results, []
        room = 0 if self.closing else CAPACITY - self._held
        mail_room = 0 if self.closing else MAILS - self._mails
        try:
            claimed, claimed_at, mail = await self._loop.run_in_executor(
                self._database, self._database_turn, results, room, mail_room
            )
        except Exception as error:  # noqa: BLE001 - the database may be gone for a while
            _tell("the dispatcher's turn failed", error)
            if isinstance(error, DatabaseError):
                self._results = results + self._results
            await asyncio.sleep(1)
            return not self.closing
        self._held += len(claimed) + len(mail)
        self._mails += len(mail)
        if claimed:
            self._start(self._write(session, claimed, claimed_at))
        if mail:
            self._start(self._post_mails(mail))
        return bool(self._held or self._results)

    async def _write(
        self, session: aiohttp.ClientSession, claimed: list[Delivery], claimed_at: float
    ) -> None:
        """Have the letters of CLAIMED written, after those claimed before, and hand them out.

        A pile at a time, so that the first are on their way while the others are written.
        """
        async with self._writing:
            for place in range(0, len(claimed), PILE):
                pile = claimed[place : place + PILE]
                try:
                    written, settled = await self._loop.run_in_executor(self._desk, _written, pile)
                except Exception as error:  # noqa: BLE001 - the database may be gone for a while
                    _tell("letters could not be written", error)
                    await asyncio.sleep(1)
                    written, settled = [], [outcomes.given_back(delivery) for delivery in pile]
                for result in settled:
                    self._done(result)
                self._hand_out(session, written, claimed_at)

    def _hand_out(
        self, session: aiohttp.ClientSession, written: list[Letter], claimed_at: float
    ) -> None:
        for letter in written:
            lane = self._lanes.setdefault(letter.address.endpoint_id, Lane())
            lane.letters.append((letter, claimed_at))
            if lane.hands < CONNECTIONS and lane.hands < len(lane.letters):
                lane.hands += 1
                self._start(self._serve(session, letter.address.endpoint_id, lane))

    async def _serve(self, session: aiohttp.ClientSession, endpoint_id: str, lane: Lane) -> None:
        """Be one hand of LANE: send what waits in it, one after the other."""
        while lane.letters:
            letter, claimed_at = lane.letters.popleft()
            waited = time.monotonic() - claimed_at
            if lane.stalled_at > claimed_at or waited > LONGEST_WAIT:
                self._done(outcomes.given_back(letter.delivery))
                continue
            result = await self._sent(session, letter, waited)
            if breaker.is_silent(result):
                lane.stalled_at = time.monotonic()
            self._done(result)
        lane.hands -= 1
        if not lane.hands:
            self._lanes.pop(endpoint_id, None)

    async def _sent(self, session: aiohttp.ClientSession, letter: Letter, waited: float) -> Result:
        delivery = letter.delivery
        started = _database_time(delivery, waited)
        headers = letter.address.headers | {
            "webhook-id": delivery.webhook_id,
            "webhook-timestamp": str(int(started)),
            "webhook-signature": signing.sign(
                letter.address.keys, delivery.webhook_id, int(started), letter.body
            ),
        }
        try:
            answer = await http.post(session, letter.url, letter.body, headers)
            result = outcomes.judged(delivery, answer)
        except Exception as error:  # noqa: BLE001 - nothing one recipient does may stop the others
            _tell("a message could not be sent", error, delivery)
            result = outcomes.put_off(delivery, "not_sent")
        if result.error == "egress_blocked":
            security.warning("%s led to an address we never dial", letter.address.endpoint_id)
        result.started_at, result.fields = started, letter.fields
        result.body_sha256 = letter.body_sha256
        if letter.tells_of_a_client:
            result.head = b""
        return result

    async def _post_mails(self, claimed: list[Delivery]) -> None:
        for mail in claimed:
            result = await self._loop.run_in_executor(self._post_office, _posted, mail)
            self._mails -= 1
            self._done(result)

    def _done(self, result: Result) -> None:
        self._results.append(result)
        self._held -= 1
        if not self._held or len(self._results) >= TURN:
            self._progress.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- in the database's thread --------------------------------------------------------------
    def _database_turn(
        self, results: list[Result], room: int, mail_room: int
    ) -> tuple[list[Delivery], float, list[Delivery]]:
        try:
            if results:
                outcomes.settle(results)
                self._counts.results(results)
            if time.monotonic() - self._reclaimed_at > RECLAIM_EVERY:
                self._counts.lost(queue.reclaim())
                self._reclaimed_at = time.monotonic()
            mail = queue.claim_mails(mail_room) if mail_room > 0 else []
            claimed_at = time.monotonic()
            claimed = queue.claim(room) if room > 0 else []
            self._counts.claimed(claimed, time.monotonic() - claimed_at)
            self._counts.send()
        except DatabaseError:
            connection.close()  # the next turn opens another
            raise
        return claimed, claimed_at, mail


def _written(claimed: list[Delivery]) -> tuple[list[Letter], list[Result]]:
    """Write the letters of CLAIMED, in the desk's thread."""
    try:
        return letters.write(claimed)
    except DatabaseError:
        connection.close()  # the next batch opens another
        raise


def _posted(delivery: Delivery) -> Result:
    """Write and post one mail, in the post office's thread."""
    try:
        written, settled = mails.write([delivery])
        return mails.send(written[0]) if written else settled[0]
    except Exception as error:  # noqa: BLE001 - one mail's fault must not stop the others
        _tell("a mail could not be posted", error, delivery)
        return outcomes.put_off(delivery, "not_sent")
    finally:
        connection.close_if_unusable_or_obsolete()


def _database_time(delivery: Delivery, waited: float) -> float:
    """Return the time WAITED seconds after the claim by the database's clock.

    Partners refuse a message whose time is off, and this machine's clock may be.
    """
    return delivery.claimed_at.timestamp() + waited if delivery.claimed_at else time.time()


def _disconnect() -> None:
    connection.close()  # of the thread this runs in


def _tell(what: str, error: Exception, delivery: Delivery | None = None) -> None:
    """Log WHAT went wrong with DELIVERY; of an error the log tells no text (`portal.lib.logs`)."""
    about = outcomes.named(delivery) if delivery else {}
    log.error("%s: %s", what, type(error).__name__, exc_info=error, extra=about)


class _Here:
    """The dispatcher of this process."""

    lock = threading.Lock()
    dispatcher: Dispatcher | None = None


def drain(patience: float = PATIENCE) -> bool:
    """Send what is due; return whether all of it was done within PATIENCE seconds.

    Several callers share one dispatcher: each call wakes it, so that what became due while it
    waits for somebody slow goes out at once.
    """
    here = _here()
    return not here.closing and here.drain(patience)


def attend() -> None:
    """Send from now on whatever becomes due: at a ring, and every few seconds without one."""
    here = _here()
    threading.Thread(target=_listen, args=(here,), name="dispatch-bell", daemon=True).start()


def _listen(here: Dispatcher) -> None:
    while not here.closing:
        here.look()
        doorbell.wait(SWEEP_EVERY)


def _here() -> Dispatcher:
    with _Here.lock:
        here = _Here.dispatcher
        if here is None or here.pid != os.getpid() or not (here.alive or here.closing):
            here = _Here.dispatcher = Dispatcher()
    return here


def stop_claiming() -> None:
    """Finish what is under way and take nothing new: the worker is asked to end."""
    if (here := _Here.dispatcher) and here.pid == os.getpid():
        here.closing = True


def close() -> None:
    """End the dispatcher of this process, if it has one."""
    with _Here.lock:
        here, _Here.dispatcher = _Here.dispatcher, None
    if here and here.pid == os.getpid():
        here.close()
