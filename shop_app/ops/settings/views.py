"""The page of the settings."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from shop_app.base import barcodes
from shop_app.base.errors import Refused
from shop_app.base.models import TaxClass
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.notify.complaints.service import canned
from shop_app.ops.settings import service
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import basis_points, choices
from shop_app.web.i18n import LANGUAGES
from shop_app.web.region import CLOCK, RegionForm, zone_options

area = Area("settings", __name__, url_prefix="/manage/settings")
area.menu(_l("Settings"), "index", icon="gear", may=P.SETTINGS_MANAGE, order=590, group=_l("Manage"))


class ProfileForm(RegionForm):
    """What an admin sets about the shop."""

    name = StringField(_l("Name of the shop"), [InputRequired(), Length(max=120)])
    address = TextAreaField(_l("Address"), [Optional(), Length(max=300)])
    tax_number = StringField(_l("Tax number"), [Optional(), Length(max=60)])
    receipt_note = StringField(_l("Last line of a receipt"), [Optional(), Length(max=300)])
    locale = SelectField(_l("Language"), choices=choices(*LANGUAGES.items()))
    prices_include_tax = BooleanField(_l("Prices include the tax"))
    sell_below_zero = SelectField(
        _l("Sell when out of stock"),
        choices=choices(("block", _l("block")), ("warn", _l("warn")), ("allow", _l("allow"))),
    )
    day_begins = StringField(
        _l("Business day begins"), [DataRequired(), Regexp(CLOCK, message=_l("Write the time as 22:00."))],
        render_kw={"type": "time"},
    )  # fmt: skip
    scale_labels = StringField(
        _l("Labels of scales"),
        [Optional(), Length(max=200)],
        filters=[lambda text: " ".join((text or "").upper().split())],
    )
    escalate_after_seconds = IntegerField(
        _l("Escalate unclaimed alerts after (seconds)"), [InputRequired(), NumberRange(10, 3600)]
    )
    silent_after_seconds = IntegerField(
        _l("Report a camera offline after (seconds)"), [InputRequired(), NumberRange(10, 3600)]
    )
    canned_replies = TextAreaField(
        _l("Canned replies to complaints"),
        [Length(max=2000)],
        filters=[lambda text: "\n".join(canned(text or ""))],
    )
    registration_open = BooleanField(_l("Customers may register themselves"))

    def validate_scale_labels(self, field: StringField) -> None:
        """Refuse what is no layout."""
        for layout in field.data.split():
            if not barcodes.is_layout(layout):
                raise ValidationError(_("“%(found)s” is not a layout. Write it as 21AAAAAPPPPPC.", found=layout))


@area.get("", may=P.SETTINGS_MANAGE)
def index() -> str:
    """The shop's settings."""
    return _settings_page(ProfileForm(obj=profile()))


@area.post("", may=P.SETTINGS_MANAGE)
def save() -> BaseResponse | tuple[str, int]:
    """Save the shop's settings."""
    form = ProfileForm()
    problem = ""
    if form.validate():
        values = {name: value or "" if isinstance(value, str | None) else value for name, value in form.data.items()}
        values.pop("csrf_token")
        if values["canned_replies"].splitlines() == canned(""):
            values["canned_replies"] = ""  # each reader's language
        try:
            service.save_profile(session(), actor(), values)
            flash(_("Saved."))
            return redirect(url_for(".index"), 303)
        except Refused as refusal:
            problem = refusal.detail
    unit().finish(keep=False)
    return _settings_page(form, problem), 422


@area.post("/tax", may=P.SETTINGS_MANAGE)
def add_tax_class() -> BaseResponse:
    """Add a tax class."""
    service.add_tax_class(session(), actor(), request.form.get("name", ""), basis_points(request.form.get("rate", "")))
    flash(_("Saved."))
    return redirect(url_for(".index") + "#tax", 303)


@area.post("/tax/<int:class_id>", may=P.SETTINGS_MANAGE)
def set_tax_rate(class_id: int) -> BaseResponse:
    """Change the rate of a tax class, from now on."""
    service.set_tax_rate(session(), actor(), class_id, basis_points(request.form.get("rate", "")))
    flash(_("Saved."))
    return redirect(url_for(".index") + "#tax", 303)


def _settings_page(form: ProfileForm, problem: str = "") -> str:
    classes = session().scalars(select(TaxClass).order_by(TaxClass.id)).all()
    return render_template("settings/index.html", form=form, problem=problem, classes=classes, zones=zone_options())
