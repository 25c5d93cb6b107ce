"""What can be done with offers. Nobody decides their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from shop_app.base import audit
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.base.models import Account, Offer, OfferProduct, Product
from shop_app.base.permissions import Actor, Permission
from shop_app.base.search import contains, folded
from shop_app.base.text import _
from shop_app.catalogue.offers.pricing import AMOUNT, BUY_X_GET_Y, PERCENT, Deal
from shop_app.notify import kinds
from shop_app.notify.outbox import notify
from shop_app.web.listing import Rows, SortColumn

_Proposer, _Decider = aliased(Account), aliased(Account)
KINDS = (PERCENT, AMOUNT, BUY_X_GET_Y)
STATES = ("proposed", "upcoming", "live", "expired", "rejected", "withdrawn")
_NUMBER = select(func.count()).where(OfferProduct.offer_id == Offer.id).correlate(Offer).scalar_subquery()
_LISTED: Rows = select(
    Offer.id, Offer.name, Offer.kind, Offer.basis_points, Offer.amount_minor, Offer.buy_quantity, Offer.get_quantity,
    Offer.starts_at, Offer.ends_at, Offer.state, Offer.reason, Offer.proposed_by_id, Offer.created_at, _NUMBER.label("products"),
    _Proposer.name.label("proposed_by"), _Decider.name.label("decided_by"),
).outerjoin(Offer.proposed_by.of_type(_Proposer)).outerjoin(Offer.decided_by.of_type(_Decider))  # fmt: skip
# What the till asks at each scan: put together once.
_LIVE = (
    select(
        Offer.id, Offer.name, Offer.kind, Offer.basis_points, Offer.amount_minor, Offer.buy_quantity,
        Offer.get_quantity, Offer.stackable,
    ).where(Offer.state == "approved", Offer.starts_at <= bindparam("at"), Offer.ends_at > bindparam("at"))
    .order_by(Offer.id)
)  # fmt: skip
_PRODUCTS_OF = select(OfferProduct.offer_id, OfferProduct.product_id).where(
    OfferProduct.offer_id.in_(bindparam("offers", expanding=True))
)
MOST_PRODUCTS = 500

SORTS: dict[str, list[SortColumn]] = {
    "created": [Offer.id],
    "name": [Offer.name, Offer.id],
    "starts": [Offer.starts_at, Offer.id],
    "ends": [Offer.ends_at, Offer.id],
}


@dataclass(frozen=True)
class Terms:
    """What an offer promises, and when."""

    name: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    basis_points: int = 0
    amount_minor: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    stackable: bool = False
    skus: tuple[str, ...] = ()
    everything: bool = False  # it holds for all products; else it names some


def state_of(offer: Offer, at: datetime) -> str:
    """One of `STATES`: an approved offer is upcoming, live or expired by the clock."""
    if offer.state != "approved":
        return offer.state
    if at < offer.starts_at:
        return "upcoming"
    return "live" if at < offer.ends_at else "expired"


def search(state: str = "", *, searched: bool = False) -> Rows:
    """Offers by state, as rows with names and how many products are in each; `searched`: by what is typed."""
    minute = now().replace(second=0, microsecond=0)  # on which offers begin and end: the statement is kept for one
    return _listed(state, minute if state in STATES else None, searched)


def _listed(state: str, at: datetime | None, searched: bool) -> Rows:
    query = _LISTED.where(contains(Offer.name)) if searched else _LISTED
    return query.where(_in_state(state, at)) if at is not None else query


def live(session: Session, at: datetime) -> list[Deal]:
    """The offers that hold at a moment, for the till and for whoever shows prices."""
    offers = session.execute(_LIVE, {"at": at}).all()
    if not offers:
        return []
    products: dict[int, set[int]] = {}
    for offer_id, product_id in session.execute(_PRODUCTS_OF, {"offers": [offer.id for offer in offers]}):
        products.setdefault(offer_id, set()).add(product_id)
    return [Deal(*offer, frozenset(products.get(offer.id, ()))) for offer in offers]


def deal_of(offer: Offer) -> Deal:
    """The offer as pricing needs it."""
    return Deal(
        offer.id, offer.name, offer.kind, offer.basis_points, offer.amount_minor, offer.buy_quantity,
        offer.get_quantity, offer.stackable, frozenset(product.id for product in offer.products),
    )  # fmt: skip


def get_offer(session: Session, offer_id: int) -> Offer:
    """The offer with its products and people, or `NotFound`."""
    query = select(Offer).where(Offer.id == offer_id)
    query = query.options(selectinload(Offer.products), joinedload(Offer.proposed_by), joinedload(Offer.decided_by))
    offer = session.scalars(query).unique().first()
    if offer is None:
        raise NotFound(_("There is no such offer."))
    return offer


def products_by_sku(session: Session, skus: tuple[str, ...]) -> list[Product]:
    """The products of an offer; `Invalid` names the SKUs that do not exist."""
    if len(skus) > MOST_PRODUCTS:
        raise Invalid(_("An offer can name at most %(most)s products.", most=MOST_PRODUCTS), field="skus")
    found = list(session.scalars(select(Product).where(Product.sku.in_(skus)).order_by(Product.name)))
    missing = sorted(set(skus) - {product.sku for product in found})
    if missing:
        raise Invalid(_("There is no product with the SKU %(skus)s.", skus=", ".join(missing[:5])), field="skus")
    return found


def resolve(session: Session, typed: str) -> str:
    """The SKU of the one product that has what somebody typed as its SKU, barcode or name; `Invalid` where none has."""
    query = select(Product.sku).where(
        or_(
            Product.sku == typed,
            Product.barcode == typed,
            Product.search.startswith(folded(typed) + "\n", autoescape=True),
        )
    )
    found = session.scalars(query.limit(2)).all()
    if len(found) != 1:
        problem = _("Several products are called “%(typed)s”. Type the SKU.", typed=typed)
        if not found:
            problem = _("There is no product “%(typed)s”. Choose one from the list, or empty the field.", typed=typed)
        raise Invalid(problem, field="pick")
    return found[0]


def propose(session: Session, actor: Actor, terms: Terms) -> Offer:
    """A new offer, which waits for somebody else's decision."""
    check(terms)
    offer = Offer(proposed_by_id=actor.account_id, created_at=now(), state="proposed")
    _fill(session, offer, terms)
    session.add(offer)
    session.flush()
    audit.record(session, actor, "offer.proposed", offer)
    notify(session, kinds.OFFER_PROPOSED, sender=actor, offer=offer.id, name=offer.name)
    return offer


