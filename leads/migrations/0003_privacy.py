import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import portal.lib.ids
from django.conf import settings
from django.db import migrations, models


# What a partner saw at any time stands in the events of its share.
RECEIVED_SO_FAR = """
UPDATE leads_share s SET
    received_contact = shares_contact OR saw.contact,
    received_budget = shares_budget OR saw.budget,
    received_requirements = shares_requirements OR saw.requirements
FROM (
    SELECT share.id,
        coalesce(bool_or(e.data->'groups' ? 'contact'), false) AS contact,
        coalesce(bool_or(e.data->'groups' ? 'budget'), false) AS budget,
        coalesce(bool_or(e.data->'groups' ? 'requirements'), false) AS requirements
    FROM leads_share share LEFT JOIN events_event e ON e.share_id = share.id AND e.ok
    GROUP BY share.id
) saw
WHERE saw.id = s.id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0002_decisions_are_append_only"),
        ("events", "0002_guards"),
        ("partners", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DeletionTask",
            fields=[
                (
                    "id",
                    portal.lib.ids.TypeIDField(
                        editable=False,
                        make=portal.lib.ids.random_uuid,
                        prefix="deletion",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("contact", "Contact"),
                                ("budget", "Budget"),
                                ("requirements", "Requirements"),
                            ],
                            max_length=12,
                        ),
                        size=None,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("withdrawn", "The client withdrew consent"),
                            ("erased", "The client's details were erased"),
                        ],
                        default="withdrawn",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField()),
                ("attested_at", models.DateTimeField(blank=True, null=True)),
                ("attested_by", models.CharField(blank=True, max_length=40)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("deleted", "Deleted"),
                            ("retained", "Kept, because the law or a deal demands it"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("reminders", models.PositiveSmallIntegerField(default=0)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["due_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="MoreRequest",
            fields=[
                (
                    "id",
                    portal.lib.ids.TypeIDField(
                        editable=False,
                        make=portal.lib.ids.random_uuid,
                        prefix="more",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "group",
                    models.CharField(
                        choices=[
                            ("contact", "Contact"),
                            ("budget", "Budget"),
                            ("requirements", "Requirements"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("asked", "Waiting for the agent"),
                            ("forwarded", "Waiting for the client"),
                            ("declined", "Declined by the agent"),
                            ("given", "Allowed by the client"),
                            ("refused", "Refused by the client"),
                            ("cancelled", "Ended with the share"),
                        ],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("asked_by", models.CharField(max_length=40)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("forwarded_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    portal.lib.ids.TypeIDField(
                        editable=False,
                        make=portal.lib.ids.uuid7,
                        prefix="notice",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=10)),
                (
                    "market",
                    models.CharField(choices=[("uae", "UAE"), ("india", "India")], max_length=10),
                ),
                ("text", models.TextField()),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("first_shown_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    portal.lib.ids.TypeIDField(
                        editable=False,
                        make=portal.lib.ids.random_uuid,
                        prefix="proposal",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("contact", "Contact"),
                                ("budget", "Budget"),
                                ("requirements", "Requirements"),
                            ],
                            max_length=12,
                        ),
                        size=None,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for the client"),
                            ("approved", "Approved by the client"),
                            ("declined", "Declined by the client"),
                            ("cancelled", "Taken back"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("proposed_by", models.CharField(max_length=40)),
                ("proposed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("refusal", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "ordering": ["-proposed_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    portal.lib.ids.TypeIDField(
                        editable=False,
                        make=portal.lib.ids.random_uuid,
                        prefix="receipt",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "decisions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                ("body", models.JSONField()),
                ("jws", models.TextField()),
                ("key_id", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-issued_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "Email"), ("phone", "Phone")], max_length=5
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name="consentdecision",
            name="note",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="consentdecision",
            name="notice_language",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="lead",
            name="erase_after",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="lead",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="lead",
            name="erasure_asked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="lead",
            name="restricted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="share",
            name="received_budget",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="share",
            name="received_contact",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="share",
            name="received_requirements",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True),
                fields=["market", "email"],
                name="leads_lead_by_email",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("phone", ""), _negated=True),
                fields=["market", "phone"],
                name="leads_lead_by_phone",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("erase_after__isnull", False), ("erased_at__isnull", True)),
                fields=["erase_after"],
                name="leads_lead_to_erase",
            ),
        ),
        migrations.RunSQL(RECEIVED_SO_FAR, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("shares_contact", False), ("received_contact", True), _connector="OR"
                    ),
                    models.Q(("shares_budget", False), ("received_budget", True), _connector="OR"),
                    models.Q(
                        ("shares_requirements", False),
                        ("received_requirements", True),
                        _connector="OR",
                    ),
                ),
                name="leads_share_effective_was_received",
            ),
        ),
        migrations.AddField(
            model_name="deletiontask",
            name="share",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deletion_tasks",
                to="leads.share",
            ),
        ),
        migrations.AddField(
            model_name="morerequest",
            name="share",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="more_requests",
                to="leads.share",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="instead_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="leads.share",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proposals",
                to="leads.lead",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partners.partner"
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="share",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="leads.share",
            ),
        ),
        migrations.AddField(
            model_name="receipt",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="receipts",
                to="leads.lead",
            ),
        ),
        migrations.AddIndex(
            model_name="deletiontask",
            index=models.Index(
                condition=models.Q(("attested_at__isnull", True)),
                fields=["due_at", "id"],
                name="leads_deletion_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="deletiontask",
            constraint=models.UniqueConstraint(
                condition=models.Q(("attested_at__isnull", True)),
                fields=("share",),
                name="leads_deletion_one_open_per_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="deletiontask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("attested_at__isnull", True), ("outcome", "")),
                    models.Q(
                        ("attested_at__isnull", False), models.Q(("outcome", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="leads_deletion_attested_with_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="morerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["asked", "forwarded"])),
                fields=("share", "group"),
                name="leads_morerequest_one_open_per_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")),
                fields=("lead", "partner"),
                name="leads_proposal_one_open_per_partner",
            ),
        ),
    ]
