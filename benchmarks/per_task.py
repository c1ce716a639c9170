"""The peer: a Celery task per delivery, with `requests`, as most projects do it."""

from __future__ import annotations

import os
import threading
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

import django

django.setup()

import requests
from celery import Celery
from django.utils import timezone

from events import letters, signing
from events.models import Attempt, Delivery

app = Celery("per_task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.worker_prefetch_multiplier = 8  # kinder to the peer than our own setting
_sessions = threading.local()


def _session() -> requests.Session:
    if not hasattr(_sessions, "session"):
        _sessions.session = requests.Session()
    session: requests.Session = _sessions.session
    return session


@app.task(ignore_result=True)  # type: ignore[untyped-decorator]
def deliver(delivery_id: str) -> None:
    """Build, sign, send and write down one delivery."""
    delivery = Delivery.objects.get(pk=delivery_id)
    written, _settled = letters.write([delivery])
    letter = written[0]
    now = int(time.time())
    answer = _session().post(
        str(letter.url),
        data=letter.body,
        timeout=15,
        headers={
            "Content-Type": "application/json",
            "webhook-id": delivery.webhook_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signing.sign(
                letter.address.keys, delivery.webhook_id, now, letter.body
            ),
        },
    )
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=timezone.now(),
        duration_ms=int(answer.elapsed.total_seconds() * 1000),
        status=answer.status_code,
        body_sha256=bytes.fromhex(letter.body_sha256),
    )
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.SENT, attempts=1, finished_at=timezone.now()
    )
