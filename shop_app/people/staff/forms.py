"""The form of a member of staff."""

from __future__ import annotations

from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from shop_app.base.permissions import GRANTABLE, ROLE_LABELS, STAFF
from shop_app.base.text import _l
from shop_app.web.forms import Form, choices

PERMISSION_LABELS = {
    "alerts": _l("Take night alerts"),
    "audit.read": _l("Read the audit log"),
    "camera.notes": _l("Get notes of the cameras"),
    "cameras.manage": _l("Add and change cameras"),
    "cameras.view": _l("See the cameras"),
    "complaints.answer": _l("Answer complaints"),
    "customers.view": _l("View customers"),
    "feedback.read": _l("Read feedback"),
    "feedback.send": _l("Send feedback"),
    "interest.view": _l("View interest"),
    "notifications.send": _l("Send notifications"),
    "offers.decide": _l("Approve offers"),
    "offers.propose": _l("Propose offers"),
    "offers.view": _l("View offers"),
    "products.manage": _l("Add and change products"),
    "products.view": _l("View products"),
    "ratings.view": _l("View ratings"),
    "refund": _l("Refund"),
    "reports.view": _l("View the daily report"),
    "settings.manage": _l("Change the shop's settings"),
    "staff.manage": _l("Manage staff"),
    "stock.manage": _l("Manage stock"),
    "till": _l("Use the till"),
    "till.discount": _l("Give discounts at the till"),
    "till.supervise": _l("Refund by any method, and correct others' closings"),
    "wallet.top-up": _l("Top up wallets"),
}


class StaffForm(Form):
    """Who somebody is, and what they may do."""

    role = SelectField(
        _l("Role"),
        [InputRequired()],
        choices=choices(("", _l("Choose")), *((role.value, ROLE_LABELS[role.value]) for role in STAFF)),
    )
    name = StringField(_l("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "off"})
    email = StringField(_l("E-mail"), [Optional(), Length(max=254)], render_kw={"autocomplete": "off"})
    phone = StringField(_l("Telephone"), [Optional(), Length(max=30)], render_kw={"autocomplete": "off"})


class EditForm(StaffForm):
    """The same, and what is granted beyond the role."""

    extra = SelectMultipleField(
        _l("May also"),
        choices=choices(*((p.value, PERMISSION_LABELS.get(p.value, p.value)) for p in GRANTABLE)),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
