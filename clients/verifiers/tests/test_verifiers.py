"""The verifiers for copying do what they say, in each language whose runtime is here."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook

HERE = Path(__file__).parent.parent
SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 32
BODY = '{"type":"lead.shared","data":{"name":"Zoë  ","city":"دبي"}}'
RUN = {
    "verify.py": [sys.executable],
    "verify.js": ["node"],
    "verify.php": ["php"],
    "Verify.java": ["java"],
}
SLOW = {"Verify.java"}  # compiled at each start


def signature(secret: str, at: int) -> str:
    return Webhook(secret).sign("msg_1", dt.datetime.fromtimestamp(at, dt.UTC), BODY)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.proof if n in SLOW else ()) for n in RUN]
)
def test_takes_what_is_signed_and_nothing_else(name: str) -> None:
    program, *_rest = RUN[name]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    now = int(time.time())
    good = signature(SECRET, now)

    def accepts(signatures: str, *, at: str = str(now), body: str = BODY) -> bool:
        command = [*RUN[name], str(HERE / name), SECRET, "msg_1", at, signatures]
        done = subprocess.run(
            command, input=body.encode(), capture_output=True, check=False, timeout=60
        )
        assert done.returncode in (0, 1)
        assert done.stderr == b""  # an error ends with 1 as well
        return done.returncode == 0

    assert accepts(good)
    assert accepts(f"{signature(OTHER, now)} {good}")  # while a secret is rotated
    assert not accepts(signature(OTHER, now))
    assert not accepts(good, body=BODY.replace("  ", " "))
    assert not accepts(good, at=str(now + 1))
    assert not accepts(signature(SECRET, now - 600), at=str(now - 600))
    # Whoever finds the address sends what it likes: a header is refused, never an error of ours.
    for at in ("soon", "²", "9" * 5000):
        assert not accepts(good, at=at)
    for signatures in ("", "v1,", "v1,é", good.replace("v1", "v1a")):
        assert not accepts(signatures)