def change(session: Session, actor: Actor, offer_id: int, terms: Terms) -> Offer:
    """Change one's own offer while nobody has decided it."""
    check(terms)
    offer = get_offer(session, offer_id)
    if offer.proposed_by_id != actor.id:
        raise Forbidden(_("Only who proposed an offer may change it."))
    _lock_proposed(session, offer, _("This offer was decided meanwhile. Propose a new one."))
    session.refresh(offer)
    _fill(session, offer, terms)
    offer.created_at = now()  # of these terms: who decides says which they have seen
    audit.record(session, actor, "offer.changed", offer)
    return offer


def decide(
    session: Session,
    actor: Actor,
    offer_id: int,
    *,
    approve: bool,
    reason: str = "",
    seen: datetime | None = None,
    everything: bool = False,
) -> Offer:
    """Approve or reject somebody else's offer; a rejection has a reason.

    `seen` is when the terms decided on were made. An offer on all products is approved where `everything` says so.
    """
    offer = get_offer(session, offer_id)
    if offer.proposed_by_id == actor.id:
        raise Forbidden(_("Nobody decides their own offer. Ask another admin."))
    if not approve and not reason.strip():
        raise Invalid(_("Please give a reason."))
    if approve and not offer.products and not everything:
        raise Invalid(_("Confirm that the offer holds for all products."), field="everything")
    if approve and offer.ends_at <= now():
        raise Conflict(_("This offer has ended."))
    # The state is asked in the statement itself: of two admins who decide at once, one is first.
    statement = update(Offer).where(Offer.id == offer_id, Offer.state == "proposed")
    if seen is not None:
        statement = statement.where(Offer.created_at == seen)
    met = changed_rows(session, statement.values(
        state="approved" if approve else "rejected", reason=reason.strip()[:300], decided_by_id=actor.account_id,
        decided_at=now(),
    ).execution_options(synchronize_session=False))  # fmt: skip
    if met != 1:
        raise Conflict(_("This offer was decided or changed meanwhile. Look at it again."))
    session.refresh(offer)
    _tell_decision(session, actor, offer, approve=approve)
    return offer


