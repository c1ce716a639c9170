"""What the services of this app share: finding a row to change, and changing it cleanly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from events.models import Event
from events.payloads import SEALED_TO
from events.services import queue_mail
from partners.models import Licence, Partner, User
from portal.lib.errors import NotFound, Unprocessable
from portal.lib.secrets import sealed

Row = TypeVar("Row", Partner, User, Licence)


def locked(model: type[Row], pk: str) -> Row:
    """Return the row PK of MODEL, held until the transaction ends.

    :raises NotFound: if there is none
    """
    try:
        return model._default_manager.select_for_update(no_key=True).get(pk=pk)
    except (model.DoesNotExist, ValueError, ValidationError) as error:
        raise NotFound(_("There is nothing with this id.")) from error


def assign(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Put VALUES on ROW and return the names of those that differ from before."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def clean(row: models.Model, *, without: set[str] | None = None) -> None:
    """Check ROW by its own rules, the database's included, leaving out the fields WITHOUT.

    :raises Unprocessable: naming each wrong field in `fields`
    """
    try:
        row.full_clean(exclude=without)
    except ValidationError as error:
        raise Unprocessable(" ".join(error.messages), fields=error.message_dict) from error


def tell_old_contact(event: Event, partner: Partner, *, before: str) -> None:
    """Tell BEFORE, the address of PARTNER's contact until EVENT, that it is another now.

    Whoever took over an account would otherwise learn alone of all that is changed next.
    """
    if before and before != partner.contact_email:
        refs = {"partner": partner.pk, SEALED_TO: sealed(before)}
        queue_mail(event, "contact_changed", refs=refs)
