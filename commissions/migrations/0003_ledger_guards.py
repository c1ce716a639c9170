"""The ledger, rates and accepted terms are never changed; what was booked before is entered."""

from django.db import migrations

ENTER = """
INSERT INTO commissions_ledgerentry (
  id, commission_id, partner_id, kind, debit, credit, amount, currency, booked_on, reference,
  recorded_by, recorded_at)
SELECT gen_random_uuid(), id, partner_id, 'accrual',
  CASE direction WHEN 'platform_pays_partner' THEN 'commission_expense' ELSE 'accrued_income' END,
  CASE direction WHEN 'platform_pays_partner'
    THEN 'accrued_commission' ELSE 'commission_income' END,
  partner_part + platform_part, settlement_currency, closed_on, '', 'system', recorded_at
FROM commissions_commission WHERE partner_part + platform_part > 0 AND status <> 'reversed';
INSERT INTO commissions_instalment (id, commission_id, number, condition, percent, met_on, met_by,
  due_on)
SELECT gen_random_uuid(), id, 1, '', 100, closed_on, '', closed_on FROM commissions_commission;
"""
GUARD = """
CREATE FUNCTION commissions_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to; it is corrected by another row', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER commissions_ledgerentry_is_append_only BEFORE UPDATE OR DELETE
    ON commissions_ledgerentry FOR EACH ROW EXECUTE FUNCTION commissions_is_append_only();
CREATE TRIGGER commissions_exchangerate_is_append_only BEFORE UPDATE OR DELETE
    ON commissions_exchangerate FOR EACH ROW EXECUTE FUNCTION commissions_is_append_only();
CREATE FUNCTION commissions_agreementversion_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'terms once offered are never removed'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.accepted_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
        OR (NEW.agreement_id, NEW.partner_id, NEW.number, NEW.valid_from, NEW.terms, NEW.text,
            NEW.text_hash, NEW.entered_by, NEW.entered_at)
        IS DISTINCT FROM (OLD.agreement_id, OLD.partner_id, OLD.number, OLD.valid_from, OLD.terms,
            OLD.text, OLD.text_hash, OLD.entered_by, OLD.entered_at)
        OR NEW.valid_to IS DISTINCT FROM OLD.valid_to
    THEN
        RAISE EXCEPTION 'terms once offered are not changed; offer another version'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER commissions_agreementversion_stays BEFORE UPDATE OR DELETE
    ON commissions_agreementversion
    FOR EACH ROW EXECUTE FUNCTION commissions_agreementversion_stays();
"""
UNGUARD = """
DROP TRIGGER commissions_agreementversion_stays ON commissions_agreementversion;
DROP FUNCTION commissions_agreementversion_stays();
DROP TRIGGER commissions_exchangerate_is_append_only ON commissions_exchangerate;
DROP TRIGGER commissions_ledgerentry_is_append_only ON commissions_ledgerentry;
DROP FUNCTION commissions_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("commissions", "0002_ledger")]

    operations = [
        migrations.RunSQL(ENTER, migrations.RunSQL.noop),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
