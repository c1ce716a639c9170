"""Read an API body strictly: what two programs could understand differently is refused.

Beyond the JSON grammar (RFC 8259) a body must be an object in UTF-8 without doubled keys, without
exponents or NaN, no deeper than 32 levels and no longer than `API_MAX_BODY`.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from portal.lib.errors import DomainError, Malformed

MAX_DEPTH = 32


class TooLarge(DomainError):
    """The body is longer than the API reads."""

    code = "too_large"
    status = 413


class TooSlow(DomainError):
    """The body did not arrive while the server waited for it."""

    code = "too_slow"
    status = 408


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where something unacceptable stood, until the walk can say where that is."""

    code: str
    detail: str


def problem_at(pointer: str, detail: str, code: str) -> dict[str, str]:
    """Return one entry of a problem's `errors`; POINTER is a JSON pointer, or `?name`."""
    return {"pointer": pointer, "detail": detail, "code": code}


def malformed(detail: str, code: str, pointer: str = "#") -> Malformed:
    """Return the refusal of a body for one reason at one place."""
    return Malformed(detail, errors=[problem_at(pointer, detail, code)])


def read_body(request: HttpRequest) -> bytes:
    """Return the raw body of REQUEST, empty if it has none.

    :raises TooLarge: if it is longer than `API_MAX_BODY`, announced or not
    :raises TooSlow: if it does not arrive in time
    :raises UnsupportedMediaType: if it is anything but plain JSON in UTF-8
    """
    limit = settings.API_MAX_BODY
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise _too_large()
    try:
        body = _received(request, limit)
    except (UnreadablePostError, TimeoutError) as error:
        raise TooSlow(_("The body did not arrive in time.")) from error
    if len(body) > limit:
        raise _too_large()
    if body:
        _require_json(request)
    return body


def _received(request: HttpRequest, limit: int) -> bytes:
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if chunked and request.META.get("wsgi.input_terminated"):
        # Django reads nothing without a length; the server ends this stream by itself.
        return bytes(request.META["wsgi.input"].read(limit + 1))
    return request.body


def _too_large() -> TooLarge:
    limit = settings.API_MAX_BODY
    return TooLarge(_("The body is longer than %(limit)s bytes.") % {"limit": limit})


def _require_json(request: HttpRequest) -> None:
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    plain = charset in ("utf-8", "utf8") and encoding == "identity"
    if request.content_type != "application/json" or not plain:
        raise UnsupportedMediaType(
            request.content_type or "",
            _("The body must be application/json in UTF-8, not compressed."),
        )


def load(body: bytes) -> dict[str, Any]:
    """Return the object in BODY; numbers with a point become Decimal.

    :raises Malformed: with the place and the reason
    """
    if not body:
        raise malformed(_("A JSON object is needed."), "empty")
    try:
        found = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_float=_number,
            parse_constant=lambda name: _Refused("invalid_number", f"{name} is not a number."),
        )
    except RecursionError:
        raise malformed(_("Too many levels."), "too_deep") from None
    except UnicodeDecodeError:
        raise malformed(_("The body is not UTF-8."), "not_utf8") from None
    except json.JSONDecodeError as error:
        if body.startswith(BOM_UTF8):
            raise malformed(_("The body starts with a byte order mark."), "invalid_json") from None
        detail = f"{error.msg}: line {error.lineno} column {error.colno}"
        raise malformed(detail, "invalid_json") from None
    except ValueError:  # Python refuses to read a whole number of more than 4,300 digits
        raise malformed(_("A number is too long."), "invalid_number") from None
    _check(found)
    if not isinstance(found, dict):
        raise malformed(_("The body must be a JSON object."), "not_an_object")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Refused:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for doubled, _value in pairs:
        if doubled in seen:
            break
        seen.add(doubled)
    return _Refused("duplicate_field", _("%(name)s is given twice.") % {"name": escaped(doubled)})


def _number(text: str) -> Decimal | _Refused:
    if "e" in text or "E" in text:
        return _Refused("invalid_number", _("Write the number without an exponent."))
    return Decimal(text)


def _check(found: object) -> None:
    """Refuse what the grammar allows and we do not, wherever it stands."""
    waiting: list[tuple[str, int, object]] = [("#", 1, found)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if isinstance(value, str):
            _check_text(value, pointer)
        elif isinstance(value, _Refused):
            raise malformed(value.detail, value.code, pointer)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise malformed(_("Too many levels."), "too_deep")
            named = value.items() if isinstance(value, dict) else enumerate(value)
            for name, member in named:
                if isinstance(name, str):
                    _check_text(name, pointer)
                waiting.append((f"{pointer}/{escaped(name)}", depth + 1, member))


def _check_text(text: str, pointer: str) -> None:
    if text.isascii() and "\0" not in text:
        return
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise malformed(_("The text holds a character that is none."), "invalid_text", pointer)


def escaped(name: str | int) -> str:
    """Return NAME as one step of a JSON pointer (RFC 6901), shortened and printable."""
    text = str(name)[:80].encode("ascii", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


class StrictJSONParser(BaseParser):
    """The same strictness for whoever reads `request.data`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """Return the object STREAM holds.

        :raises TooLarge: if it is longer than `API_MAX_BODY`
        :raises Malformed: with the place and the reason
        """
        body = stream.read(settings.API_MAX_BODY + 1)
        if len(body) > settings.API_MAX_BODY:
            raise _too_large()
        return load(body)
