"""A real browser on the running portal with the demo world in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from portal.demo import world
from portal.tests.browser.window import Window
from portal.tests.live import LivePortal

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one the journeys are skipped, and say so."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium found ({', '.join(NAMES)}); set CHROMIUM to its path")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, in which Django refuses its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def demo(live: LivePortal, settings: Any) -> LivePortal:
    """The running portal with the demo world, whose last leads have arrived in the inbox."""
    live.start_inbox()
    settings.DATA_DIR = live.folder
    settings.INBOX_ORIGIN = live.inbox_origin
    assert world.load(wait=20).waiting == 0
    return live


@pytest.fixture
def window(demo: LivePortal, browser: Browser, settings: Any) -> Iterator[Callable[..., Window]]:
    """Return how to open a window, signed in as somebody of the demo if an EMAIL is given."""
    opened: list[Window] = []

    def open_window(email: str = "", *, size: str = "wide", scheme: str = "light") -> Window:
        fresh = Window(browser, demo.origin, size=size, scheme=scheme)
        opened.append(fresh)
        if email:
            fresh.sign_in(email, settings.DEMO_PASSWORD)
        return fresh

    yield open_window
    for each in opened:
        each.close()
