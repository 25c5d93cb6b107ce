"""What every area is made of: routes that declare who may use them, one unit of work per request, the present actor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Blueprint, Flask, Response, current_app, flash, g, make_response, redirect, request
from flask import session as page_session
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, object_session

from shop_app.base.db import Database, is_duplicate, may_retry
from shop_app.base.errors import NotSignedIn, Refused
from shop_app.base.models import ShopProfile
from shop_app.base.permissions import Actor, Permission
from shop_app.base.text import _
from shop_app.web import idempotency

if TYPE_CHECKING:
    from shop_app.base.settings import Settings

Kept = TypeVar("Kept")
View = TypeVar("View", bound=Callable[..., Any])
_TRIES = 4  # of a transaction that the database gave up to end a deadlock


@dataclass(frozen=True)
class MenuEntry:
    """A line of the navigation, shown to who may open it."""

    label: Any  # lazy translation
    endpoint: str
    icon: str
    may: Permission
    order: int
    group: Any = ""
    href: str = ""
    phone: bool = False  # whether it has a place in the bottom bar of a phone
    unless: Permission | None = None  # who holds this is not shown it
    prefix: str = ""  # endpoints under which it is shown as current; the area by default


class Area(Blueprint):
    """A blueprint whose every route says who may use it; one that does not is refused at start-up.

    `fresh=True` at a route asks for the password again where it was given more than a quarter of an hour ago.
    `repeatable=True` does a form again that is sent again, as where a page stays open beside what it has made; every other
    form is done once.
    `bearer=True` makes an area of machines and apps: a token in the Authorization header, no cookie, no CSRF token.
    """

    def __init__(self, name: str, import_name: str, *, bearer: bool = False, url_prefix: str | None = None) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.bearer = bearer
        self.access: dict[str, Permission] = {}
        self.fresh: set[str] = set()  # endpoints that ask for the password again if it was given long ago
        self.entries: list[MenuEntry] = []

    def get(self, rule: str, *, may: Permission | None = None, **options: Any) -> Callable[[View], View]:
        """A page or a resource to read; its session cannot write."""
        return self._guarded("GET", rule, may, options)

    def post(self, rule: str, *, may: Permission | None = None, **options: Any) -> Callable[[View], View]:
        """Something done; committed when the view has answered below 400, rolled back otherwise."""
        return self._guarded("POST", rule, may, options)

    def put(self, rule: str, *, may: Permission | None = None, **options: Any) -> Callable[[View], View]:
        """As `post`."""
        return self._guarded("PUT", rule, may, options)

    def patch(self, rule: str, *, may: Permission | None = None, **options: Any) -> Callable[[View], View]:
        """As `post`."""
        return self._guarded("PATCH", rule, may, options)

    def delete(self, rule: str, *, may: Permission | None = None, **options: Any) -> Callable[[View], View]:
        """As `post`."""
        return self._guarded("DELETE", rule, may, options)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Not offered: `get`, `post` and the like say the method and the permission."""
        raise TypeError(f"{self.name}: declare {rule!r} with .get(..., may=...) or .post(..., may=...)")

    def menu(
        self, label: Any, view: str, *, icon: str, may: Permission, order: int, group: Any = "", phone: bool = False,
        prefix: str = "",
        unless: Permission | None = None,
    ) -> None:  # fmt: skip
        """Add an entry to the navigation."""
        endpoint = f"{self.name}.{view}"
        under = prefix or f"{self.name}."
        self.entries.append(
            MenuEntry(label, endpoint, icon, may, order, group, phone=phone, prefix=under, unless=unless)
        )

    def _guarded(self, method: str, rule: str, may: Permission | None, options: Any) -> Callable[[View], View]:
        if may is None:
            raise TypeError(f"{self.name}: {method} {rule} does not say who may use it")

        def register(view: View) -> View:
            endpoint = options.pop("endpoint", view.__name__)
            if options.pop("fresh", False):
                self.fresh.add(endpoint)
            if self.access.setdefault(endpoint, may) is not may:
                raise TypeError(f"{self.name}.{endpoint} has two different permissions")
            run = _in_one_unit(view, repeatable=options.pop("repeatable", self.bearer))
            self.add_url_rule(rule, endpoint, run, methods=[method], **options)
            return view

        return register


class Unit:
    """The database session of one request, begun on first use."""

    def __init__(self, database: Database, *, writes: bool) -> None:
        self.database = database
        self.writes = writes
        self._stack = ExitStack()
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """A reading session for GET and HEAD, the one write transaction otherwise."""
        if self._session is None:
            begin = self.database.writing if self.writes else self.database.reading
            self._session = self._stack.enter_context(begin())
        return self._session

    def finish(self, *, keep: bool) -> None:
        """Commit, or roll everything back. What is read afterwards (an error page) cannot write."""
        stack, self._stack, self._session = self._stack, ExitStack(), None
        if keep:
            stack.close()
            return
        with suppress(_GivenUp), stack:
            raise _GivenUp


class _GivenUp(Exception):
    """Makes a transaction roll back."""


