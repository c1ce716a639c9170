"""What people are told before they decide about their details, version by version.

The texts stand in `notice_texts/<version>.<language>.txt` and are never edited once published: a
changed text is a new version. What somebody was shown is kept word for word (`Notice`), because
the company's name, its address and the retention rules stand in it too and may change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale
from django.conf import settings
from django.utils.translation import get_language, override

from leads import retention
from leads.models import Notice
from partners.types import Market

TEXTS = Path(__file__).parent / "notice_texts"
FORM, PAGE, ATTESTATION = "form", "page", "attestation"
# What is shown now, by market and use.
CURRENT = {
    (market.value, use): f"{market.value}-{use}-2026-11"
    for market in Market
    for use in (FORM, PAGE, ATTESTATION)
}
LANGUAGE = "en"  # where a language has no text yet


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a notice: a heading, a paragraph, or the points of a list."""

    kind: str
    text: str = ""
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNotice:
    """A notice exactly as it is shown: what a decision made in its sight refers to."""

    version: str
    language: str
    market: str
    text: str
    sha256: str

    @property
    def blocks(self) -> list[Block]:
        """Return the text as headings, paragraphs and lists, for a page."""
        return blocks_of(self.text)


def current(market: str, use: str = PAGE, language: str = LANGUAGE) -> ShownNotice:
    """Return what is shown now in MARKET: on the capture form, the client's page, or to agents.

    :param use: `FORM`, `PAGE` or `ATTESTATION`
    :param language: a code like `en`; English where there is no text in it
    :raises LookupError: if there is no such use
    """
    return _shown(CURRENT[market, use], language)


def by_version(version: str, language: str = LANGUAGE) -> ShownNotice | None:
    """Return the notice of VERSION, an outsider's word, or None where we published no such text."""
    known = any(version == published for published, _language in _published())
    return _shown(version, language) if known else None


def remember(shown: ShownNotice) -> Notice:
    """Keep the text as it was shown, once, however often and by however many it is seen."""
    if (known := Notice.objects.filter(sha256=shown.sha256).first()) is not None:
        return known
    # Two may see it first at once: one writes it, the other finds it.
    Notice.objects.bulk_create(
        [
            Notice(
                version=shown.version,
                language=shown.language,
                market=shown.market,
                text=shown.text,
                sha256=shown.sha256,
            )
        ],
        ignore_conflicts=True,
    )
    return Notice.objects.get(sha256=shown.sha256)


def blocks_of(text: str) -> list[Block]:
    """Return TEXT as headings, paragraphs and lists."""
    blocks: list[Block] = []
    for line in filter(None, text.splitlines()):
        if line.startswith("# "):
            blocks.append(Block("heading", line[2:]))
        elif not line.startswith("- "):
            blocks.append(Block("paragraph", line))
        elif blocks and blocks[-1].kind == "list":
            blocks[-1] = Block("list", points=(*blocks[-1].points, line[2:]))
        else:
            blocks.append(Block("list", points=(line[2:],)))
    return blocks


def _shown(version: str, language: str) -> ShownNotice:
    if (version, language) not in _published():
        language = LANGUAGE
    market = version.partition("-")[0]
    with override(language):
        filled = _filled(version, language, _words(market))
    digest = hashlib.sha256(filled.encode()).hexdigest()
    return ShownNotice(
        version=version, language=language, market=market, text=filled, sha256=digest
    )


def countries_in_words(codes: Iterable[str]) -> str:
    """Return the names of countries (ISO 3166) in the language now spoken."""
    territories = Locale.parse(get_language() or LANGUAGE, sep="-").territories
    return ", ".join(territories[code] for code in codes)


def _words(market: str) -> tuple[tuple[str, str], ...]:
    """Return what stands for the placeholders of the texts."""
    return (
        ("platform", settings.PLATFORM_LEGAL_NAME),
        ("contact", settings.PRIVACY_EMAIL),
        ("storage", countries_in_words(settings.DATA_COUNTRIES)),
        ("retention", retention.in_words(market)),
    )


@lru_cache(maxsize=64)
def _filled(version: str, language: str, words: tuple[tuple[str, str], ...]) -> str:
    text = (TEXTS / f"{version}.{language}.txt").read_text(encoding="utf-8")
    return text.format_map(dict(words))


@lru_cache(maxsize=1)
def _published() -> frozenset[tuple[str, str]]:
    """Return every text there is, as version and language."""
    names = (path.name.split(".") for path in TEXTS.glob("*.txt"))
    return frozenset((version, language) for version, language, _txt in names)
