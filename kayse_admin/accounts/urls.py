"""Addresses of one's own account, below /account/: ours, and those of allauth that this house uses.

allauth's views are named one by one, so that an update of it opens no address that nobody here has looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as socialaccount
from django.db import transaction
from django.urls import path
from django.views.decorators.http import require_http_methods

from kayse_admin.accounts import oidc_views, own, second_factor
from kayse_admin.accounts.decorators import requires

View = Callable[..., Any]


def page(view: View) -> View:
    """A page of allauth for anybody: GET and POST only."""
    return require_http_methods(["GET", "HEAD", "POST"])(view)


def mine(view: View) -> View:
    """A page of allauth for people who are signed in; what it changes and its record are one transaction."""
    return page(requires()(transaction.atomic(view)))


urlpatterns = [
    path("", own.index, name="account"),
    path("password/", own.password, name="account_change_password"),
    path("sessions/end/", own.end_sessions, name="account_end_sessions"),
    path("invitation/<str:token>/", own.invitation, name="account_invitation"),
    path("confirm/", mine(second_factor.confirm), name="account_reauthenticate"),
    path("confirm/provider/", own.confirm_by_provider, name="confirm_by_provider"),
    path("confirm/code/", mine(second_factor.confirm_by_code), name="mfa_reauthenticate"),
    path("confirm/key/", mine(second_factor.confirm_by_key), name="mfa_reauthenticate_webauthn"),
    path("inactive/", page(account.account_inactive), name="account_inactive"),
    path("second-factor/", mine(second_factor.index), name="mfa_index"),
    path("second-factor/enter/", page(second_factor.enter), name="mfa_authenticate"),
    path("second-factor/app/add/", mine(second_factor.add_app), name="mfa_activate_totp"),
    path("second-factor/app/remove/", mine(second_factor.remove_app), name="mfa_deactivate_totp"),
    path("second-factor/keys/add/", mine(second_factor.add_key), name="mfa_add_webauthn"),
    path("second-factor/keys/<int:pk>/remove/", mine(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("second-factor/keys/", mine(second_factor.index), name="mfa_list_webauthn"),
    path("second-factor/codes/", mine(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "second-factor/codes/new/",
        mine(second_factor.new_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("oidc/<slug:provider_id>/login/", oidc_views.login, name="openid_connect_login"),
    path(
        "oidc/<slug:provider_id>/login/callback/",
        oidc_views.callback,
        name="openid_connect_callback",
    ),
    path("oidc/cancelled/", page(socialaccount.login_cancelled), name="socialaccount_login_cancelled"),
]
