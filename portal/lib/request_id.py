"""The name of the request being answered, for log lines, events and problems."""

from contextvars import ContextVar

request_id_var: ContextVar[str] = ContextVar("request_id", default="-")
