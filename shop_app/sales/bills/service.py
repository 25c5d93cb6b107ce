"""Making bills and giving money back. Everything of one bill happens in one transaction, or nothing does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from shop_app.accounts import service as accounts
from shop_app.base import audit, clock
from shop_app.base.db import changed_rows, insert_into, now
from shop_app.base.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.base.models import (
    Account,
    Bill,
    BillLine,
    Counter,
    Payment,
    ReceiptPrint,
    Refund,
    RefundLine,
    RefundPayment,
    ShopProfile,
)
from shop_app.base.permissions import OF_ROLE, Actor, Permission, Role
from shop_app.base.search import AS_TYPED
from shop_app.base.text import _, _l
from shop_app.catalogue.offers.pricing import PricedCart, PricedLine
from shop_app.catalogue.stock import service as stock
from shop_app.sales.wallet import ledger
from shop_app.web.listing import Rows, SortColumn

_Cashier, _Customer = aliased(Account), aliased(Account)
_ADD_LINES, _ADD_PAYMENTS = insert_into(BillLine), insert_into(Payment)
_NUMBERED = update(Bill).where(Bill.id == bindparam("bill")).values(number=bindparam("taken"))
_NUMBERED = _NUMBERED.execution_options(synchronize_session=False)
_COUNTER = update(Counter).where(Counter.name == bindparam("counter")).execution_options(synchronize_session=False)
_COUNT_RETURNING = _COUNTER.values(value=Counter.value + 1).returning(Counter.value)
_COUNT = _COUNTER.values(value=func.last_insert_id(Counter.value + 1))
METHODS = (ledger.CASH, ledger.CARD, ledger.WALLET)
BACK_BY = (ledger.WALLET, ledger.CARD, ledger.CASH)  # the order in which a part of a bill goes back
AS_PAID = "as-paid"
METHOD_LABELS = {ledger.CASH: _l("Cash"), ledger.CARD: _l("Card"), ledger.WALLET: _l("Wallet")}

SORTS: dict[str, list[SortColumn]] = {
    "number": [Bill.business_day, Bill.number],
    "total": [Bill.total_minor, Bill.id],
}


@dataclass(frozen=True)
class Tender:
    """Part of a bill by one method; of cash, what was handed over too."""

    method: str
    amount_minor: int
    tendered_minor: int | None = None

    @property
    def change_minor(self) -> int:
        """What goes back to the customer."""
        return 0 if self.tendered_minor is None else self.tendered_minor - self.amount_minor


@dataclass(frozen=True)
class Sale:
    """All that a bill is made of."""

    priced: PricedCart
    customer_id: int | None
    tenders: tuple[Tender, ...]
    at: datetime
    below_zero: bool = False


@dataclass(frozen=True)
class Return:
    """So many pieces or grams of one bill line come back, to the shelf or not."""

    line_id: int
    quantity: int
    back_to_shelf: bool = True


def sell(session: Session, actor: Actor, sale: Sale, shop: ShopProfile) -> Bill:
    """Make a bill: stock, number, lines, payments and ledger.

    Other tills wait for what is locked here until the commit: for the products sold and, whatever they sell, for the
    shop's accounts and the number. So these come last, with as few statements as can be.
    """
    _check_tenders(sale)
    if sale.customer_id is not None:
        accounts.lock_customer(session, sale.customer_id)
    bill = Bill(
        number=-1 - secrets.randbits(62), cashier_id=actor.account_id, customer_id=sale.customer_id,
        created_at=sale.at, business_day=clock.business_day(sale.at, shop.time_zone, shop.day_begins),
        net_minor=sale.priced.net_minor, tax_minor=sale.priced.tax_minor, discount_minor=sale.priced.discount_minor,
        total_minor=sale.priced.total_minor,
    )  # fmt: skip
    session.add(bill)
    session.flush()
    booking = _note_payments(session, actor, bill, sale.tenders)
    levels = stock.reserve(session, sale.priced.quantities, below_zero=sale.below_zero)
    # Not before: a line's reference to its product is a lock of its own, and two bills that both held it would wait in a ring.
    lines = [_line(bill, place, line) for place, line in enumerate(sale.priced.lines, 1)]
    session.execute(_ADD_LINES, lines)  # one statement for all
    stock.note(session, actor, levels, stock.Cause("sale", bill_id=bill.id))
    if booking is not None:
        ledger.move(session, *booking)
    _give_number(session, bill, next_number(session, "bill"))
    audit.record(session, actor, "bill.made", bill.number, total_minor=bill.total_minor)
    return bill


def refund(
    session: Session, actor: Actor, bill_id: int, returns: Sequence[Return], *, method: str, reason: str,
    shop: ShopProfile,
) -> Refund:  # fmt: skip
    """Give money back against the lines of a bill, never more than was sold. The bill itself stays as it is.

    `method`: AS_PAID, or one method for all; more than came in by it is a right of its own.
    """
    bill = get_bill_for(session, actor, bill_id)
    _check_refund(bill, returns, method, reason)
    if bill.customer_id is not None:
        accounts.lock_customer(session, bill.customer_id)
    at = now()
    lines = [_take_back(session, bill, back) for back in sorted(returns, key=lambda back: back.line_id)]
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    session.execute(  # locks the bill, so that what is left of its payments stays so
        update(Bill).where(Bill.id == bill.id).values(refunded_minor=Bill.refunded_minor + net + tax)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    ways = _ways(session, actor, bill, method, net + tax)
    made = Refund(
        number=next_number(session, "refund"), bill_id=bill.id, cashier_id=actor.account_id, created_at=at,
        business_day=clock.business_day(at, shop.time_zone, shop.day_begins), reason=reason.strip()[:200],
        net_minor=net, tax_minor=tax, total_minor=net + tax, lines=lines,
        payments=[RefundPayment(method=way, amount_minor=amount) for way, amount in ways.items()],
    )  # fmt: skip
    session.add(made)
    session.flush()
    _back_to_shelf(session, actor, bill, made)
    _book_refund(session, actor, bill, made)
    audit.record(session, actor, "refund.made", made.number, bill=bill.number, total_minor=made.total_minor,
                 method=" + ".join(ways), reason=made.reason)  # fmt: skip
    return made


def left_by_method(session: Session, bill: Bill) -> dict[str, int]:
    """What came in by each method and has not gone back by it, in the order in which it goes back.

    The wallet first, cash last. The wallet of a customer whose account was deleted is gone, so that cash takes its part.
    """
    left = {method: sum(part.amount_minor for part in bill.payments if part.method == method) for method in BACK_BY}
    query = select(RefundPayment.method, func.sum(RefundPayment.amount_minor)).join(Refund)
    for method, amount in session.execute(query.where(Refund.bill_id == bill.id).group_by(RefundPayment.method)):
        left[method] -= int(amount)
    if bill.customer_id is None:
        left[ledger.CASH] += left.pop(ledger.WALLET)
    return {method: amount for method, amount in left.items() if amount > 0}


def _ways(session: Session, actor: Actor, bill: Bill, method: str, total_minor: int) -> dict[str, int]:
    """How much goes back by each method."""
    left = left_by_method(session, bill)
    if method != AS_PAID:
        if total_minor > left.get(method, 0) and not actor.can(Permission.TILL_SUPERVISE):
            raise Forbidden(_("Nothing was refunded: your account may refund only by the methods that paid the bill."))
        return {method: total_minor} if total_minor else {}
    ways: dict[str, int] = {}
    for way, most in left.items():
        if amount := min(most, total_minor - sum(ways.values())):
            ways[way] = amount
    return ways


def everything_left(bill: Bill) -> list[Return]:
    """What a void gives back: all that was not given back before."""
    return [
        Return(line.id, line.quantity - line.refunded_quantity)
        for line in bill.lines
        if line.quantity > line.refunded_quantity
    ]


def get_bill_for(session: Session, actor: Actor, bill_id: int) -> Bill:
    """The bill with its lines; a customer sees only their own, everybody else's is `NotFound`."""
    query = select(Bill).where(Bill.id == bill_id).execution_options(populate_existing=True)
    query = query.options(
        selectinload(Bill.lines), selectinload(Bill.payments), joinedload(Bill.cashier), joinedload(Bill.customer)
    )
    bill = session.scalars(query).first()
    may = actor.can(Permission.TILL) or actor.can(Permission.REPORTS_VIEW)
    if bill is None or not (may or (actor.role is Role.CUSTOMER and bill.customer_id == actor.account_id)):
        raise NotFound(_("There is no such bill."))
    return bill


