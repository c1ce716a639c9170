"""Load the demo world."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from commissions.models import ExchangeRate
from commissions.services import import_bundled_rates
from leads import notices
from leads.models import Lead
from leads.services import capture_lead
from portal.demo import inboxes
from portal.demo.cast import Cast, gather
from portal.demo.clock import days_ago
from portal.demo.stories import STORIES, Story
from portal.lib.access import THE_SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading did. `waiting`: leads not shared yet, because no inbox listens."""

    told: int
    arrived: int
    waiting: int


def load(*, wait: float) -> Loaded:
    """Add whatever is missing of the demo world; again changes nothing.

    :param wait: seconds to wait for the partners' inboxes to answer their challenges, before the
        leads are shared that a newcomer sees arriving there
    """
    with transaction.atomic():
        cast = gather()
    if not ExchangeRate.objects.exists():  # it takes a second, and every start waits for us
        import_bundled_rates(actor=THE_SYSTEM)
    told = sum(_tell(cast, story) for story in STORIES)
    reachable = settings.WEBHOOK_ALLOW_LOOPBACK
    if reachable:
        inboxes.open_inboxes(cast)
    missing = [story for story in STORIES if not _has_arrived(cast, story)]
    if missing and reachable and not inboxes.wait_until_open(cast, wait):
        return Loaded(told=told, arrived=0, waiting=len(missing))
    for story in missing:
        _let_arrive(cast, story)
    return Loaded(told=told, arrived=len(missing), waiting=0)


@transaction.atomic
def _tell(cast: Cast, story: Story) -> bool:
    """Tell a story, unless its client is known; return whether it was told."""
    if Lead.objects.filter(email=story.client.email).exists():
        return False
    shown = notices.current(story.market, notices.FORM)
    with days_ago(story.days):
        lead = capture_lead(
            actor=cast.people["dana"],
            market=story.market,
            draft=story.client,
            client_consent=story.decided,
            notice_version=shown.version if story.decided else "",
        )
    for step in story.steps:
        step.happen(cast, lead)
    return True


def _has_arrived(cast: Cast, story: Story) -> bool:
    lead = Lead.objects.filter(email=story.client.email).earliest("created_at")
    return all(step.is_done(cast, lead) for step in story.arrives)


@transaction.atomic
def _let_arrive(cast: Cast, story: Story) -> None:
    lead = Lead.objects.filter(email=story.client.email).earliest("created_at")
    for step in story.arrives:
        if not step.is_done(cast, lead):
            step.happen(cast, lead)
