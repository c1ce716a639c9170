"""What every template knows."""

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, object]:
    """Return the portal's name and whether it runs as a demo."""
    return {"portal_name": settings.PORTAL_NAME, "demo": settings.DEMO}
