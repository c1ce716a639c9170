"""Claims in full, what our papers say, and statements of deals that are none of our leads."""

import datetime
import django.db.models.deletion
import portal.lib.money
from django.conf import settings
from django.db import migrations, models


# What was booked before: the claim as it can be told from the booking.
CLAIMS = """
UPDATE commissions_commission SET claimed_on = closed_on, claimed_amount = CASE
  WHEN claimed_currency NOT IN ('', currency)
    THEN round(claimed_value * coalesce(claimed_percent, percent) / 100, 2)
  WHEN claimed_percent IS NULL OR claimed_percent = percent OR percent = 0
    THEN CASE direction WHEN 'platform_pays_partner' THEN partner_part ELSE platform_part END
  ELSE round(claimed_percent / percent
    * CASE direction WHEN 'platform_pays_partner' THEN partner_part ELSE platform_part END, 2)
END
"""


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0004_overtaken_disputes"),
        ("leads", "0006_ledger"),
        ("partners", "0006_ledger"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="commission",
            name="claimed_amount",
            field=portal.lib.money.MoneyColumn(decimal_places=3, default=0, max_digits=15),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="commission",
            name="claimed_on",
            field=models.DateField(default=datetime.date(2000, 1, 1)),
            preserve_default=False,
        ),
        migrations.RunSQL(CLAIMS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="commission",
            name="papers_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="commission",
            name="papers_by",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="commission",
            name="papers_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="commission",
            name="papers_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="commission",
            name="papers_value",
            field=portal.lib.money.MoneyColumn(
                blank=True, decimal_places=3, max_digits=15, null=True
            ),
        ),
        migrations.AddField(
            model_name="reconciliationitem",
            name="reference",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="statementline",
            name="hint",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_such", "No lead of this partner has this reference"),
                    ("not_closed", "The lead is not reported as closed"),
                    ("reversed", "The commission was reversed"),
                    ("ambiguous", "Several deals or lines fit it: name the lead"),
                    ("nothing", "No deal of about this day and value"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="reconciliationitem",
            name="claimed_value",
            field=portal.lib.money.MoneyColumn(
                blank=True, decimal_places=3, max_digits=15, null=True
            ),
        ),
        migrations.AlterField(
            model_name="reconciliationitem",
            name="recorded_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AlterField(
            model_name="reconciliationitem",
            name="recorded_percent",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=7, null=True),
        ),
        migrations.AlterField(
            model_name="reconciliationitem",
            name="share",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reconciliation_items",
                to="leads.share",
            ),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="reference",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="share",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statement_lines",
                to="leads.share",
            ),
        ),
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(fields=["closed_on", "partner"], name="commissions_of_period"),
        ),
        migrations.AddConstraint(
            model_name="reconciliationitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("share__isnull", False), ("kind", "missing_ours"), _connector="OR"
                ),
                name="commissions_reconciliationitem_about_a_share",
            ),
        ),
    ]
