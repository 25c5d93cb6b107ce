"""Pages of ratings."""

from __future__ import annotations

from flask import Response, render_template

from shop_app.base.models import Product, Rating
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _l
from shop_app.catalogue.products import service as products
from shop_app.catalogue.ratings import service
from shop_app.web.area import Area, profile, session
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv

area = Area("ratings", __name__, url_prefix="/ratings")
area.menu(_l("Ratings"), "index", icon="star", may=P.RATINGS_VIEW, order=180, group=_l("Shop"))

COLUMNS = {
    "product": lambda row: row.name,
    "ratings": lambda row: row.rating_count,
    "mean": lambda row: round(float(row.mean), 2),
}
COMMENT_COLUMNS = {
    "when": lambda rating: rating.created_at.isoformat(),
    "stars": lambda rating: rating.stars,
    "comment": lambda rating: rating.comment,
}


@area.get("", may=P.RATINGS_VIEW)
def index() -> str | Response:
    """The rated products."""
    typed = asked("q")
    query = service.by_product(searched=bool(typed))
    if wants_csv():
        return csv_answer("ratings", COLUMNS, everything(session(), query, typed))
    rated = paginate(session(), query, service.SORTS, default="-count", key=Product.id, typed=typed)
    return render_template("ratings/index.html", rated=rated)


@area.get("/<int:product_id>", may=P.RATINGS_VIEW)
def product(product_id: int) -> str | Response:
    """One product: distribution, trend, comments."""
    found = products.get(session(), product_id)
    if wants_csv():
        given = everything(session(), service.comments(product_id).order_by(Rating.id.desc()))
        return csv_answer(f"ratings-{product_id}", COMMENT_COLUMNS, given)
    summary = service.summary(session(), product_id, profile().time_zone)
    ratings = paginate(session(), service.comments(product_id), {"when": [Rating.id]}, default="-when")
    return render_template("ratings/product.html", product=found, summary=summary, ratings=ratings)
