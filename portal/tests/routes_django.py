"""What is Django's own and allauth's of the matrix: pages about the account, and the admin site."""

from __future__ import annotations

from collections.abc import Iterator

from portal.tests.route import OK, Answer, Route, everybody, page, signed_in

# The pages about the own account; without one only the way in is open.
ACCOUNT = [
    Route("account_login", everybody()),
    Route("account_login", everybody(), "post"),
    Route("account_logout", everybody()),
    Route("account_inactive", everybody()),
    Route("account_reauthenticate", signed_in()),
    Route("account_email_verification_sent", everybody()),
    Route("account_change_password", signed_in()),
    Route("account_set_password", signed_in()),
    Route("account_reset_password", everybody()),
    Route("account_reset_password_done", everybody()),
    Route("account_reset_password_from_key", everybody(), args="=user_0 =nobody-0"),
    Route("account_reset_password_from_key_done", everybody()),
    Route("account_confirm_login_code", signed_in()),
    Route("account_confirm_email", everybody(), args="=nobody"),
    Route("account_signup", everybody(404)),
    Route("account_email", everybody(404)),
    Route("account_request_login_code", everybody()),
    Route("mfa_list_webauthn", signed_in()),
    Route("mfa_add_webauthn", signed_in()),
    Route("mfa_reauthenticate_webauthn", signed_in()),
    Route("mfa_login_webauthn", signed_in()),  # a script of the login page calls it, as JSON
    # First of all they ask for the password again.
    Route("mfa_remove_webauthn", signed_in(), args="=0"),
    Route("mfa_edit_webauthn", signed_in(), args="=0"),
    Route("mfa_index", signed_in()),
    Route("mfa_authenticate", signed_in()),
    Route("mfa_reauthenticate", signed_in()),
    Route("mfa_activate_totp", signed_in()),
    Route("mfa_deactivate_totp", signed_in(404)),
    Route("mfa_view_recovery_codes", signed_in(404)),
    Route("mfa_generate_recovery_codes", signed_in()),
    Route("mfa_download_recovery_codes", signed_in(404)),
    Route("usersessions_list", signed_in()),
    Route("usersessions_list", signed_in(), "post"),
]

# Model of the admin site → what an admin may do there beside looking; finance only looks.
ADMIN: dict[str, str] = {
    "events.event": "",
    "events.endpoint": "",
    "events.delivery": "",
    "partners.apikey": "",
    # Told that a partner with a history stays, and led back.
    "partners.partner": "add change delete",
    "partners.user": "change",
    "partners.invitation": "add",
    "leads.lead": "",
    "leads.share": "",
    "leads.consentdecision": "",
    "leads.appointment": "",
    "leads.receipt": "",
    "leads.deletiontask": "",
    "leads.morerequest": "",
    "leads.proposal": "",
    "leads.notice": "",
    "commissions.commission": "",
    "commissions.reconciliationitem": "",
    "commissions.exchangerate": "",
    "commissions.confirmationlimit": "add change delete",
}


def admins_page(finance: Answer = OK, admin: Answer = OK) -> dict[str, Answer]:
    """Return what a page of the admin site answers; it sends everybody else to its own login."""
    return page(finance=finance, admin=admin)


ADMIN_SITE = [
    Route("admin:index", admins_page()),
    Route("admin:login", signed_in(403, finance=OK, admin=OK)),
    Route("admin:logout", signed_in(), "post"),
    Route("admin:password_change", admins_page()),
    Route("admin:password_change_done", admins_page()),
    Route("admin:autocomplete", admins_page(403, 403)),
    Route("admin:jsi18n", admins_page()),
    Route("admin:view_on_site", admins_page(404, 404), args="=0 =0"),
    *(
        Route("admin:app_list", admins_page(), args=f"={app}")
        for app in sorted({m.split(".")[0] for m in ADMIN})
    ),
]


def of_model(label: str, rights: str) -> Iterator[Route]:
    """Yield the pages of the model LABEL; RIGHTS is what an admin may do there."""
    name = f"admin:{label.replace('.', '_')}"
    yield Route(f"{name}_changelist", admins_page())
    for act in ("add", "change", "delete"):
        args = "" if act == "add" else label
        may = OK if act in rights.split() else 403
        look = OK if act == "change" else 403
        yield Route(f"{name}_{act}", admins_page(look, OK if act == "change" else may), args=args)
        yield Route(f"{name}_{act}", admins_page(403, may), "post", args)
    yield Route(f"{name}_history", admins_page(), args=label)
