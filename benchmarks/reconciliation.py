"""Finance's reconciliation page among 100,000 closed deals beside one hand-written SQL.

And the exports, of which counts whether the server's memory stays flat while it streams them.
"""

from __future__ import annotations

import itertools
import random
import socket
import time
from pathlib import Path

from django.db import connection

from benchmarks import load, seed_money, servers
from benchmarks.pages import signed_in
from benchmarks.report import Result, median

PAGE = "/reconciliation/"
# The address, who takes it, and how many lines it has at least.
# Who takes which file, and how many lines at least are in it; a workbook counts none.
_FILE = "/reconciliation/exports/file/?what="
EXPORTS = (
    ("/portal/commissions.csv", "owner", seed_money.CLOSED),
    (f"{_FILE}commissions&format=csv", "finance", seed_money.CLOSED),
    (f"{_FILE}journal&format=csv", "finance", 2 * seed_money.CLOSED),
    (f"{_FILE}commissions&format=xlsx", "finance", 0),
)
ROUNDS = 7
SECONDS = 2.0
PAGE_GOAL, MEMORY_GOAL = 3.0, 1.15

# What the page says of all partners: claims from the commissions, the rest from the ledger.
_BY_HAND = """
WITH claims AS (
  SELECT partner_id, settlement_currency AS currency, count(*) AS deals,
    sum(round(claimed_value * coalesce(claimed_percent, percent) / 100, 2)) AS claimed
  FROM commissions_commission WHERE status <> 'reversed' GROUP BY 1, 2
), moved AS (
  SELECT partner_id, currency, debit, credit, sum(amount) AS amount
  FROM commissions_ledgerentry GROUP BY 1, 2, 3, 4
), money AS (
  SELECT partner_id, currency,
    sum(sign * amount) FILTER (WHERE account = 'commission_expense') AS recorded,
    sum(-sign * amount) FILTER (WHERE account = 'accrued_commission') AS accrued,
    sum(-sign * amount) FILTER (WHERE account = 'approved_commission') AS approved,
    sum(-sign * amount) FILTER (WHERE account = 'partner_payable') AS payable,
    sum(-sign * amount) FILTER (WHERE account = 'disputed_payable') AS held,
    sum(-sign * amount) FILTER (WHERE account = 'bank_clearing') AS paid
  FROM moved, LATERAL (VALUES (debit, 1), (credit, -1)) AS leg(account, sign) GROUP BY 1, 2
), questions AS (
  SELECT partner_id, count(*) AS questions, min(due_on) AS due_on
  FROM commissions_reconciliationitem WHERE status = 'open' GROUP BY 1
)
SELECT p.name, currency, deals, claimed, recorded, accrued, approved, payable, held, paid,
  questions, due_on
FROM claims JOIN money USING (partner_id, currency) JOIN partners_partner p ON p.id = partner_id
LEFT JOIN questions USING (partner_id) ORDER BY p.name
"""


def measure() -> list[Result]:
    """Measure page and SQL in interleaved rounds, then stream each export once."""
    finance = signed_in(seed_money.for_reconciling())
    with servers.web("benchmarks.settings") as port:
        times = _rounds(port, finance)
        owner = signed_in(seed_money.for_exporting())
        memory = [_streamed(port, address, {"finance": finance, "owner": owner}[who], lines)
                  for address, who, lines in EXPORTS]  # fmt: skip
    return [
        Result(
            name="reconciliation page among 100,000 deals ÷ one hand-written SQL",
            ratio=median(times["page"]) / median(times["SQL"]),
            goal=PAGE_GOAL,
            at_most=True,
            figures={f"{name} ms": values for name, values in times.items()},
        ),
        *(
            Result(
                name=f"memory of the server at its most in {address} ÷ before",
                ratio=most / before,
                goal=MEMORY_GOAL,
                at_most=True,
                figures={"MB before": [before], "MB at most": [most]},
            )
            for (address, _who, _lines), (before, most) in zip(EXPORTS, memory, strict=True)
        ),
    ]


def _rounds(port: int, cookie: str) -> dict[str, list[float]]:
    """Return the median of each round in milliseconds; nothing else is asked meanwhile."""
    times: dict[str, list[float]] = {"page": [], "SQL": []}
    request = itertools.repeat(load.get(PAGE, Cookie=cookie))
    for turn in range(ROUNDS + 1):
        for name in random.sample(list(times), len(times)):
            if name == "SQL":
                found = _by_hand()
            else:
                measured = load.run(port, request, seconds=SECONDS, connections=1)
                if measured.bad:
                    raise AssertionError(f"the page answered {measured.bad}")
                found = measured.percentile(0.5)
            if turn:  # the first warms up
                times[name].append(found)
    return times


def _by_hand() -> float:
    took: list[float] = []
    end = time.perf_counter() + SECONDS
    with connection.cursor() as cursor:
        while time.perf_counter() < end:
            began = time.perf_counter()
            cursor.execute(_BY_HAND)
            if len(cursor.fetchall()) != seed_money.seed.PARTNERS:
                raise AssertionError("the SQL does not tell of every partner")
            took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _streamed(port: int, address: str, cookie: str, lines: int) -> tuple[float, float]:
    """Read an export to its end; return the MB of the worker that grew most, before and at most."""
    short = itertools.repeat(load.get(PAGE, Cookie=cookie))
    load.run(port, short, seconds=SECONDS)  # so that every thread has its connection
    workers = _workers(port)
    before = {worker: _megabytes(worker) for worker in workers}
    most = dict(before)
    came, body = 0, b""
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(load.get(address, Cookie=cookie, Connection="close"))
        while data := sender.recv(262_144):
            body = body or data
            came += data.count(b"\n")
            most = {worker: max(most[worker], _megabytes(worker)) for worker in workers}
    if not body.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"{address} was answered {body[:40]!r}")
    if came < lines:
        raise AssertionError(f"{address} has only {came} of {lines} lines")
    worst = max(workers, key=lambda worker: most[worker] / before[worker])
    return before[worst], most[worst]


def _workers(port: int) -> list[int]:
    """Return the process ids of the server at PORT."""
    bound = f"127.0.0.1:{port}".encode()
    found = Path("/proc").glob("[0-9]*/cmdline")
    return [int(path.parent.name) for path in found if bound in path.read_bytes().split(b"\0")]


def _megabytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
