"""Rules that imports cannot express: entrances read through `visible_to` and never write."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "events", "partners", "leads", "commissions")
WRITES = frozenset(
    {"save", "create", "delete", "update", "bulk_create", "bulk_update", "get_or_create",
     "update_or_create"}
)  # fmt: skip
# `request.session` and forms have methods of the same name; a call on these is no table's.
NOT_TABLES = frozenset({"session", "form", "cookies", "GET", "POST", "hashlib", "hash", "dict"})


def entrances() -> list[Path]:
    """Return every module that answers requests."""
    found = [
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "tests" not in path.parts
        and (
            path.stem in {"api", "views"}
            or path.stem.endswith("_views")
            or path.stem.startswith(("api_", "views_"))
            or path.parent.name == "views"
        )
        and "urls" not in path.stem
        and path.parent.name != "lib"
    ]
    assert len(found) >= 5
    return sorted(found)


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def faults(source: str) -> list[str]:
    """Return what SOURCE, an entrance, does that only services and selectors may do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        if name_of(node.value) == "objects" and node.attr != "visible_to":
            found.append(f"line {node.lineno}: .objects.{node.attr}")
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in WRITES and name_of(node.func.value) not in NOT_TABLES:
            found.append(f"line {node.lineno}: .{node.func.attr}()")
    return found


@pytest.mark.parametrize("path", entrances(), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_entrance_reads_through_visible_to_and_writes_nothing(path: Path) -> None:
    assert faults(path.read_text()) == []


def test_the_rule_bites() -> None:
    assert faults("Share.objects.filter(pk=1)") == ["line 1: .objects.filter"]
    assert faults("share.save()") == ["line 1: .save()"]
    assert faults("Share.objects.visible_to(user).filter(pk=1)") == []


@pytest.mark.parametrize("app", APPS)
def test_no_file_is_called_after_nothing(app: str) -> None:
    nameless = {"utils", "helpers", "common", "manager", "misc"}
    assert not [path for path in (ROOT / app).rglob("*.py") if path.stem in nameless]
