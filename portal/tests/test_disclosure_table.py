"""Type × client's decision × agent's choice × surface: what a partner sees, and what it never does.

The table is written by hand and knows nothing of `leads.consent`. Each row makes a lead whose every
column can be told apart, shares it and looks at everything the partner can see.
"""

from __future__ import annotations

from itertools import product

import pytest

from events.models import Event
from leads import services
from leads.actors import ClientActor
from leads.errors import ConsentWithheld
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead, Share
from leads.services import Wish
from partners.models import Partner, User
from portal.tests import disclosure
from portal.tests.disclosure import BUDGET, CONTACT, REQUIREMENTS, Eyes

pytestmark = pytest.mark.django_db

# Type → what it may see of each group at most (contract.md section 5).
CEILING: dict[str, dict[str, frozenset[str]]] = {
    "channel": {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS},
    "developer": {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS},
    "broker": {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS},
    "rera_agent": {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS},
    "service_provider": {
        "contact": CONTACT - {"location"},
        "budget": frozenset(),
        "requirements": frozenset({"move_in_timeline"}),
    },
}
PARTNER_OF = {
    "channel": "acme",
    "developer": "skyline",
    "broker": "bayview",
    "rera_agent": "sahyadri",
    "service_provider": "lendwell",
}
# What the client decided of the group in question, and whether it may then be shown if the agent
# chose it (an agent's choice attests what the client has not decided).
DECISIONS = {"given": True, "refused": False, "withdrawn": False, "undecided": True}


@pytest.fixture(params=sorted(CEILING))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def partner(request: pytest.FixtureRequest, kind: str) -> Partner:
    found: Partner = request.getfixturevalue(PARTNER_OF[kind])
    return found


@pytest.fixture
def lead(partner: Partner) -> Lead:
    region = "AE-DU" if partner.market == "uae" else "IN-MH"
    return disclosure.lead_with_canaries(partner.market, region)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("group", "decision", "chosen"), list(product(GROUPS, DECISIONS, [True, False]))
)
def test_each_row_of_the_table(
    dana: User, partner: Partner, lead: Lead, kind: str, group: str, decision: str, chosen: bool
) -> None:
    eyes = Eyes.of(partner)
    share = shared(dana, partner, lead, kind, group, decision=decision, chosen=chosen)
    shown = {
        name
        for name in GROUPS
        if (DECISIONS[decision] and chosen if name == group else name == carrier(group))
    }

    check(eyes, share, allowed(kind, shown))


@pytest.mark.proof
@pytest.mark.parametrize("end", ["rejected", "withdrawn", "revoked"])
def test_a_share_that_ended_shows_nothing(
    dana: User, partner: Partner, lead: Lead, end: str
) -> None:
    ceiling = Groups(True, partner.type != "service_provider", True)
    eyes = Eyes.of(partner)
    share = services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=ceiling, method="call"
    )
    if end == "rejected":
        services.update_share(actor=dana, reference=share.pk, status="rejected", reason="Full")
    elif end == "withdrawn":
        services.withdraw_share(actor=dana, reference=share.pk)
    else:
        decide(lead, dict.fromkeys(GROUPS, False))
        share.refresh_from_db()
        assert share.status == "revoked"

    check(eyes, share, frozenset())


@pytest.mark.parametrize(
    "group", ["contact", *(pytest.param(name, marks=pytest.mark.proof) for name in GROUPS[1:])]
)
def test_what_is_withdrawn_is_gone_at_once(
    dana: User, partner: Partner, lead: Lead, kind: str, group: str
) -> None:
    """Everything was shown and told before, so that a cache or a queued message could still."""
    ceiling = Groups(True, kind != "service_provider", True)
    eyes = Eyes.of(partner)
    share = services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=ceiling, method="call"
    )
    services.update_share(actor=dana, reference=share.pk, status="accepted")
    check(eyes, share, allowed(kind, set(GROUPS)))

    decide(lead, {group: False})

    check(eyes, share, allowed(kind, set(GROUPS) - {group}))


def test_under_the_explicit_policy_a_choice_alone_shows_nothing(
    dana: User, partner: Partner, lead: Lead, settings: object
) -> None:
    settings.CONSENT_POLICY = {"uae": "explicit", "india": "explicit"}  # type: ignore[attr-defined]

    with pytest.raises(ConsentWithheld) as refused:
        services.share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)

    assert not Share.objects.exists()
    assert not disclosure.columns_in(f"{refused.value} {refused.value.details}")
    assert not disclosure.columns_in(str(list(Event.objects.values())))


# --- how a row is made and looked at -------------------------------------------------------------
def carrier(group: str) -> str:
    """Return the group that is shared beside GROUP, because nothing at all can't be shared."""
    return "requirements" if group != "requirements" else "contact"


def shared(
    dana: User,
    partner: Partner,
    lead: Lead,
    kind: str,
    group: str,
    *,
    decision: str,
    chosen: bool,
) -> Share:
    """Share LEAD with everything about GROUP as the row says, and its carrier for certain."""
    beside = carrier(group)
    if decision in ("given", "withdrawn"):
        decide(lead, {group: True})
    if decision in ("refused", "withdrawn"):
        decide(lead, {group: False})
    states = list(ConsentDecision.objects.filter(group=group).values_list("state", flat=True))
    assert states[-1:] == ([] if decision == "undecided" else [decision])
    wanted = {group: chosen and (kind, group) != ("service_provider", "budget"), beside: True}
    choice = Groups(*(wanted.get(name, False) for name in GROUPS))
    return services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=choice, method="call"
    )


def decide(lead: Lead, wanted: dict[str, bool]) -> None:
    wishes = [Wish(group=group, given=given) for group, given in wanted.items()]
    services.decide(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk), wishes=wishes)


def allowed(kind: str, groups: set[str]) -> frozenset[str]:
    """Return the columns a partner of KIND may see of GROUPS."""
    return frozenset().union(*(CEILING[kind][group] for group in groups))


def check(eyes: Eyes, share: Share, may_see: frozenset[str]) -> None:
    """Assert that no surface shows more, and that page and JSON show what they should."""
    seen: dict[str, set[str]] = {}
    for surface, text in eyes.surfaces(share):
        columns = disclosure.columns_in(text)
        assert columns <= may_see, f"{surface} shows {sorted(columns - may_see)}"
        seen.setdefault(surface, set()).update(columns)
    if not may_see:
        return
    telling = {column for column in disclosure.TELLING.values() if column in may_see}
    assert telling <= seen[f"JSON /api/leads/{share.pk}"]
    assert telling <= seen["webhook lead.shared"]
    assert telling <= seen[f"page /portal/leads/{share.pk}/"]
    assert telling <= seen[f"partial /portal/leads/{share.pk}/"]
