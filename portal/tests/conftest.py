"""The running portal, the partners' inboxes and the systems that call the API."""

from portal.tests.callers import acme_api, agent_api, lead, rival_api, share
from portal.tests.live import inbox, live, live_processes

__all__ = [
    "acme_api",
    "agent_api",
    "inbox",
    "lead",
    "live",
    "live_processes",
    "rival_api",
    "share",
]
