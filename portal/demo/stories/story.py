"""What a story is made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from leads.groups import Groups
from leads.services import LeadDraft
from partners.types import Market
from portal.demo.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One client who came DAYS ago, and what happened since.

    :param decided: what the client decided on the capture form; None leaves it to attestation
    :param arrives: happens last and in the present, once the partners' inboxes listen
    """

    client: LeadDraft
    days: float
    market: Market = Market.UAE
    decided: Groups | None = None
    steps: tuple[Step, ...] = ()
    arrives: tuple[Step, ...] = ()


def in_dubai(
    name: str, email: str, phone: str, budget: tuple[int, int], **more: object
) -> LeadDraft:
    return _client(name, email, phone, budget, **{"region": "AE-DU", "intent": "buy"} | more)


def in_mumbai(
    name: str, email: str, phone: str, budget: tuple[int, int], **more: object
) -> LeadDraft:
    return _client(name, email, phone, budget, **{"region": "IN-MH", "intent": "buy"} | more)


def _client(
    name: str, email: str, phone: str, budget: tuple[int, int], **more: object
) -> LeadDraft:
    low, high = budget
    bounds = {"budget_min": Decimal(low), "budget_max": Decimal(high)}
    return LeadDraft(name=name, email=email, phone=phone, **bounds, **more)  # type: ignore[arg-type]
