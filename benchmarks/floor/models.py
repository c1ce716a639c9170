"""The floor's tables: what sharing a lead cannot do without, and nothing more."""

from django.db import models
from django.db.models import Q


class Partner(models.Model):
    name = models.CharField(max_length=200)
    capacity = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name


class Share(models.Model):
    partner = models.ForeignKey(Partner, models.PROTECT, db_index=False)
    lead_id = models.UUIDField()
    status = models.CharField(max_length=12, default="sent")
    contact = models.BooleanField()
    budget = models.BooleanField()
    requirements = models.BooleanField()
    shared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["partner"], condition=Q(status="sent"), name="floor_share_live")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Event(models.Model):
    kind = models.CharField(max_length=40)
    share = models.ForeignKey(Share, models.PROTECT)
    data = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.kind


class Outbox(models.Model):
    share = models.ForeignKey(Share, models.PROTECT)
    body = models.TextField()
    state = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.pk)
