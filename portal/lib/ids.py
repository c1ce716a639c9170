"""Public ids: a prefix that says what it is, and 128 bits in Crockford base32 (TypeID 0.3).

Stored as `uuid`, handled as text. Ids that only staff see are UUIDv7 (RFC 9562), so that new rows
stay together in an index; ids that outsiders could guess or compare are random.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Cast, Right

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Two characters at a time, and back through Python's own base 32: pages and queues make many ids.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS = range(120, -1, -10)
_TO_BASE32HEX = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_SHAPE = re.compile(r"^[0-7][0-9a-hjkmnp-tv-z]{25}\Z")
SUFFIX_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"


def uuid7() -> uuid.UUID:
    """Return a time-ordered UUID (RFC 9562 section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def uuid7_floor(moment: dt.datetime) -> uuid.UUID:
    """Return the lowest UUIDv7 of MOMENT: ids made from then on are not below it."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=(milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | 0x2 << 62)


def random_uuid() -> uuid.UUID:
    """Return 128 random bits, for an id that tells neither its time nor its neighbours."""
    return uuid.UUID(bytes=os.urandom(16))


def encode(prefix: str, value: uuid.UUID) -> str:
    """Return the public form, `prefix_` and 26 characters."""
    number = value.int
    return f"{prefix}_" + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def decode(prefix: str, public: str) -> uuid.UUID:
    """Return the stored form of PUBLIC.

    :raises ValueError: if it is not an id with this PREFIX
    """
    head, _, suffix = public.rpartition("_")
    if head != prefix or not _SHAPE.match(suffix):
        raise ValueError(f"not a {prefix} id")
    return uuid.UUID(int=int(suffix.translate(_TO_BASE32HEX), 32))


def is_id(prefix: str, value: str | None) -> bool:
    """Return whether VALUE has the shape of an id with this PREFIX."""
    try:
        decode(prefix, value or "")
    except ValueError:
        return False
    return True


class TypeIDField(_Field):
    """A uuid column whose Python value is its public text.

    `make` fills a new row: :func:`uuid7` or :func:`random_uuid`; without it the column is a plain
    reference to a row of another table, kept without a foreign key.
    """

    def __init__(
        self, *args: Any, prefix: str, make: Callable[[], uuid.UUID] | None = None, **kwargs: Any
    ) -> None:
        self.prefix = prefix
        self.make = make
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["prefix"] = self.prefix
        if self.make is not None:
            kwargs["make"] = self.make
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "UUIDField"

    def has_default(self) -> bool:
        return self.make is not None or super().has_default()

    def get_default(self) -> Any:
        return encode(self.prefix, self.make()) if self.make else super().get_default()

    def to_python(self, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, uuid.UUID):
            return encode(self.prefix, value)
        try:
            decode(self.prefix, str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error
        return str(value)

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return None if value is None else encode(self.prefix, value)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or isinstance(value, uuid.UUID):
            return value
        return decode(self.prefix, str(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if prepared else self.get_prep_value(value)

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms  # noqa: PLC0415 - only the admin asks, and forms are slow to load

        return super().formfield(**{"form_class": forms.CharField, **kwargs})


TAIL = 6  # characters: what people see and say of a random id
_HEX = 8  # digits that hold them, and two bits more


def tail(public: str) -> str:
    """Return the end of a PUBLIC id, as people are shown it."""
    return public[-TAIL:].upper()


def tail_column(field: str) -> Right:
    """Return the end of the id in FIELD, to be indexed and searched for by :func:`ends_of`."""
    return Right(Cast(field, models.TextField()), _HEX)


def ends_of(shown: str) -> list[str]:
    """Return each `tail_column` of the ids whose :func:`tail` is SHOWN; none if it is no tail."""
    digits = shown.strip().lower()
    if len(digits) != TAIL or not set(digits) <= set(_ALPHABET):
        return []
    known = int(digits.translate(_TO_BASE32HEX), 32)
    return [f"{bits << 5 * TAIL | known:0{_HEX}x}" for bits in range(4)]


def path_pattern(prefix: str) -> str:
    """Return the regular expression of a public id, for a URL converter."""
    return f"{prefix}_{SUFFIX_PATTERN}"
