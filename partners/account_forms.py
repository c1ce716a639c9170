"""allauth's forms in our words: sentence case, and no placeholder repeating its label."""

from typing import Any

from allauth.account import forms as allauth_forms
from django.utils.translation import gettext_lazy as _

LABELS = {
    "code": _("Code"),
    "name": _("Name"),
    "passwordless": _("Sign in with it alone"),
    "password": _("Password"),
    "login": _("Email"),
    "email": _("Email"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password again"),
}
HINTS = {
    "name": _("So that you know it again, for example “Work laptop”."),
    "passwordless": _("No password is asked for. The passkey itself asks who you are."),
}


class OurWords:
    """Relabel the fields of an allauth form."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.help_text = HINTS.get(name, field.help_text)
            field.widget.attrs.pop("placeholder", None)


class LoginForm(OurWords, allauth_forms.LoginForm):  # type: ignore[misc]
    """Who signs in."""


class ResetPasswordForm(OurWords, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """Whose password is forgotten."""


class ChangePasswordForm(OurWords, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """The password now and the one from now on."""


class ResetPasswordKeyForm(OurWords, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The password from now on."""


class ReauthenticateForm(OurWords, allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password, once more."""


class RequestLoginCodeForm(OurWords, allauth_forms.RequestLoginCodeForm):  # type: ignore[misc]
    """Who wants a code by mail."""


class ConfirmLoginCodeForm(OurWords, allauth_forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code that was mailed."""