def refunds_of(session: Session, bill_id: int) -> Sequence[Refund]:
    """What was given back of a bill, oldest first."""
    query = select(Refund).where(Refund.bill_id == bill_id).order_by(Refund.id)
    query = query.options(selectinload(Refund.lines).joinedload(RefundLine.line), selectinload(Refund.payments))
    return session.scalars(query).all()


def search(
    typed: str = "", *, customer_id: int | None = None, cashier_id: int | None = None, since: date | None = None,
    until: date | None = None,
) -> Rows:  # fmt: skip
    """Bills by person and day of business (both days included), as rows with the names of people; of a number or a customer, if `typed`."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 19
    looked_for = ("number" if is_number else "customer") if typed else ""
    return _listed(customer_id, cashier_id, since, until, looked_for)


def _listed(
    customer_id: int | None, cashier_id: int | None, since: date | None, until: date | None, looked_for: str
) -> Rows:
    query = (
        select(
            Bill.id, Bill.number, Bill.created_at, Bill.net_minor, Bill.tax_minor, Bill.total_minor,
            Bill.refunded_minor, _Cashier.name.label("cashier"), _Customer.name.label("customer"),
        ).outerjoin(Bill.cashier.of_type(_Cashier)).outerjoin(Bill.customer.of_type(_Customer))
    )  # fmt: skip
    if customer_id is not None:
        query = query.where(Bill.customer_id == customer_id)
    if cashier_id is not None:
        query = query.where(Bill.cashier_id == cashier_id)
    if since is not None:
        query = query.where(Bill.business_day >= since)
    if until is not None:
        query = query.where(Bill.business_day <= until)
    if looked_for == "number":
        query = query.where(Bill.number == AS_TYPED)
    elif looked_for:
        query = query.where(Bill.customer_id.in_(select(Account.id).where(Account.is_found())))
    return query


def note_print(session: Session, actor: Actor, bill_id: int) -> ReceiptPrint:
    """Remember that a receipt is printed."""
    get_bill_for(session, actor, bill_id)
    print_ = ReceiptPrint(bill_id=bill_id, account_id=actor.account_id, at=now())
    session.add(print_)
    session.flush()
    return print_


def is_original(session: Session, bill_id: int, print_id: int | None, at: datetime) -> bool:
    """Whether this is the first printing, and of just now; everything else is a copy."""
    first = session.scalars(
        select(ReceiptPrint).where(ReceiptPrint.bill_id == bill_id).order_by(ReceiptPrint.id)
    ).first()
    return first is not None and first.id == print_id and (at - first.at).total_seconds() < 120


def next_number(session: Session, name: str) -> int:
    """The next of numbers without gaps: it is taken inside the transaction, and goes back with it."""
    if session.get_bind().dialect.name == "sqlite":
        number = session.scalars(_COUNT_RETURNING, {"counter": name}).first()
    else:  # the number comes with the answer to the UPDATE, where a SELECT would be one more wait for all tills
        done: Any = session.execute(_COUNT, {"counter": name})
        number = done.lastrowid if done.rowcount else None
    if number is None:
        raise RuntimeError(f"the database has no counter {name!r}: run `vidframe-shop init`")
    return int(number)


def _give_number(session: Session, bill: Bill, number: int) -> None:
    session.execute(_NUMBERED, {"bill": bill.id, "taken": number})
    set_committed_value(bill, "number", number)


def part_of(amount_minor: int, quantity: int, before: int, pieces: int) -> int:
    """The part of a line's amount that `pieces` more bring, after `before`; all parts together are the amount."""
    return _up_to(amount_minor, quantity, before + pieces) - _up_to(amount_minor, quantity, before)


