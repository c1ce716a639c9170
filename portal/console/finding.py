"""Which messages are about what: the search of the console, and the lead each message names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.urls import reverse

from events.models import Delivery
from leads.models import Share
from portal.lib.access import Actor, is_staff
from portal.lib.ids import ends_of, is_id, tail_column
from portal.partner import words

SHARES = 10  # a short reference that fits more leads than this is none


class About(NamedTuple):
    """The lead a message is about, as whoever looks knows it."""

    reference: str
    href: str


def by_webhook_id(deliveries: QuerySet[Delivery], typed: str) -> QuerySet[Delivery]:
    """Return the one of DELIVERIES with the webhook-id TYPED, or those that end in it."""
    typed = typed.strip()
    if is_id("msg", typed.lower()):
        return deliveries.filter(webhook_id=typed.lower())
    return deliveries.alias(tail=tail_column("webhook_id")).filter(tail__in=ends_of(typed))


def by_lead(deliveries: QuerySet[Delivery], typed: str, *, user: Actor) -> QuerySet[Delivery]:
    """Return those of DELIVERIES about the lead that USER knows by the reference TYPED.

    :param typed: the whole reference, or its end with or without the word before it
    """
    named = (typed.split() or [""])[-1]
    shares = Share.objects.visible_to(user)
    if is_id("share", named.lower()):
        shares = shares.filter(pk=named.lower())
    else:
        shares = shares.alias(tail=tail_column("id")).filter(tail__in=ends_of(named))
    about = Q(pk__in=[])
    for share in shares.only("partner_id", "shared_at")[:SHARES]:
        # Both bounds are of an index, so that only this partner's messages since are looked at.
        told = {"partner_id": share.partner_id, "created_at__gte": share.shared_at}
        about |= Q(**told, refs__share=str(share.pk))
    return deliveries.filter(about)


def leads_of(deliveries: Iterable[Delivery], *, user: Actor) -> dict[str, About]:
    """Return the lead of each of DELIVERIES that is about one USER may see, by its id."""
    named = {str(one.pk): one.refs["share"] for one in deliveries if "share" in one.refs}
    shares = Share.objects.visible_to(user).filter(pk__in=set(named.values()))
    known = {str(pk): lead for pk, lead in shares.values_list("pk", "lead_id")} if named else {}
    return {pk: _about(share, known[share], user) for pk, share in named.items() if share in known}


def _about(share: str, lead: str, user: Actor) -> About:
    if is_staff(user):
        return About(words.reference(share), reverse("leads:lead_detail", args=[lead]))
    return About(words.reference(share), reverse("partner:lead_detail", args=[share]))
