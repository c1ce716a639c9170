"""Anticipated refusals. A service raises one; pages show its text, the API maps it once."""

from __future__ import annotations


class DomainError(Exception):
    """An anticipated refusal. The message is safe to show to whoever caused it.

    `code` and `status` are what an API caller sees; `details` become extra problem members.
    """

    code = "invalid"
    status = 400

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details = details


class Malformed(DomainError):
    """What was sent cannot be understood. `errors` lists `{pointer, detail, code}`."""

    code = "malformed"


class NotAllowed(DomainError):
    """The caller has no right to do this."""

    code = "not_allowed"
    status = 403


class NotFound(DomainError):
    """Nothing the caller may see has this id: not there and not yours look the same."""

    code = "not_found"
    status = 404


class Conflict(DomainError):
    """The state of things forbids it now."""

    code = "conflict"
    status = 409


class IllegalTransition(Conflict):
    """The share cannot move from its status to the one asked for."""

    code = "illegal_transition"


class Unprocessable(DomainError):
    """Well formed, but a rule of the business refuses it."""

    code = "unprocessable"
    status = 422
