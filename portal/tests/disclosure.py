"""Every surface a partner can see a lead on, and values that say where they came from.

Each column of the lead holds a value found nowhere else, so that a surface that shows it tells
which column leaked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone
from redis import Redis

from events import payloads
from events.models import Delivery, Endpoint
from events.services import bell
from leads.documents import receipt_document
from leads.models import Lead, Receipt, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import OwnerFactory
from portal.partner.crm import FORMATS
from portal.tests.callers import Caller, caller_for

# Column → how its value is spelt on some surface. Choices say nothing unique and are left out.
CANARIES: dict[str, tuple[str, ...]] = {
    "name": ("Quenby Vantongeren",),
    "email": ("quenby.vt@canary.example",),
    "phone": ("+971507319846", "0507319846", "7319846"),
    "location": ("Zirkeldorf Heights",),
    "budget_min": ("1731907", "1,731,907", "17,31,907"),
    "budget_max": ("2947183", "2,947,183", "29,47,183"),
    "payment_preference": ("plan-xq71",),
    "property_type": ("maisonette-xq72",),
    "locations": ("Place-xq73",),
    "views": ("view-xq74",),
    "amenities": ("amenity-xq75",),
    "segment": ("segment-xq76",),
    "project": ("Project-xq77",),
    "move_in_timeline": ("timeline-xq78",),
    "notes": ("note-xq79",),
    "source": ("source-xq80",),
}
CONTACT = frozenset({"name", "email", "phone", "location"})
BUDGET = frozenset({"budget_min", "budget_max", "payment_preference"})
REQUIREMENTS = frozenset(
    {
        "property_type",
        "locations",
        "views",
        "amenities",
        "segment",
        "project",
        "move_in_timeline",
    }
)
# Shown by themselves to whoever sees the group, so that a table that never shows is no proof.
TELLING = {"contact": "email", "budget": "budget_max", "requirements": "move_in_timeline"}


def lead_with_canaries(market: str = "uae", region: str = "AE-DU") -> Lead:
    """Return a lead whose every column can be told from every other."""
    return LeadFactory.create(
        market=market,
        region=region,
        currency="AED" if market == "uae" else "INR",
        name="Quenby Vantongeren",
        email="quenby.vt@canary.example",
        phone="+971507319846",
        location="Zirkeldorf Heights",
        budget_min=Decimal(1731907),
        budget_max=Decimal(2947183),
        payment_preference="plan-xq71",
        property_type="maisonette-xq72",
        locations=["Place-xq73"],
        views=["view-xq74"],
        amenities=["amenity-xq75"],
        segment="segment-xq76",
        project="Project-xq77",
        move_in_timeline="timeline-xq78",
        services=["loans"],
        notes="note-xq79",
        source="source-xq80",
    )


def columns_in(text: str) -> set[str]:
    """Return the columns whose value stands somewhere in TEXT."""
    text = text.lower()  # pages begin some values with a capital
    return {
        name for name, spelt in CANARIES.items() if any(value.lower() in text for value in spelt)
    }


@dataclass(frozen=True, slots=True)
class Eyes:
    """Everything through which one partner sees: its owner's browser, its key and its endpoint."""

    partner: Partner
    browser: Client
    api: Caller

    @classmethod
    def of(cls, partner: Partner) -> Eyes:
        owner = User.objects.filter(partner=partner).first() or OwnerFactory.create(partner=partner)
        browser = Client()
        browser.force_login(owner)
        Endpoint.objects.create(
            partner=partner,
            url=f"http://127.0.0.1:9/{partner.pk}",
            secret="whsec_" + "c" * 32,
            challenge="x",
            verified_at=timezone.now(),
        )
        return cls(partner, browser, caller_for(partner=partner))

    def surfaces(self, share: Share) -> Iterator[tuple[str, str]]:
        """Yield the name and the whole answer of each surface that could tell of SHARE."""
        page = f"/portal/leads/{share.pk}/"
        for path in ("/portal/", "/portal/leads/", page, "/portal/reconciliation/"):
            yield f"page {path}", _whole(self.browser.get(path))
            yield f"partial {path}", _whole(self.browser.get(path, headers={"HX-Request": "true"}))
        for path in ("/api/leads", f"/api/leads/{share.pk}", "/api/commissions", "/api/metrics"):
            yield f"JSON {path}", _whole(self.api.get(path))
        yield "CSV", _whole(self.browser.get("/portal/commissions.csv"))
        for system in FORMATS:
            yield f"CSV {system}", _whole(self.browser.get(f"/portal/leads.csv?format={system}"))
        yield from self._refusals(share, page)
        for receipt in Receipt.objects.filter(lead=share.lead):
            yield "PDF of a receipt", str(receipt_document(receipt))
        yield from self.messages()

    def _refusals(self, share: Share, page: str) -> Iterator[tuple[str, str]]:
        """Ask for what is refused: an error must not tell more than an answer."""
        wrong: list[dict[str, Any]] = [
            {"leadId": str(share.pk), "status": "sent", "notes": "x"},
            {"leadId": str(share.pk), "status": "closed", "agreementValue": "-1"},
            {"leadId": str(share.pk), "status": "nonsense"},
        ]
        for body in wrong:
            yield "error of the API", _whole(self.api.post("/api/partner-update", body))
        yield "error of a page", _whole(self.browser.post(f"{page}close/", {}))
        yield "error of a page", _whole(self.browser.post(f"{page}reject/", {}))

    def messages(self) -> Iterator[tuple[str, str]]:
        """Yield every webhook and mail to this partner as an attempt made now would build it."""
        queued = Delivery.objects.filter(partner_id=self.partner.pk).order_by("pk")
        for delivery in queued:
            if delivery.channel == Delivery.Channel.WEBHOOK:
                body = payloads.build(delivery.type, [delivery])[delivery.pk]
                yield f"webhook {delivery.type}", json.dumps(body, default=str)
            elif (mail := payloads.build_mail(delivery.type, delivery.refs)) is not None:
                yield f"e-mail {delivery.type}", f"{mail.subject} {mail.text}"


