"""Database rights of the role the portal runs as, set after every migration by the owner.

The role may not create or own tables, and may only add to those that tell what happened.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from portal.row_security import set_policies


def append_only_tables() -> dict[str, tuple[str, ...]]:
    """Return the tables whose rows are never changed: models that say `append_only = True`.

    Each with the columns it says `may_be_emptied`, because an erased client must not stay in them.
    """
    return {
        model._meta.db_table: getattr(model, "may_be_emptied", ())
        for model in apps.get_models()
        if getattr(model, "append_only", False)
    }


def tables_written_by_database() -> list[str]:
    """Return the tables only triggers write: models that say `written_by_database = True`."""
    return [
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "written_by_database", False)
    ]


def grant_app_role(**_: Any) -> None:
    """Grant the application's role what it needs and no more, and set the rows partners see.

    The owner needs no grant.
    """
    role = settings.APP_DATABASE_USER
    if not role or role == connection.settings_dict["USER"]:
        set_policies("")
        return
    name = connection.ops.quote_name(role)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        # After a step back some models have no table yet.
        there = set(connection.introspection.table_names(cursor))
        for table in there.intersection(tables_written_by_database()):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {quoted} FROM {name}")
        for table, may_be_emptied in append_only_tables().items():
            if table not in there:
                continue
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {quoted} FROM {name}")
            for column in may_be_emptied:
                cursor.execute(f"GRANT UPDATE ({column}) ON {quoted} TO {name}")
    set_policies(role)
