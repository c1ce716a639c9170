"""What `manage.py check --deploy` refuses beyond Django's own checks."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def refuse_demo_in_production(**_: Any) -> list[Error]:
    """Demo logins, loopback webhooks and a plain-http origin have no place in production."""
    errors = []
    if settings.DEMO:
        errors.append(Error("PORTAL_MODE=demo must not be deployed.", id="portal.E001"))
    if not settings.SECURE_ORIGIN:
        errors.append(Error("PORTAL_ORIGIN must be https.", id="portal.E002"))
    if not settings.FIELD_ENCRYPTION_KEYS:
        errors.append(Error("Set FIELD_ENCRYPTION_KEY.", id="portal.E003"))
    return errors