def _whole(response: Any) -> str:
    """Return headers and body: a value may hide in either."""
    content = b"".join(response) if response.streaming else response.content
    return f"{dict(response.headers)} {content.decode()}"


def rows_that_hold_canaries(beside: Iterable[str] = ("leads_lead",)) -> dict[str, set[str]]:
    """Return table → columns of the lead found in it, over every row of every other table."""
    found: dict[str, set[str]] = {}
    for table in set(connection.introspection.table_names()) - set(beside):
        with connection.cursor() as cursor:
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT t::text FROM {quoted} t")
            for (row,) in cursor:
                if columns := columns_in(row):
                    found.setdefault(table, set()).update(columns)
    return found


def redis_that_holds_canaries() -> set[str]:
    """Return the columns of the lead found in any key or value of Redis, tasks' arguments too.

    Values are read one by one: in a dump long ones are compressed.
    """
    redis: Redis = bell()
    found: set[str] = set()
    for key in redis.scan_iter(count=1000):
        for value in (key, *_values(redis, key)):
            text = value.decode("utf-8", "replace")
            found |= columns_in(text) | columns_in(_body_of_a_task(text))
    return found


def _values(redis: Any, key: bytes) -> list[bytes]:
    kind = redis.type(key)
    if kind == b"string":
        return [redis.get(key) or b""]
    if kind == b"hash":
        return [part for pair in redis.hgetall(key).items() for part in pair]
    if kind == b"list":
        return list(redis.lrange(key, 0, -1))
    if kind == b"set":
        return list(redis.smembers(key))
    if kind == b"zset":
        return list(redis.zrange(key, 0, -1))
    if kind == b"none":  # gone since it was listed
        return []
    raise AssertionError(f"{key!r} is a {kind!r}, which nobody here reads")


def _body_of_a_task(text: str) -> str:
    """Return the arguments of the task TEXT is a message of, which travel in base64."""
    try:
        task = json.loads(text)
        # One that waits for its end lies beside its exchange and its route.
        task = task[0] if isinstance(task, list) else task
        return base64.b64decode(task["body"]).decode("utf-8", "replace")
    except (ValueError, TypeError, LookupError):
        return ""
