"""The smallest files of each kind, for the tests of papers."""

from __future__ import annotations

import io
import struct
import zlib

from pypdf import PdfWriter


def pdf() -> bytes:
    written = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(width=100, height=100)
    writer.write(written)
    return written.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(*beside: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    picture = chunk(b"IDAT", zlib.compress(b"\0\0"))
    parts = (chunk(b"IHDR", head), *beside, picture, chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def exif(orientation: int, order: str = ">") -> bytes:
    mark = b"MM\0*" if order == ">" else b"II*\0"
    turned = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    place = struct.pack(f"{order}HHII", 0x8825, 4, 1, 40)
    notes = mark + struct.pack(f"{order}IH", 8, 2) + place + turned + b"\0\0\0\0GPS 25.2048 N"
    return segment(0xE1, b"Exif\0\0" + notes)


SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"


def jpeg(*beside: bytes, tail: bytes = b"") -> bytes:
    shown = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + segment(0xDB, b"\0" * 65)
    return b"\xff\xd8" + b"".join(beside) + shown + SCAN + b"\xff\xd9" + tail
