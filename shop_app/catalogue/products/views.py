"""Pages of the products."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop_app.base import money, quantities
from shop_app.base.errors import Invalid, Refused
from shop_app.base.models import Product, TaxClass
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.catalogue.products import service
from shop_app.catalogue.products.forms import ImportForm, NewProductForm, PictureForm, ProductForm
from shop_app.catalogue.products.importing import UNITS, Import, import_csv
from shop_app.web import pictures
from shop_app.web.area import Area, actor, profile, session, shop, unit
from shop_app.web.forms import choices, of_unit, whole_number
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.navigation import flash_undo

area = Area("products", __name__, url_prefix="/products")
area.menu(_l("Products"), "index", icon="tag", may=P.PRODUCTS_VIEW, order=100, group=_l("Shop"), phone=True)

COLUMNS = {
    "sku": lambda product: product.sku,
    "barcode": lambda product: product.barcode,
    "name": lambda product: product.name,
    "category": lambda product: product.category,
    "price": lambda product: money.from_minor(product.price_minor, profile().currency),
    "tax": lambda product: product.tax,
    "unit": lambda product: UNITS[product.by_weight],
    "stock": lambda product: quantities.number(product.stock, product.by_weight),
    "low_stock_level": lambda product: quantities.number(product.low_stock_level, product.by_weight),
    "active": lambda product: "yes" if product.active else "no",
    "description": lambda product: product.description,
}
COST = {
    "cost": lambda product: (
        "" if product.cost_minor is None else money.from_minor(product.cost_minor, profile().currency)
    )
}


@area.get("", may=P.PRODUCTS_VIEW)
def index() -> str | Response:
    """The list of products."""
    typed = asked("q")
    query = service.search(asked("category"), asked("state") or "active", searched=bool(typed))
    if wants_csv():
        rows = query.add_columns(Product.description, Product.cost_minor).order_by(Product.search)
        return csv_answer(
            "products", COLUMNS | (COST if actor().can(P.PRODUCTS_MANAGE) else {}), everything(session(), rows, typed)
        )
    products = paginate(session(), query, service.SORTS, default="name", key=Product.id, typed=typed)
    return render_template("products/index.html", products=products, categories=service.categories(session()))


@area.get("/new", may=P.PRODUCTS_MANAGE)
def new() -> str:
    """The form of a new product."""
    return _form_page(_with_classes(NewProductForm()))


@area.post("/new", may=P.PRODUCTS_MANAGE)
def add() -> BaseResponse | tuple[str, int]:
    """Put a new product on sale."""
    form = _with_classes(NewProductForm())
    if not form.validate():
        return _form_page(form), 422
    try:
        product = service.add(session(), actor(), _entry(form), opening_stock=form.opening_stock.data)
    except Refused as refusal:
        unit().finish(keep=False)
        return _form_page(form, problem=refusal.detail), refusal.status
    flash(_("%(name)s is active.", name=product.name))
    return redirect(url_for(".show", product_id=product.id), 303)


@area.get("/<int:product_id>", may=P.PRODUCTS_VIEW)
def show(product_id: int) -> str:
    """One product."""
    product = service.get(session(), product_id)
    form = _with_classes(ProductForm(obj=product)) if actor().can(P.PRODUCTS_MANAGE) else None
    return render_template("products/show.html", product=product, form=form, picture_form=PictureForm(), problem="",
                           categories=service.categories(session()))  # fmt: skip


@area.post("/<int:product_id>", may=P.PRODUCTS_MANAGE)
def save(product_id: int) -> BaseResponse | tuple[str, int]:
    """Save what was changed."""
    product = service.get(session(), product_id)
    form = _with_classes(ProductForm())
    problem, status = "", 422
    if form.validate():
        try:
            version = whole_number(str(form.version.data), 10**9) or 0
            service.edit(session(), actor(), product, _entry(form), version=version)
            flash(_("%(name)s is saved.", name=product.name))
            return redirect(url_for(".show", product_id=product_id), 303)
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
            if "field" in refusal.more:
                form.refuse(refusal.more["field"], problem)
    unit().finish(keep=False)
    product = service.get(session(), product_id)
    page = render_template("products/show.html", product=product, form=form, picture_form=PictureForm(), problem=problem,
                           categories=service.categories(session()))  # fmt: skip
    return page, status


@area.post("/<int:product_id>/disable", may=P.PRODUCTS_MANAGE)
def disable(product_id: int) -> BaseResponse:
    """Take a product off sale."""
    product = service.get(session(), product_id)
    service.set_active(session(), actor(), product, False)
    flash_undo(_("%(name)s is discontinued.", name=product.name), url_for(".enable", product_id=product_id))
    return redirect(url_for(".index"), 303)


@area.post("/<int:product_id>/enable", may=P.PRODUCTS_MANAGE)
def enable(product_id: int) -> BaseResponse:
    """Put a product back on sale."""
    product = service.get(session(), product_id)
    service.set_active(session(), actor(), product, True)
    flash(_("%(name)s is active.", name=product.name))
    return redirect(url_for(".show", product_id=product_id), 303)


@area.post("/<int:product_id>/picture", may=P.PRODUCTS_MANAGE)
def upload_picture(product_id: int) -> BaseResponse:
    """Take a picture of a product; it is decoded and written anew."""
    upload = request.files.get("picture")
    if upload is None or not upload.filename:
        raise Invalid(_("No picture was sent. Choose one first."))
    folder = shop().settings.media / "products"
    name = pictures.store(upload, folder)  # before the write transaction: it takes time
    product = service.get(session(), product_id)
    pictures.replaced(folder, product.picture)
    service.set_picture(session(), actor(), product, name)
    flash(_("The picture is saved."))
    return redirect(url_for(".show", product_id=product_id), 303)


@area.get("/<int:product_id>/picture", may=P.SIGNED_IN)
def picture(product_id: int) -> Response:
    """The picture of a product; everybody who is signed in may see what is on sale."""
    product = service.get(session(), product_id)
    name = product.picture if product.active or actor().can(P.PRODUCTS_VIEW) else None
    return pictures.send(shop().settings.media / "products", name)


@area.get("/import", may=P.PRODUCTS_MANAGE)
def import_page() -> str:
    """The form of an import."""
    return render_template("products/import.html", form=ImportForm(), found=Import(), problem="")


@area.post("/import", may=P.PRODUCTS_MANAGE)
def import_now() -> BaseResponse | tuple[str, int]:
    """Import products from CSV: all rows, or none. Barcodes of known products change only where that is confirmed."""
    form = ImportForm()
    upload = request.files.get("file")
    problem, found, status = "", Import(), 422
    try:
        if not upload:
            raise Invalid(_("Nothing was imported: choose a file first."))
        found = import_csv(session(), actor(), upload.stream.read(), profile().currency)
    except Refused as refusal:
        problem = refusal.detail
    if found.barcodes and not form.barcodes.data:
        status = 422 if found.problems else 409
    elif not problem and not found.problems:
        flash(_("Products added: %(added)s, changed: %(changed)s.", added=found.added, changed=found.changed))
        return redirect(url_for(".index"), 303)
    unit().finish(keep=False)
    return render_template("products/import.html", form=form, found=found, problem=problem), status


def _with_classes(form: ProductForm) -> ProductForm:
    classes = session().scalars(select(TaxClass).order_by(TaxClass.id)).all()
    form.tax_class_id.choices = choices(*((c.id, f"{c.name} ({c.basis_points / 100:g} %)") for c in classes))
    return of_unit(form, form.by_weight.data)


def _form_page(form: ProductForm, problem: str = "") -> str:
    return render_template("products/new.html", form=form, problem=problem, categories=service.categories(session()))


def _entry(form: ProductForm) -> service.Entry:
    return service.Entry(
        sku=form.sku.data, name=form.name.data, price_minor=form.price_minor.data or 0, tax_class_id=form.tax_class_id.data,
        barcode=form.barcode.data or "", description=form.description.data or "", category=form.category.data or "",
        cost_minor=form.cost_minor.data, low_stock_level=form.low_stock_level.data,
        by_weight=form.by_weight.data,
    )  # fmt: skip