def _up_to(amount_minor: int, quantity: int, pieces: int) -> int:
    return (2 * amount_minor * pieces + quantity) // (2 * quantity)


def _line(bill: Bill, place: int, line: PricedLine) -> dict[str, Any]:
    item = line.item
    return {
        "bill_id": bill.id, "position": place, "product_id": item.product_id, "sold_at": bill.created_at,
        "sku": item.sku, "name": item.name, "quantity": item.quantity, "unit_price_minor": item.unit_price_minor,
        "by_weight": item.by_weight, "label_minor": item.label_minor,
        "discount_minor": line.discount.minor, "offer_id": line.discount.offer_id,
        "offer_label": line.discount.label, "tax_name": item.tax_name, "tax_basis_points": item.tax_basis_points,
        "net_minor": line.net_minor, "tax_minor": line.tax_minor, "total_minor": line.total_minor,
    }  # fmt: skip


def _payment(bill: Bill, tender: Tender, transaction_id: int) -> dict[str, Any]:
    given = tender.amount_minor if tender.tendered_minor is None else tender.tendered_minor
    return {
        "bill_id": bill.id, "method": tender.method, "amount_minor": tender.amount_minor,
        "change_minor": tender.change_minor, "tendered_minor": given if tender.method == ledger.CASH else None,
        "transaction_id": transaction_id,
    }  # fmt: skip


