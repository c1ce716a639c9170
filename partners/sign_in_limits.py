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
MAILS_PER_MINUTE = 0.1  # six mails an hour to one address, three of them at once
MAILS_BURST = 3
BURST = 10  # tries at once; somebody who forgets a password needs fewer


def wait_of_try(request: HttpRequest, address: str) -> float:
    """Count one try to sign in as ADDRESS from the network of REQUEST; return the seconds to wait.

    Whoever tries from another network has a count of its own, so that no stranger locks an owner
    out. The network is the one before as many proxies as are ours (`TRUSTED_PROXY_COUNT`), whatever
    `X-Forwarded-For` says.

    :raises redis.RedisError: if Redis does not answer; the sign-in then fails closed
    """
    return _wait("try", f"{address.strip().lower()} {_network(request)}", PER_MINUTE, BURST)


def wait_of_mail(address: str) -> float:
    """Count one mail asked for by somebody who is not signed in; return the seconds to wait.

    :raises redis.RedisError: if Redis does not answer
    """
    return _wait("mail", address.strip().lower(), MAILS_PER_MINUTE, MAILS_BURST)


def _network(request: HttpRequest) -> str:
    ip = ipaddress.ip_address(get_adapter().get_client_ip(request))
    return str(ipaddress.ip_network((ip, 64 if ip.version == 6 else 32), strict=False))


def _wait(kind: str, value: str, per_minute: float, burst: int) -> float:
    # Redis learns neither who nor where: without the key the hash says nothing.
    key = derived_key("sign-in limits")
    name = hmac.new(key, f"{kind} {value}".encode(), hashlib.sha256).hexdigest()[:32]
    return seconds_to_wait(f"sign-in:{name}", per_minute=per_minute, burst=burst)
