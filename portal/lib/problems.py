"""Every refusal of the API in one form: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from portal.lib.errors import DomainError
from portal.lib.money import plain
from portal.lib.parsing import escaped, problem_at
from portal.lib.request_id import request_id_var

MEDIA_TYPE = "application/problem+json"
MEMBERS = frozenset({"ok", "type", "title", "status", "detail", "code", "requestId"})

# What DRF and Django raise by themselves, as a code; the first match counts.
CODES: tuple[tuple[type[Exception], int, str], ...] = (
    (exceptions.ValidationError, 400, "malformed"),
    (exceptions.ParseError, 400, "malformed"),
    (exceptions.NotAuthenticated, 401, "not_authenticated"),
    (exceptions.AuthenticationFailed, 401, "invalid_key"),
    (exceptions.PermissionDenied, 403, "not_allowed"),
    (exceptions.NotFound, 404, "not_found"),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed"),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type"),
    (exceptions.Throttled, 429, "rate_limited"),
    (Http404, 404, "not_found"),
    (PermissionDenied, 403, "not_allowed"),
    (RequestDataTooBig, 413, "too_large"),
    (SuspiciousOperation, 400, "malformed"),
)


def camel(name: str) -> str:
    """Return a Python name as it stands on the wire: `lead_id` → `leadId`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def problem(status: int, code: str, detail: str, **members: object) -> dict[str, Any]:
    """Return the body of a problem. MEMBERS stand beside the fixed ones, in camelCase."""
    body: dict[str, Any] = {
        "ok": False,
        "type": f"{settings.PORTAL_ORIGIN}/api/docs/#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": request_id_var.get(),
    }
    for name, value in members.items():
        if camel(name) not in MEMBERS:
            body[camel(name)] = on_wire(value)
    return body


def on_wire(value: object) -> object:
    """Return VALUE as JSON shows it: plain numbers, camelCase for the fields of a dataclass."""
    if isinstance(value, Decimal):
        return plain(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {camel(f.name): on_wire(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): on_wire(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [on_wire(member) for member in value]
    return value if isinstance(value, bool | int | float | None) else str(value)


def problem_for(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer ERROR as a problem (DRF's exception handler); None for what nobody anticipated."""
    if isinstance(error, DomainError):
        body = problem(error.status, error.code, str(error), **error.details)
        headers = _headers(error)
        return Response(body, status=error.status, headers=headers, content_type=MEDIA_TYPE)
    for kind, status, code in CODES:
        if isinstance(error, kind):
            body = problem(status, _code(error, code), _detail(error, status), **_members(error))
            return Response(body, status=status, headers=_headers(error), content_type=MEDIA_TYPE)
    return None


def _code(error: Exception, code: str) -> str:
    given = getattr(error, "default_code", code)
    own = isinstance(error, exceptions.AuthenticationFailed) and given != "authentication_failed"
    return given if own else code


def _detail(error: Exception, status: int) -> str:
    if isinstance(error, exceptions.ValidationError):
        return _("The body is not as documented.")
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return HTTPStatus(status).phrase


def _members(error: Exception) -> dict[str, object]:
    if not isinstance(error, exceptions.ValidationError):
        return {}
    return {"errors": [problem_at(*entry) for entry in _entries(error.detail, "#")]}


def _entries(detail: object, pointer: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{escaped(name)}"
            yield from _entries(inner, pointer + step)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _entries(inner, pointer)
    else:
        yield pointer, str(detail), str(getattr(detail, "code", "invalid"))


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return headers


def problem_page(status: int, code: str, detail: str) -> JsonResponse:
    """Answer what went wrong outside every API view, for an address below /api/."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=MEDIA_TYPE)


def is_api(request: HttpRequest) -> bool:
    """Return whether REQUEST is to be answered as the API answers."""
    return request.path_info.startswith("/api/")
