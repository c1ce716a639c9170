"""A world in which every stored value can be told from every other, and how to find one again.

Whatever a row holds is overwritten, model by model and column by column, so that a new column or a
new table is swept without anybody thinking of it. What is left as it was is listed here by name.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from events import headers
from leads.models import Share
from portal.lib.ids import TypeIDField

APPS = ("partners", "leads", "commissions", "events")
# Not a value but the key, the name or the shape of something: overwritten, nothing works any more.
MACHINERY = {
    "password", "role", "prefix", "kind", "type", "refs", "scopes", "services", "languages",
    "currency", "market", "region", "status", "actor", "language", "document", "signature",
    "sha256", "groups", "event_types", "payload_version", "direction", "sequence", "networks",
    "recorded_currency", "claimed_currency", "decisions", "lane", "step", "next_attempt_at",
    "lease_until", "last_used_at", "served_at", "team",
}  # fmt: skip
TEXTS = (models.CharField, models.TextField)
FIRST_PAST, FIRST_TO_COME = date(1950, 1, 1), date(2150, 1, 1)
ROOM_FOR_AMOUNTS = 10  # a decimal with fewer digits holds a percentage
FIRST_AMOUNT, FIRST_COUNT = 4_000_037, 27_011  # a count fits a small integer: below 32,768


@dataclass(frozen=True, slots=True)
class Canary:
    """One stored value: where it is kept, and whose row that is."""

    model: str
    column: str
    row: str
    partner: str | None
    lead: str | None

    def __str__(self) -> str:
        return f"{self.model}.{self.column}"


@dataclass
class Aviary:
    """Every canary by the spelling that says it: a word, an id, digits, a percentage, a day."""

    by_spelling: dict[str, Canary] = field(default_factory=dict)
    # Columns that took no canary, with the reason the database gave.
    refused: dict[str, str] = field(default_factory=dict)

    def in_text(self, text: str) -> set[Canary]:
        """Return the canaries that stand anywhere in TEXT, in any form they are written in."""
        found = (self.by_spelling.get(spelling) for spelling in spellings(text))
        return {canary for canary in found if canary is not None}


_WORD = re.compile(r"zq\d{5}x", re.IGNORECASE)
_ID = re.compile(r"[a-z]+_[0-9a-z]{26}")
# 1,234,567 and 12,34,567 and 1234567, also with decimals or a currency beside them.
_DIGITS = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{2,3})+(?!\d)|\d{5,})(?!\w)")
_PERCENT = re.compile(r"(?<![\w.,])\d{1,2}(?:\.\d{2}(?!\d)|\.\d(?=\s?%|&nbsp;%))")
_MONTHS = {name: at for at, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
)}  # fmt: skip
_ISO = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_SLASHED = re.compile(r"(?<!\d)(\d{2})[/.](\d{2})[/.](\d{4})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\.? ([A-Za-z]{3})[a-z]*\.?,? (\d{4})(?!\d)")
_MONTH_FIRST = re.compile(r"\b([A-Za-z]{3})[a-z]*\.? (\d{1,2}), (\d{4})(?!\d)")
# Drawings are full of figures that say nothing.
_DRAWN = re.compile(r"<(?:path|polyline|polygon|line|rect|circle)\b[^>]*>")


def spellings(text: str) -> Iterator[str]:
    """Yield whatever in TEXT could be a canary, each in the one form it is known by."""
    text = _DRAWN.sub("", text).replace("\u00a0", " ").replace("\u202f", " ")
    yield from (word.lower() for word in _WORD.findall(text))
    yield from _ID.findall(text)
    yield from (digits.replace(",", "") for digits in _DIGITS.findall(text))
    yield from (f"{percent}%" for percent in _PERCENT.findall(text))
    for year, month, day in _ISO.findall(text):
        yield f"{year}-{month}-{day}"
    for day, month, year in _SLASHED.findall(text):
        yield f"{year}-{month}-{day}"
    named = [(day, month, year) for day, month, year in _DAY_FIRST.findall(text)]
    named += [(day, month, year) for month, day, year in _MONTH_FIRST.findall(text)]
    for day, month, year in named:
        if at := _MONTHS.get(month.lower()):
            yield f"{year}-{at:02d}-{int(day):02d}"


class Mint:
    """Makes values no two of which are alike. Each call returns the value and its spellings."""

    def __init__(self) -> None:
        self._next = itertools.count(1)
        self._amounts = _amounts()
        self._counts = itertools.count(FIRST_COUNT)
        self._percents = _percents()
        self._days = {start: itertools.count() for start in (FIRST_PAST, FIRST_TO_COME)}

    def word(self) -> str:
        return f"zq{next(self._next):05d}x"

    def number(self, column: models.Field[Any, Any]) -> tuple[Any, list[str]]:
        """Return a number COLUMN has room for: a percentage, a small count or an amount."""
        if isinstance(column, models.DecimalField):
            if (column.max_digits or 0) < ROOM_FOR_AMOUNTS:
                value = next(self._percents)
                return value, [f"{value}%", f"{value:.1f}%"]
            amount = next(self._amounts)
            return Decimal(amount), [str(amount)]
        count = next(self._counts if isinstance(column, _SMALL) else self._amounts)
        return count, [str(count)]

    def day(self, kept: date | datetime) -> tuple[Any, list[str]]:
        """Return a day in the past for one in the past, else one to come."""
        now: Any = timezone.now() if isinstance(kept, datetime) else timezone.now().date()
        start = FIRST_PAST if kept <= now else FIRST_TO_COME
        day = start + timedelta(days=next(self._days[start]))
        value = day
        if isinstance(kept, datetime):  # the same day in every zone a reader of ours is in
            value = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        return value, [day.isoformat()]


_SMALL = (models.PositiveSmallIntegerField, models.SmallIntegerField)


def _amounts() -> Iterator[int]:
    """Yield rising amounts at uneven steps, so that what comes of adding some up is no other."""
    steps = random.Random(7)
    amount = FIRST_AMOUNT
    while True:
        yield amount
        amount += steps.randrange(11, 50_000)


def _percents() -> Iterator[Decimal]:
    """Yield percentages that differ in the one decimal pages show, and are no simple ratio."""
    ratios = {round(float(Fraction(a, b)) * 100, 1) for b in range(1, 31) for a in range(b + 1)}
    for tenths in range(11, 999):
        if tenths % 10 and tenths / 10 not in ratios:
            yield Decimal(tenths) / 10 + Decimal("0.03")


def tokenised() -> Aviary:
    """Overwrite every value of every row in the database with a canary."""
    aviary, mint = Aviary(), Mint()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            rows = list(model._base_manager.all())
            with _unguarded(model):
                for row in rows:
                    _overwrite(row, aviary, mint)
    return aviary


class _unguarded:  # noqa: N801 - used as a block
    """Lift the triggers that keep MODEL's rows as they are."""

    def __init__(self, model: type[models.Model]) -> None:
        self.table = connection.ops.quote_name(model._meta.db_table)

    def __enter__(self) -> None:
        self._say("DISABLE")

    def __exit__(self, *_: object) -> None:
        self._say("ENABLE")

    def _say(self, what: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {self.table} {what} TRIGGER USER")


def _overwrite(row: models.Model, aviary: Aviary, mint: Mint) -> None:
    values: dict[str, Any] = {}
    spelt: dict[str, list[str]] = {}
    for column in row._meta.concrete_fields:
        if isinstance(column, TypeIDField) and column.primary_key:
            spelt["id"] = [str(row.pk)]
        elif (made := _made(column, row, mint)) is not None:
            values[column.name], spelt[column.name] = made
    for failed in _written(row, values, aviary):
        del spelt[failed]
    partner, lead = partner_of(row), lead_of(row)
    for name, forms in spelt.items():
        canary = Canary(row._meta.label, name, str(row.pk), partner, lead)
        aviary.by_spelling |= dict.fromkeys(forms, canary)


def _made(column: Any, row: models.Model, mint: Mint) -> tuple[Any, list[str]] | None:
    """Return a canary for COLUMN of ROW and its spellings; None where it stays as it is."""
    kept = getattr(row, column.attname)
    if _stays(column, kept):
        return None
    if isinstance(column, models.DateField):
        return mint.day(kept)
    if isinstance(column, models.DecimalField | models.IntegerField):
        return mint.number(column)
    if isinstance(column, models.JSONField):
        word = mint.word()
        return _told(kept, word), [word]
    if isinstance(column, (*TEXTS, ArrayField)):
        word = mint.word()
        return _text(column, word), [word]
    return None


# What is sent with these must still add up: base64 of so many bytes, and headers as they are kept.
_SEALED: dict[str, Callable[[str], str]] = {
    "secret": lambda word: "whsec_" + word.ljust(43, "A") + "=",
    "previous_secret": lambda word: "whsec_" + word.ljust(43, "A") + "=",
    "signing_key": lambda word: "whsk_" + word.ljust(86, "A") + "==",
    "headers": lambda word: headers.packed({"X-Word": word}),
}


def _stays(column: Any, kept: Any) -> bool:
    if column.primary_key or column.choices or column.is_relation or column.name in MACHINERY:
        return True
    if column.name == "signing_secret" and not kept:  # with one, each call has to be signed
        return True
    # Without its time the row is alive: neither ended, nor revoked, nor erased.
    return isinstance(column, TypeIDField) or (
        isinstance(column, models.DateField) and kept is None
    )


def _text(column: Any, word: str) -> Any:
    if isinstance(column, ArrayField):
        return [word]
    if "email" in column.name:
        return f"{word}@portal.example"
    if column.name in _SEALED:
        return _SEALED[column.name](word)
    if column.name.endswith("url") or isinstance(column, models.URLField):
        return f"https://{word}.example/in"
    return word


def _told(kept: Any, word: str) -> Any:
    """Return the JSON with WORD in place of what people typed, and beside it."""
    if isinstance(kept, dict):
        return {name: _told_inside(value, word) for name, value in kept.items()} | {"note": word}
    return [word]


def _told_inside(value: Any, word: str) -> Any:
    if isinstance(value, dict):
        return {name: _told_inside(inner, word) for name, inner in value.items()}
    if isinstance(value, list):
        return [_told_inside(inner, word) for inner in value]
    return word if isinstance(value, str) and " " in value else value


def _written(row: models.Model, values: dict[str, Any], aviary: Aviary) -> Iterator[str]:
    """Write VALUES into ROW, one by one where they fail together; yield what was not taken."""
    if not values or _saved(row, values) is None:
        return
    for name, value in values.items():
        if (refusal := _saved(row, {name: value})) is not None:
            aviary.refused[f"{row._meta.label}.{name}"] = refusal
            yield name


def _saved(row: models.Model, values: dict[str, Any]) -> str | None:
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**values)
    except DatabaseError as error:
        return str(error).partition("\n")[0]
    return None


# About a partner, and none of its business.
_OF_NO_PARTNER = ("leads.Proposal", "leads.ConsentDecision")


def partner_of(row: Any) -> str | None:
    """Return whose row it is; a lead belongs to no partner, only what is disclosed of it."""
    label = row._meta.label
    if label == "partners.Partner":
        return str(row.pk)
    if label in _OF_NO_PARTNER:
        return None
    for holder in (row, getattr(row, "share", None), getattr(row, "delivery", None)):
        if getattr(holder, "partner_id", None):
            return str(holder.partner_id)  # type: ignore[union-attr]
    user = getattr(row, "user", None)
    return str(user.partner_id) if user and user.partner_id else None


def lead_of(row: Any) -> str | None:
    """Return the lead the row is about."""
    if row._meta.label == "leads.Lead":
        return str(row.pk)
    row = getattr(row, "delivery", row)
    if row._meta.label == "events.Delivery":
        shared = Share.objects.filter(pk=row.refs.get("share")).first()
        return str(shared.lead_id) if shared else row.refs.get("lead")
    for holder in (row, getattr(row, "share", None)):
        if getattr(holder, "lead_id", None):
            return str(holder.lead_id)  # type: ignore[union-attr]
    return None
