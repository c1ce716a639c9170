"""Leads in Django admin: the same services, and no client's name for finance."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from leads import services
from leads.models import ConsentDecision, DeletionTask, Lead, MoreRequest, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Lead:
    return LeadFactory.create()


def act(browser: Any, model: str, action: str, pk: str, **typed: str) -> str:
    """Run ACTION on one row and return the page that follows."""
    chosen = {"action": action, "_selected_action": pk, "index": "0", **typed}
    answer = browser.post(f"/admin/leads/{model}/", chosen, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_admin_shares_through_the_service(
    client_for: Any, admin_user: User, acme: Partner, lead: Lead
) -> None:
    page = act(client_for(admin_user), "lead", "share_with_partner", lead.pk, partner=acme.pk)

    assert f"{lead.pk.removeprefix('lead')} is shared." in page
    assert Share.objects.get().shared_by == admin_user.pk


def test_a_refusal_is_a_sentence_and_an_event(
    client_for: Any, admin_user: User, acme: Partner, lead: Lead
) -> None:
    Partner.objects.filter(pk=acme.pk).update(capacity_limit=0)

    page = act(client_for(admin_user), "lead", "share_with_partner", lead.pk, partner=acme.pk)

    assert "has no room left" in page
    happened = Event.objects.exclude(kind="contact_seen")  # the list showed the name
    assert happened.get().kind == "lead_share_failed"


def test_an_admin_withdraws_a_share(
    client_for: Any, admin_user: User, dana: User, acme: Partner, lead: Lead
) -> None:
    share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    act(client_for(admin_user), "share", "withdraw", share.pk)

    share.refresh_from_db()
    assert share.status == "withdrawn"


def test_only_an_admin_reads_who_the_client_is(
    client_for: Any, admin_user: User, finance_user: User, lead: Lead
) -> None:
    for address in ("/admin/leads/lead/", f"/admin/leads/lead/{lead.pk}/change/"):
        assert "John Doe" in client_for(admin_user).get(address).content.decode()
        seen = client_for(finance_user).get(address)
        assert seen.status_code == 200
        assert lead.phone not in seen.content.decode()
        assert "John Doe" not in seen.content.decode()
        assert "prefers calls" not in seen.content.decode()


def change_page(model: str, pk: object) -> str:
    """Return the address as the admin site links it: it takes the `_22` of `share_22…` for a quote.

    Six of 1,024 random ids begin like that.
    """
    return reverse(f"admin:leads_{model}_change", args=[quote(pk)])


def test_an_id_that_looks_quoted_is_found_by_its_link(
    client_for: Any, admin_user: User, dana: User, acme: Partner, lead: Lead
) -> None:
    share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
    fields = Share.objects.filter(pk=share.pk).values().get()
    Share.objects.filter(pk=share.pk).delete()
    Share.objects.create(**fields | {"id": "share_22" + share.pk[8:]})

    listed = client_for(admin_user).get("/admin/leads/share/").content.decode()
    (link,) = set(re.findall(r'href="(/admin/leads/share/[^/"]+/change/)', listed))

    assert link == change_page("share", "share_22" + share.pk[8:])
    assert client_for(admin_user).get(link).status_code == 200


def test_only_an_admin_reads_what_people_wrote_about_consent(
    client_for: Any, admin_user: User, finance_user: User, dana: User, acme: Partner, lead: Lead
) -> None:
    share = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, note="John said yes"
    )
    task = DeletionTask.objects.create(share=share, groups=["budget"], due_at=timezone.now())
    DeletionTask.objects.filter(pk=task.pk).update(reason="John said yes")
    asked = MoreRequest.objects.create(
        share=share, group="contact", reason="John said yes", asked_by="system"
    )
    decision = ConsentDecision.objects.all()[0]
    Share.objects.filter(pk=share.pk).update(notes="John said yes", reason="John said yes")
    for address in (
        change_page("share", share.pk),
        change_page("consentdecision", decision.pk),
        change_page("deletiontask", task.pk),
        change_page("morerequest", asked.pk),
    ):
        assert "John said yes" in client_for(admin_user).get(address).content.decode()
        seen = client_for(finance_user).get(address)
        assert seen.status_code == 200
        assert "John" not in seen.content.decode()


MODELS = (
    "lead", "share", "consentdecision", "appointment", "receipt", "deletiontask", "morerequest",
    "proposal", "notice",
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_changed_by_hand(client_for: Any, admin_user: User, model: str) -> None:
    browser = client_for(admin_user)
    assert browser.get(f"/admin/leads/{model}/").status_code == 200
    assert browser.get(f"/admin/leads/{model}/add/").status_code == 403
