"""Forms of the cameras."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from shop_app.base.text import _, _l
from shop_app.security.cameras.service import Wish
from shop_app.web.forms import Form, choices


class CameraForm(Form):
    """A camera: where it is, how it is opened, when it is night."""

    title = StringField(_l("Name"), [DataRequired(), Length(max=80)])
    kind = SelectField(
        _l("Kind"), choices=choices(("network", _l("Network camera")), ("sample", _l("Sample clip"))), default="network"
    )
    address = StringField(
        _l("Address"), [DataRequired(), Length(max=300)], render_kw={"spellcheck": "false", "autocapitalize": "none"}
    )
    user = StringField(
        _l("User"), [Optional(), Length(max=100)], render_kw={"autocomplete": "off", "spellcheck": "false"}
    )
    password = PasswordField(_l("Password"), [Optional(), Length(max=200)], render_kw={"autocomplete": "new-password"})
    forget = BooleanField(_l("Forget the user and password"))
    night_from = TimeField(_l("Night from"), [Optional()])
    night_to = TimeField(_l("Night to"), [Optional()])
    emotion = BooleanField(_l("Read customers' expressions at this camera"))
    keep_days = IntegerField(_l("Keep clips, days"), [InputRequired(), NumberRange(1, 365)], default=30)

    def validate(self, extra_validators: Any = None) -> bool:
        """Hours of the night are two or none."""
        good = bool(super().validate(extra_validators))
        if bool(self.night_from.data) != bool(self.night_to.data) and not (
            self.night_from.errors or self.night_to.errors
        ):
            self.refuse(
                "night_to" if self.night_from.data else "night_from", _("A night needs a beginning and an end.")
            )
            return False
        return good

    def wish(self, address: str, login: str | None) -> Wish:
        """What was written; `login` are user and password out of the address, if they stood there."""
        typed = f"{self.user.data or ''}:{self.password.data or ''}" if self.user.data or self.password.data else login
        return Wish(
            title=(self.title.data or "").strip(), kind=self.kind.data, address=address, credentials=typed,
            night_from=_hour(self.night_from.data), night_to=_hour(self.night_to.data), emotion=bool(self.emotion.data),
            keep_days=self.keep_days.data or 30,
        )  # fmt: skip


class SystemForm(Form):
    """A camera system that gets a token."""

    name = StringField(_l("Name of the machine"), [DataRequired(), Length(max=80)])


def _hour(value: object) -> str:
    return value.strftime("%H:%M") if value is not None and hasattr(value, "strftime") else ""
