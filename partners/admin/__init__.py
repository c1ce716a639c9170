"""Django admin for partners, people and keys. Every change goes through the services."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from partners.admin.invitations import InvitationAdmin
from partners.admin.keys import ApiKeyAdmin
from partners.admin.partners import PartnerAdmin
from partners.admin.users import UserAdmin

# Ways around our own roles and services: nobody is in a group, and an address follows its account.
admin.site.unregister(Group)
# A second factor is made and a session ended by its owner, with an event; not past both by hand.
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)
if admin.site.is_registered(EmailAddress):
    admin.site.unregister(EmailAddress)

__all__ = ["ApiKeyAdmin", "InvitationAdmin", "PartnerAdmin", "UserAdmin"]
