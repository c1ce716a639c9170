"""What stands around every answer, of whatever kind; the edge refuses what no page asks for."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from leads.models import Lead, Share
from partners.models import User
from portal import checks
from portal.lib.logs import OneLine
from portal.lib.request_id import request_id_var
from portal.tests.callers import Caller

pytestmark = pytest.mark.django_db

POLICY = (
    "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; img-src 'self'; manifest-src 'self'; "
    "object-src 'none'; script-src 'self'; style-src 'self'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Kind of answer → the address, who asks and its status.
ANSWERS: dict[str, tuple[str, str, int]] = {
    "sign-in": ("/accounts/login/", "", 200),
    "redirect": ("/leads/", "", 302),
    "page": ("/leads/", "dana", 200),
    "lead": ("/leads/LEAD/", "dana", 200),
    "download": ("/leads/import/template.csv", "dana", 200),
    "partner page": ("/portal/leads/SHARE/", "amira", 200),
    "csv": ("/portal/commissions.csv", "amira", 200),
    "jsonl": ("/analytics/events.jsonl", "admin", 200),
    "refused": ("/analytics/events.jsonl", "amira", 403),
    "not there": ("/nothing/", "amira", 404),
    "admin": ("/admin/partners/partner/", "admin", 200),
    "admin refused": ("/admin/", "amira", 302),
    "client page": ("/c/open/", "", 404),
    "public form": ("/enquire/uae/", "", 200),
    "static": ("/static/js/portal.js", "", 200),
    "static not there": ("/static/js/nothing.js", "", 404),
    "health": ("/healthz", "", 200),
    "keys": ("/.well-known/jwks.json", "", 200),
    "schema": ("/api/schema/", "", 200),
    "api docs": ("/api/docs/", "", 200),
    "api refused": ("/api/leads", "", 401),
    "api not there": ("/api/nothing", "", 404),
}
MAY_BE_KEPT = {"static", "keys"}  # nothing personal


@pytest.fixture
def people(dana: User, amira: User, admin_user: User, settings: Any) -> dict[str, Client]:
    settings.WHITENOISE_USE_FINDERS = True  # nothing is collected for the suite
    browsers = {"": Client(raise_request_exception=False)}
    for name, user in (("dana", dana), ("amira", amira), ("admin", admin_user)):
        browsers[name] = Client(raise_request_exception=False)
        browsers[name].force_login(user)
    return browsers


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_of_answer_carries_them(
    kind: str, people: dict[str, Client], lead: Lead, share: Share
) -> None:
    path, who, status = ANSWERS[kind]
    path = path.replace("LEAD", lead.pk).replace("SHARE", share.pk)

    answer = people[who].get(path)
    answer.close()

    assert answer.status_code == status
    assert_guarded(answer)
    assert ("no-store" in answer["Cache-Control"]) == (kind not in MAY_BE_KEPT)
    if kind != "static":
        assert not answer.has_header("ETag")


def assert_guarded(answer: Any) -> None:
    found = {name: answer.headers.get(name, "") for name in ALWAYS}
    found["Content-Security-Policy"] = "; ".join(
        sorted(part.strip() for part in found["Content-Security-Policy"].split(";"))
    )
    assert found == ALWAYS
    assert answer.has_header("X-Request-Id")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert not {"Server", "X-Powered-By"} & set(answer.headers)
    if answer.get("Content-Type", "").startswith("text/html"):
        assert "HX-Request" in answer["Vary"]


def test_a_fault_and_a_key_of_the_api(
    people: dict[str, Client], acme_api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_guarded(acme_api.get("/api/leads"))

    def broken(**_: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("leads.selectors.shares_for", broken)
    monkeypatch.setattr("leads.views.agent.selectors", None)
    acme_api.client.raise_request_exception = False
    for answer in (acme_api.get("/api/leads"), people["dana"].get("/leads/")):
        assert answer.status_code == 500
        assert b"hunter2" not in answer.content
        assert_guarded(answer)


# --- with https --------------------------------------------------------------------------------
_PRINT = """
import json, portal.settings as s
print(json.dumps({n: getattr(s, n) for n in dir(s)
    if n.startswith(("SECURE_", "SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE"))
    and n != "SECURE_ORIGIN"} | {"ALLOWED_HOSTS": s.ALLOWED_HOSTS}))
