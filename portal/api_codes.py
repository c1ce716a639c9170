"""Every code a refusal may carry, in words: the page that a problem's `type` leads to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CODES = (
    (400, "malformed", _("The body or the address is not as documented; errors say where.")),
    (401, "not_authenticated", _("No key was sent.")),
    (401, "invalid_key", _("The key is not one of ours.")),
    (401, "key_expired", _("The key has expired or was revoked.")),
    (401, "key_suspended", _("The holder of the key is suspended.")),
    (403, "not_allowed", _("The key's holder, or this limited key, has no right to do this.")),
    (403, "partner_mismatch", _("partnerId is not the partner the key belongs to.")),
    (404, "not_found", _("It is not there, or not yours.")),
    (405, "method_not_allowed", _("The address is there and does not answer this method.")),
    (409, "capacity_reached", _("The partner works as many leads as it takes.")),
    (409, "already_shared", _("The lead is live with this partner.")),
    (409, "illegal_transition", _("The lead's status does not allow it.")),
    (409, "partner_inactive", _("The partner gets no new leads.")),
    (409, "already_attested", _("The deletion was answered otherwise before.")),
    (409, "more_to_delete", _("More has to be deleted by now than was named.")),
    (409, "already_asked", _("The same was asked before and is not answered yet.")),
    (409, "conflict", _("The state of things is another than the call assumes.")),
    (409, "erased", _("The client was erased; nothing of the lead is left.")),
    (409, "suppressed", _("The person was erased and is not recorded again.")),
    (409, "endpoint_exists", _("The address is registered already.")),
    (409, "endpoint_limit", _("A partner can have five endpoints.")),
    (409, "idempotency_key_in_use", _("The first call with this Idempotency-Key still runs.")),
    (413, "too_large", _("The body is longer than 256 kB.")),
    (415, "unsupported_media_type", _("A body is application/json in UTF-8, not compressed.")),
    (422, "callback_not_verified", _("callbackUrl is not one of the partner's endpoints.")),
    (422, "partner_name_mismatch", _("partnerName is not the partner's name.")),
    (422, "consent_withheld", _("Client or partner type allow nothing of what was asked.")),
    (422, "compliance_gate", _("The law forbids this partner this lead; codes say why.")),
    (422, "reason_required", _("A rejection, keeping data or asking for more needs a reason.")),
    (422, "partners_disagree", _("The body names two partners where it can mean only one.")),
    (422, "url_refused", _("The address is not one we deliver to.")),
    (422, "idempotency_key_reused", _("The Idempotency-Key was used with another body.")),
    (429, "rate_limited", _("Too many calls; wait for the seconds of Retry-After.")),
    (500, "server_error", _("Something broke on our side; the request id helps us find it.")),
    (503, "unavailable", _("A part of the portal is away for a moment; wait for Retry-After.")),
)
