"""The API's description, as OpenAPI 3.1 and as a page made from it; nothing in it is personal."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from portal.api_codes import CODES
from portal.lib import reference


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """Return the description, made once per process."""
    from portal.api_urls import addresses  # noqa: PLC0415 - they include this module's views

    generator: Any = SchemaGenerator
    found: dict[str, Any] = generator(patterns=[path("api/", include(addresses))]).get_schema(
        request=None, public=True
    )
    found["servers"] = [{"url": settings.PORTAL_ORIGIN}]
    return found


@login_not_required
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Answer the description for machines."""
    return JsonResponse(description(), json_dumps_params={"indent": 2, "ensure_ascii": False})


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description to people."""
    context = {
        "reference": reference.read(description()),
        "codes": CODES,
        "origin": settings.PORTAL_ORIGIN,
        "keys_url": reverse("partners:keys"),
    }
    return render(request, "api/docs.html", context)
