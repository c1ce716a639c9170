"""The second wall under every read made for a partner: the database itself shows only its rows.

The policies are in `portal.row_security`. The first wall stays `visible_to`; this one holds when
somebody forgets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.db import connection, transaction

from portal.lib.access import PARTNER_ROLES, Actor
from portal.lib.ids import decode

ROLE = "portal_partner"  # may only read, and only the rows the policies allow
SETTING = "portal.partner"  # whose rows these are; without it none are shown
_ENTER = "SELECT set_config('role', %s, true), set_config(%s, %s, true)"


@contextmanager
def partner_scope(partner_id: str) -> Iterator[None]:
    """Run what is inside as a partner: the database shows the rows of PARTNER_ID and no others.

    Nothing can be written inside. Both settings are the transaction's own, and a read has nothing
    to commit, so that it is always rolled back: a pooled connection, or the transaction around
    it, comes back as it was, after an error too.

    :param partner_id: the public id, `partner_…`
    :raises ValueError: if it is none
    :raises ProgrammingError: inside, when something is written or a table read that no partner
        may read
    """
    with transaction.atomic():
        _enter(partner_id)
        yield
        transaction.set_rollback(True)


def sight_of(actor: Actor) -> AbstractContextManager[None]:
    """Return the scope in which a service looks for what ACTOR names: a partner's, or none.

    What is found is locked and changed outside.
    """
    if actor.role in PARTNER_ROLES and actor.partner_id:
        return partner_scope(actor.partner_id)
    return nullcontext()


def _enter(partner_id: str) -> None:
    """Change to the partner's role, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, [ROLE, SETTING, str(decode("partner", partner_id))])
