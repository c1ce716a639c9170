"""`docs/privacy.md` says what the code does: its figures, its tables, its columns, its commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands

from leads import client_mails, receipts, retention, services
from leads.groups import Groups
from leads.models import Lead
from leads.services import deletion
from leads.services.erasure import KEPT

PAGE = (Path(settings.BASE_DIR) / "docs" / "privacy.md").read_text()
# Tables that hold nothing about clients: people with accounts, money, Django's own.
NOT_ABOUT_CLIENTS = {"partners", "commissions", "auth", "contenttypes", "sessions", "admin",
                     "account", "mfa", "usersessions", "template_partials"}  # fmt: skip
# Hashes of events, counted and chained; nothing but ids.
CHAIN = {"events_stream", "events_checkpoint", "events_reached"}


def test_the_rules_of_retention_stand_there_as_they_are() -> None:
    rows = [
        f"| {rule.market} | {rule.valid_from} | {rule.minimum or 'none'} | {rule.without_deal} "
        f"| {rule.with_deal} |"
        for rule in retention.rules()
    ]
    told = PAGE.partition("| market | since |")[2].partition("\n\n")[0].splitlines()[2:]
    assert told == rows


@pytest.mark.parametrize(
    "words",
    [
        f"| {settings.WEBHOOK_DEADLINE_SECONDS} seconds |",
        f"due after {settings.DELETION_DUE_DAYS} days (`DELETION_DUE_DAYS`)",
        f"{settings.ATTEMPTS_KEPT_DAYS} days (`ATTEMPTS_KEPT_DAYS`)",
        f"API calls | {settings.IDEMPOTENCY_KEPT_DAYS} days |",
        f"{settings.CLIENT_LINK_DAYS} days (`CLIENT_LINK_DAYS`)",
        f"{client_mails.SEALED_SECONDS // 86_400} days at most",
    ],
)
def test_its_figures_are_the_settings(words: str) -> None:
    assert words in PAGE


def test_reminders_are_told_as_they_are_sent() -> None:
    assert (deletion.REMIND_BEFORE.days, deletion.MOST_REMINDERS) == (2, 6)
    assert "from two days before, six times at most" in PAGE
    assert deletion.REMIND_EVERY.days == 3
    assert "every three days once it is overdue" in PAGE


def test_every_table_about_clients_is_named() -> None:
    ours = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.app_label not in NOT_ABOUT_CLIENTS
    }
    counted = {"leads_partnerday", "events_endpoint", *CHAIN}
    named = set(re.findall(r"`((?:leads|events)_[a-z]+)`", PAGE))
    assert named == ours - counted


def test_what_an_erased_lead_keeps_is_named() -> None:
    told = PAGE.partition("Every column of the lead is emptied but")[2].partition(";")[0]
    assert set(re.findall(r"`(\w+)`", told)) == KEPT
    assert {field.name for field in Lead._meta.concrete_fields} > KEPT


def test_its_services_settings_and_commands_exist() -> None:
    for name in ("correct_lead", "restrict_lead", "lift_restriction", "ask_erasure"):
        assert f"`{name}`" in PAGE
        assert hasattr(services, name)
    for name in re.findall(r"`([A-Z_]{6,})`", PAGE):
        assert hasattr(settings, name) or name in ("SMTP_HOST",), name
    for command in re.findall(r"manage\.py (\w+)", PAGE):
        assert command in get_commands(), command


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (Path(settings.BASE_DIR) / "docs" / target).exists(), target


@pytest.mark.django_db
def test_the_command_that_checks_a_receipt_works(tmp_path, monkeypatch, capsys, dana) -> None:
    lead = services.capture_lead(
        actor=dana,
        market="uae",
        draft=services.LeadDraft(name="John Doe"),
        client_consent=Groups.everything(),
        method="form",
    )
    receipt = lead.receipts.get()
    (tmp_path / "receipt.json").write_text(json.dumps(receipts.as_file(receipt)))
    monkeypatch.chdir(tmp_path)
    found = re.search(r'manage\.py shell -c "([^"]+)"', PAGE)
    assert found is not None

    exec(found[1], {})  # noqa: S102 - the very words of the page

    assert capsys.readouterr().out == "given\n"
