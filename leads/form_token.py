"""What makes a post of the capture form the answer to a form of ours, once, without a cookie.

A form inside somebody else's page gets no cookies, so Django's own protection cannot work there;
nor is there anything to protect: nobody is signed in, and the post can do no more than one from
anywhere could. What has to be kept out are machines and repeats. The form therefore carries a
signed token with the id the lead will have, which can be recorded once (it is the table's key),
tells when the form was made (ids are UUIDv7), and names the notice that stood on the page.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core import signing

from portal.lib import ids

FRESH_SECONDS = 2 * 3600  # who takes longer is asked to send it again; nothing typed is lost


@dataclass(frozen=True, slots=True)
class FormToken:
    """One form as it was handed out."""

    lead_id: str
    notice_sha256: str

    @property
    def age(self) -> float:
        """How many seconds ago the form was made."""
        made = ids.decode("lead", self.lead_id).int >> 80
        return time.time() - made / 1000


def new_token(market: str, notice_sha256: str) -> str:
    """Return the token of a new form of MARKET that shows the notice with this hash."""
    lead_id = ids.encode("lead", ids.uuid7())
    return _signer(market).sign_object([lead_id, notice_sha256])


def read_token(market: str, sent: str) -> FormToken | None:
    """Return what SENT says, or None if it is no token of a form of MARKET or too old."""
    try:
        lead_id, notice_sha256 = _signer(market).unsign_object(sent)
    except (signing.BadSignature, ValueError):
        return None
    token = FormToken(lead_id, notice_sha256)
    return token if token.age < FRESH_SECONDS else None


def _signer(market: str) -> signing.Signer:
    return signing.Signer(salt=f"leads.enquiry.{market}")
