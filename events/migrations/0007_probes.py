from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0006_webhook_self_service"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("state", "pending"), ("type__in", ["webhook.verify", "webhook.test"])
                ),
                fields=["endpoint", "next_attempt_at"],
                name="events_delivery_probe",
            ),
        ),
    ]
