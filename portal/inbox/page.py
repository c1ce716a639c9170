"""The page that shows what arrived. Everything from outside is escaped."""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from urllib.parse import urlencode

from portal.inbox.journal import KEPT, Arrival

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">{refresh}
<title>Partner inbox</title>
<link rel="stylesheet" href="/inbox.css">
</head>
<body>
<header>
<h1>Partner inbox</h1>
<p>What a partner's own system receives from the portal. Each signature is checked with our Python
client, <code>clients/python</code>. The last {kept} are kept, in memory only.</p>
<nav aria-label="Filter">{filters}</nav>
</header>
<main>
{arrivals}
</main>
</body>
</html>
"""
EMPTY = """<p class="empty">Nothing has arrived yet. Share a lead with a demo partner in the portal,
then look here again.</p>"""
ARRIVAL = """<article>
<h2><span class="dot {state}"></span>{state_word} <code>{type}</code></h2>
<dl>
<div><dt>Inbox</dt><dd>{name}</dd></div>
<div><dt>Received</dt><dd><time datetime="{received_at}">{received}</time></dd></div>
<div><dt>webhook-id</dt><dd><code>{id}</code></dd></div>
<div><dt>Seen</dt><dd>{seen}</dd></div>
</dl>
{refusal}<details{opened}><summary>Body</summary><pre tabindex="0">{body}</pre></details>
</article>
"""


def render(arrivals: list[Arrival], *, name: str = "", follow: bool = False) -> str:
    """Return the page with ARRIVALS, of inbox NAME only if given.

    :param follow: whether the page loads itself again every five seconds
    """
    shown = [arrival for arrival in arrivals if name in ("", arrival.name)]
    return PAGE.format(
        kept=KEPT,
        refresh='\n<meta http-equiv="refresh" content="5">' if follow else "",
        filters=_filters(arrivals, name=name, follow=follow),
        arrivals="".join(_article(a, opened=not i) for i, a in enumerate(shown)) or EMPTY,
    )


def _filters(arrivals: list[Arrival], *, name: str, follow: bool) -> str:
    """Return links to each inbox with its count, and the switch that follows along."""
    counts = {"": len(arrivals)} | dict(sorted(Counter(a.name for a in arrivals).items()))
    links = [
        _link(f"{each or 'All'} ({count})", name=each, follow=follow, current=each == name)
        for each, count in counts.items()
    ]
    switch = "Stop following" if follow else "Follow"
    return " ".join([*links, _link(switch, name=name, follow=not follow, current=False)])


def _link(text: str, *, name: str, follow: bool, current: bool) -> str:
    query = {key: value for key, value in (("name", name), ("follow", "1" * follow)) if value}
    mark = ' aria-current="page"' if current else ""
    return f'<a href="/?{escape(urlencode(query))}"{mark}>{escape(text)}</a>'


def _article(arrival: Arrival, *, opened: bool) -> str:
    refusal = f'<p class="refusal">{escape(arrival.refusal)}</p>\n' if arrival.refusal else ""
    return ARRIVAL.format(
        state="verified" if arrival.verified else "refused",
        state_word="Verified" if arrival.verified else "Refused",
        type=escape(arrival.type or "unknown type"),
        name=escape(arrival.name),
        received_at=escape(arrival.received_at),
        received=escape(arrival.received_at.replace("T", " ").replace("+00:00", " UTC")),
        id=escape(arrival.id or "none"),
        seen="once" if arrival.seen == 1 else f"{arrival.seen} times",
        refusal=refusal,
        opened=" open" if opened else "",
        body=escape(json.dumps(arrival.body, indent=2, ensure_ascii=False)),
    )
