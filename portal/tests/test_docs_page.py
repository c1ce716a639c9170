"""What the API's page tells people to paste works: on the running portal, in a real shell."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from events.models import Delivery, Endpoint
from leads.groups import Groups
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import User
from partners.services import issue_key
from portal.embedded_engines import free_port
from portal.lib.access import THE_SYSTEM
from portal.tests.live import LivePortal
from portal.tests.test_newcomer import wait_for

_SHELL = re.compile(r'<code class="shell" id="shell-\d">(.*?)</code>', re.S)
_SIGNING = re.compile(r'<code id="sign-1">(.*?)</code>', re.S)


def page_of(live: LivePortal) -> str:
    with urllib.request.urlopen(f"{live.origin}/api/docs/") as answer:
        return str(answer.read().decode())


def run(program: str, *arguments: str, script: str, **environment: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
class TestAsPasted:
    def test_the_quick_start(
        self, live: LivePortal, acme: Any, dana: User, share: Share, tmp_path: Path
    ) -> None:
        _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
        commands = [html.unescape(found) for found in _SHELL.findall(page_of(live))]
        assert len(commands) == 5
        script = "set -euo pipefail\n" + "".join(commands)
        assert live.origin in script
        pasted = tmp_path / "pasted.sh"
        pasted.write_text(script.replace("pp_live_…", secret))
        shell = subprocess.Popen(
            ["/usr/bin/env", "bash", str(pasted)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOOK_PORT": str(free_port())},
        )
        try:
            receiving = Endpoint.objects.receiving().filter(partner=acme)
            wait_for(receiving.exists, shell)
            lead = LeadFactory.create(agent=dana)
            share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything())
            sent = Delivery.objects.filter(type="lead.shared", endpoint__partner=acme, state="sent")
            wait_for(sent.exists, shell)
        finally:
            os.killpg(shell.pid, signal.SIGINT)
        said, complaints = shell.communicate(timeout=20)

        share.refresh_from_db()
        assert share.status == Share.Status.ACCEPTED
        assert said.count('"ok": true') == 3, complaints
        told = Share.objects.get(lead=lead)
        assert said.splitlines()[-2:] == ["webhook.verify ", f"lead.shared {told.pk}"]
        assert not Endpoint.objects.kept().filter(partner=acme).exists()

    def test_signing(self, live: LivePortal, acme: Any, share: Share) -> None:
        key, secret = issue_key(actor=THE_SYSTEM, partner=acme, signed=True)
        found = _SIGNING.search(page_of(live))
        assert found is not None
        script = html.unescape(found[1]) + "import json; print(json.dumps(headers('GET', TARGET)))"
        target = "/api/leads?limit=5"
        environment = {"KEY": secret, "SIGNING_SECRET": key.signing_secret}

        signed = run("python3", "-", script=f"TARGET = {target!r}\n{script}", **environment)

        call = urllib.request.Request(live.origin + target, headers=json.loads(signed))
        with urllib.request.urlopen(call) as answer:
            assert json.load(answer)["data"][0]["leadId"] == share.pk
