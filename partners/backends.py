"""Who may sign in and stay signed in."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from partners.models import Partner, User


def may_sign_in(user: object) -> bool:
    """Return whether USER is active, and so is the company they belong to."""
    return (
        isinstance(user, User)
        and user.is_active
        and (user.partner is None or user.partner.status != Partner.Status.SUSPENDED)
    )


class PortalBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's sign-in, closed to people of a suspended partner from the next request on."""

    def user_can_authenticate(self, user: object) -> bool:
        return may_sign_in(user)

    def get_user(self, user_id: str) -> User | None:
        """Return who a session belongs to, with their partner, or nobody if they are shut out."""
        user = User.objects.select_related("partner").filter(pk=user_id).first()
        return user if may_sign_in(user) else None
