"""How often one network may try to sign in to one account: a bucket that parallel tries share."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from portal.lib.ratelimit import seconds_to_wait
from portal.lib.secrets import derived_key

PER_MINUTE = 1.0
BURST = 10  # tries at once; somebody who forgets a password needs fewer


def wait_of_try(request: HttpRequest, address: str) -> float:
    """Count one try to sign in as ADDRESS from the network of REQUEST; return the seconds to wait.

    Whoever tries from another network has a count of its own, so that no stranger locks an owner
    out. The network is the one before as many proxies as are ours (`TRUSTED_PROXY_COUNT`), whatever
    `X-Forwarded-For` says.

    :raises redis.RedisError: if Redis does not answer; the sign-in then fails closed
    """
    ip = ipaddress.ip_address(get_adapter().get_client_ip(request))
    network = ipaddress.ip_network((ip, 64 if ip.version == 6 else 32), strict=False)
    value = f"{address.strip().lower()} {network}"
    name = hmac.new(derived_key("sign-in limits"), value.encode(), hashlib.sha256).hexdigest()[:32]
    return seconds_to_wait(f"sign-in:{name}", per_minute=PER_MINUTE, burst=BURST)
