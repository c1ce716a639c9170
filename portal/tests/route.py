"""A row of the route matrix: who asks, what an answer is, and the usual ones in short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# What an answer is: OK is any success, LOGIN the way to the login page (a redirect; 401 with
# HX-Redirect for HTMX); everything else is its status.
OK: Final = "ok"
LOGIN: Final = "login"
AWAY: Final = "away"
Answer = int | str

# Who asks. `a_…` belong to the partner that the objects are of, `b_owner` to its rival.
# `viewer` is an agent who looks at the portal as the partner does.
PEOPLE = ("a_owner", "a_member", "b_owner", "agent", "finance", "admin", "viewer")
BROWSERS = ("anonymous", "client", *PEOPLE)
KEYS = ("key_a", "key_a_read", "key_b", "key_agent")
# Asked after the partner is suspended and the member is gone, with sessions from before.
FORMER = ("suspended", "ex_member", "key_suspended")
ROLES = (*BROWSERS, *KEYS, *FORMER)

NO_SUCCESS = frozenset({LOGIN, AWAY, 400, 401, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class Route:
    """One address with one method.

    :param args: what the address names: kinds of objects of partner A (see `World.ids` in
        `test_route_matrix`), or, after `=`, the word itself
    :param body: what is sent; a value in capitals names the id of an object
    :param query: what stands behind the address, where that makes another answer
    :param viewer: left out, what an agent gets; below /portal/ what a member may look at
    """

    name: str
    answers: Mapping[str, Answer]
    method: str = "get"
    args: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    viewer: Answer | None = None
    query: str = ""

    @property
    def is_call(self) -> bool:
        """Whether it belongs to the API: keys open it, cookies do not."""
        return self.name.startswith("api:")

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.method.upper()} {self.name}{query}"


def page(**answers: Answer) -> dict[str, Answer]:
    """Return what a page answers: ANSWERS, and to everybody else the login page."""
    return dict.fromkeys(ROLES, LOGIN) | answers


def partners_page(
    a_owner: Answer = OK, a_member: Answer = OK, b_owner: Answer = 404, staff: Answer = 403
) -> dict[str, Answer]:
    """Return what a page answers that belongs to a partner's people."""
    return page(a_owner=a_owner, a_member=a_member, b_owner=b_owner) | dict.fromkeys(
        ("agent", "finance", "admin"), staff
    )


def staff_page(
    agent: Answer = OK, finance: Answer = OK, admin: Answer = OK, partner: Answer = 404
) -> dict[str, Answer]:
    """Return what a page answers that belongs to the company's people."""
    return page(agent=agent, finance=finance, admin=admin) | dict.fromkeys(
        ("a_owner", "a_member", "b_owner"), partner
    )


def everybody(answer: Answer = OK, **answers: Answer) -> dict[str, Answer]:
    """Return what a public page answers."""
    return dict.fromkeys(ROLES, answer) | answers


def signed_in(answer: Answer = OK, **answers: Answer) -> dict[str, Answer]:
    """Return what a page answers that is about the own account."""
    return page(**dict.fromkeys(PEOPLE, answer)) | answers


def clients_page(answer: Answer = OK) -> dict[str, Answer]:
    """Return what a page answers to whoever came by the client's link; to others it is gone."""
    return everybody(404, client=answer)


def call(
    key_a: Answer = 403,
    key_b: Answer = 403,
    key_agent: Answer = 403,
    key_a_read: Answer | None = None,
) -> dict[str, Answer]:
    """Return what a call of the API answers: only keys open it.

    :param key_a_read: left out, what the full key gets
    """
    told = {"key_a": key_a, "key_b": key_b, "key_agent": key_agent}
    told["key_a_read"] = key_a if key_a_read is None else key_a_read
    return dict.fromkeys(ROLES, 401) | told
