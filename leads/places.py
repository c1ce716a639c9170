"""Which state or emirate a place lies in, so that a lead that names "Andheri West" meets the
licence gate of Maharashtra. Only the property's place counts, never where the client lives."""

from __future__ import annotations

import re
from collections.abc import Iterable

from partners.types import EMIRATES, INDIAN_STATES, REGIONS, Market

_PLACES = {
    "IN-MH": "mumbai navi mumbai thane pune nagpur nashik andheri goregaon mulund worli bandra "
    "powai juhu malad borivali kandivali dadar chembur kurla ghatkopar vikhroli panvel",
    "IN-KA": "bengaluru bangalore mysuru mysore mangaluru whitefield koramangala indiranagar",
    "IN-DL": "delhi new delhi dwarka rohini saket",
    "IN-HR": "gurugram gurgaon faridabad panchkula",
    "IN-UP": "noida greater noida lucknow ghaziabad kanpur varanasi agra",
    "IN-TN": "chennai coimbatore madurai",
    "IN-TS": "hyderabad secunderabad gachibowli",
    "IN-GJ": "ahmedabad surat vadodara gandhinagar rajkot",
    "IN-WB": "kolkata howrah siliguri",
    "IN-RJ": "jaipur udaipur jodhpur",
    "IN-KL": "kochi thiruvananthapuram kozhikode",
    "IN-GA": "panaji panjim margao",
    "AE-DU": "dubai jbr jvc jlt jumeirah deira business bay arabian ranches emirates hills",
    "AE-AZ": "abu dhabi yas island saadiyat al reem al ain",
    "AE-SH": "sharjah aljada",
    "AE-RK": "ras al khaimah al marjan",
}
_MULTI_WORD = (
    "navi mumbai", "new delhi", "greater noida", "business bay", "arabian ranches",
    "emirates hills", "abu dhabi", "yas island", "al reem", "al ain", "ras al khaimah",
    "al marjan", "lower parel",
)  # fmt: skip


def _names() -> dict[str, str]:
    names = {name.lower(): region for region, name in REGIONS.items()}
    for region, words in _PLACES.items():
        rest = words
        for phrase in _MULTI_WORD:
            if phrase in rest:
                names[phrase] = region
                rest = rest.replace(phrase, " ")
        names |= dict.fromkeys(rest.split(), region)
    return names | {"lower parel": "IN-MH"}


_NAMES = _names()
_LONGEST_FIRST = sorted(map(re.escape, _NAMES), key=len, reverse=True)
_KNOWN = re.compile(rf"\b({'|'.join(_LONGEST_FIRST)})\b")


def region_of(locations: Iterable[str], market: str) -> str:
    """Return the region LOCATIONS lie in (`IN-MH`), or "" when they name none or several."""
    of_market = EMIRATES if market == Market.UAE else INDIAN_STATES
    found = {
        _NAMES[name] for place in locations for name in _KNOWN.findall(place.lower())
    } & of_market.keys()
    return found.pop() if len(found) == 1 else ""
