"""The forms of products."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from shop_app.base.text import _l
from shop_app.web.forms import Form, MoneyField, QuantityField


class ProductForm(Form):
    """What an admin says of a product."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=160)], render_kw={"autocomplete": "off"})
    sku = StringField(_l("SKU"), [InputRequired(), Length(max=40)], render_kw={"autocomplete": "off"})
    barcode = StringField(_l("Barcode"), [Optional(), Length(max=32)], render_kw={"autocomplete": "off"})
    category = StringField(_l("Category"), [Optional(), Length(max=80)], render_kw={"list": "categories"})
    by_weight = BooleanField(_l("Sold by weight (price per kg, stock in kg)"))
    price_minor = MoneyField(_l("Price"), [InputRequired()])
    cost_minor = MoneyField(_l("Cost"), [Optional()])
    tax_class_id = SelectField(_l("Tax class"), coerce=int)
    low_stock_level = QuantityField(_l("Low-stock threshold (notify at)"), [InputRequired()], default=0)
    description = TextAreaField(_l("Description"), [Optional(), Length(max=5000)])
    version = HiddenField()


class NewProductForm(ProductForm):
    """The same, and what lies on the shelf already."""

    opening_stock = QuantityField(_l("Stock on the shelf"), [InputRequired()], default=0)


class PictureForm(Form):
    """A picture of a product."""

    picture = FileField(_l("Picture"), render_kw={"accept": "image/jpeg,image/png,image/webp,image/gif"})


class ImportForm(Form):
    """A CSV file of products."""

    file = FileField(_l("CSV file"), render_kw={"accept": ".csv,.txt,.tsv,text/csv"})
    barcodes = BooleanField(_l("Change the barcodes below"))