def withdraw(session: Session, actor: Actor, offer_id: int) -> Offer:
    """Take an offer back: one's own, or, for who decides offers, any. A live one ends at once."""
    offer = get_offer(session, offer_id)
    if offer.proposed_by_id != actor.id and not actor.can(Permission.OFFERS_DECIDE):
        raise Forbidden(_("Only who proposed an offer or an admin may withdraw it."))
    statement = update(Offer).where(Offer.id == offer_id, Offer.state.in_(("proposed", "approved")))
    met = changed_rows(session, statement.values(state="withdrawn").execution_options(synchronize_session=False))
    if met != 1:
        raise Conflict(_("This offer is not open any more."))
    session.refresh(offer)
    audit.record(session, actor, "offer.withdrawn", offer)
    return offer


def check(terms: Terms) -> None:
    """Refuse terms that make no sense, naming the field."""
    problem = _problem(terms)
    if problem is not None:
        field, text = problem
        raise Invalid(text, field=field)


def _problem(terms: Terms) -> tuple[str, str] | None:
    if not terms.name.strip():
        return "name", _("Please give the offer a name.")
    if terms.kind not in KINDS:
        return "kind", _("Please choose what kind of offer it is.")
    if terms.kind == PERCENT and not 1 <= terms.basis_points <= 10_000:
        return "percent", _("Please give a percentage above 0, at most 100.")
    if terms.kind == AMOUNT and terms.amount_minor <= 0:
        return "amount", _("Please give an amount above nothing.")
    if terms.kind == BUY_X_GET_Y and not (1 <= terms.buy_quantity <= 1000 and 1 <= terms.get_quantity <= 1000):
        return "buy", _("Please say how many are bought and how many of them are free on top: 1 to 1000.")
    if not terms.everything and not terms.skus:
        return "skus", _("Add a product, or choose that the offer holds for all products.")
    if terms.everything and terms.skus:
        return "skus", _("Remove these products, or choose that the offer holds for them alone.")
    if terms.ends_at <= terms.starts_at:
        return "ends_at", _("An offer must end after it begins.")
    return None


def _fill(session: Session, offer: Offer, terms: Terms) -> None:
    offer.name, offer.kind = terms.name.strip()[:120], terms.kind
    offer.basis_points = terms.basis_points if terms.kind == PERCENT else 0
    offer.amount_minor = terms.amount_minor if terms.kind == AMOUNT else 0
    offer.buy_quantity = terms.buy_quantity if terms.kind == BUY_X_GET_Y else 0
    offer.get_quantity = terms.get_quantity if terms.kind == BUY_X_GET_Y else 0
    offer.stackable = terms.stackable
    offer.starts_at, offer.ends_at = terms.starts_at, terms.ends_at
    with session.no_autoflush:
        offer.products = products_by_sku(session, terms.skus)
    weighed = [product.name for product in offer.products if product.by_weight]
    if weighed and terms.kind == BUY_X_GET_Y:
        raise Invalid(
            _("Goods by weight are not counted. Remove these: %(names)s.", names=", ".join(weighed)), field="skus"
        )


def _lock_proposed(session: Session, offer: Offer, refusal: str) -> None:
    # Setting the state to itself takes the row, so that nobody decides it before we are done.
    statement = update(Offer).where(Offer.id == offer.id, Offer.state == "proposed").values(state="proposed")
    if changed_rows(session, statement.execution_options(synchronize_session=False)) != 1:
        raise Conflict(refusal)


def _tell_decision(session: Session, actor: Actor, offer: Offer, *, approve: bool) -> None:
    audit.record(session, actor, "offer.approved" if approve else "offer.rejected", offer, reason=offer.reason)
    notify(
        session, kinds.OFFER_DECIDED, to=offer.proposed_by_id, sender=actor, offer=offer.id, name=offer.name,
        approved=approve, reason=offer.reason,
    )  # fmt: skip


def _in_state(state: str, at: datetime) -> Any:
    if state == "upcoming":
        return and_(Offer.state == "approved", Offer.starts_at > at)
    if state == "live":
        return and_(Offer.state == "approved", Offer.starts_at <= at, Offer.ends_at > at)
    if state == "expired":
        return and_(Offer.state == "approved", Offer.ends_at <= at)
    return Offer.state == state
