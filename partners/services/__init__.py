"""Everything that changes partners, their people and their licences."""

from partners.services.companies import (
    PartnerFields,
    PartnerHasHistory,
    TypeIsFixed,
    create_partner,
    decide_commission_proposal,
    delete_partner,
    set_status,
    update_partner,
    why_it_stays,
)
from partners.services.factors import NoFactor, remove_factors
from partners.services.invitations import (
    AddressTaken,
    InvitationEnded,
    TooManyInvitations,
    accept,
    invite,
    resend,
    take_back,
)
from partners.services.licences import LicenceFields, add_licence, change_licence, remove_licence
from partners.services.people import LastOwner, NotYourself, change_role, remove_member
from partners.services.preferences import (
    CapacityAboveLimit,
    NothingToPropose,
    propose_commission,
    update_settings,
)
from partners.services.users import (
    LastAdmin,
    create_user,
    set_user_active,
    update_user,
)
from partners.services.viewing import start_viewing, stop_viewing

__all__ = [
    "AddressTaken",
    "CapacityAboveLimit",
    "InvitationEnded",
    "LastAdmin",
    "LastOwner",
    "LicenceFields",
    "NoFactor",
    "NotYourself",
    "NothingToPropose",
    "PartnerFields",
    "PartnerHasHistory",
    "TooManyInvitations",
    "TypeIsFixed",
    "accept",
    "add_licence",
    "change_licence",
    "change_role",
    "create_partner",
    "create_user",
    "decide_commission_proposal",
    "delete_partner",
    "invite",
    "propose_commission",
    "remove_factors",
    "remove_licence",
    "remove_member",
    "resend",
    "set_status",
    "set_user_active",
    "start_viewing",
    "stop_viewing",
    "take_back",
    "update_partner",
    "update_settings",
    "update_user",
    "why_it_stays",
]
