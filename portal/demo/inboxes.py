"""The partners' own systems in the demo: endpoints on the demo inbox, and the secrets it checks."""

from __future__ import annotations

import json
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from events.models import Endpoint
from events.services import create_endpoint, nudge, remove_endpoint
from portal.demo.cast import Cast

NAMES = ("acme", "skyline", "sahyadri")
POLL_SECONDS = 0.1


def url_of(name: str) -> str:
    """Return where partner NAME's system listens."""
    return f"{settings.INBOX_ORIGIN}/hooks/{name}"


def secrets_file() -> Path:
    return Path(settings.DATA_DIR) / "inbox" / "secrets.json"


@transaction.atomic
def open_inboxes(cast: Cast) -> None:
    """Register each inbox once, at the port it listens on now, and tell it its secret.

    One transaction, so that no challenge leaves before the inbox knows what it is signed with.
    """
    for name in NAMES:
        here = Endpoint.objects.filter(partner=cast.partners[name], url=url_of(name))
        if not here.exists():
            _move_in(cast, name)
    _write_secrets(cast)


def _move_in(cast: Cast, name: str) -> None:
    """Register the inbox's address in place of the one it had at another port."""
    kept = Endpoint.objects.kept().filter(partner=cast.partners[name])
    for before in kept.filter(url__regex=rf"^http://127\.0\.0\.1:\d+/hooks/{name}$"):
        remove_endpoint(actor=cast.owners[name], endpoint_id=before.pk)
    create_endpoint(actor=cast.owners[name], url=url_of(name))


def _write_secrets(cast: Cast) -> None:
    secrets = {}
    for name in NAMES:
        kept = Endpoint.objects.kept().filter(partner=cast.partners[name], url=url_of(name)).first()
        if kept is not None:
            secrets[name] = kept.secret
    path, content = secrets_file(), json.dumps(secrets, indent=1)
    if path.exists() and path.read_text() == content:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(content)
    fresh.replace(path)


def wait_until_open(cast: Cast, seconds: float) -> bool:
    """Return whether every inbox has echoed its challenge, after waiting SECONDS at most."""
    deadline, ring_at = time.monotonic() + seconds, 0.0
    urls = [url_of(name) for name in NAMES]
    unverified = Endpoint.objects.kept().filter(
        partner__in=[cast.partners[name] for name in NAMES], url__in=urls, verified_at=None
    )
    while unverified.exists():
        if (now := time.monotonic()) > deadline:
            return False
        if now > ring_at:
            nudge()
            ring_at = now + 1
        time.sleep(POLL_SECONDS)
    return True
