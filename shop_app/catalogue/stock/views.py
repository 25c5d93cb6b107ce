"""Pages of the stock: levels, one product with its movements, all movements."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from shop_app.base import quantities
from shop_app.base.clock import local
from shop_app.base.errors import Refused
from shop_app.base.models import Product, StockMovement
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l, in_words
from shop_app.catalogue.stock import service
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form, QuantityField, choices, of_unit
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv

area = Area("stock", __name__, url_prefix="/stock")
area.menu(_l("Stock"), "index", icon="box", may=P.STOCK_MANAGE, order=120, group=_l("Shop"), phone=True)

REASONS = {
    "delivery": _l("Delivery"), "count": _l("Count"), "sale": _l("Sale"), "return": _l("Return"),
    "damage": _l("Damage"), "theft": _l("Theft"), "own-use": _l("Own use"), "other": _l("Other"),
}  # fmt: skip
COLUMNS = {
    "sku": lambda product: product.sku,
    "barcode": lambda product: product.barcode,
    "name": lambda product: product.name,
    "stock": lambda product: quantities.number(product.stock, product.by_weight),
    "low stock level": lambda product: quantities.number(product.low_stock_level, product.by_weight),
}
MOVEMENT_COLUMNS = {
    "time": lambda move: local(move.at, profile().time_zone).isoformat(timespec="seconds"),
    "sku": lambda move: move.sku,
    "name": lambda move: move.name,
    "change": lambda move: quantities.number(move.change, move.by_weight),
    "stock after": lambda move: quantities.number(move.stock_after, move.by_weight),
    "reason": lambda move: move.reason,
    "note": lambda move: move.note,
    "by": lambda move: move.account,
}


class MoveForm(Form):
    """Pieces or kilograms that come in or go out, and why."""

    direction = RadioField(_l("Direction"), choices=choices(("in", _l("In")), ("out", _l("Out"))), default="in")
    pieces = QuantityField(_l("Quantity"), [InputRequired()], most=service.MOST, least=1)
    reason = SelectField(
        _l("Reason"),
        choices=choices(
            *((name, REASONS[name]) for name in ("delivery", "return", "damage", "theft", "own-use", "other"))
        ),
    )
    note = StringField(_l("Note"), [Optional(), Length(max=200)])


class CountForm(Form):
    """What was counted on the shelf."""

    counted = QuantityField(_l("Counted"), [InputRequired()], most=service.MOST)
    seen = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    note = StringField(_l("Note"), [Optional(), Length(max=200)], id="count-note")


class LevelForm(Form):
    """The level at which sales staff are told."""

    level = QuantityField(_l("Notify at"), [InputRequired()], most=service.MOST)


@area.get("", may=P.STOCK_MANAGE)
def index() -> str | Response:
    """Levels of all products."""
    typed = asked("q")
    query = service.search(asked("state"), searched=bool(typed))
    if wants_csv():
        return csv_answer("stock", COLUMNS, everything(session(), query.order_by(Product.search), typed))
    products = paginate(session(), query, service.SORTS, default="name", key=Product.id, typed=typed)
    return render_template("stock/index.html", products=products)


@area.get("/movements", may=P.STOCK_MANAGE)
def movements() -> str | Response:
    """All movements, newest first."""
    query = service.movements(reason=asked("reason"))
    if wants_csv():
        return csv_answer("stock-movements", MOVEMENT_COLUMNS, everything(session(), query.order_by(StockMovement.id)))
    moves = paginate(session(), query, service.MOVEMENT_SORTS, default="-at", key=StockMovement.id)
    return render_template("stock/movements.html", moves=moves, reasons=in_words(REASONS))


@area.get("/<int:product_id>", may=P.STOCK_MANAGE)
def show(product_id: int) -> str | Response:
    """One product: its level, its movements, and the forms that change it."""
    query = service.movements(product_id)
    if wants_csv():
        return csv_answer("stock-movements", MOVEMENT_COLUMNS, everything(session(), query.order_by(StockMovement.id)))
    wished = "out" if request.args.get("direction") == "out" else "in"
    form = MoveForm(direction=wished, reason="damage" if wished == "out" else "delivery")
    return _page(service.get_product(session(), product_id), form=form)


@area.post("/<int:product_id>/move", may=P.STOCK_MANAGE)
def move(product_id: int) -> BaseResponse | tuple[str, int]:
    """Pieces come in or go out."""
    product = service.get_product(session(), product_id)
    form = of_unit(MoveForm(), product.by_weight)
    problem, status = "", 422
    if form.validate():
        change = form.pieces.data if form.direction.data == "in" else -form.pieces.data
        try:
            service.move(session(), actor(), product_id, change, form.reason.data, form.note.data or "")
            shown = ("+" if change > 0 else "") + quantities.shown(change, product.by_weight)
            return _back(product_id, _("Stock changed by %(change)s.", change=shown))
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
    unit().finish(keep=False)
    return _page(service.get_product(session(), product_id), form=form, problem=problem), status


@area.post("/<int:product_id>/count", may=P.STOCK_MANAGE)
def count(product_id: int) -> BaseResponse | tuple[str, int]:
    """Set the level to what was counted."""
    product = service.get_product(session(), product_id)
    form = of_unit(CountForm(), product.by_weight)
    problem, status = "", 422
    if form.validate():
        try:
            service.count(session(), actor(), product_id, form.counted.data, form.seen.data, form.note.data or "")
            return _back(product_id, _("Stock count saved."))
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
    unit().finish(keep=False)
    product = service.get_product(session(), product_id)
    form.seen.data, form.seen.raw_data = product.stock, None
    return _page(product, counting=form, problem=problem), status


@area.post("/<int:product_id>/level", may=P.STOCK_MANAGE)
def level(product_id: int) -> BaseResponse | tuple[str, int]:
    """Set the level at which sales staff are told."""
    product = service.get_product(session(), product_id)
    form = of_unit(LevelForm(), product.by_weight)
    if form.validate():
        service.set_low_level(session(), actor(), product_id, form.level.data)
        return _back(product_id, _("The level is saved."))
    unit().finish(keep=False)
    return _page(service.get_product(session(), product_id), leveling=form), 422


def _back(product_id: int, message: str) -> BaseResponse:
    flash(message)
    return redirect(url_for("stock.show", product_id=product_id), 303)


def _page(
    product: Product, *, form: MoveForm | None = None, counting: CountForm | None = None,
    leveling: LevelForm | None = None, problem: str = "",
) -> str:  # fmt: skip
    moves = paginate(
        session(), service.movements(product.id), service.MOVEMENT_SORTS, default="-at", key=StockMovement.id
    )
    return render_template(
        "stock/show.html", product=product, moves=moves, reasons=in_words(REASONS), problem=problem,
        form=form or MoveForm(formdata=None), counting=counting or CountForm(formdata=None, seen=product.stock),
        leveling=leveling or of_unit(LevelForm(formdata=None, level=product.low_stock_level), product.by_weight),
        inward=service.INWARD, outward=service.OUTWARD,
    )  # fmt: skip
