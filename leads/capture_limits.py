"""How often one network may send the capture form, and how often a mail may go to one address."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging

import redis
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

from leads.duplicates import normalised_email
from portal.lib.ratelimit import seconds_to_wait
from portal.lib.secrets import derived_key

log = logging.getLogger(__name__)

NETWORK_BURST = 20  # an office or a mobile network is many people behind one address
ADDRESS_BURST = 3
WAIT_WITHOUT_REDIS = 30.0  # seconds; who cannot be counted waits


def wait_of_network(request: HttpRequest, what: str = "form") -> float:
    """Count one post of the network REQUEST comes from; return the seconds it has to wait.

    :param what: which posts are counted together
    """
    # The address before as many proxies as are ours (TRUSTED_PROXY_COUNT), as for sign-in.
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    # One household or server has a whole /64 of IPv6 addresses to choose from.
    prefix = 64 if address.version == 6 else 32
    network = ipaddress.ip_network((address, prefix), strict=False)
    return _wait(f"{what} network", str(network), settings.CAPTURE_NETWORK_PER_HOUR, NETWORK_BURST)


def wait_of_address(email: str, what: str = "form") -> float:
    """Count one post that names EMAIL; return the seconds before the next may be taken."""
    email = normalised_email(email)
    return _wait(f"{what} address", email, settings.CAPTURE_ADDRESS_PER_HOUR, ADDRESS_BURST)


def _wait(kind: str, value: str, per_hour: int, burst: int) -> float:
    if not per_hour:
        return 0.0
    # Redis learns neither who nor where: without the key the hash says nothing.
    key = derived_key("capture limits")
    name = hmac.new(key, f"{kind} {value}".encode(), hashlib.sha256).hexdigest()[:32]
    try:
        return seconds_to_wait(f"capture:{name}", per_minute=per_hour / 60, burst=burst)
    except redis.RedisError as error:
        log.warning("posts of the form are not counted: %s", type(error).__name__)
        return WAIT_WITHOUT_REDIS
