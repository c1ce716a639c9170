"""What the API's page tells people to paste works: on the running portal, in a real shell."""

from __future__ import annotations

import html
import json
import re
import subprocess
import urllib.request
from typing import Any

import pytest

from events.models import Endpoint
from leads.models import Share
from partners.services import issue_key
from portal.lib.access import THE_SYSTEM
from portal.tests.live import LivePortal

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
    def test_the_quick_start(self, live: LivePortal, acme: Any, share: Share) -> None:
        _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
        commands = [html.unescape(found) for found in _SHELL.findall(page_of(live))]
        assert len(commands) == 5
        script = "set -euo pipefail\n" + "".join(commands)
        assert live.origin in script

        said = run("bash", script=script.replace("pp_live_…", secret))

        share.refresh_from_db()
        assert share.status == Share.Status.ACCEPTED
        assert Endpoint.objects.get(partner=acme).url == "https://hooks.example.com/portal"
        assert said.count('"ok": true') == 4
        assert '"secret": "whsec_' in said

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
