"""How allauth behaves here: nobody signs up, accounts are given."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partners.backends import may_sign_in


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closed sign-up, and the same answer to everybody who may not sign in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The email or the password is not right. Check both."),
        "enter_current_password": _("This is not your current password."),
        "invalid_password_reset": _("This link has ended. Ask for a new one."),
        "too_many_login_attempts": _("Too many wrong passwords. Wait a while and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return who signs in; whoever is shut out gets the answer of a wrong password.

        allauth would lead them to a page of its own, which tells that the account exists.
        """
        user = super().authenticate(request, **credentials)
        return user if may_sign_in(user) else None
