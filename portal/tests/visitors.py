"""Who calls the running portal over HTTP: a partner's system, and a browser without JavaScript."""

from __future__ import annotations

import html
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT = 60
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str
    url: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        """What a successful call of the API answers; fails with the refusal if it was refused."""
        assert self.status in (200, 202), self.text
        return self.json["data"]

    @property
    def words(self) -> str:
        """The page's text as it is read, without marks, in single spaces."""
        body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", self.text, flags=re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def _asked(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Answer:
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _answer(refusal)


def _answer(answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, answer.read().decode(), answer.url)


class Api:
    """The API with one key. Every call opens a connection, so threads may share it."""

    def __init__(self, origin: str, key: str) -> None:
        self.origin, self.key = origin, key

    def get(self, path: str) -> Answer:
        return self._call("GET", path, None)

    def post(self, path: str, body: Any, *, key: str = "") -> Answer:
        """Send BODY to PATH; with the Idempotency-Key KEY it may be sent again."""
        return self._call("POST", path, json.dumps(body).encode(), key)

    def _call(self, method: str, path: str, body: bytes | None, key: str = "") -> Answer:
        request = urllib.request.Request(f"{self.origin}{path}", data=body, method=method)
        request.add_header("Authorization", f"Bearer {self.key}")
        if key:
            request.add_header("Idempotency-Key", key)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        return _asked(urllib.request.build_opener(), request)


class Visitor:
    """A browser that reads pages and sends their forms, without JavaScript."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def is_answered(self, path: str) -> bool:
        """Return whether the portal answers PATH with 200 by now."""
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def get(self, path: str) -> Answer:
        address = urllib.parse.urljoin(self.origin, path)
        return _asked(self._opener, urllib.request.Request(address))

    def send(self, path: str, fields: dict[str, Any], *, on: str | None = None) -> Answer:
        """Send the form for PATH that stands on the page ON, and follow where it leads.

        :param fields: what is typed and ticked; the rest of the form is not sent
        """
        return self.send_as(self.token_on(on or path), path, fields, on=on)

    def token_on(self, path: str) -> str:
        """Return the token against forged requests that the forms of a page carry."""
        page = self.get(path)
        token = _TOKEN.search(page.text)
        assert token, f"no form on {page.url} ({page.status})"
        return token.group(1)

    def send_as(
        self, token: str, path: str, fields: dict[str, Any], *, on: str | None = None
    ) -> Answer:
        """Send a form whose TOKEN is known already."""
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token} | fields, doseq=True)
        address = urllib.parse.urljoin(self.origin, path)
        request = urllib.request.Request(address, data=data.encode())
        request.add_header("Referer", urllib.parse.urljoin(self.origin, on or path))
        return _asked(self._opener, request)

    def sign_in(self, email: str, password: str) -> None:
        page = self.send("/accounts/login/", {"login": email, "password": password})
        assert "/accounts/login/" not in page.url, page.words
