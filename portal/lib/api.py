"""What every address of the API has in common: strictness, problems, pages, calls made once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, ClassVar, TypeVar, cast

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.lib.access import Actor
from portal.lib.errors import Malformed, NotAllowed, NotFound
from portal.lib.fields import StrictSerializer
from portal.lib.paging import PARAMS, page_of
from portal.lib.parsing import load, malformed, problem_at, read_body
from portal.lib.problems import problem_for
from portal.lib.ratelimit import KeyThrottle
from portal.lib.scope import partner_scope

__all__ = ["PARAMS", "ApiView", "Call", "Nothing", "UnknownAddress", "page_of", "problem_for"]

M = TypeVar("M", bound=Model)

# Answers after which nothing may have been written, not even that the key was used.
WITHOUT_TRACE = frozenset({400, 401, 408, 413, 415, 429})
SAFE = ("GET", "HEAD")
_VISIBLE = re.compile(r"^[\x21-\x7e]{1,255}\Z")
_KEY_IN_QUERY = re.compile(r"pp_live_|(^|&)(api_?key|key|token|access_token|authorization)=", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A POST with an Idempotency-Key: who called what, and with which bytes."""

    caller: str
    method: str
    path: str
    key: str
    body_sha256: bytes
    secret_members: tuple[str, ...] = ()


class Nothing(StrictSerializer):
    """The body of a call that needs none: absent or `{}`."""


