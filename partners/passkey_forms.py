"""allauth's forms for passkeys, in our words."""

from __future__ import annotations

from allauth.mfa.webauthn import forms as webauthn_forms

from partners.account_forms import OurWords


class AddForm(OurWords, webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""


class RenameForm(OurWords, webauthn_forms.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""
