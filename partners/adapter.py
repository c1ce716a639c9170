"""How allauth behaves here: nobody signs up, accounts are given."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from partners.backends import may_sign_in
from partners.models import User
from partners.sessions import record_ended
from partners.sign_in_limits import wait_of_mail, wait_of_try

# Mails that whoever knows an address can have sent to it.
ASKED_BY_ANYBODY = ("account/email/login_code", "account/email/password_reset_key")

WAYS = {
    "reauthenticate": _("Use your password"),
    "mfa_reauthenticate": _("Use a code"),
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
}
log = logging.getLogger(__name__)


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closed sign-up, and the same answer to everybody who may not sign in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The email or the password is not right. Check both."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _("This code is not right, or not any more."),
        "incorrect_password": _("This password is not right."),
        "invalid_password_reset": _("This link has ended. Ask for a new one."),
        "too_many_login_attempts": _("Too many wrong tries. Wait a while and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return who signs in; whoever is shut out gets the answer of a wrong password.

        allauth would lead them to a page of its own, which tells that the account exists.
        """
        user = super().authenticate(request, **credentials)
        return user if may_sign_in(user) else None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before the password is looked at, in one step that parallel tries share."""
        address = str(credentials.get("email") or credentials.get("username") or "")
        limited = settings.ACCOUNT_RATE_LIMITS is not False
        if limited and wait_of_try(request, address) > 0:
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a refused try where there is such an account; an unknown address is nobody's."""
        from partners.sign_in_events import record_refused  # noqa: PLC0415 - needs loaded models

        address = str(credentials.get("email") or "")
        user = User.objects.filter(email__iexact=address).first() if address else None
        if user is not None:
            record_refused(user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it, unless somebody floods EMAIL with codes and links; the page says the same."""
        asked = template_prefix in ASKED_BY_ANYBODY and settings.ACCOUNT_RATE_LIMITS is not False
        if asked and wait_of_mail(email) > 0:
            return
        ours = {"company": settings.PLATFORM_LEGAL_NAME, "portal_origin": settings.PORTAL_ORIGIN}
        try:
            super().send_mail(template_prefix, email, context | ours)
        except OSError as error:  # what was changed stays so, and nobody learns who has an account
            log.error("a mail was not sent: %s %s", template_prefix, type(error).__name__)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell USER what changed, also where allauth has noted no address of theirs."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def format_email_subject(self, subject: str) -> str:
        """Return the subject as in our other mails."""
        return f"{settings.PLATFORM_LEGAL_NAME}: {subject}"

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the ways to confirm who it is, in our words."""
        ways = super().get_reauthentication_methods(user)
        return [way | {"description": WAYS.get(way["id"], way["description"])} for way in ways]

    def pre_login(self, request: HttpRequest, user: Any, **facts: Any) -> HttpResponse | None:
        """Stop whoever is shut out, also with a right code or passkey, without a word of why."""
        if may_sign_in(user):
            answer: HttpResponse | None = super().pre_login(request, user, **facts)
            return answer
        clear_login(request)
        messages.error(request, _("This did not sign you in. Try again."))
        return redirect("account_login")


class PortalUserSessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Sessions that their owner ends are written down."""

    def end_sessions(self, sessions: Any) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            user = ended[0].user
            record_ended(user, len(ended), actor=user)
