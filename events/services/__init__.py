"""The only writers of events, deliveries and endpoints."""

from events.services.endpoints import (
    EndpointExists,
    EndpointLimitReached,
    UnknownEventType,
    UrlRefused,
    confirm_endpoint,
    create_endpoint,
    disable_endpoint,
    remove_endpoint,
    request_verification,
)
from events.services.writing import (
    BELL,
    bell,
    nudge,
    queue_mail,
    queue_webhooks,
    record_event,
    refusals_recorded,
    take_bell_down,
)

__all__ = [
    "BELL",
    "EndpointExists",
    "EndpointLimitReached",
    "UnknownEventType",
    "UrlRefused",
    "bell",
    "confirm_endpoint",
    "create_endpoint",
    "disable_endpoint",
    "nudge",
    "queue_mail",
    "queue_webhooks",
    "record_event",
    "refusals_recorded",
    "remove_endpoint",
    "request_verification",
    "take_bell_down",
]