def _check_tenders(sale: Sale) -> None:
    methods = [tender.method for tender in sale.tenders]
    if any(method not in METHODS for method in methods) or len(set(methods)) != len(methods):
        raise Invalid(_("Nothing was charged: a bill is paid by cash, card and wallet, each at most once."))
    if any(tender.amount_minor <= 0 for tender in sale.tenders):
        raise Invalid(_("Nothing was charged: each part of a payment must be more than nothing."))
    if sum(tender.amount_minor for tender in sale.tenders) != sale.priced.total_minor:
        raise Invalid(_("Nothing was charged: the parts of the payment do not add up to the total."))
    for tender in sale.tenders:
        if tender.tendered_minor is not None and (
            tender.method != ledger.CASH or tender.tendered_minor < tender.amount_minor
        ):
            raise Invalid(_("Nothing was charged: less cash was given than is due."))
    if ledger.WALLET in methods and sale.customer_id is None:
        raise Invalid(_("Nothing was charged: choose the customer whose wallet pays."))


def _note_payments(
    session: Session, actor: Actor, bill: Bill, tenders: Sequence[Tender]
) -> tuple[int, dict[int, int]] | None:
    """Write how a bill is paid; the ledger's transaction, and what it is to move. None where nothing is due."""
    if not tenders:
        return None
    books = ledger.accounts_of(session, bill.customer_id)
    booking = ledger.begin(session, actor, ledger.Reason("payment", bill_id=bill.id))
    session.execute(_ADD_PAYMENTS, [_payment(bill, tender, booking) for tender in tenders])
    amounts = {books[tender.method]: -tender.amount_minor for tender in tenders}
    return booking, amounts | {books[ledger.SALES]: bill.total_minor}


def _check_refund(bill: Bill, returns: Sequence[Return], method: str, reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Nothing was refunded: please give a reason."), field="reason")
    if method not in (AS_PAID, *METHODS) or (method == ledger.WALLET and bill.customer_id is None):
        raise Invalid(
            _("Nothing was refunded: choose cash or card, or the wallet of the bill's customer."), field="method"
        )
    lines = {line.id for line in bill.lines}
    ids = [back.line_id for back in returns]
    if not returns or len(set(ids)) != len(ids) or any(back.quantity <= 0 for back in returns):
        raise Invalid(_("Nothing was refunded: choose what is returned, and how many."))
    if not set(ids) <= lines:
        raise NotFound(_("Nothing was refunded: that line is not on this bill."))


def _take_back(session: Session, bill: Bill, back: Return) -> RefundLine:
    line = next(line for line in bill.lines if line.id == back.line_id)
    after = BillLine.refunded_quantity + back.quantity
    statement = update(BillLine).where(BillLine.id == line.id, after <= BillLine.quantity)
    statement = statement.values(refunded_quantity=after).execution_options(synchronize_session=False)
    if changed_rows(session, statement) != 1:
        raise Conflict(_("Nothing was refunded: fewer of %(name)s are left on this bill.", name=line.name))
    before = session.scalars(select(BillLine.refunded_quantity).where(BillLine.id == line.id)).one() - back.quantity
    total = part_of(line.total_minor, line.quantity, before, back.quantity)
    tax = part_of(line.tax_minor, line.quantity, before, back.quantity)
    return RefundLine(
        bill_line_id=line.id, quantity=back.quantity, net_minor=total - tax, tax_minor=tax, total_minor=total,
        back_to_shelf=back.back_to_shelf,
    )  # fmt: skip


def _back_to_shelf(session: Session, actor: Actor, bill: Bill, made: Refund) -> None:
    product_of = {line.id: line.product_id for line in bill.lines}
    pieces: dict[int, int] = {}
    for line in made.lines:
        if line.back_to_shelf:
            product = product_of[line.bill_line_id]
            pieces[product] = pieces.get(product, 0) + line.quantity
    if pieces:
        stock.put(session, actor, pieces, stock.Cause("return", bill_id=bill.id, refund_id=made.id))


def _book_refund(session: Session, actor: Actor, bill: Bill, made: Refund) -> None:
    if not made.total_minor:
        return
    books = ledger.accounts_of(session, bill.customer_id)
    amounts = {books[part.method]: part.amount_minor for part in made.payments}
    amounts[books[ledger.SALES]] = -made.total_minor
    ledger.post(session, actor, ledger.Reason("refund", bill_id=bill.id, refund_id=made.id), amounts)


def cashiers(session: Session) -> Sequence[Account]:
    """Everybody who has sold or may sell, for the filters."""
    has_sold = exists().where(Bill.cashier_id == Account.id)
    staff = session.execute(select(Account, has_sold).where(Account.role != Role.CUSTOMER.value).order_by(Account.name))
    return [
        account
        for account, sold in staff
        if sold or Permission.TILL in OF_ROLE[account.role_] or Permission.TILL in account.extra_permissions
    ]
