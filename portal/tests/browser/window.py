"""One person's browser window: what it shows, what it complains about, how it looks."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

SCREENSHOTS = Path(__file__).resolve().parents[3] / "docs" / "screenshots"
REWRITES = os.environ.get("PORTAL_SCREENSHOTS") == "1"  # only then the files in docs/ change
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
# Told by the page itself, because a blocked style is no error of the console in every version.
_NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile} ${event.sample}`));
"""


class Window:
    """A window of SIZE in which one person works. The portal's policy is in force in it."""

    def __init__(self, browser: Browser, origin: str, *, size: str, scheme: str = "light") -> None:
        width, height = SIZES[size]
        self.size, self.scheme = size, scheme
        self._context = browser.new_context(
            base_url=origin,
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Asia/Dubai",
            has_touch=size == "phone",
            is_mobile=size == "phone",
        )
        self._context.add_init_script(_NOTE_VIOLATIONS)
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self.expects: tuple[int, ...] = ()  # statuses of pages that are meant to be refused
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._broke)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if any(f"status of {status} " in message.text for status in self.expects):
            return
        self.complaints.append(f"{self.page.url}: {message.text}")

    def _broke(self, error: Error) -> None:
        self.complaints.append(f"{self.page.url}: {error}")

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.fill("[name=login]", email)
        self.page.fill("[name=password]", password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(re.compile("/(leads|portal|reconciliation|admin)/"))

    def open(self, path: str) -> None:
        self.page.goto(path)

    def look(self, name: str, *, keep: bool = True) -> None:
        """See that the page is sound; KEEP its picture as NAME when pictures are rewritten."""
        self.page.wait_for_load_state("load")
        self._assert_nothing_wrong()
        if REWRITES and keep:
            file = SCREENSHOTS / f"{name}-{self.size}-{self.scheme}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            self._photograph(file)
        # What axe and the camera leave behind; htmx would copy it and break the policy.
        self.page.evaluate(
            "document.querySelectorAll('[style]').forEach((e) => e.removeAttribute('style'))"
        )

    def _photograph(self, file: Path) -> None:
        """Keep the page's first two windows' worth, in a window made that high for the moment."""
        width, height = SIZES[self.size]
        whole = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": width, "height": min(whole, 2 * height)})
        self.page.screenshot(path=file, animations="disabled", caret="hide")
        self.page.set_viewport_size({"width": width, "height": height})

    def _assert_nothing_wrong(self) -> None:
        where = f"{self.page.url} ({self.size}, {self.scheme})"
        complaints = [*self.page.evaluate("window.violations"), *self.complaints]
        assert complaints == [], f"{where} complains: {complaints}"
        found: dict[str, Any] = Axe().run(self.page)
        told = [
            f"{violation['id']}: {violation['help']}: "
            + "; ".join(node["html"][:160] for node in violation["nodes"][:4])
            for violation in found["violations"]
        ]
        assert told == [], f"axe on {where}:\n" + "\n".join(told)
        assert self.width_is_kept(), f"{where} scrolls sideways"

    def width_is_kept(self) -> bool:
        """Return whether nothing makes the page wider than the window."""
        script = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        return bool(self.page.evaluate(script))

    def close(self) -> None:
        self._context.close()
