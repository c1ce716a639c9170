"""Calls of the API: one method for each thing a partner does."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, cast

import requests

from partner_portal.errors import Refused, Unreachable
from partner_portal.shapes import Commission, Endpoint, Lead, Status, Updated

TIMEOUT = (5.0, 30.0)  # seconds to connect, and to wait for each piece of an answer
TRIES = 4
PAGE = 100  # rows asked for at a time, the most there may be
LONGEST_WAIT = 30.0  # seconds between two tries
AGAIN = frozenset({429, 502, 503, 504})


class Portal:
    """A partner's way into the portal.

    Calls that change something carry an Idempotency-Key and are tried again after a broken
    connection, 429 or 503, so that each happens once. Use it as a context manager, or `close()` it.

    :param origin: where the portal is, such as `https://portal.example`
    :param key: your API key (`pp_live_…`); keep it out of your code
    """

    def __init__(
        self, origin: str, key: str, *, timeout: tuple[float, float] = TIMEOUT, tries: int = TRIES
    ) -> None:
        self._base = f"{origin.rstrip('/')}/api/v1"
        self._timeout, self._tries = timeout, max(1, tries)
        self._session = requests.Session()
        self._session.headers.update(
            {"Authorization": f"Bearer {key}", "User-Agent": "partner-portal-python/1.0"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    # --- leads --------------------------------------------------------------------------------
    def partner(self) -> dict[str, Any]:
        """Return your own partner's record."""
        return cast("dict[str, Any]", self._get("/partner"))

    def leads(self, *, status: Status | None = None) -> Iterator[Lead]:
        """Yield the leads shared with you, newest first, page after page."""
        return cast("Iterator[Lead]", self._pages("/leads", {"status": status}))

    def lead(self, lead_id: str) -> Lead:
        """Return one lead by its reference (`share_…`), with what you may see of it now."""
        return cast("Lead", self._get(f"/leads/{lead_id}"))

    def accept(self, lead_id: str) -> Updated:
        """Take a lead that was offered."""
        return self._update(lead_id, "accepted")

    def start(self, lead_id: str) -> Updated:
        """Say that you work on an accepted lead."""
        return self._update(lead_id, "in_progress")

    def reject(self, lead_id: str, *, reason: str) -> Updated:
        """Give a lead back and say why."""
        return self._update(lead_id, "rejected", reason=reason)

    def close_deal(
        self,
        lead_id: str,
        *,
        agreement_value: Decimal | int,
        commission_percent: Decimal | int | None = None,
        currency: str | None = None,
        closing_date: date | None = None,
        notes: str | None = None,
    ) -> Updated:
        """Report a closed deal; `commission` of the answer says what was booked.

        :param agreement_value: what was agreed, in the lead's currency, no more decimals than that
        :param commission_percent: your claim; the rate that counts was frozen when it was shared
        :param closing_date: the day in the signed document; left out, today
        """
        return self._update(
            lead_id,
            "closed",
            agreementValue=_plain(agreement_value),
            commissionPercent=None if commission_percent is None else _plain(commission_percent),
            currency=currency,
            closingDate=closing_date.isoformat() if closing_date else None,
            notes=notes,
        )

    def attest_deletion(self, lead_id: str) -> dict[str, Any]:
        """Say that what the client took back is deleted on your side."""
        return cast("dict[str, Any]", self._post(f"/leads/{lead_id}/attest-deletion"))

    def commissions(self) -> Iterator[Commission]:
        """Yield your commissions, newest first."""
        return cast("Iterator[Commission]", self._pages("/commissions", {}))

    def metrics(self) -> dict[str, Any]:
        """Return your figures: rates in percent, times in seconds, money by currency."""
        return cast("dict[str, Any]", self._get("/metrics"))

    # --- webhook endpoints --------------------------------------------------------------------
    def endpoints(self) -> Iterator[Endpoint]:
        """Yield your webhook endpoints."""
        return cast("Iterator[Endpoint]", self._pages("/webhook-endpoints", {}))

    def create_endpoint(self, url: str, *, event_types: list[str] | None = None) -> Endpoint:
        """Register an address; the answer holds its `secret`, this once."""
        body = {"url": url, "eventTypes": event_types}
        return cast("Endpoint", self._post("/webhook-endpoints", body))

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Take an address out of use."""
        self._call("DELETE", f"/webhook-endpoints/{endpoint_id}")

    def rotate_secret(self, endpoint_id: str, *, overlap_hours: int = 24) -> Endpoint:
        """Get a new secret; the one until now is valid for OVERLAP_HOURS more, up to 168."""
        body = {"overlapHours": overlap_hours}
        return cast("Endpoint", self._post(f"/webhook-endpoints/{endpoint_id}/rotate-secret", body))

    def send_test(self, endpoint_id: str) -> dict[str, Any]:
        """Have made-up data sent to an address."""
        return cast("dict[str, Any]", self._post(f"/webhook-endpoints/{endpoint_id}/test"))

    def deliveries(self, endpoint_id: str) -> Iterator[dict[str, Any]]:
        """Yield what was sent to an address, newest first, with each attempt."""
        return self._pages(f"/webhook-endpoints/{endpoint_id}/deliveries", {})

    def resend(self, endpoint_id: str, delivery_id: str) -> dict[str, Any]:
        """Have one message sent again, under its own webhook-id."""
        path = f"/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/resend"
        return cast("dict[str, Any]", self._post(path))

    def recover(self, endpoint_id: str, *, since: datetime) -> dict[str, Any]:
        """Have everything sent again that was given up since SINCE, at most 14 days ago."""
        body = {"since": since.isoformat()}
        return cast("dict[str, Any]", self._post(f"/webhook-endpoints/{endpoint_id}/recover", body))

    # --- how calls are made -------------------------------------------------------------------
    def _update(self, lead_id: str, status: Status, **more: Any) -> Updated:
        body = self._posted("/partner-update", {"leadId": lead_id, "status": status, **more})
        booked = {"commission": body["commission"]} if "commission" in body else {}
        return cast("Updated", body["data"] | booked)

    def _get(self, path: str) -> Any:
        return self._call("GET", path)["data"]

    def _post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._posted(path, body or {})["data"]

    def _posted(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in body.items() if value is not None}
        return self._call("POST", path, json=given)

    def _pages(self, path: str, params: Mapping[str, str | None]) -> Iterator[Any]:
        asked = {name: value for name, value in params.items() if value is not None}
        while True:
            page = self._call("GET", path, params={**asked, "limit": str(PAGE)})
            yield from page["data"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        key = str(uuid.uuid4()) if method == "POST" else ""
        headers = {"Idempotency-Key": key} if key else {}
        for left in reversed(range(self._tries)):
            try:
                answer = self._session.request(
                    method,
                    self._base + path,
                    headers=headers,
                    timeout=self._timeout,
                    allow_redirects=False,
                    **sent,
                )
            except requests.RequestException as error:
                if left == 0:
                    what = f"{method} {path}: {type(error).__name__}"
                    raise Unreachable(what, idempotency_key=key) from error
                time.sleep(_pause(self._tries - left))
                continue
            if answer.status_code in AGAIN and left:
                time.sleep(_pause(self._tries - left, answer.headers.get("Retry-After", "")))
                continue
            return _understood(answer)
        raise AssertionError("unreachable")


def _understood(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"detail": "The answer is not JSON: is this the portal's origin?"}
        raise Refused(answer.status_code, body)
    if not 200 <= answer.status_code < 300:
        raise Refused(answer.status_code, body)
    return body


def _pause(turn: int, wished: str = "") -> float:
    """Return seconds until the next try: what the portal wishes, else doubling with jitter."""
    if wished.isascii() and wished.isdigit():
        return min(float(wished), LONGEST_WAIT)
    return float(min(0.5 * 2**turn * random.uniform(0.5, 1), LONGEST_WAIT))  # noqa: S311


def _plain(number: Decimal | int) -> str:
    """Return a number as the API reads it: plain digits, exact."""
    return format(Decimal(number), "f")
