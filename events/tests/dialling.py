"""A name service that says what a test wants, and one exchange with it."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from events import http


class Stub(AbstractResolver):
    """A name service that answers what the test says, one list per lookup."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": ip,
                "port": port,
                "family": socket.AF_INET6 if ":" in ip else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for ip in answer
        ]

    async def close(self) -> None:
        """Nothing to close."""


def posted(url: str, resolver: AbstractResolver | None = None, times: int = 1) -> list[http.Answer]:
    async def go() -> list[http.Answer]:
        answers = []
        async with http.new_session(resolver) as session:
            for _ in range(times):
                assert isinstance(session.connector, aiohttp.TCPConnector)
                session.connector.clear_dns_cache()
                answers.append(await http.post(session, URL(url), b"{}", {}))
        return answers

    # In a thread of its own: a browser test may have left this one with a running loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, go()).result()
