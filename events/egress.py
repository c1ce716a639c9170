"""Where we may dial: rules for a URL, and a guard on every address a socket is opened to."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

MAX_URL = 2048
PORTS = frozenset({443, 8443})

# IANA special-purpose registries (IPv4 and IPv6, read 2026-11), spelt out because the standard
# library calls several of these global; a test goes through every row.
FORBIDDEN = tuple(
    ipaddress.ip_network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure wire server
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # local NAT64
        "100::/64",  # discard
        "100:0:0:1::/64",  # dummy prefix
        "2001::/23",  # IETF protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, deprecated
        "ff00::/8",  # multicast
    )
)
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_INSIDE = ("localhost", "internal", "local", "localdomain", "lan", "home", "corp", "intranet")
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")

AddrInfo = tuple[int, int, int, str, tuple[object, ...]]


class Refused(ValueError):
    """The URL is not one we deliver to; the text says why and may be shown to its owner."""


class Blocked(OSError):
    """A name led to an address we never dial."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "address not allowed")


def may_dial(address: str) -> bool:
    """Return whether a socket may be opened to ADDRESS, an IP in any notation the socket takes."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if settings.WEBHOOK_ALLOW_LOOPBACK and any(ip in net for net in _LOOPBACK):
        return True
    if ip.version == 6 and ip not in ipaddress.ip_network("2000::/3"):
        return False  # nothing else is handed out as global unicast
    return not any(ip in net for net in FORBIDDEN)


def guarded_socket(info: AddrInfo) -> socket.socket:
    """Open the socket of INFO (as of `getaddrinfo`); aiohttp calls this for every address it dials.

    :raises Blocked: before anything is sent, if the address is not allowed
    """
    family, kind, proto, _canonical, target = info
    if family not in (socket.AF_INET, socket.AF_INET6) or not may_dial(str(target[0])):
        raise Blocked
    made = socket.socket(family, kind, proto)
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def checked_url(url: str) -> str:
    """Return URL in its normal form.

    :raises Refused: if it is not an https address of a public host, on port 443 or 8443
    """
    if not 0 < len(url) <= MAX_URL or any(ch <= " " or ch in "\x7f\\" for ch in url):
        raise Refused(_("The address is empty, too long or has spaces in it."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(_("This is not an address.")) from error
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Refused(_("The address must not carry a user name or password."))
    if "#" in url:
        raise Refused(_("The address must not have a fragment (#)."))
    host = (parts.hostname or "").rstrip(".").lower()
    if settings.WEBHOOK_ALLOW_LOOPBACK and host in ("127.0.0.1", "localhost", "::1"):
        if parts.scheme not in ("http", "https"):
            raise Refused(_("The address must start with https://."))
    else:
        if parts.scheme != "https":
            raise Refused(_("The address must start with https://."))
        if port is not None and port not in PORTS:
            raise Refused(_("The port must be 443 or 8443."))
        host = _public_host(host)
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    netloc = shown if port in (None, default) else f"{shown}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{parts.path or '/'}{query}"


def _public_host(host: str) -> str:
    try:
        host = host.encode("idna").decode().lower()
    except UnicodeError as error:
        raise Refused(_("This is not a host name.")) from error
    labels: Sequence[str] = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise Refused(_("The address must name a host, not an IP address."))
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise Refused(_("The address must name a host, not an IP address."))
    own = {urlsplit(settings.PORTAL_ORIGIN).hostname or "", *settings.ALLOWED_HOSTS}
    if len(labels) < 2 or labels[-1] in _INSIDE or host in own:
        raise Refused(_("The address must be a public host of yours."))
    return host
