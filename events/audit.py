"""What makes the trail of events tamper-evident: the head of each stream, and signed checkpoints.

How it works and what it proves stands in docs/audit.md.
"""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.lib.access import StaffOnlyQuerySet

NO_STREAM = UUID(int=0)  # the portal's own events: neither of a lead nor of a partner


class Stream(models.Model):
    """The newest link of a stream's chain, kept by the database; its row is the stream's lock."""

    written_by_database = True

    stream = models.UUIDField(primary_key=True, editable=False)
    sequence = models.BigIntegerField(editable=False)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence}"


class Reached(models.Model):
    """How far checkpoints have come in a stream, so that the next holds only what is newer."""

    stream = models.UUIDField(primary_key=True, editable=False)
    sequence = models.BigIntegerField(editable=False)

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence}"


class CheckpointQuerySet(StaffOnlyQuerySet["Checkpoint"]):
    """Checkpoints; the company's own people only."""


class Checkpoint(models.Model):
    """A signed statement of how far the streams had come, to be kept off the machine.

    It holds the heads that moved since the one before and names that one by its digest, so that the
    newest speaks for all of them.
    """

    append_only = True

    number = models.BigIntegerField(primary_key=True, editable=False)
    at = models.DateTimeField(_("At"), db_default=Now(), editable=False)
    events = models.BigIntegerField(_("Events"), editable=False)
    # [stream, sequence, hash] of each, hexadecimal.
    heads = models.JSONField(default=list, editable=False)
    # The statement with its signature, as a compact JWS, and the SHA-256 of the statement.
    statement = models.TextField(editable=False)
    digest = models.BinaryField(max_length=32)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}"
