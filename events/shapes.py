"""What of a body an endpoint gets: all of it, or ids and where to fetch the rest (thin)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

# Each version of the bodies and the API that answers in the same one. An endpoint keeps the version
# it was made with; a builder makes the newest, and older ones are made from it here.
API = {"1": "/api/v1"}
LATEST = "1"
# Beside ids: states, and what could not be fetched later. Nothing of a client.
KEPT = ("leadId", "partnerId", "status", "version", "withdrawn", "attestBy", "challenge", "test")
ONLY_THE_ID = ("appointment", "commission")


def thin(data: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return the ids of DATA and under `link` where the rest is answered, under live consent.

    :raises KeyError: if there is no such VERSION
    """
    kept = {name: data[name] for name in KEPT if name in data}
    for name in ONLY_THE_ID:
        if name in data:
            kept[name] = {"id": data[name]["id"]}
    if "commission" in data:
        return kept | {"link": f"{settings.PORTAL_ORIGIN}{API[version]}/commissions"}
    if "leadId" in data:
        kept["link"] = f"{settings.PORTAL_ORIGIN}{API[version]}/leads/{data['leadId']}"
    return kept


def shaped(data: dict[str, Any], version: str, *, is_thin: bool) -> dict[str, Any]:
    """Return DATA as an endpoint of VERSION gets it.

    :raises KeyError: if there is no such VERSION
    """
    if version not in API:
        raise KeyError(version)
    return thin(data, version) if is_thin else data
