"""From "I have a key" to "my own script accepted a lead": the client's example, as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from events.models import Endpoint
from leads.groups import Groups
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import issue_key
from portal.embedded_engines import free_port
from portal.lib.access import THE_SYSTEM
from portal.tests.live import ROOT, LivePortal

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def test_the_example_registers_receives_verifies_and_accepts(
    live: LivePortal, dana: User, acme: Partner
) -> None:
    _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
    lead = LeadFactory.create(agent=dana)
    example = subprocess.Popen(
        [sys.executable, "clients/python/examples/accept_leads.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "clients/python"),
            "PORTAL_KEY": secret,
            "PORTAL_ORIGIN": live.origin,
            "HOOK_PORT": str(free_port()),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: Endpoint.objects.receiving().filter(partner=acme).exists(), example)
        share = share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
        )
        wait_for(lambda: Share.objects.get(pk=share.pk).status == "accepted", example)
    finally:
        example.terminate()
    said, _errors = example.communicate(timeout=10)
    assert f"accepted {share.pk}" in said
