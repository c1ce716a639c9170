"""The partner portal from your own system.

:class:`Portal` calls the API; :mod:`partner_portal.webhooks` receives what the portal sends.
"""

from partner_portal.client import Portal
from partner_portal.errors import PortalError, Refused, Unreachable
from partner_portal.webhooks import Message, NotSigned, Receiver, verify

__all__ = [
    "Message",
    "NotSigned",
    "Portal",
    "PortalError",
    "Receiver",
    "Refused",
    "Unreachable",
    "verify",
]
__version__ = "1.0.0"