@dataclass
class Shop:
    """What `create_app` made, kept with the app."""

    settings: Settings
    database: Database
    access: dict[str, Permission] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    bearer_areas: set[str] = field(default_factory=set)
    menu: list[MenuEntry] = field(default_factory=list)
    services: dict[str, Any] = field(default_factory=dict)  # long-lived helpers of an area, by its name


def shop_of(app: Flask) -> Shop:
    """The shop that belongs to an app."""
    return cast("Shop", app.extensions["shop"])


def shop() -> Shop:
    """The shop of the present request."""
    return shop_of(current_app)


def session() -> Session:
    """The database session of the present request."""
    return unit().session


def unit() -> Unit:
    """The unit of work of the present request."""
    return cast("Unit", g.unit)


def profile() -> ShopProfile:
    """The shop's name, currency, zone and rules."""
    known: ShopProfile | None = g.get("profile")
    if known is None:
        found = session().get(ShopProfile, 1)
        if found is None:
            raise RuntimeError("the database has no shop yet: run `vidframe-shop init`")
        g.profile = known = as_value(found)
    return known


def as_value(found: ShopProfile) -> ShopProfile:
    """The same as a plain value, which outlives a transaction that is rolled back."""
    owner = object_session(found)
    if owner is not None:
        owner.expunge(found)
    return found


def actor() -> Actor:
    """Who makes the present request; refuses where nobody is signed in."""
    present = maybe_actor()
    if present is None:
        raise NotSignedIn(_("Please sign in."))
    return present


def maybe_actor() -> Actor | None:
    """Who makes the present request, or None."""
    return cast("Actor | None", g.get("actor"))


def kept(name: str, seconds: float, make: Callable[[], Kept]) -> Kept:
    """What `make` gave at most `seconds` ago in this process: plain values, for sums over much that need not be of this second."""
    held: dict[str, tuple[float, Kept]] = shop().services.setdefault("kept", {})
    if name not in held or time.monotonic() - held[name][0] > seconds:
        held[name] = (time.monotonic(), make())
    return held[name][1]


def register(app: Flask, areas: Iterable[Area]) -> None:
    """Add the areas, then check that nothing is reachable without a declared permission."""
    known = shop_of(app)
    for area in areas:
        app.register_blueprint(area)
        known.access |= {f"{area.name}.{endpoint}": may for endpoint, may in area.access.items()}
        known.fresh |= {f"{area.name}.{endpoint}" for endpoint in area.fresh}
        known.menu += area.entries
        if area.bearer:
            known.bearer_areas.add(area.name)
    known.access["static"] = Permission.PUBLIC
    known.menu.sort(key=lambda entry: entry.order)
    undeclared = sorted({rule.endpoint for rule in app.url_map.iter_rules()} - set(known.access))
    if undeclared:
        raise RuntimeError(f"routes without a permission: {', '.join(undeclared)}")


def _in_one_unit(view: Callable[..., Any], *, repeatable: bool) -> Callable[..., Response]:
    @wraps(view)
    def run(**arguments: Any) -> Response:
        messages = list(page_session.get("_flashes", ())) if unit().writes else []
        form = idempotency.sent_form(request, maybe_actor()) if unit().writes and not repeatable else None
        for left in reversed(range(_TRIES)):
            try:
                return _done_before(form) or _do(view, arguments, form)
            except DBAPIError as error:
                unit().finish(keep=False)
                was_only_read = error.connection_invalidated and not unit().writes
                if not left or not (may_retry(error) or is_duplicate(error) or was_only_read):
                    raise
                _begin_again(messages)
            except (_DoneMeanwhile, Refused):
                unit().finish(keep=False)
                if (first := _done_before(form)) is None:
                    raise
                return first
            except BaseException:
                unit().finish(keep=False)
                raise
        raise AssertionError("unreachable")

    return run


class _DoneMeanwhile(Exception):
    """The same form came twice at once, and the other request has done it."""


def _do(view: Callable[..., Any], arguments: dict[str, Any], form: idempotency.SentForm | None) -> Response:
    response = make_response(view(**arguments))
    is_done = form is not None and 300 <= response.status_code < 400
    if form is not None and is_done and not idempotency.remember(session(), form, response.location):
        raise _DoneMeanwhile
    unit().finish(keep=response.status_code < 400)
    return response if response.status_code < 400 else _done_before(form) or response


def _done_before(form: idempotency.SentForm | None) -> Response | None:
    """Where the first sending of a form led, if this is the second."""
    if form is None:
        return None
    with shop().database.reading() as reading:
        location = idempotency.first_answer(reading, form)
    if location is None:
        return None
    page_session.pop("_flashes", None)
    flash(_("This form was sent twice. It was saved once."))
    return make_response(redirect(location, 303))


def _begin_again(messages: list[Any]) -> None:
    """As if the request had just come: nothing said to the next page, and files unread."""
    if "_flashes" in page_session:
        page_session["_flashes"] = messages
    for upload in request.files.values():
        upload.stream.seek(0)
