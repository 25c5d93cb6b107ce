"""Pages of the products."""

from __future__ import annotations

from flask import Response, render_template
from shop_app.text import _l

from shop_app import money
from shop_app.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.models import Product
from shop_app.permissions import Permission as P
from shop_app.products import service
from shop_app.web import Area, profile, session

area = Area("products", __name__, url_prefix="/products")
area.menu(_l("Products"), "index", icon="tag", may=P.PRODUCTS_VIEW, order=100, group=_l("Shop"), phone=True)

COLUMNS = {
    "sku": lambda product: product.sku,
    "barcode": lambda product: product.barcode,
    "name": lambda product: product.name,
    "category": lambda product: product.category,
    "price": lambda product: money.from_minor(product.price_minor, profile().currency),
    "tax": lambda product: product.tax_class.name,
    "stock": lambda product: product.stock,
    "active": lambda product: "yes" if product.active else "no",
}


@area.get("", may=P.PRODUCTS_VIEW)
def index() -> str | Response:
    """The list of products."""
    query = service.search(asked("q"), asked("category"), asked("state") or "active")
    if wants_csv():
        return csv_answer("products", COLUMNS, everything(session(), query.order_by(Product.name)))
    products = paginate(session(), query, service.SORTS, default="name")
    return render_template("products/index.html", products=products)
