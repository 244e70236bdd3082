"""Forms of signing in, of one's own account and of the people page. They parse and check; services act."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from kayse_admin.accounts import limits
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role

TOO_MANY = "Too many tries. Wait five minutes, then try again."
USED = "This code was used before. Wait for the next one."


class SignInForm(LoginForm):
    """User name and password, under the names `username` and `password`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocapitalize": "none"}

    def add_prefix(self, field_name: str) -> str:
        """allauth calls the field "login"; browsers and scripts know it as "username"."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class ConfirmForm(ReauthenticateForm):
    """Confirming who one is by the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs["autofocus"] = True


class CodeForm(BaseAuthenticateForm):
    """A code of the authenticator app or a recovery code: limited, and an app's code is taken once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code_field(
            self.fields["code"], "Code", "From your authenticator app, or one of your recovery codes."
        )

    def clean_code(self) -> str:
        """The code, or a fault of the form."""
        tries = limits.second_factor(self.user.pk)
        if not limits.take(tries):
            raise ValidationError(TOO_MANY, code="too_many_login_attempts")
        code = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP:
            use_up(self.user, code)
        limits.give_back(tries)
        return code


class SecondFactorForm(CodeForm, AuthenticateForm):
    """The second step of signing in."""


class ConfirmBySecondFactorForm(CodeForm, ReauthenticateByCodeForm):
    """Confirming who one is by the second factor."""


class ActivateAppForm(ActivateTOTPForm):
    """The first code of a new authenticator app: it counts as used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code_field(self.fields["code"], "Code", "The six digits that the app shows now.")

    def clean_code(self) -> str:
        """The code, or a fault of the form."""
        tries = limits.second_factor(self.user.pk)
        if not limits.take(tries):
            raise ValidationError(TOO_MANY, code="too_many_login_attempts")
        code = super().clean_code()
        use_up(self.user, code)
        limits.give_back(tries)
        return code


def use_up(person: User, code: str) -> None:
    """Take an app's code for this one time; raises ValidationError when it was taken before, in whatever process."""
    digits = "".join(filter(str.isdigit, code))
    if not limits.take([(limits.CODE_USED, f"{person.pk}\n{digits}")]):
        raise ValidationError(USED, code="code_used")


def _code_field(field: forms.Field, label: str, help_text: str) -> None:
    field.label, field.help_text = label, help_text
    field.widget.attrs = {"autocomplete": "one-time-code", "autofocus": True, "class": "mono"}
    if isinstance(field, forms.CharField):
        field.max_length = 40


class NewPasswordForm(forms.Form):
    """A new password, typed once (browsers show it on demand), of 15 characters or more and not a common one."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 15 characters. A few words that only you put together are good.",
    )
    again = forms.CharField(
        label="New password, again",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self) -> dict[str, Any]:
        """Both the same, and good enough for this person."""
        told: dict[str, Any] = super().clean() or {}
        password, again = told.get("password"), told.get("again")
        if password and again and password != again:
            self.add_error("again", "This is not the same as above.")
        if password:
            try:
                password_validation.validate_password(password, self.person)
            except ValidationError as error:
                self.add_error("password", error)
        return told


class ChangePasswordForm(NewPasswordForm):
    """A new password for somebody who knows the old one."""

    current = forms.CharField(
        label="Current password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current", "password", "again")

    def clean_current(self) -> str:
        """The old one, or a fault; wrong ones count like wrong sign-ins from one place."""
        tries = [(limits.NAME_AT_ADDRESS, f"password of {self.person.pk}")]
        if not limits.take(tries):
            raise ValidationError(TOO_MANY)
        current: str = self.cleaned_data["current"]
        if not self.person.check_password(current):
            raise ValidationError("This is not your current password.")
        limits.give_back(tries)
        return current


class RolesForm(forms.Form):
    """The roles of a person; none is allowed and means that they can do nothing."""

    roles = forms.TypedMultipleChoiceField(
        label="Roles",
        required=False,
        coerce=Role,
        choices=[(role.value, role.label) for role in Role],
        widget=forms.CheckboxSelectMultiple,
    )


class InviteForm(RolesForm, forms.ModelForm):  # type: ignore[type-arg]
    """A new account."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "username")
        labels = {
            "first_name": "First name",
            "last_name": "Last name",
            "email": "E-mail",
            "username": "User name",
        }
        help_texts = {
            "username": "What they type to sign in.",
            "email": "Single sign-on finds the account by it.",
        }

    field_order = ("first_name", "last_name", "email", "username", "roles")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name"):
            self.fields[name].required = True

    def clean_username(self) -> str:
        """Free, whatever the case of its letters: signing in does not tell them apart."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError("Somebody has this user name.")
        return name

    def clean_email(self) -> str:
        """Free: an address leads to one account."""
        email: str = self.cleaned_data["email"].lower()
        if email and User.objects.filter(email__iexact=email).exists():
            raise ValidationError("Somebody has this address.")
        return email
