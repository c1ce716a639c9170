"""Lists, newest first, one page at a time: the cursor is the last row's time and id."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal.lib.parsing import malformed

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
PARAMS = frozenset({"cursor", "limit"})

R = TypeVar("R")


def page_of(
    rows: QuerySet[Any, R], params: Mapping[str, str], *, by: str, oldest_first: bool = False
) -> tuple[list[R], str | None]:
    """Return one page of ROWS, newest first by (BY, id), and the cursor of the next or None.

    ROWS are models, or dicts made by `values` with at least BY and `pk`.

    :param params: the query string's `cursor` and `limit`
    :param oldest_first: the other way round, for what waits longest
    :raises Malformed: if one of them is not as documented
    """
    limit = _limit(params.get("limit"))
    if (cursor := params.get("cursor")) is not None:
        rows = rows.filter(_after(rows, cursor, by, "gt" if oldest_first else "lt"))
    sign = "" if oldest_first else "-"
    found = list(rows.order_by(f"{sign}{by}", f"{sign}pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, _encoded(_member(page[-1], by), _member(page[-1], "pk"))


def _member(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= MAX_LIMIT:
        return int(given)
    raise malformed(_("limit is a number from 1 to 100."), "invalid", "?limit")


def _encoded(at: datetime, pk: str) -> str:
    return base64.urlsafe_b64encode(f'["{at.isoformat()}","{pk}"]'.encode()).decode().rstrip("=")


def _after(rows: QuerySet[Any], cursor: str, by: str, beyond: str) -> Q:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        moment, pk = json.loads(text)
        at = datetime.fromisoformat(moment)
        pk = rows.model._meta.pk.to_python(pk)
        if at.tzinfo is None or pk is None:
            raise ValueError
    except (ValueError, TypeError, RecursionError, ValidationError):
        raise malformed(_("This cursor is not one of ours."), "invalid", "?cursor") from None
    further = Q(**{f"{by}__{beyond}": at}) | Q(**{f"pk__{beyond}": pk})
    return Q(**{f"{by}__{beyond}e": at}) & further
