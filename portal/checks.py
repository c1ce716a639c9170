"""What `manage.py check --deploy` refuses beyond Django's own checks."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

from portal.lib.access import Role


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


@register(Tags.security, deploy=True)
def refuse_an_open_edge(**_: Any) -> list[Error]:
    """Any host, a role nobody has, and a policy that lets scripts of others run, are mistakes."""
    errors = []
    if any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        errors.append(Error("ALLOWED_HOSTS must name each host.", id="portal.E004"))
    if unknown := set(settings.MFA_REQUIRED_ROLES) - set(Role.values):
        errors.append(Error(f"MFA_REQUIRED_ROLES: no role {sorted(unknown)}.", id="portal.E005"))
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    if "unsafe" in str(directives) or "*" in str(directives):
        errors.append(Error("CONTENT_SECURITY_POLICY is not strict.", id="portal.E006"))
    if any(not origin.startswith("https://") for origin in settings.CAPTURE_EMBED_ORIGINS):
        errors.append(Error("CAPTURE_EMBED_ORIGINS must be https.", id="portal.E007"))
    return errors
