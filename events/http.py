"""The one place from which messages leave: a pooled client that never outlives its deadline.

It dials only what :mod:`events.egress` allows, follows no redirect, keeps no cookies, asks no
proxy and reads no more of an answer than it keeps.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from django.conf import settings
from yarl import URL

from events import egress

CONNECT_SECONDS = 3.0
ANSWER_BYTES = 8_192
USER_AGENT = "partner-portal-webhooks/1"


@dataclass(slots=True, frozen=True)
class Answer:
    """What came of one exchange. `error` is empty after a 2xx and else names the class."""

    status: int | None
    error: str
    head: bytes = b""
    retry_after: str = ""
    milliseconds: int = 0


def new_session(resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """Return a client for the running loop; RESOLVER is for tests, which look nothing up."""
    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    deadline = float(settings.WEBHOOK_DEADLINE_SECONDS)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # the lanes limit
            ssl=tls,
            resolver=resolver,
            socket_factory=egress.guarded_socket,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(
            total=deadline, sock_connect=CONNECT_SECONDS, ceil_threshold=deadline + 1
        ),
        headers={
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        },
    )


async def post(
    session: aiohttp.ClientSession, url: URL, body: bytes, headers: dict[str, str]
) -> Answer:
    """POST BODY to URL and return the answer, or why there is none, within the deadline."""
    began = time.monotonic()
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            head = await _head_of(response)
            return Answer(
                status=response.status,
                error=_class_of(response.status),
                head=head,
                retry_after=response.headers.get("Retry-After", ""),
                milliseconds=_since(began),
            )
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return Answer(status=None, error=failure_class(error), milliseconds=_since(began))


def fetch(url: str, *, most: int, resolver: AbstractResolver | None = None) -> Answer:
    """GET URL, as `egress.checked_url` gives it, and return the whole answer or why there is none.

    For what is read now and then: a loop and a client of its own.

    :param most: bytes that are read; an answer with more is `too_long`
    """
    return asyncio.run(_fetch(URL(url, encoded=True), most, resolver))


async def _fetch(url: URL, most: int, resolver: AbstractResolver | None) -> Answer:
    began = time.monotonic()
    async with new_session(resolver) as session:
        try:
            async with session.get(url, allow_redirects=False) as response:
                body = await _head_of(response, most + 1)
                error = _class_of(response.status) or ("too_long" if len(body) > most else "")
                return Answer(response.status, error, body[:most], milliseconds=_since(began))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(status=None, error=failure_class(error), milliseconds=_since(began))


async def _head_of(response: aiohttp.ClientResponse, most: int = ANSWER_BYTES) -> bytes:
    """Read the answer up to what is kept; a longer one costs its connection."""
    head, content = b"", response.content
    while len(head) < most:
        head += await content.read(most - len(head))
        if content.at_eof():
            return head
    response.close()
    return head


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _class_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "redirect" if 300 <= status < 400 else f"http_{status}"


_BY_ERRNO = {
    errno.EACCES: "egress_blocked",
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "connection_reset",
    errno.EPIPE: "connection_reset",
    errno.ENETUNREACH: "network_unreachable",
    errno.EHOSTUNREACH: "network_unreachable",
    errno.ETIMEDOUT: "timeout",
}


def failure_class(error: BaseException) -> str:
    """Return the class of a failed exchange, in the words partners see."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "dns_error"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError | ssl.CertificateError):
        return "tls_error"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "connection_reset"
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, "connection_failed")
    return "invalid_answer"
