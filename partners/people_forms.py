"""Forms about inviting people and accepting an invitation."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from portal.lib.access import Role


class InviteForm(forms.Form):
    """Whom an owner invites, and as what."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_(
            "An address signs in for one company only. Whoever cannot use the invitation is told "
            "so in the mail."
        ),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(Role.MEMBER, _("Member: works leads")), (Role.OWNER, _("Owner: also settings"))],
    )


class AcceptForm(forms.Form):
    """How somebody invited is called and signs in."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(lambda: password_validators_help_texts()[-1], str)(),  # how long
    )
