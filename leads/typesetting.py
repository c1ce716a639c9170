"""Documents from plain data, set by typst into a PDF.

The template gets one JSON text and shows each value as it is, so that a hostile name is only a
name. It reads nothing outside its own folder and loads nothing from anywhere.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst

TEMPLATES = Path(__file__).parent / "typst"
# Names come in Latin, Arabic and Devanagari; each package carries one family (OFL).
FONTS = {
    "Noto Sans": "fontpkg_noto_sans",
    "Noto Sans Arabic": "fontpkg_noto_sans_arabic",
    "Noto Sans Devanagari": "fontpkg_noto_sans_devanagari",
}
_UNBROKEN = re.compile(r"[^\s\u200b]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with what stands below it; `facts` are pairs of a label and its value."""

    heading: str
    level: int = 2
    paragraphs: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"heading": self.heading, "level": self.level}
        data |= {"paragraphs": self.paragraphs, "points": self.points, "facts": self.facts}
        if self.rows:
            data["table"] = {"head": self.head, "rows": self.rows}
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a PDF says, from its title to its last section."""

    title: str
    issuer: str
    footer: str
    intro: list[str]
    sections: list[Section]
    language: str = "en"

    def as_pdf(self) -> bytes:
        """Return the document as a PDF with tags, for screen readers too."""
        return _set(self, "pdf")[0]

    def as_pictures(self) -> list[bytes]:
        """Return each page as a PNG, to look at."""
        return _set(self, "png")


def _set(document: Document, form: Literal["pdf", "png"]) -> list[bytes]:
    data = {
        "title": document.title,
        "issuer": document.issuer,
        "footer": document.footer,
        "intro": document.intro,
        "language": document.language,
        "fonts": list(FONTS),
        "sections": [section.as_data() for section in document.sections],
    }
    compiler = typst.Compiler(
        input=str(TEMPLATES / "document.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"document": json.dumps(_breakable(data))},
        package_path=str(TEMPLATES / "packages"),
        package_cache_path=str(TEMPLATES / "packages"),
    )
    made = compiler.compile(format=form, ppi=110)
    return made if isinstance(made, list) else [made or b""]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(files(package) / "files") for package in FONTS.values()],
    )


def _breakable(value: Any) -> Any:
    """Let long runs without a space, such as hashes, break at the end of a line."""
    if isinstance(value, str):
        return _UNBROKEN.sub(lambda run: run.group() + "\u200b", value)
    if isinstance(value, dict):
        return {key: _breakable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(entry) for entry in value]
    return value
