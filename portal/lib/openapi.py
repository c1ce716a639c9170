"""How the API describes itself: the envelope, the refusals and the headers every address has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import serializers

from portal.lib.fields import StrictSerializer, WireSerializer

F = TypeVar("F", bound=Callable[..., Any])
PROBLEM = "application/problem+json"
_IN_ADDRESS = re.compile(r"\{(\w+)\}")
STANDARD = {
    400: ("malformed",),
    401: (
        "not_authenticated",
        "invalid_key",
        "key_expired",
        "key_suspended",
        "wrong_network",
        "signature_missing",
        "signature_invalid",
        "signature_too_old",
        "signature_replayed",
    ),
    403: ("not_allowed",),
    404: ("not_found",),
    405: ("method_not_allowed",),
    408: ("too_slow",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
    429: ("rate_limited",),
    503: ("unavailable",),
}
WITH_KEY = {409: ("idempotency_key_in_use",), 422: ("idempotency_key_reused",)}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters. The same call again is answered as before, "
    "with `Idempotency-Replayed: true`. Kept for 7 days.",
)

# Absent where nothing is counted: without a limit, or while Redis is away.
RATE_LIMIT = {
    "RateLimit": {
        "schema": {"type": "string"},
        "description": 'What is left: `"key";r=` calls at once, all of them again in `t=` seconds.',
    },
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": '`"key";q=` calls at once, given back evenly within `w=` seconds.',
    },
}
RETRY_AFTER = {
    "schema": {"type": "integer", "minimum": 1},
    "description": "Seconds after which a call is let through.",
}
PAGE = {"cursor": "The `next` of the page before.", "limit": "1 to 100; 25 if left out."}


class ProblemEntry(WireSerializer):
    """One reason, and where: a JSON pointer into the body or `?name` of a query parameter."""

    pointer = serializers.CharField()
    detail = serializers.CharField()
    code = serializers.CharField()


class Problem(WireSerializer):
    """A refusal (RFC 9457). Some codes bring members of their own."""

    ok = serializers.BooleanField(help_text="Always false.")
    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = ProblemEntry(many=True, required=False)  # type: ignore[assignment]


def enveloped(
    answer: type[WireSerializer] | None,
    *,
    many: bool = False,
    beside: Mapping[str, Any] | None = None,
) -> WireSerializer:
    """Return the documentation of `{"ok": true, "data": …}` around ANSWER."""
    return _envelope(answer, many)() if not beside else _envelope_type(answer, many, beside)()


@lru_cache(maxsize=256)
def _envelope(answer: type[WireSerializer] | None, many: bool) -> type[WireSerializer]:
    # One type for each answer, or the description would hold several of the same name.
    return _envelope_type(answer, many, {})


def _envelope_type(
    answer: type[WireSerializer] | None, many: bool, beside: Mapping[str, Any]
) -> type[WireSerializer]:
    members: dict[str, Any] = {"ok": serializers.BooleanField(help_text="Always true.")}
    if answer is not None:
        members["data"] = answer(many=many)
    if many:
        members["next"] = serializers.CharField(allow_null=True, help_text="Cursor, or null.")
    members |= beside
    name = f"{answer.__name__ if answer else ''}{'Page' if many else ''}Envelope"
    made: type[WireSerializer] = type(name, (WireSerializer,), {"__doc__": "", **members})
    return made


def described(
    answer: type[WireSerializer] | None,
    *,
    summary: str,
    request: type[WireSerializer] | None = None,
    status: int = 200,
    many: bool = False,
    beside: Mapping[str, Any] | None = None,
    refusals: Mapping[int, Iterable[str]] | None = None,
    query: Mapping[str, str] | None = None,
    sent: Mapping[str, Any] | None = None,
    answered: object = None,
    answered_beside: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Describe a handler: what it reads, answers and refuses, with an example of each side.

    :param refusals: status → the codes it may carry, beyond those every address has
    :param query: query parameter → what it does
    :param sent: an example body
    :param answered: `data` of its answer, and with `answered_beside` what stands beside it
    """
    responses: dict[Any, Any] = {status: enveloped(answer, many=many, beside=beside)}
    for refused, codes in (refusals or {}).items():
        named = ", ".join(f"`{code}`" for code in codes)
        responses[refused, PROBLEM] = OpenApiResponse(Problem, description=named)
    examples = []
    if sent is not None:
        examples.append(OpenApiExample("Call", value=dict(sent), request_only=True))
    if answered is not None:
        told: dict[str, Any] = {"ok": True, "data": answered, **(answered_beside or {})}
        if many:
            told["next"] = None
        examples.append(
            OpenApiExample("Answer", value=told, response_only=True, status_codes=[str(status)])
        )
    parameters = [
        OpenApiParameter(name, str, description=words) for name, words in (query or {}).items()
    ]
    decorate: Callable[[F], F] = extend_schema(
        summary=summary,
        request=request,
        responses=responses,
        parameters=parameters,
        examples=examples,
    )
    return decorate


