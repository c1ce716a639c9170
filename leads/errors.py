"""Why sharing or working a lead may be refused."""

from portal.lib.errors import Conflict, NotAllowed, Unprocessable


class CapacityReached(Conflict):
    """The partner already works as many leads as it takes."""

    code = "capacity_reached"


class AlreadyShared(Conflict):
    """The lead is live with this partner."""

    code = "already_shared"


class PartnerInactive(Conflict):
    """The partner gets no new leads."""

    code = "partner_inactive"


class AlreadyRecorded(Conflict):
    """The form was sent before, and what it held is recorded."""

    code = "already_recorded"


class PartnerNameMismatch(Unprocessable):
    """The name sent is not the partner's."""

    code = "partner_name_mismatch"


class CallbackNotVerified(Unprocessable):
    """The address is not one of the partner's verified endpoints."""

    code = "callback_not_verified"


class ProposalOpen(Conflict):
    """The client has been asked about this partner and has not answered."""

    code = "proposal_open"


class ProposalAnswered(Conflict):
    """The question about a partner is not open any more."""

    code = "proposal_answered"


class AlreadyAttested(Conflict):
    """The partner has said otherwise about this deletion before."""

    code = "already_attested"


class MoreToDelete(Conflict):
    """More has to be deleted by now than the partner says it deleted."""

    code = "more_to_delete"


class AlreadyAsked(Conflict):
    """The partner's request for this group is not answered yet."""

    code = "already_asked"


class RequestAnswered(Conflict):
    """The partner's request is not open any more, or was answered otherwise."""

    code = "request_answered"


class NotAsked(Unprocessable):
    """Only the client can allow it, and has not been asked."""

    code = "client_not_asked"


class NoAddress(Unprocessable):
    """There is no address of the client to write to."""

    code = "no_address"


class ConsentWithheld(Unprocessable):
    """Client or partner type allow nothing of what was to be shared."""

    code = "consent_withheld"


class ComplianceGate(Unprocessable):
    """The law of the market forbids this partner this lead; `codes` say why."""

    code = "compliance_gate"


class ReasonRequired(Unprocessable):
    """A rejection says why."""

    code = "reason_required"


class PartnerMismatch(NotAllowed):
    """The partner named is not the caller's own."""

    code = "partner_mismatch"


class Erased(Conflict):
    """The client was erased; nothing of the lead can be read or changed any more."""

    code = "erased"


class Suppressed(Conflict):
    """The person was erased and is not recorded again, unless it comes back by itself."""

    code = "suppressed"
