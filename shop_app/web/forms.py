"""What all forms share: a CSRF token, messages in the reader's language, and money as a field."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from babel.numbers import get_decimal_symbol
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from shop_app.base import money, quantities
from shop_app.base.errors import Invalid
from shop_app.base.text import _, locale_name
from shop_app.web.area import profile


class Form(FlaskForm):  # type: ignore[misc]
    """A form of the shop: takes its declared fields and nothing else."""

    def refuse(self, field_name: str, problem: str) -> None:
        """Show a problem found later beside the field that caused it."""
        field = self[field_name]
        field.errors = [*field.errors, problem]


def whole_number(text: str, most: int) -> int | None:
    """A number from 0 to `most` as a program writes it; None for anything else. `str.isdigit` takes `²`, too."""
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if plain and int(text) <= most else None


def choices(*pairs: tuple[Any, Any]) -> list[SelectChoice]:
    """Values and labels of a SelectField."""
    return [SelectChoice(value, label) for value, label in pairs]


def basis_points(text: str) -> int:
    """A rate in percent as people write it, in hundredths of a percent."""
    try:
        points = Decimal(text.strip().replace(",", ".")) * 100
    except InvalidOperation:
        points = Decimal("0.5")
    if not points.is_finite() or points != points.to_integral_value() or not 0 <= points <= 10_000:
        raise Invalid(_("Write the rate as 19 or 5.5."))
    return int(points)


class RateField(StringField):  # type: ignore[misc]
    """A rate in percent; `data` is in hundredths of a percent."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        if valuelist:
            self.typed = valuelist[0]
            try:
                self.data = basis_points(self.typed)
            except Invalid as problem:
                raise ValidationError(problem.detail) from None

    def _value(self) -> str:
        return str(getattr(self, "typed", f"{(self.data or 0) / 100:g}"))


class QuantityField(StringField):  # type: ignore[misc]
    """So many pieces, or a weight; `data` is in pieces or grams. `of_unit` says which, before it is validated or shown."""

    data: Any
    by_weight = False

    def __init__(self, label: Any, validators: Any = (), *, most: int = 10**8, least: int = 0, **options: Any) -> None:
        self.most, self.least = most, least
        super().__init__(label, validators, render_kw={"inputmode": "decimal", "autocomplete": "off"}, **options)

    def pre_validate(self, form: Any) -> None:
        """Read what was typed."""
        typed, self.data = str(self.data or ""), None
        if typed.strip():
            most = quantities.MOST_GRAMS if self.by_weight else self.most
            try:
                self.data = quantities.read(typed, self.by_weight, most, self.least)
            except Invalid as problem:
                raise ValidationError(problem.detail) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return str(quantities.number(self.data, self.by_weight)).replace(".", get_decimal_symbol(locale_name()))


AnyForm = TypeVar("AnyForm", bound=Form)


def of_unit(form: AnyForm, by_weight: bool) -> AnyForm:
    """Has the form's quantities read in kilograms, or in pieces."""
    for field in form:
        if isinstance(field, QuantityField):
            field.by_weight = by_weight
    return form


class MoneyField(StringField):  # type: ignore[misc]
    """An amount as people write it; `data` is in minor units."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["render_kw"] = {"inputmode": "decimal", "autocomplete": "off"} | options.get("render_kw", {})
        super().__init__(*arguments, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        self.data, self.typed = None, valuelist[0] if valuelist else ""
        if self.typed.strip():
            try:
                self.data = money.to_minor(self.typed, profile().currency, locale_name())
            except Invalid as problem:
                raise ValidationError(problem.detail) from None

    def _value(self) -> str:
        typed = getattr(self, "typed", None)
        if typed is not None:
            return str(typed)
        return "" if self.data is None else money.show_plain(self.data, profile().currency, locale_name())
