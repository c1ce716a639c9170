"""Who: partners, their people, licences and keys."""

from partners.models.company import PERCENTAGE, Partner, PartnerQuerySet
from partners.models.key import ApiKey
from partners.models.licence import Licence
from partners.models.people import Invitation, UsedCode, User, UserManager

__all__ = [
    "PERCENTAGE",
    "ApiKey",
    "Invitation",
    "Licence",
    "Partner",
    "PartnerQuerySet",
    "UsedCode",
    "User",
    "UserManager",
]
