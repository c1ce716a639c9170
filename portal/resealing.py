"""Seals anew whatever was sealed with an older key, so that nothing needs that key any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models

from portal.lib.secrets import EncryptedTextField, resealed

# What allauth keeps in JSON of a second factor: a seed of codes, one of recovery codes.
SEALED_MEMBERS = ("secret", "seed")


def reseal() -> int:
    """Write every sealed value with the first of the field keys; return how many there were.

    Works beside a running portal: a value that changes meanwhile is left, it is sealed anew anyway.

    :raises InvalidToken: if a value was sealed with none of the keys
    """
    columns = [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
    ]
    return sum(_reseal_column(model, field) for model, field in columns) + _reseal_factors()


def _reseal_column(model: type[models.Model], field: models.Field[Any, Any]) -> int:
    quote: Callable[[str], str] = connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(str(field.column))
    key = quote(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} <> ''")  # noqa: S608
        rows = cursor.fetchall()
        cursor.executemany(
            f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s",  # noqa: S608
            [(resealed(token), pk, token) for pk, token in rows],
        )
    return len(rows)


def _reseal_factors() -> int:
    number = 0
    for factor in Authenticator.objects.iterator():
        sealed = {name: factor.data[name] for name in SEALED_MEMBERS if factor.data.get(name)}
        if sealed:
            fresh = factor.data | {name: resealed(token) for name, token in sealed.items()}
            unchanged = Authenticator.objects.filter(pk=factor.pk, data=factor.data)
            unchanged.update(data=fresh)
            number += len(sealed)
    return number
