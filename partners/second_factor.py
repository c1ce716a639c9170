"""The second factor: codes that count once, secrets nobody reads, and roles that must have one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partners.account_forms import OurWords
from partners.models import UsedCode, User
from portal.lib.problems import is_api
from portal.lib.ratelimit import seconds_to_wait, start_anew
from portal.lib.secrets import sealed, unsealed_for_ever

PER_MINUTE = 0.2  # a code every five minutes, once the burst is used up
BURST = 5

# What somebody without the factor their role demands may still open: making one, and leaving.
OPEN_WITHOUT_IT = (
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
    "/accounts/login/",
    "/static/",
    "/healthz",
    "/readyz",
)


class PortalMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seeds and recovery codes lie encrypted; a role that must have a factor keeps its last."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _("Your role needs a second factor. Add another one first."),
        "incorrect_code": _("This code is not right, or was used already."),
    }

    def encrypt(self, text: str) -> str:
        return sealed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unsealed_for_ever(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Return the code as part of a page: the policy of our pages knows no `data:` pictures."""
        drawn: str = super().build_totp_svg(url)
        return drawn[drawn.index("<svg") :]

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        """Return the name a new passkey has until it is given another."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return str(_("Passkey %(number)s") % {"number": number})

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return whether AUTHENTICATOR may go: the last one of a role that needs one may not."""
        if not is_demanded_from(authenticator.user):
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id)
        others = others.exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def is_demanded_from(user: Any) -> bool:
    """Return whether the role of USER must have a second factor (`MFA_REQUIRED_ROLES`)."""
    return getattr(user, "role", "") in settings.MFA_REQUIRED_ROLES


class SecondFactorMiddleware:
    """Lead whoever must have a second factor, and has none, to making one, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.MFA_REQUIRED_ROLES or is_api(request):
            return self.get_response(request)
        user: Any = request.user
        if not user.is_authenticated or not is_demanded_from(user) or is_mfa_enabled(user):
            return self.get_response(request)
        if request.path.startswith(OPEN_WITHOUT_IT):
            return self.get_response(request)
        place = reverse("mfa_index")
        if request.headers.get("HX-Request"):
            answer = HttpResponse(status=403)
            answer["HX-Redirect"] = place
            return answer
        return HttpResponseRedirect(place)


def count_try(user: User) -> None:
    """Count a code typed for USER: six digits must not be guessed, from however many networks.

    Only who passed the first factor comes here, and a passkey stays open, so nobody is locked out
    by a stranger. A right code makes the count start anew.

    :raises ValidationError: if there were too many tries
    """
    if settings.ACCOUNT_RATE_LIMITS is False:  # in the suite
        return
    if seconds_to_wait(_bucket(user), per_minute=PER_MINUTE, burst=BURST) > 0:
        raise get_account_adapter().validation_error("too_many_login_attempts")


def _bucket(user: User) -> str:
    return f"factor:{user.pk}"


def use_step(user: User) -> None:
    """Note that USER's one-time code of these 30 seconds was used.

    :raises ValidationError: if it was used before; the database says so, whatever the cache forgot
    """
    step = int(time.time()) // app_settings.TOTP_PERIOD
    try:
        with transaction.atomic():
            UsedCode.objects.create(user=user, step=step)
    except IntegrityError:
        raise get_mfa_adapter().validation_error("incorrect_code") from None


class _CountsOnce(forms.Form):
    """A code is checked and used up in one transaction, one try at a time for each account."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        count_try(self.user)
        with transaction.atomic():
            # Whoever tries the same code at the same moment waits here and finds it used.
            list(Authenticator.objects.select_for_update().filter(user=self.user).order_by("pk"))
            code: str = super().clean_code()  # type: ignore[misc]
            if self.authenticator.type == Authenticator.Type.TOTP:
                use_step(self.user)
        start_anew(_bucket(self.user))
        return code


class AuthenticateForm(OurWords, _CountsOnce, base_forms.AuthenticateForm):  # type: ignore[misc]
    """The code asked for after the password."""


class ReauthenticateForm(OurWords, _CountsOnce, base_forms.ReauthenticateForm):  # type: ignore[misc]
    """The code asked for before something that matters."""


class ActivateTOTPForm(OurWords, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app; it does not sign in a second time."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        use_step(self.user)
        return code
