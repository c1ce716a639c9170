"""Write and read rows with as little between them and the database as there can be.

`Model.save` compiles its INSERT anew each time and waits for each answer, which costs more than the
database's own work. The statement of a model does not change, so the hot paths make it once, and
writes that nobody reads before they are all done travel together. So do reads whose arguments are
known beforehand: in one message each statement still sees what was committed before it began.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

# The driver takes these as they are; the others say themselves what they become.
AS_IT_IS = (
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.DecimalField,
    models.IntegerField,
)
Waiting = list[tuple[str, Sequence[Any]]]
_waiting: ContextVar[Waiting | None] = ContextVar("waiting_writes", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Send the writes of this block as one message at its end, in their order.

    Stands inside a transaction. A write that is refused is refused at the end of the block.
    """
    waiting: Waiting = []
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    if waiting:
        with connection.cursor() as cursor:
            cursor.execute(
                ";\n".join(sql for sql, _params in waiting),
                [value for _sql, params in waiting for value in params],
            )


def write(sql: str, params: Sequence[Any]) -> None:
    """Execute a statement whose result nobody reads, at once or with the others of its block."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append((sql, params))
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def insert(rows: Sequence[models.Model]) -> None:
    """Write ROWS, new instances of one model that know their own ids, with one statement."""
    if not rows:
        return
    model = type(rows[0])
    left_out = frozenset(f.name for f in _fields(model) if _by_database(rows[0], f))
    given = [field for field in _fields(model) if field.name not in left_out]
    head, places = _statement(model, left_out)
    values = [_value(row, field) for row in rows for field in given]
    write(head + ", ".join([places] * len(rows)), values)
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


@dataclass(frozen=True, slots=True)
class Reading:
    """One SELECT; its rows become instances of MODEL, or stay tuples where there is none."""

    sql: str
    params: Sequence[Any]
    model: type[models.Model] | None = None


def reading(model: type[models.Model], tail: str, params: Sequence[Any]) -> Reading:
    """Return the SELECT of whole rows of MODEL; TAIL is what stands behind the table's name."""
    return Reading(_selection(model) + tail, params, model)


def read_together(*readings: Reading) -> list[list[Any]]:
    """Return the rows of each of READINGS, asked as one message and answered in their order."""
    found: list[list[Any]] = []
    with connection.cursor() as cursor:
        cursor.execute(
            ";\n".join(asked.sql for asked in readings),
            [value for asked in readings for value in asked.params],
        )
        for asked in readings:
            rows = cursor.fetchall()
            found.append([_made(asked.model, row) for row in rows] if asked.model else rows)
            cursor.nextset()
    return found


@dataclass(frozen=True, slots=True)
class ByKeys:
    """The SELECT of a `values()` of many rows, made once, without the keys of the rows wanted."""

    sql: str
    params: tuple[Any, ...]
    place: int  # of the keys among PARAMS
    names: tuple[str, ...]
    converted: tuple[tuple[int, Any, tuple[Any, ...]], ...]

    def read(self, keys: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of KEYS, as the database keeps them, each by the names of its values."""
        params = [*self.params[: self.place], list(keys), *self.params[self.place + 1 :]]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = cursor.fetchall()
        return [dict(zip(self.names, self._made(row), strict=True)) for row in found]

    def _made(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for place, expression, converters in self.converted:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values


def by_keys(values: models.QuerySet[Any, dict[str, Any]]) -> ByKeys:
    """Return the SELECT of VALUES, a `values()` of its model, for any rows by their primary keys.

    Compiling it takes as long as reading a hundred rows.
    """
    pk = values.model._meta.pk
    anything = uuid.uuid4()
    query = values.filter(pk__in=[anything]).query
    compiler = query.get_compiler(connection.alias)
    sql, params = compiler.as_sql()
    column = f'{connection.ops.quote_name(values.model._meta.db_table)}."{pk.column}"'
    one, many = f"{column} IN (%s)", f"{column} = ANY(%s)"
    if sql.count(one) != 1 or params.count(anything) != 1:
        raise ValueError("the statement does not name its keys once")
    converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
    return ByKeys(
        sql.replace(one, many),
        tuple(params),
        params.index(anything),
        tuple(query.selected or ()),
        tuple((place, made[1], tuple(made[0])) for place, made in converters.items()),
    )


@lru_cache(maxsize=64)
def _selection(model: type[models.Model]) -> str:
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(str(field.column)) for field in _fields(model))
    return f"SELECT {columns} FROM {quoted(model._meta.db_table)} "  # noqa: S608 - names, no input


def _made(model: type[models.Model], row: Sequence[Any]) -> models.Model:
    values = list(row)
    for place, column, converters in _converted(model):
        for convert in converters:
            values[place] = convert(values[place], column, connection)
    return model.from_db(connection.alias, _names(model), values)


@lru_cache(maxsize=64)
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in _fields(model)]


@lru_cache(maxsize=64)
def _converted(model: type[models.Model]) -> list[tuple[int, Any, list[Any]]]:
    """Return the place of each column that needs it, with what makes a value of what is stored."""
    made = []
    for place, field in enumerate(_fields(model)):
        column = field.get_col(model._meta.db_table)
        by_database = connection.ops.get_db_converters(column)
        if converters := [*by_database, *column.get_db_converters(connection)]:
            made.append((place, column, converters))
    return made


def _value(row: models.Model, field: models.Field[Any, Any]) -> Any:
    value = getattr(row, field.attname)
    if value is None or isinstance(field, AS_IT_IS):
        return value
    return field.get_db_prep_save(value, connection)


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
