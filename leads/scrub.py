"""Take phone numbers and e-mail addresses out of free text while contact is withheld."""

from __future__ import annotations

import re

REMOVED = "[removed]"
_EMAIL = re.compile(
    r"[\w.+-]+\s*(?:@|\(at\)|\[at\]|\s+at\s+)\s*[\w-]+(?:\s*(?:\.|\(dot\)|\[dot\]|\s+dot\s+)\s*[\w-]+)+",
    re.IGNORECASE,
)
# Seven digits or more, of any script, with the separators people write in phone numbers. A comma
# is not one, so that "21,000,000" stays; a letter before it makes it a registration number.
_PHONE = re.compile(
    r"(?<!\w)(?<!\d[.,])(?:\+|\(|00)?\s*\d(?:[\s().\-/\u200e\u200f]{0,3}\d){6,}(?!\w)"
)
_DIGIT = re.compile(r"\d")
_LETTERS_OF_AN_ADDRESS = re.compile(r"@|\bat\b|\(at\)|\[at\]", re.IGNORECASE)


def scrub(text: str) -> str:
    """Return TEXT with every phone number and e-mail address replaced by `[removed]`."""
    if _LETTERS_OF_AN_ADDRESS.search(text):
        text = _EMAIL.sub(REMOVED, text)
    if len(_DIGIT.findall(text)) >= 7:
        text = _PHONE.sub(REMOVED, text)
    return text