"""


@pytest.fixture
def https(settings: Any) -> None:
    """What production sets for an origin with https, as the settings themselves work it out."""
    given = {
        "PORTAL_MODE": "production",
        "PORTAL_ORIGIN": "https://portal.example",
        "ALLOWED_HOSTS": "portal.example",
        "TRUSTED_PROXY_COUNT": "1",
    }
    environment = {name: v for name, v in os.environ.items() if name != "API_RATE_LIMIT"} | given
    printed = subprocess.run(
        [sys.executable, "-c", _PRINT], env=environment, capture_output=True, check=True, text=True
    )
    for name, value in json.loads(printed.stdout).items():
        setattr(settings, name, tuple(value) if name == "SECURE_PROXY_SSL_HEADER" else value)


def test_an_https_origin_keeps_cookies_to_itself(https: None, dana: User) -> None:
    browser = Client(headers={"Host": "portal.example", "X-Forwarded-Proto": "https"})

    dana.set_password("a long enough password")
    dana.save()

    page = browser.get("/accounts/login/")
    signed_in = browser.post(
        "/accounts/login/", {"login": dana.email, "password": "a long enough password"}
    )
    home = browser.get("/leads/")

    for answer in (page, signed_in, home):
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert_guarded(answer)
    assert (page.status_code, signed_in.status_code, home.status_code) == (200, 302, 200)
    cookies = {**page.cookies, **signed_in.cookies}
    assert {"__Host-csrf", "__Host-session"} <= set(cookies)
    for name, morsel in cookies.items():
        assert name.startswith("__Host-")
        assert (morsel["path"], morsel["domain"] or "") == ("/", "")
        assert morsel["secure"]
        assert morsel["httponly"]
        assert morsel["samesite"] == "Lax"


def test_plain_http_is_sent_on_and_another_host_refused(https: None) -> None:
    plain = Client(headers={"Host": "portal.example"}).get("/leads/")
    assert (plain.status_code, plain["Location"]) == (301, "https://portal.example/leads/")
    assert_guarded(plain)

    stranger = Client(headers={"Host": "evil.example"}).get("/leads/")
    assert stranger.status_code == 400
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options"):
        assert stranger.has_header(name)


# --- what the edge refuses ---------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/", "/healthz", "/static/x.js"])
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "DELETE", "BREW"])
def test_methods_no_page_has(method: str, path: str) -> None:
    answer = Client().generic(method, path)

    assert answer.status_code == 405
    assert_guarded(answer)


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.env", "/metrics", "/server-status", "/static/../manage.py", "/debug/",
     "/static/%2e%2e/manage.py", "/static/js/portal.js.map", "/phpinfo.php", "/__debug__/"],
)  # fmt: skip
def test_what_is_not_there(path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code in (302, 404)  # an unknown page is as private as a known one
    assert b"BASE_DIR" not in answer.content


def test_too_much_is_refused_unread(people: dict[str, Client], settings: Any) -> None:
    class Unread:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    page, paper = "/leads/import/", "/portal/leads/share_1/evidence/"
    for path, length in (
        (page, str(settings.MAX_REQUEST_BYTES + 1)),
        (page, "-1"),
        (page, "9" * 30),
        (paper, str(settings.EVIDENCE_REQUEST_BYTES + 1)),
    ):
        answer = people["dana"].generic(
            "POST",
            path,
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH=length,
            **{"wsgi.input": Unread()},
        )
        assert answer.status_code == 413
        assert_guarded(answer)


def test_ten_thousand_fields_are_refused(people: dict[str, Client]) -> None:
    answer = people["dana"].post("/leads/new/", {f"f{n}": "" for n in range(10_000)})

    assert answer.status_code == 400


# --- forged requests ---------------------------------------------------------------------------
# They carry a token of their own and no session counts for them (`leads.form_token`).
WITHOUT_SESSION = ("enquire/", "api/")


def posts(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from posts(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def test_nothing_but_the_public_form_and_the_api_goes_without_a_token() -> None:
    exempt = {
        path
        for path, view in posts(get_resolver().url_patterns)
        if getattr(view, "csrf_exempt", False)
    }
    assert {path for path in exempt if not path.startswith(WITHOUT_SESSION)} == set()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRFToken": "x" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"HX-Request": "true"},
        {"Content-Type": "text/plain"},
    ],
)
@pytest.mark.parametrize(
    "path",
    ["/leads/new/", "/leads/LEAD/erase/", "/accounts/logout/", "/portal/settings/endpoints/",
     "/portal/leads/SHARE/accept/", "/admin/partners/partner/add/", "/accounts/password/change/"],
)  # fmt: skip
def test_a_forged_post_is_refused(
    path: str, headers: dict[str, str], admin_user: User, lead: Lead, share: Share
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    path = path.replace("LEAD", lead.pk).replace("SHARE", share.pk)

    answer = browser.post(path, {"name": "x", "confirmed": "on"}, headers=headers)

    assert answer.status_code == 403
    assert_guarded(answer)
    share.refresh_from_db()
    assert share.status == "sent"
    assert Lead.objects.count() == 1


def test_a_token_does_not_help_a_foreign_page(admin_user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    browser.get("/leads/new/")
    token = browser.cookies["csrf"].value

    for origin in ("https://evil.example", "null"):
        answer = browser.post(
            "/leads/new/", {"csrfmiddlewaretoken": token}, headers={"Origin": origin}
        )
        assert answer.status_code == 403
    own = browser.post(
        "/leads/new/", {"csrfmiddlewaretoken": token}, headers={"Origin": "http://testserver"}
    )
    assert own.status_code in (200, 422)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_get_stays_a_get(name: str, dana: User, lead: Lead) -> None:
    browser = Client()
    browser.force_login(dana)

    answer = browser.get(f"/leads/{lead.pk}/copy/?_method=POST", headers={name: "POST"})

    assert answer.status_code == 405


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(target: str, dana: User) -> None:
    dana.set_password("a long enough password")
    dana.save()

    answer = Client().post(
        "/accounts/login/",
        {"login": dana.email, "password": "a long enough password", "next": target},
    )

    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


# --- logs --------------------------------------------------------------------------------------
def test_a_key_in_the_address_is_refused_and_not_logged(
    acme_api: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    secret = acme_api.secret
    for path in ("/api/leads", "/api/partner", "/api/v1/metrics"):
        for name in ("key", "access_token", "Authorization"):
            answer = Client().get(f"{path}?{name}={secret}")
            assert answer.status_code in (400, 401)
            assert acme_api.get(f"{path}?{name}={secret}").status_code == 400
    assert secret not in caplog.text
    assert caplog.records


def line_of(message: str, *args: object, error: Exception | None = None) -> str:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("x", logging.WARNING, "", 0, message, args, info)
    request_id_var.set("-")
    return OneLine().format(record).partition(" ")[2]


def test_a_log_line_is_one_line() -> None:
    forged = "x\r\nERROR a made up line\x1b[2J\u2028and\x00another"

    line = line_of("Not Found: %s", forged)

    assert line.splitlines() == [line]
    assert line.startswith(r"WARNING x [-] Not Found: x\r\nERROR")
    assert "\x1b" not in line


def test_a_traceback_never_looks_like_a_line() -> None:
    lines = line_of("it broke", error=ValueError("x\nERROR made up\x1b[2J")).splitlines()

    assert lines[0] == "WARNING x [-] it broke"
    assert len(lines) > 1
    assert all(line.startswith("| ") and "\x1b" not in line for line in lines[1:])


# --- the deployment check ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"DEMO": True}, ["portal.E001"]),
        ({"SECURE_ORIGIN": False}, ["portal.E002"]),
        ({"FIELD_ENCRYPTION_KEYS": []}, ["portal.E003"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["portal.E004"]),
        ({"ALLOWED_HOSTS": [".portal.example"]}, ["portal.E004"]),
        ({"MFA_REQUIRED_ROLES": ["admin", "boss"]}, ["portal.E005"]),
        (
            {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"script-src": ["'unsafe-inline'"]}}},
            ["portal.E006"],
        ),
        ({"CAPTURE_EMBED_ORIGINS": ["http://villas.example"]}, ["portal.E007"]),
    ],
)
def test_what_must_not_be_deployed(changed: dict[str, Any], told: list[str], settings: Any) -> None:
    good = {"DEMO": False, "SECURE_ORIGIN": True, "ALLOWED_HOSTS": ["portal.example"]}
    for name, value in (good | changed).items():
        setattr(settings, name, value)

    found = [*checks.refuse_demo_in_production(), *checks.refuse_an_open_edge()]

    assert [error.id for error in found] == told
