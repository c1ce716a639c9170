"""Which rows the database shows while `partner_scope` holds: policies, set after every migration.

Everybody else is unhindered: the owner by being it, the application's role by a policy that is
always true, which the planner drops. A table without a rule here cannot be read by a partner.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction
from django.db.backends.utils import CursorWrapper

from portal.lib.scope import ROLE, SETTING

# After a transaction the setting is empty, not absent, and '' is no uuid: then no row is shown.
_PARTNER = f"nullif(current_setting('{SETTING}', true), '')::uuid"
_OWN = f"partner_id = {_PARTNER}"
_OF_OWN_SHARE = f"EXISTS (SELECT FROM leads_share s WHERE s.id = share_id AND s.{_OWN})"
# Table → the rows a partner may see, asked for each row.
RULES = {
    "partners_partner": f"id = {_PARTNER}",
    "partners_user": _OWN,
    "partners_licence": _OWN,
    "partners_invitation": _OWN,
    "partners_apikey": _OWN,
    "leads_share": _OWN,
    "leads_lead": (
        f"EXISTS (SELECT FROM leads_share s WHERE s.lead_id = leads_lead.id AND s.{_OWN})"
    ),
    "leads_appointment": _OF_OWN_SHARE,
    "leads_deletiontask": _OF_OWN_SHARE,
    "leads_morerequest": _OF_OWN_SHARE,
    "leads_partnerday": _OWN,
    "commissions_commission": _OWN,
    "commissions_reconciliationitem": _OWN,
    "commissions_statement": _OWN,
    "commissions_statementline": (
        f"EXISTS (SELECT FROM commissions_statement t WHERE t.id = statement_id AND t.{_OWN})"
    ),
    "commissions_instalment": (
        f"EXISTS (SELECT FROM commissions_commission c WHERE c.id = commission_id AND c.{_OWN})"
    ),
    "commissions_ledgerentry": _OWN,
    "commissions_agreement": _OWN,
    "commissions_agreementversion": _OWN,
    "commissions_dispute": _OWN,
    "commissions_disputemessage": _OWN,
    "commissions_evidence": _OWN,
    "events_event": _OWN,
    "events_endpoint": _OWN,
    "events_delivery": _OWN,
    "events_attempt": (
        f"EXISTS (SELECT FROM events_delivery d WHERE d.id = delivery_id AND d.{_OWN})"
    ),
}
_FOUND = """
SELECT c.relname, obj_description(p.oid, 'pg_policy')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE p.polname = 'partner_reads' AND c.relrowsecurity
"""


# What the partners' role was ever granted.
_GRANTED = """
SELECT DISTINCT c.relname FROM pg_class c, aclexplode(c.relacl) given
WHERE c.relnamespace = 'public'::regnamespace AND given.grantee = %s::regrole
"""


def set_policies(app_role: str) -> None:
    """Bring the policies to what RULES says; touches, and so locks, only tables that differ.

    What has no rule, or none any more, is taken from the partners' role.

    :param app_role: the role the portal runs as; empty if it is the owner, whom none bind
    :raises ImproperlyConfigured: if the partners' role is missing and may not be made
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _ensure_role(cursor)
        cursor.execute(_FOUND)
        found = dict(cursor.fetchall())
        # After a step back some tables are not there yet.
        there = set(connection.introspection.table_names(cursor))
        for table, rule in RULES.items():
            mark = hashlib.sha256(f"{rule} {app_role}".encode()).hexdigest()
            if table in there and found.get(table) != mark:
                cursor.execute(_statements(table, rule, app_role, mark))
        cursor.execute(_GRANTED, [ROLE])
        for table in {name for (name,) in cursor.fetchall()} - set(RULES):
            name, role = connection.ops.quote_name(table), connection.ops.quote_name(ROLE)
            cursor.execute(f"REVOKE ALL ON {name} FROM {role}")


def _statements(table: str, rule: str, app_role: str, mark: str) -> str:
    name, role = connection.ops.quote_name(table), connection.ops.quote_name(ROLE)
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {name} FROM {role}",
        f"GRANT SELECT ON {name} TO {role}",
        f"DROP POLICY IF EXISTS partner_reads ON {name}",
        f"DROP POLICY IF EXISTS portal_works ON {name}",
        f"CREATE POLICY partner_reads ON {name} FOR SELECT TO {role} USING ({rule})",
        f"COMMENT ON POLICY partner_reads ON {name} IS '{mark}'",
    ]
    if app_role:
        app = connection.ops.quote_name(app_role)
        statements.append(
            f"CREATE POLICY portal_works ON {name} TO {app} USING (true) WITH CHECK (true)"
        )
    return "; ".join(statements)


def _ensure_role(cursor: CursorWrapper) -> None:
    """See to the partners' role: who runs the portal, and we, must be able to change to it."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
    there = cursor.fetchone()
    role = connection.ops.quote_name(ROLE)
    try:
        if not there:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN")
        for member in {settings.APP_DATABASE_USER, connection.settings_dict["USER"]} - {""}:
            cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [member, ROLE])
            if not cursor.fetchone()[0]:
                cursor.execute(f"GRANT {role} TO {connection.ops.quote_name(member)}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"The database has no role {ROLE} that this one may use. As superuser: "
            f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO the roles of DATABASE_URL and "
            "MIGRATION_DATABASE_URL (docs/deployment.md)."
        ) from error
