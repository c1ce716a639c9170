"""Write new rows with as little between them and the database as there can be.

`Model.save` compiles its INSERT anew each time, which costs more than the database's own work. The
statement of a model does not change, so the hot paths make it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault


def insert(rows: Sequence[models.Model]) -> None:
    """Write ROWS, new instances of one model that know their own ids, with one statement."""
    if not rows:
        return
    model = type(rows[0])
    fields = _fields(model)
    left_out = frozenset(f.name for f in fields if _by_database(rows[0], f))
    given = [field for field in fields if field.name not in left_out]
    head, places = _statement(model, left_out)
    values: list[Any] = []
    for row in rows:
        for field in given:
            values.append(field.get_db_prep_save(getattr(row, field.attname), connection))
    with connection.cursor() as cursor:
        cursor.execute(head + ", ".join([places] * len(rows)), values)
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


def _by_database(row: models.Model, field: models.Field[Any, Any]) -> bool:
    return isinstance(getattr(row, field.attname), DatabaseDefault)


@lru_cache(maxsize=64)
def _fields(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(model._meta.concrete_fields)


@lru_cache(maxsize=64)
def _statement(model: type[models.Model], left_out: frozenset[str]) -> tuple[str, str]:
    """Return the INSERT of MODEL up to VALUES, and the place of one row."""
    quoted = connection.ops.quote_name
    columns = [quoted(str(f.column)) for f in _fields(model) if f.name not in left_out]
    table = quoted(model._meta.db_table)
    head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - names, no input
    return head, f"({', '.join(['%s'] * len(columns))})"
