"""A world in which whoever could type a text typed the worst of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import Error, models, transaction

from events.models import Event

APPS = ("partners", "leads", "commissions", "events")
MARK = "zqxss"
# Each breaks out of another place: an element, an attribute of either kind, a script, a comment,
# an address; the last ones would be read by htmx and by a template.
PAYLOADS = (
    f"<script>window.{MARK}=1</script>",
    f"\"><img src=x id={MARK} onerror='window.{MARK}=1'>",
    f"'><svg id={MARK} onload=window.{MARK}=1>",
    f"--></title></textarea></script><p id={MARK} hx-get=/{MARK}/ hx-trigger=load>",
    f"javascript:window.{MARK}=1//",
    f"</style><a id={MARK} href='javascript:window.{MARK}=1' hx-on:load='window.{MARK}=1'>x</a>",
    "{{ 7|add:7 }}{% now 'Y' %}${7*7}",
)
# What nobody types: keys, hashes, seals, and what the portal works out by itself.
WORKED_OUT = (
    "password", "token", "secret", "prefix", "digest", "hash", "sha256", "cipher", "sealed",
    "challenge", "key_id", "jws", "request_id", "version", "currency", "language", "webhook_id",
    "email", "phone", "url", "type", "_by", "statement", "scopes", "fields", "decisions", "purpose",
    "caller", "method", "path",
)  # fmt: skip


def typed_fields() -> Iterator[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Yield every column of ours that holds a text somebody typed."""
    for model in apps.get_models():
        if model._meta.app_label not in APPS or issubclass(model, Event):
            continue
        for field in model._meta.concrete_fields:
            inner = field.base_field if isinstance(field, ArrayField) else field
            if not isinstance(inner, models.CharField | models.TextField):
                continue
            if field.primary_key or field.choices or inner.choices:
                continue
            if not any(word in field.name for word in WORKED_OUT):
                yield model, field


def fill() -> set[str]:
    """Put a payload into every such column of every row; return the columns that took one."""
    filled = set()
    for number, (model, field) in enumerate(typed_fields()):
        inner = field.base_field if isinstance(field, ArrayField) else field
        longest = (inner.max_length or 10_000) - 4
        fitting = [payload for payload in PAYLOADS if len(payload) <= longest]
        for turn, row in enumerate(model._default_manager.all()):
            if not fitting:
                break
            payload = fitting[(number + turn) % len(fitting)] + f" {turn}" * field.unique
            value = [payload] if isinstance(field, ArrayField) else payload
            if _taken(row, field.name, value):
                filled.add(f"{model.__name__}.{field.name}")
    return filled


def _taken(row: models.Model, name: str, value: object) -> bool:
    """Write VALUE past every form and service; some columns the database itself keeps clean."""
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{name: value})
    except Error:
        return False
    return True
