"""What the pages and mails about signing in need to say."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from partners.second_factor import is_demanded_from

register = template.Library()

# The first that is found counts: browsers also name those they descend from.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """Return in words which browser USER_AGENT says it is, and on what it runs."""
    names = [_first(user_agent, BROWSERS), _first(user_agent, SYSTEMS)]
    if all(names):
        return _("%(browser)s on %(system)s") % {"browser": names[0], "system": names[1]}
    return names[0] or names[1] or _("An unknown browser")


@register.simple_tag
def factor_demanded(user: Any) -> bool:
    """Return whether the role of USER must have a second factor."""
    return is_demanded_from(user)


def _first(user_agent: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in known if mark in user_agent), "")
