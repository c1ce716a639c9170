"""What a paper handed in is, found in its bytes, and a picture without what it tells beside.

A photograph of a contract says where and when it was taken. The camera's notes are dropped without
decoding the picture: nothing of a stranger's file is run through a decoder here. Only which way up
it goes is kept.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from portal.lib.errors import Unprocessable

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
ENDINGS = {PDF: ".pdf", PNG: ".png", JPEG: ".jpg"}
LONGEST_NAME = 120


class PaperRefused(Unprocessable):
    """The file is none that we take."""

    code = "paper_refused"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as it is kept."""

    content_type: str
    content: bytes


def read(content: bytes) -> Paper:
    """Return what CONTENT is, a picture without the camera's notes.

    :raises PaperRefused: if it is no PDF, PNG or JPEG, or a broken one
    """
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return Paper(PDF, content)
    try:
        if content.startswith(_PNG_MARK):
            return Paper(PNG, _plain_png(content))
        if content.startswith(b"\xff\xd8\xff"):
            return Paper(JPEG, _plain_jpeg(content))
    except (struct.error, IndexError, ValueError):
        raise PaperRefused(_("This picture is broken.")) from None
    raise PaperRefused(_("Only PDF, PNG and JPEG files are taken."))


def named(name: str, content_type: str) -> str:
    """Return NAME without a path or marks that cannot be seen, with the ending of CONTENT_TYPE."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    ending = ENDINGS[content_type]
    stem = shown.rsplit(".", 1)[0].strip(". ") or "paper"
    return stem[: LONGEST_NAME - len(ending)] + ending


# --- PNG: chunks of length, name, data and checksum --------------------------------------------
_PNG_MARK = b"\x89PNG\r\n\x1a\n"
# What is needed to show it; texts, times and the camera's notes are not.
_SHOWN = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"}
)


def _plain_png(content: bytes) -> bytes:
    """Return a PNG up to its end mark, with the chunks that show it; ValueError: none of it."""
    kept, at, name = [_PNG_MARK], len(_PNG_MARK), b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", content, at)
        chunk = content[at : at + 12 + length]
        name = chunk[4:8]
        (checksum,) = struct.unpack_from(">I", chunk, 8 + length)
        if checksum != zlib.crc32(chunk[4 : 8 + length]):
            raise ValueError("checksum")
        if name in _SHOWN:
            kept.append(chunk)
        at += len(chunk)
    if len(kept) < 4 or kept[1][4:8] != b"IHDR":  # the mark, its head, its picture and its end
        raise ValueError("no picture")
    return b"".join(kept)


# --- JPEG: segments of a marker, a length and data, and runs of picture data -------------------
_SCAN, _END, _APP0, _EXIF, _APP14, _COMMENT = 0xDA, 0xD9, 0xE0, 0xE1, 0xEE, 0xFE
_NOTES = frozenset(range(_APP0, 0xF0)) - {_APP0, _APP14} | {_COMMENT}
# In picture data a marker is no stuffed zero, no restart and no filling.
_MARKER = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])", re.DOTALL)


def _plain_jpeg(content: bytes) -> bytes:
    """Return a JPEG up to its end mark without the camera's notes; ValueError: none of it."""
    kept, at, turned, scans = [], 2, 1, 0
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == _END:
            break
        (length,) = struct.unpack_from(">H", content, at + 2)
        after = at + 2 + length
        segment = content[at:after]
        if len(segment) < 4 or len(segment) != 2 + length:
            raise ValueError("cut off")
        if marker == _SCAN:
            scans += 1
            found = _MARKER.search(content, after)
            after = found.start() if found else len(content)
            segment = content[at:after]
        elif marker == _EXIF:
            turned = _orientation(segment) or turned
        if marker not in _NOTES:
            kept.append(segment)
        at = after
    if not scans:
        raise ValueError("no picture")
    return b"\xff\xd8" + (_turning(turned) if turned != 1 else b"") + b"".join(kept) + b"\xff\xd9"


def _orientation(segment: bytes) -> int:
    """Return which way up the picture goes by an Exif SEGMENT: 1 to 8, or 0 if it does not say."""
    if segment[4:10] != b"Exif\0\0":
        return 0
    notes = segment[10:]
    order = {b"II": "<", b"MM": ">"}.get(notes[:2])
    if order is None:
        return 0
    try:
        (first,) = struct.unpack_from(f"{order}I", notes, 4)
        (entries,) = struct.unpack_from(f"{order}H", notes, first)
        for number in range(min(entries, 64)):
            tag, _type, _count, value = struct.unpack_from(
                f"{order}HHIH", notes, first + 2 + 12 * number
            )
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 0
    except struct.error:
        return 0
    return 0


def _turning(orientation: int) -> bytes:
    """Return an Exif segment that says only which way up the picture goes."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    notes = b"Exif\0\0" + b"MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
    return struct.pack(">BBH", 0xFF, _EXIF, 2 + len(notes)) + notes
