"""The forms of signing in and of one's own account."""

from __future__ import annotations

from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from shop_app.base.text import _l
from shop_app.web.forms import Form, RateField, choices
from shop_app.web.i18n import LANGUAGES
from shop_app.web.region import RegionForm


class SignInForm(Form):
    """Name and password."""

    name = StringField(
        _l("E-mail or telephone"),
        [InputRequired(), Length(max=254)],
        render_kw={"autocomplete": "username", "inputmode": "email"},
    )
    password = PasswordField(
        _l("Password"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "current-password"}
    )


class SecondFactorForm(Form):
    """The six digits of an authenticator."""

    code = StringField(
        _l("Code of your authenticator app"),
        [InputRequired(), Length(max=10)],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True},
    )


class CodeForm(Form):
    """A one-time code sets a password."""

    name = StringField(
        _l("E-mail or telephone"),
        [InputRequired(), Length(max=254)],
        render_kw={"autocomplete": "username", "inputmode": "email"},
    )
    code = StringField(_l("One-time code"), [InputRequired(), Length(max=40)], render_kw={"autocomplete": "off"})
    password = PasswordField(_l("New password"), [InputRequired()], render_kw={"autocomplete": "new-password"})


class SetUpForm(RegionForm):
    """The first admin, and the shop."""

    token = StringField(_l("Setup token"), [InputRequired(), Length(max=40)], render_kw={"autocomplete": "off"})
    shop_name = StringField(_l("Name of the shop"), [InputRequired(), Length(max=120)])
    name = StringField(_l("Your name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"})
    email = StringField(
        _l("E-mail"), [InputRequired(), Length(max=254)], render_kw={"autocomplete": "email", "inputmode": "email"}
    )
    password = PasswordField(_l("Password"), [InputRequired()], render_kw={"autocomplete": "new-password"})
    prices_include_tax = SelectField(
        _l("Prices"), choices=choices(("1", _l("include the tax")), ("0", _l("the tax comes on top"))),
        coerce=lambda value: value in ("1", True),
    )  # fmt: skip
    standard_rate = RateField(_l("Tax in percent"), render_kw={"inputmode": "decimal"})
    reduced_rate = RateField(_l("Reduced tax in percent"), render_kw={"inputmode": "decimal"})


class PasswordForm(Form):
    """A new password for oneself."""

    old = PasswordField(_l("Current password"), [InputRequired()], render_kw={"autocomplete": "current-password"})
    new = PasswordField(_l("New password"), [InputRequired()], render_kw={"autocomplete": "new-password"})


class ProfileForm(Form):
    """One's own name, ways to be reached, and language."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"})
    email = StringField(
        _l("E-mail"), [Optional(), Length(max=254)], render_kw={"autocomplete": "email", "inputmode": "email"}
    )
    phone = StringField(
        _l("Telephone"), [Optional(), Length(max=30)], render_kw={"autocomplete": "tel", "inputmode": "tel"}
    )
    locale = SelectField(_l("Language"), choices=choices(("", _l("As my browser")), *LANGUAGES.items()))


class ConfirmForm(Form):
    """The password once more, before something dangerous."""

    password = PasswordField(_l("Password"), [InputRequired()], render_kw={"autocomplete": "current-password"})


class ForgottenForm(Form):
    """Ask for a reset by e-mail."""

    name = StringField(
        _l("E-mail"), [InputRequired(), Length(max=254)], render_kw={"autocomplete": "email", "inputmode": "email"}
    )


class RegistrationForm(Form):
    """A customer's own account."""

    name = StringField(_l("Your name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"})
    email = StringField(
        _l("E-mail"), [Optional(), Length(max=254)], render_kw={"autocomplete": "email", "inputmode": "email"}
    )
    phone = StringField(
        _l("Telephone"), [Optional(), Length(max=30)], render_kw={"autocomplete": "tel", "inputmode": "tel"}
    )
    password = PasswordField(_l("Password"), [InputRequired()], render_kw={"autocomplete": "new-password"})
    agree = BooleanField(_l("I have read what the shop keeps about me"), [InputRequired()])
