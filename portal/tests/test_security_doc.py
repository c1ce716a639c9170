"""What `docs/security.md` says is so."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

from events.http import ANSWER_BYTES
from leads.import_file import MAX_BYTES
from partners import keys
from portal import middleware
from portal import settings as portal_settings
from portal.lib import parsing
from portal.server import HEAD_BYTES, WHOLE_BYTES
from portal.tests import hostile
from portal.tests.test_headers import ALWAYS, WITHOUT_SESSION

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "security.md"
TEXT = " ".join(PAGE.read_text().split())
NAMED = sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.[a-z]+)`", TEXT)))
LINKED = sorted(set(re.findall(r"\]\(([^)#:]+)", TEXT)))


@pytest.mark.parametrize("path", NAMED)
def test_what_it_names_is_there_and_tests_say_something(path: str) -> None:
    file = ROOT / path
    assert file.is_file()
    if "/test_" in path:
        assert "def test_" in file.read_text()


@pytest.mark.parametrize("path", LINKED)
def test_its_links_lead_somewhere(path: str) -> None:
    assert (PAGE.parent / path).resolve().exists()


def test_it_names_most_of_what_shows_it() -> None:
    assert len([path for path in NAMED if "/test_" in path]) > 12


@pytest.mark.parametrize("name", [n for n in ALWAYS if n != "Content-Security-Policy"])
def test_headers_are_the_ones_sent(name: str) -> None:
    assert f"{name}: {ALWAYS[name]}" in TEXT


def test_figures_are_the_ones_set() -> None:
    idle, absolute = settings.SESSION_COOKIE_AGE // 3600, settings.SESSION_ABSOLUTE_AGE // 3600
    for said in (
        f"lasts {absolute} hours at most and {idle} without use",
        f"more than {settings.MAX_REQUEST_BYTES // 2**20} MB is refused",
        f"in, of more than {settings.EVIDENCE_MAX_BYTES // 10**6} MB)",
        f"more than {settings.API_MAX_BODY // 1024} kB",
        f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields and one file",
        f"{parsing.MAX_DEPTH} levels",
        f"after {settings.WEBHOOK_DEADLINE_SECONDS} seconds",
        f"reads {ANSWER_BYTES // 1024} kB of an answer",
        f"{round(keys.RANDOM * math.log2(len(keys.ALPHABET)))} random bits",
        f"max-age={365 * 24 * 3600}",
    ):
        assert said in TEXT
    assert len(hostile.PAYLOADS) == 7
    assert "seven payloads" in TEXT
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES == 1
    assert settings.MAX_REQUEST_BYTES > MAX_BYTES  # the file it takes fits into a request
    assert settings.EVIDENCE_MAX_BYTES < settings.EVIDENCE_REQUEST_BYTES
    assert settings.EVIDENCE_REQUEST_BYTES + HEAD_BYTES == WHOLE_BYTES
    assert ", ".join(middleware.RequestLimitsMiddleware.METHODS[:3]) in TEXT


def test_the_policy_is_as_strict_as_it_says() -> None:
    directives = dict(portal_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"])
    none = {name for name, value in directives.items() if value == ["'none'"]}

    assert none == {"default-src", "base-uri", "frame-ancestors", "object-src"}
    assert all(directives[name] == ["'self'"] for name in directives.keys() - none)
    assert WITHOUT_SESSION == ("enquire/", "api/")
