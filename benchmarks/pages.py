"""The partner's lead list and dashboard among 1,000,000 shares, beside a bare page."""

from __future__ import annotations

import itertools
import random
import time

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from benchmarks import load, seed, servers
from benchmarks.report import Result, median
from partners.models import User
from partners.session_store import SIGNED_IN_AT, SessionStore

ROUNDS = 7
SECONDS = 2.5
LIST_GOAL = 0.6
DASHBOARD_GOAL = 2.0
ADDRESSES = {
    "bare": ("/floor/list/", "median"),
    "bare, largest partner": ("/floor/list/", "largest"),
    "list": ("/portal/leads/", "median"),
    "list, largest partner": ("/portal/leads/", "largest"),
    "dashboard, largest partner": ("/portal/", "largest"),
}


def measure() -> list[Result]:
    """Measure every address in interleaved rounds."""
    cookies = {name: signed_in(user) for name, user in seed.for_pages().items()}
    rates: dict[str, list[float]] = {name: [] for name in ADDRESSES}
    slow: dict[str, list[float]] = {name: [] for name in ADDRESSES}
    with servers.web("benchmarks.settings") as port:
        for turn in range(ROUNDS + 1):
            for name, (path, who) in random.sample(list(ADDRESSES.items()), len(ADDRESSES)):
                requests = itertools.repeat(load.get(path, Cookie=cookies[who]))
                measured = load.run(port, requests, seconds=SECONDS)
                if measured.bad:
                    raise AssertionError(f"{name} answered {measured.bad}")
                if turn:  # the first warms up
                    rates[name].append(measured.per_second)
                    slow[name].append(measured.percentile(0.95))
    return [
        *(_list_result(rates, suffix) for suffix in ("", ", largest partner")),
        Result(
            name="largest partner's dashboard p95 ÷ the bare page's",
            ratio=median(slow["dashboard, largest partner"])
            / median(slow["bare, largest partner"]),
            goal=DASHBOARD_GOAL,
            at_most=True,
            figures={
                "dashboard p95 ms": slow["dashboard, largest partner"],
                "bare p95 ms": slow["bare, largest partner"],
            },
        ),
    ]


def _list_result(rates: dict[str, list[float]], suffix: str) -> Result:
    return Result(
        name=f"partner's lead list{suffix} ÷ bare page, one query, same middleware",
        ratio=median(rates[f"list{suffix}"]) / median(rates[f"bare{suffix}"]),
        goal=LIST_GOAL,
        figures={
            "list per second": rates[f"list{suffix}"],
            "bare per second": rates[f"bare{suffix}"],
        },
    )


def signed_in(user: User) -> str:
    """Return the cookie of a session of USER."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[SIGNED_IN_AT] = int(time.time())
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
