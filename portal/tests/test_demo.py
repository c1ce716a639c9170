"""The demo world: loaded by the services, complete, and the same when it is loaded again."""

from __future__ import annotations

import io
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from commissions.models import Commission, ReconciliationItem
from events.chain import check_chain
from events.models import Delivery, Endpoint, Event
from events.services import confirm_endpoint
from leads.consent import disclose
from leads.models import Lead, Share
from partners.models import Partner, User
from portal.demo import inboxes, world
from portal.lib.access import THE_SYSTEM

LOGINS = {
    "admin@portal.example",
    "finance@portal.example",
    "dana@portal.example",
    "amira@acme.example",
    "rami@rival.example",
    "devika@skyline.example",
    "bilal@bayview.example",
    "rohan@sahyadri.example",
    "lena@lendwell.example",
}


def everything() -> dict[str, list[dict[str, object]]]:
    return {
        model._meta.label: sorted(model._base_manager.values(), key=str)
        for model in apps.get_models()
    }


def echo_every_challenge() -> None:
    for endpoint in Endpoint.objects.all():
        confirm_endpoint(actor=THE_SYSTEM, endpoint_id=endpoint.pk, echoed=endpoint.challenge)


def test_is_refused_outside_demo_mode() -> None:
    with override_settings(DEMO=False), pytest.raises(CommandError, match="PORTAL_MODE=demo"):
        call_command("demo")


class TestWorld(TestCase):
    """Loaded once; each test works on it and is undone."""

    @classmethod
    def setUpTestData(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="portal-demo-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.enterClassContext(override_settings(DATA_DIR=cls.folder))
        cls.loaded = world.load(wait=0)

    def test_again_changes_nothing(self) -> None:
        echo_every_challenge()
        world.load(wait=0)
        before = everything()

        said = io.StringIO()
        call_command("demo", wait=0, stdout=said)

        assert everything() == before
        assert said.getvalue() == ""

    def test_every_login_of_the_contract_has_its_password(self) -> None:
        people = {user.email: user for user in User.objects.all()}

        assert people.keys() == LOGINS
        assert all(user.check_password(settings.DEMO_PASSWORD) for user in people.values())

    def test_every_partner_has_room_for_twenty_more(self) -> None:
        room = {p.name: p.capacity - p.shares.live().count() for p in Partner.objects.all()}

        assert len(room) == 6
        assert min(room.values()) >= 20 + len(inboxes.NAMES)

    def test_nobody_is_told_of_kabir_and_sana(self) -> None:
        share = Share.objects.select_related("lead", "partner").get(
            lead__email="kabir.d@example.com"
        )

        seen = disclose(share)

        assert seen["budget"] == 90_000_000
        assert seen["preferences"]["locations"] == ["Worli", "Lower Parel"]
        assert "customerInfo" not in seen

    def test_the_stories_took_their_time(self) -> None:
        [yusuf] = Share.objects.filter(lead__email="yusuf.e@example.com")

        assert (yusuf.closed_at - yusuf.accepted_at).days == 21
        booked = yusuf.commissions.get()
        assert (booked.amount, booked.currency) == (Decimal(100_000), "AED")
        told = Event.objects.filter(share_id=yusuf.pk).order_by("at")
        assert told[0].kind == "lead_shared"
        assert (told[1].at - told[0].at).seconds > 4 * 3600

    def test_what_all_services_wrote_is_one_trail(self) -> None:
        assert check_chain() == Event.objects.count() > 100
        written = set(Event.objects.values_list("kind", flat=True))
        assert written >= {"lead_captured", "lead_shared", "share_accepted", "share_closed"}

    def test_there_is_something_for_everybody(self) -> None:
        assert set(Commission.objects.values_list("currency", flat=True)) == {"AED", "INR"}
        assert ReconciliationItem.objects.get(status="open").kind == "rate_diff"
        assert Lead.objects.filter(needs_agent_since__isnull=False).count() == 1
        assert set(Share.objects.values_list("status", flat=True)) >= {
            "accepted",
            "in_progress",
            "closed",
            "rejected",
            "withdrawn",
        }

    def test_the_last_leads_arrive_once_the_inboxes_listen(self) -> None:
        assert self.loaded.waiting == 4
        assert (
            not Delivery.objects.exclude(type="webhook.verify").filter(channel="webhook").exists()
        )
        echo_every_challenge()

        again = world.load(wait=0)

        assert (again.told, again.arrived, again.waiting) == (0, 4, 0)
        sent = Delivery.objects.filter(channel="webhook").exclude(type="webhook.verify")
        assert sorted(sent.values_list("type", flat=True)) == [
            "appointment.shared",
            "lead.shared",
            "lead.shared",
            "lead.shared",
        ]

    def test_the_inbox_knows_its_secrets_and_nobody_else_reads_them(self) -> None:
        path = self.folder / "inbox" / "secrets.json"

        assert json.loads(path.read_text()).keys() == set(inboxes.NAMES)
        assert path.stat().st_mode & 0o777 == 0o600

    def test_an_inbox_at_another_port_is_registered_anew(self) -> None:
        with override_settings(INBOX_ORIGIN="http://127.0.0.1:9001"):
            world.load(wait=0)

        kept = set(Endpoint.objects.kept().values_list("url", flat=True))
        assert kept == {f"http://127.0.0.1:9001/hooks/{name}" for name in inboxes.NAMES}

    def test_where_loopback_is_forbidden_the_leads_are_shared_without_webhooks(self) -> None:
        with override_settings(WEBHOOK_ALLOW_LOOPBACK=False):
            again = world.load(wait=0)

        assert (again.arrived, again.waiting) == (4, 0)
        assert not Delivery.objects.filter(type="lead.shared").exists()
