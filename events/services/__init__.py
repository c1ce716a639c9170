"""The only writers of events, deliveries and endpoints."""

from events.doorbell import bell
from events.services.endpoints import (
    EndpointExists,
    EndpointLimitReached,
    HeadersRefused,
    UnknownEventType,
    UrlRefused,
    change_endpoint,
    create_endpoint,
    disable_endpoint,
    remove_endpoint,
)
from events.services.proving import (
    TooManyChallenges,
    confirm_endpoint,
    request_verification,
)
from events.services.redelivery import (
    DeliveryCancelled,
    NotFinished,
    NotReceiving,
    ResentTooOften,
    TooLongAgo,
    TooManyTests,
    recover,
    resend_delivery,
    send_test,
)
from events.services.signing_secrets import (
    OverlapRefused,
    make_signing_key,
    remove_signing_key,
    rotate_secret,
)
from events.services.writing import (
    nudge,
    queue_mail,
    queue_webhooks,
    record_event,
    refusals_recorded,
)

__all__ = [
    "DeliveryCancelled",
    "EndpointExists",
    "EndpointLimitReached",
    "HeadersRefused",
    "NotFinished",
    "NotReceiving",
    "OverlapRefused",
    "ResentTooOften",
    "TooLongAgo",
    "TooManyChallenges",
    "TooManyTests",
    "UnknownEventType",
    "UrlRefused",
    "bell",
    "change_endpoint",
    "confirm_endpoint",
    "create_endpoint",
    "disable_endpoint",
    "make_signing_key",
    "nudge",
    "queue_mail",
    "queue_webhooks",
    "record_event",
    "recover",
    "refusals_recorded",
    "remove_endpoint",
    "remove_signing_key",
    "request_verification",
    "resend_delivery",
    "rotate_secret",
    "send_test",
]
