"""What still answers, and how, when an engine is gone; and what a log never says."""

from __future__ import annotations

import json
import logging

import pytest
import redis
from django.db import InterfaceError
from django.test import RequestFactory

from portal import views
from portal.lib.logs import OneLine
from portal.middleware import RedisDownMiddleware

TOKEN = "Zk3v9QmXw2LpT7cRbY5nHd8sJf4gAe1u"


@pytest.fixture
def middleware() -> RedisDownMiddleware:
    return RedisDownMiddleware(lambda request: pytest.fail("not called"))


def test_without_redis_an_api_call_gets_a_problem(middleware):
    request = RequestFactory().post("/api/share-lead")

    response = middleware.process_exception(request, redis.ConnectionError("gone"))

    assert response is not None
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert json.loads(response.content)["code"] == "unavailable"
    assert response["Retry-After"] == "30"


def test_without_redis_a_page_gets_a_page(middleware):
    request = RequestFactory().post("/accounts/login/")

    response = middleware.process_exception(request, redis.TimeoutError("slow"))

    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert b"<html" in response.content


def test_a_broken_database_connection_is_not_ready(monkeypatch):
    def broken():
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(views.connection, "cursor", broken)

    response = views.readyz(RequestFactory().get("/readyz"))

    assert response.status_code == 503
    assert json.loads(response.content)["database"] is False


@pytest.mark.parametrize("path", [f"/c/{TOKEN}/lead/", f"/accounts/password/reset/key/1-{TOKEN}/"])
def test_a_log_line_names_no_token_of_a_link(path):
    record = logging.LogRecord(
        "django.request", logging.WARNING, __file__, 1, "%s: %s", ("Not Found", path), None
    )

    line = OneLine().format(record)

    assert TOKEN not in line
    assert "Not Found: /" in line


@pytest.mark.django_db
def test_the_log_line_of_a_refusal_names_the_request(client):
    named = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            named.append(OneLine().format(record).partition("[")[2].partition("]")[0])

    kept = Kept()
    logging.getLogger("django.request").addHandler(kept)
    try:
        answer = client.get("/api/no-such-address")
    finally:
        logging.getLogger("django.request").removeHandler(kept)

    assert named == [answer.headers["X-Request-Id"]]
