"""What can be done with ratings, and what they say of a product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Bill, BillLine, Product, Rating
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.web.listing import Rows, SortColumn

MEAN = (Product.rating_stars * 1.0 / Product.rating_count).label("mean")
SORTS: dict[str, list[SortColumn]] = {
    "mean": [MEAN, Product.rating_count],
    "count": [Product.rating_count],
    "name": [Product.search],
}


@dataclass(frozen=True)
class Summary:
    """What customers think of a product: how often each number of stars was given, and the mean per week."""

    stars: dict[int, int]
    weeks: list[tuple[date, float | None, int]]

    @property
    def count(self) -> int:
        """How many ratings there are."""
        return sum(self.stars.values())

    @property
    def mean(self) -> float | None:
        """Mean number of stars; None without ratings."""
        return sum(n * times for n, times in self.stars.items()) / self.count if self.count else None


def by_product(*, searched: bool = False) -> Rows:
    """Rated products with number and mean of their ratings; where `searched`, those with what is typed in name, SKU or barcode."""
    query = select(Product.id, Product.name, Product.rating_count, MEAN).where(Product.rating_count > 0)
    return query.where(Product.is_found()) if searched else query


def summary(session: Session, product_id: int, zone: str, *, weeks: int = 12) -> Summary:
    """Distribution over all time, and the weekly mean of the last `weeks`."""
    given = select(Rating.stars, func.count()).where(Rating.product_id == product_id).group_by(Rating.stars)
    stars = dict.fromkeys(range(1, 6), 0) | {n: times for n, times in session.execute(given)}
    monday = clock.day_of(now(), zone)
    monday -= timedelta(days=monday.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    since = clock.day_bounds(first, zone)[0]
    recent = session.execute(
        select(Rating.created_at, Rating.stars).where(Rating.product_id == product_id, Rating.created_at >= since)
    )
    return Summary(stars, _weekly([(at, n) for at, n in recent], first, weeks, zone))


def comments(product_id: int) -> Select[Any]:
    """The ratings of a product."""
    return select(Rating).options(joinedload(Rating.customer)).where(Rating.product_id == product_id)


def to_rate(session: Session, actor: Actor, line_id: int) -> BillLine:
    """A line of one's own bill that is not rated yet; anybody else's is not found."""
    line = session.scalars(
        select(BillLine).join(Bill).where(BillLine.id == line_id, Bill.customer_id == actor.account_id)
    ).first()
    if line is None:
        raise NotFound(_("There is no such purchase of yours."))
    if session.scalars(select(Rating.id).where(Rating.bill_line_id == line_id)).first() is not None:
        raise Conflict(_("You have rated this purchase already."))
    return line


def rate(session: Session, actor: Actor, line_id: int, stars: int, comment: str) -> Rating:
    """Give 1 to 5 stars to something bought; once per line, whatever comes twice."""
    if stars not in range(1, 6):
        raise Invalid(_("Choose one to five stars."))
    if len(comment) > 2000:
        raise Invalid(_("The comment is too long."))
    line = to_rate(session, actor, line_id)
    try:
        return add(session, line, actor.account_id, stars, comment.strip(), now())
    except IntegrityError:
        raise Conflict(_("You have rated this purchase already.")) from None


def add(session: Session, line: BillLine, customer_id: int, stars: int, comment: str, at: datetime) -> Rating:
    """Write a rating down, and count it with its product.

    The product comes first: a rating's reference to it is a lock of its own, and of two customers who both held that
    MariaDB would give one up.
    """
    counted = {"rating_count": Product.rating_count + 1, "rating_stars": Product.rating_stars + stars}
    session.execute(update(Product).where(Product.id == line.product_id).values(counted))
    rating = Rating(
        bill_line_id=line.id, product_id=line.product_id, customer_id=customer_id, stars=stars, comment=comment,
        created_at=at,
    )  # fmt: skip
    session.add(rating)
    session.flush()
    return rating


def _weekly(
    ratings: list[tuple[datetime, int]], first: date, weeks: int, zone: str
) -> list[tuple[date, float | None, int]]:
    given: list[list[int]] = [[] for _week in range(weeks)]
    for at, stars in ratings:
        week = (clock.day_of(at, zone) - first).days // 7
        if 0 <= week < weeks:
            given[week].append(stars)
    return [
        (first + timedelta(weeks=week), sum(stars) / len(stars) if stars else None, len(stars))
        for week, stars in enumerate(given)
    ]
