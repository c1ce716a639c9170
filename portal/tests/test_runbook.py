"""What `docs/runbook.md` tells to look at and to type is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.db import connection
from django.urls import resolve
from prometheus_client.parser import text_string_to_metric_families

from events import breaker, dispatch, metrics
from events.services import redelivery

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "runbook.md"
TEXT = PAGE.read_text()
WORDS = " ".join(TEXT.split())
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.S)
SQL = [text for kind, text in BLOCKS if kind == "sql"]
SHELL = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
SERVICES = re.findall(r"^  (\w+):$", (ROOT / "docker-compose.yml").read_text(), re.M)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", SQL)
def test_its_sql_runs(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.fetchall()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"manage\.py (\w+)", TEXT))))
def test_its_commands_are_there(command: str) -> None:
    assert command in get_commands()


@pytest.mark.parametrize("line", SHELL)
def test_its_lines_are_for_services_of_ours(line: str) -> None:
    words = shlex.split(line.partition("|")[0])
    assert words[:2] == ["docker", "compose"]
    assert set(words[2:]) & set(SERVICES)


@pytest.mark.django_db
def test_its_figures_are_the_ones_told() -> None:
    told = {
        family.name if family.type != "counter" else f"{family.name}_total"
        for family in text_string_to_metric_families(metrics.exposition().decode())
    }
    named = set(re.findall(r"portal_[a-z_]+[a-z]", TEXT))
    assert {name.removesuffix("_bucket") for name in named} == told


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(/[a-z/]+)`", TEXT))))
def test_its_addresses_lead_somewhere(path: str) -> None:
    assert resolve(path).url_name


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_its_links_lead_somewhere(name: str) -> None:
    assert (PAGE.parent / name).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z][A-Z_]+_(?:KEY|TOKEN))`", TEXT))))
def test_its_variables_are_documented(name: str) -> None:
    assert f"{name}=" in (ROOT / ".env.example").read_text()


def test_its_rules_are_the_ones_set() -> None:
    lease = settings.WEBHOOK_LEASE_SECONDS
    for said in (
        f"ends after {settings.WEBHOOK_DEADLINE_SECONDS} seconds",
        f"the lease ({lease} seconds)",
        f"within {lease + dispatch.RECLAIM_EVERY:.0f} seconds",
        f"longer than {dispatch.LONGEST_WAIT:.0f} seconds",
        f"looks every {dispatch.SWEEP_EVERY:.0f} seconds",
        f"{breaker.PAUSE_SECONDS} seconds, doubling to {breaker.LONGEST_PAUSE_SECONDS // 60} min",
        f"when {breaker.FAILED_PERCENT} % of ten fail",
        f"at most {redelivery.RECOVERED_WITHIN.days} days ago",
        f"{redelivery.RECOVERED_A_SECOND} a second",
    ):
        assert said in WORDS
    assert (breaker.SILENT_IN_ROW, breaker.LEAST_TRIED) == (5, 10)
    assert breaker.SWITCHED_OFF_AFTER.days == 5
