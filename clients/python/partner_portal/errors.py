"""What can go wrong with a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PortalError(Exception):
    """A call was not answered as hoped."""


class Unreachable(PortalError):
    """No answer came, also after trying again. The call may or may not have been carried out.

    Calls that change something carry an Idempotency-Key, so calling once more with the same one
    does nothing twice.
    """

    def __init__(self, message: str, *, idempotency_key: str = "") -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class Refused(PortalError):
    """The portal answered with a problem (RFC 9457).

    :ivar status: the HTTP status
    :ivar code: stable, to decide by: `capacity_reached`, `illegal_transition`, …
    :ivar detail: in words, for a person
    :ivar errors: for a malformed body, each place with what is wrong
    :ivar request_id: to be told to the portal's people
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors", []))
        self.request_id = str(problem.get("requestId", ""))
        places = "; ".join(f"{e.get('pointer')}: {e.get('detail')}" for e in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}{f' ({places})' if places else ''}")
