"""Paper: whatever the data says, it is only text."""

from __future__ import annotations

import pytest

from leads.typesetting import TEMPLATES, Document, Section

HOSTILE = (
    '#panic("x")',
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0"',
    "*bold* _it_ $x^2$ `raw` <label> @ref [a](b) = heading",
    '"}) #let doc = 1',
    "\\u{202e}\u202egnirts",
    "x" * 5000,
    "محمد علی",
    "राष्ट्रपति भवन",
    "Zoë Å Ł 🏠 漢字",
    "line\nbreak\ttab",
    "",
)


def paper(value: str) -> Document:
    return Document(
        title=value,
        issuer=value,
        footer=value,
        intro=[value],
        sections=[
            Section(
                heading=value,
                paragraphs=[value],
                points=[value],
                facts=[(value, value)],
                head=["a", "b"],
                rows=[[value, value], [value, value]],
            )
        ],
    )


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_value_is_read_as_markup_or_stops_a_document(value: str) -> None:
    assert paper(value).as_pdf().startswith(b"%PDF-1.7")


def test_values_reach_the_page() -> None:
    blank, filled = (paper(value).as_pictures()[0] for value in ("", "राष्ट्रपति"))

    assert filled.startswith(b"\x89PNG")
    assert filled != blank


def test_scripts_have_letters_of_their_own() -> None:
    """A missing letter is drawn as a box, so that two names of one length would look the same."""
    for one, other in (("محمد", "سالم"), ("राम", "हरि"), ("Ravi", "Zoey")):
        assert paper(one).as_pictures() != paper(other).as_pictures()


def test_the_template_loads_nothing_from_elsewhere() -> None:
    source = (TEMPLATES / "document.typ").read_text()

    assert "import" not in source
    assert "include" not in source
    assert "eval" not in source
    assert "read(" not in source
