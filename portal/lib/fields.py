"""What an API body may hold: strict fields, snake_case here and camelCase on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from portal.lib.money import MAX_DIGITS, MINOR_UNITS, plain
from portal.lib.problems import camel

_NUMBER = re.compile(r"^[0-9]+(\.[0-9]+)?\Z", re.ASCII)
AMOUNT_SCHEMA = {
    "oneOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$"},
    ]
}
_WHOLE = re.compile(r"^[0-9]{1,9}\Z", re.ASCII)
MINOR = max(MINOR_UNITS.values())


class WireSerializer(serializers.Serializer[Any]):
    """Fields are declared in snake_case and stand on the wire in camelCase."""

    def get_fields(self) -> dict[str, Any]:
        fields = {}
        for name, field in super().get_fields().items():
            if camel(name) != name and field.source is None:
                field.source = name
            fields[camel(name)] = field
        return fields


class StrictSerializer(WireSerializer):
    """A body or a part of it. A field that is not declared is refused, at every level."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values by their snake_case names.

        :raises ValidationError: with every unknown, missing and unacceptable field
        """
        unknown: dict[str, Any] = {}
        if isinstance(data, Mapping):
            unknown = {
                str(name): [ErrorDetail(str(_("There is no such field.")), code="unknown_field")]
                for name in data
                if name not in self.fields
            }
        try:
            given = super().to_internal_value(data)
        except ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {}
            raise ValidationError({**detail, **unknown}) from error
        if unknown:
            raise ValidationError(unknown)
        return given


class Text(serializers.CharField):
    """A JSON string; a number or a boolean is not one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Identifier(Text):
    """An id. Any string will do: one that names nothing is answered 404 by the service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, trim_whitespace=False, **kwargs)


class Choice(serializers.ChoiceField):
    """One of a few strings."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """`true` or `false`; no word, no number stands for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class _Plain(serializers.Field[Any, Any, Any, Any]):
    """A number, or a string of plain digits with an optional point."""

    default_error_messages = {
        "invalid": _("A plain number is needed, such as 1250000.50."),
        "too_precise": _("At most {places} decimals."),
        "too_small": _("The number must be above 0."),
        "too_long": _("At most {digits} digits before the point."),
        "too_large": _("The number is too large."),
    }

    def text_of(self, data: Any) -> str:
        """Return the digits of DATA, which is not a boolean, carries no sign and no exponent."""
        if isinstance(data, bool) or not isinstance(data, int | Decimal | str):
            self.fail("invalid")
        return f"{data:f}" if isinstance(data, Decimal) else str(data)


@extend_schema_field(AMOUNT_SCHEMA)
class Amount(_Plain):
    """An amount of money or a percentage as Decimal.

    :param above_zero: refuse 0
    :param at_most: the largest value accepted
    :param places: how many decimals are accepted
    """

    def __init__(
        self,
        *,
        above_zero: bool = False,
        at_most: Decimal | None = None,
        places: int = MINOR,
        **kwargs: Any,
    ) -> None:
        self.above_zero = above_zero
        self.at_most = at_most
        self.places = places
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        text = self.text_of(data)
        if not _NUMBER.match(text):
            self.fail("invalid")
        if len(text.partition(".")[0]) > MAX_DIGITS:
            self.fail("too_long", digits=MAX_DIGITS)
        if len(text.partition(".")[2]) > self.places:
            self.fail("too_precise", places=self.places)
        amount = Decimal(text)
        if self.above_zero and amount == 0:
            self.fail("too_small")
        if self.at_most is not None and amount > self.at_most:
            self.fail("too_large")
        return amount

    def to_representation(self, value: Any) -> int | float | None:
        return plain(value)


@extend_schema_field({"type": "integer", "minimum": 0})
class Whole(_Plain):
    """A whole number from 0 to AT_MOST."""

    def __init__(self, *, at_most: int, **kwargs: Any) -> None:
        self.at_most = at_most
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        text = self.text_of(data)
        if not _WHOLE.match(text):
            self.fail("invalid")
        if int(text) > self.at_most:
            self.fail("too_large")
        return int(text)

    def to_representation(self, value: Any) -> int:
        return int(value)


@extend_schema_field({"type": "number"})
class Number(serializers.FloatField):
    """An amount or a percentage in an answer: a plain JSON number."""


class Texts(serializers.ListField):
    """A list of strings, at most 50."""

    def __init__(self, *, max_length: int = 60, choices: Iterable[str] = (), **kwargs: Any) -> None:
        allowed = list(choices)
        child = Choice(choices=allowed) if allowed else Text(max_length=max_length)
        super().__init__(child=child, max_length=50, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "description": "A claim; nobody reads it."})
class AnyObject(serializers.Field[Any, Any, Any, Any]):
    """A JSON object whose members are a claim: nobody reads them."""

    default_error_messages = {"invalid": _("A JSON object is needed.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


_TIME = re.compile(
    r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)


@extend_schema_field({"type": "string", "format": "date-time"})
class Moment(serializers.Field[Any, Any, Any, Any]):
    """A time with its zone (RFC 3339); answered in UTC."""

    default_error_messages = {"invalid": _("A time such as 2026-11-22T14:00:00Z is needed.")}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _TIME.match(data):
            self.fail("invalid")
        try:
            return datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def to_representation(self, value: Any) -> str | None:
        return rfc3339(value)


_DAY = re.compile(r"^\d{4}-\d\d-\d\d\Z", re.ASCII)


@extend_schema_field({"type": "string", "format": "date"})
class Day(serializers.Field[Any, Any, Any, Any]):
    """A day (RFC 3339 full-date)."""

    default_error_messages = {"invalid": _("A day such as 2026-11-22 is needed.")}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not _DAY.match(data):
            self.fail("invalid")
        try:
            return date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: date) -> str:
        return value.isoformat()


def rfc3339(at: datetime | None) -> str | None:
    """Return a time as outsiders see it: UTC, whole milliseconds, `Z`."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