def bases_without_words() -> list[type]:
    """Return the classes whose docstrings describe our code, not what is on the wire."""
    from portal.lib.api import ApiView  # noqa: PLC0415 - views import this module while loading

    theirs: list[type] = get_lib_doc_excludes()  # type: ignore[no-untyped-call]
    return [ApiView, StrictSerializer, WireSerializer, *theirs]


def with_messages(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """Collect the components once more: those of the webhooks come after the others."""
    result["components"] = generator.registry.build({})
    for address, item in result["paths"].items():
        _link(result["paths"], address, [operation["operationId"] for operation in item.values()])
    return result


def _link(paths: Mapping[str, Any], address: str, operations: Iterable[str]) -> None:
    """Say from which answers the id in ADDRESS comes: those of the address it is below."""
    named = _IN_ADDRESS.findall(address)
    if not named:
        return
    *before, last = named
    above = paths.get(address[: address.index(f"/{{{last}}}")], {})
    member = "leadId" if last == "reference" else "id"
    # What an agent captures is a lead, of which partners know a reference only.
    places = {"get": f"/data/0/{member}"} | ({"post": f"/data/{member}"} if member == "id" else {})
    for method in places.keys() & above.keys():
        responses = above[method]["responses"]
        good = next(status for status in responses if status.startswith("2"))
        found = {last: f"$response.body#{places[method]}"}
        found |= {name: f"$request.path.{name}" for name in before}
        links = responses[good].setdefault("links", {})
        links |= {name: {"operationId": name, "parameters": found} for name in operations}


class PortalSchema(AutoSchema):
    """Adds what every address has: its standard refusals, and Idempotency-Key on a POST."""

    def get_override_parameters(self) -> list[Any]:
        given = list(super().get_override_parameters())
        return [*given, IDEMPOTENCY_KEY] if self.method == "POST" else given

    def is_deprecated(self) -> bool:
        return getattr(self.view, "deprecated_since", None) is not None

    def get_tags(self) -> list[str]:
        """Group the addresses by the app they live in, as a reader looks for them."""
        return [type(self.view).__module__.split(".")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        return str(super().get_description()).strip()

    def get_operation_id(self) -> str:
        words = self.path.removeprefix("/api/").replace("{", "").replace("}", "")
        parts = [self.method.lower(), *words.replace("-", "/").replace("_", "/").split("/")]
        return parts[0] + "".join(part.capitalize() for part in parts[1:])

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "request":  # a webhook: the answer is the partner's
            return bodies
        for status, codes in (STANDARD | (WITH_KEY if self.method == "POST" else {})).items():
            refusal: dict[str, Any]
            refusal = self._get_response_for_code(  # type: ignore[no-untyped-call]
                Problem, str(status), [PROBLEM]
            )
            known = bodies.setdefault(str(status), refusal)
            named = known.get("description", "").split(", ") if known.get("description") else []
            named += [f"`{code}`" for code in codes if f"`{code}`" not in named]
            known["description"] = ", ".join(named)
        for known_status, body in bodies.items():
            if known_status not in ("401", "503"):  # without a good key nothing is counted
                body.setdefault("headers", {}).update(RATE_LIMIT)
        bodies["429"]["headers"]["Retry-After"] = RETRY_AFTER
        return dict(sorted(bodies.items()))


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "partners.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "pp_live_…",
            "description": "A partner's key acts for that partner, an agent's key for that agent.",
        }
