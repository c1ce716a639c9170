from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0007_probes"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(enabled=False),
                name="events_endpoint_removed_is_off",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=Q(enabled=False) | Q(disabled_reason=""),
                name="events_endpoint_on_without_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=~Q(pending_url=F("url")),
                name="events_endpoint_new_address_is_new",
            ),
        ),
    ]