class JsonOnly(DefaultContentNegotiation):
    """The API speaks JSON whatever Accept says; so a refusal is never a page."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """One address of the API.

    A subclass names what it accepts (`query_params`), the scope a limited key needs to read
    (`read_scope`) and what must not be kept for a replay (`secret_members`); its handlers parse
    with :meth:`given`, call one service and answer with :meth:`answer` or :meth:`listing`.
    What a limited key may change is decided where rights are: in `access.require`.
    """

    query_params: ClassVar[frozenset[str]] = frozenset()
    read_scope: ClassVar[str] = ""
    secret_members: ClassVar[tuple[str, ...]] = ()

    # An address that will go away says since when it should not be used any more, and its last day.
    deprecated_since: ClassVar[datetime | None] = None
    sunset_at: ClassVar[datetime | None] = None

    throttle_classes = [KeyThrottle]
    content_negotiation_class = JsonOnly
    metadata_class = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    body: bytes = b""
    authenticator: Any = None
    rate_limit: dict[str, str] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse whatever is wrong with the call before its body is understood."""
        if _KEY_IN_QUERY.search(request.META.get("QUERY_STRING", "")):
            detail = _("A key belongs into the Authorization header, never into an address.")
            raise malformed(detail, "key_in_query", "?")
        super().initial(request, *args, **kwargs)
        self.authenticator = request.successful_authenticator
        if request.method in ("POST", "PATCH", "PUT"):
            self.body = read_body(request._request)
        self.authenticator.check_signature(request, self.body)
        self._check_scope(request)
        self._check_query(request)

    def _check_scope(self, request: Request) -> None:
        scopes = getattr(request.auth, "scopes", None)
        if request.method in SAFE and scopes and self.read_scope not in scopes:
            raise NotAllowed(_("This key may not read this."), scope=self.read_scope)

    def _check_query(self, request: Request) -> None:
        allowed = self.query_params if request.method in SAFE else ()
        errors = []
        for name, values in request.query_params.lists():
            pointer = f"?{name[:80]}".encode("ascii", "backslashreplace").decode()
            if name not in allowed:
                detail = _("There is no such parameter.")
                errors.append(problem_at(pointer, detail, "unknown_parameter"))
            elif len(values) > 1:
                errors.append(problem_at(pointer, _("Given twice."), "duplicate_parameter"))
            elif "\0" in values[0]:
                errors.append(problem_at(pointer, _("Not a text."), "invalid_text"))
        if errors:
            raise Malformed(_("The address is not as documented."), errors=errors)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, once only where the caller asked for that (`Idempotency-Key`)."""
        self.args, self.kwargs = args, kwargs
        wrapped = self.initialize_request(request, *args, **kwargs)
        self.request, self.headers = wrapped, self.default_response_headers
        try:
            self.initial(wrapped, *args, **kwargs)
            name = (request.method or "").lower()
            known = name in self.http_method_names
            handler = getattr(self, name, self.http_method_not_allowed) if known else None
            run = partial(handler or self.http_method_not_allowed, wrapped, *args, **kwargs)
            response = self._once(wrapped, run)
        except Exception as error:  # noqa: BLE001 - what nobody anticipated is raised again
            response = self.handle_exception(error)
        self.response = self.finalize_response(wrapped, response, *args, **kwargs)
        return self.response

    def _once(self, request: Request, run: Callable[[], Response]) -> Response:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None:
            with self._reading():
                return run()
        if not _VISIBLE.match(key):
            detail = _("Idempotency-Key is 1 to 255 visible ASCII characters.")
            raise malformed(detail, "invalid", "#")
        used: Any = request.auth
        call = Call(
            caller=str(used.partner_id or used.user_id),
            method=request.method,
            path=request.path.replace("/api/v1/", "/api/", 1),
            key=key,
            body_sha256=hashlib.sha256(self.body).digest(),
            secret_members=self.secret_members,
        )
        return answer_once()(call, partial(self._answered, run))

    def _reading(self) -> AbstractContextManager[None]:
        """Return the scope of a partner's key that reads; its rows and no others are there."""
        partner_id = getattr(self.request.auth, "partner_id", None)
        if self.request.method in SAFE and partner_id:
            return partner_scope(partner_id)
        return nullcontext()

    def _answered(self, run: Callable[[], Response]) -> Response:
        try:
            return run()
        except Exception as error:  # noqa: BLE001 - what nobody anticipated is raised again
            return self.handle_exception(error)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Note that the key was used, unless the answer must leave no trace; say what is left."""
        if self.authenticator is not None and response.status_code not in WITHOUT_TRACE:
            self.authenticator.note_use(request.auth)
        for name, value in (self.rate_limit | self._deprecation()).items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)

    def _deprecation(self) -> dict[str, str]:
        """Return what announces the end of this address (RFC 9745, RFC 8594)."""
        if self.deprecated_since is None:
            return {}
        told = {"Deprecation": f"@{int(self.deprecated_since.timestamp())}"}
        told["Link"] = f'<{settings.PORTAL_ORIGIN}/api/docs/#versions>; rel="deprecation"'
        return told | ({"Sunset": http_date(self.sunset_at.timestamp())} if self.sunset_at else {})

    # --- for handlers -----------------------------------------------------------------------

    @property
    def actor(self) -> Actor:
        """Who acts: the agent, or the partner's key itself."""
        return cast(Actor, self.request.user)

    def given(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """Return what the body says, checked by SERIALIZER.

        :raises Malformed: if it cannot be read
        :raises ValidationError: naming each field that is not as documented
        """
        body = self.body or (b"{}" if issubclass(serializer, Nothing) else b"")
        found = serializer(data=load(body))
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def answer(self, data: object, *, status: int = 200, **beside: object) -> Response:
        """Return the requirement's envelope; BESIDE stands next to `data`."""
        return Response({"ok": True, "data": data, **beside}, status=status)

    def listing(
        self, rows: QuerySet[M], *, by: str, show: Callable[[M], Mapping[str, Any]]
    ) -> Response:
        """Answer one page of ROWS, newest first by the time BY."""
        found, following = page_of(rows, self.request.query_params, by=by)
        return self.answer([show(row) for row in found], next=following)

    def chosen(self, name: str, allowed: Any, default: str = "") -> str:
        """Return the query parameter NAME, which must be one of ALLOWED if it is given."""
        value = self.request.query_params.get(name)
        if value is None:
            return default
        if value not in allowed:
            detail = _("Not one of: %(values)s.") % {"values": ", ".join(sorted(allowed))}
            raise malformed(detail, "invalid_choice", f"?{name}")
        return str(value)


class UnknownAddress(ApiView):
    """Everything below /api/ that is not an address: 404 as a problem, for whoever asks."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(_("There is no such address."))


@lru_cache(maxsize=1)
def answer_once() -> Callable[[Call, Callable[[], Response]], Response]:
    """Return what keeps the answers of calls made with a key (a setting: tables are above us)."""
    keeper: Callable[[Call, Callable[[], Response]], Response]
    keeper = import_string(settings.API_ANSWER_ONCE)
    return keeper
