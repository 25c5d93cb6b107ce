"""The kinds of notifications: what each is about, who is told of it, on which channels, and its words.

A kind is a function from a language and the stored parameters to a title and a text; its name is stored, so it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from shop_app.base import quantities
from shop_app.base.permissions import Permission
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _l
from shop_app.notify.words import Words

STORM = timedelta(minutes=5)  # alerts of one camera with less between them

Write = Callable[..., tuple[str, str]]


class Text(NamedTuple):
    """A notification as somebody reads it."""

    title: str
    body: str
    link: str  # a path of this shop, or ""


@dataclass(frozen=True)
class Kind:
    """What is said, and to whom it goes unless people choose otherwise."""

    name: str
    label: Any  # lazy translation, for the page on which people choose; "" where there is nothing to choose
    write: Write
    told: Permission  # who is told, or, of what goes to single persons, who can be
    channels: frozenset[str]  # used unless somebody chose otherwise
    always: frozenset[str] = frozenset()  # whatever anybody chose
    link: str = ""  # a path, with {parameters}
    about: str = ""  # what it is about, with {parameters}: found by it, and folded by it
    folds_for: timedelta | None = None  # after the last one; a further one about the same is counted, and not sent
    lasts: timedelta | None = None  # is not sent any more after that time
    sealed: frozenset[str] = field(default_factory=frozenset)  # parameters that the outbox encrypts and forgets

    def text(self, parameters: Mapping[str, Any], words: Words) -> Text:
        """In one language. Parameters that an older release stored in another form give the label alone."""
        try:
            title, body = self.write(words, **parameters)
            return Text(title, body, self.link.format_map(parameters))
        except (KeyError, TypeError, ValueError):
            return Text(str(self.label), "", "")


KINDS: dict[str, Kind] = {}


def text_of(kind: str, parameters: Mapping[str, Any], words: Words) -> Text:
    """Any stored notification in words, also of a kind that this release does not know."""
    found = KINDS.get(kind)
    return found.text(parameters, words) if found else Text(kind, "", "")


def _kind(
    name: str, label: Any, told: Permission, channels: str, *, always: str = "", sealed: str = "", **more: Any
) -> Callable[[Write], Kind]:
    def register(write: Write) -> Kind:
        more["always"], more["sealed"] = frozenset(always.split()), frozenset(sealed.split())
        made = Kind(name, label, write, told, frozenset(channels.split()), **more)
        KINDS[name] = made
        return made

    return register


@_kind("note", _l("Messages from the team"), P.SIGNED_IN, "bell", always="bell")
def NOTE(_: Words, title: str, body: str = "") -> tuple[str, str]:  # noqa: N802 - a constant, made by the decorator
    """What one person writes to others."""
    return title, body


@_kind("older", "", P.SIGNED_IN, "bell", link="{link}")
def OLDER(_: Words, title: str, body: str = "", link: str = "") -> tuple[str, str]:  # noqa: N802
    """Words of a release that did not store kinds yet."""
    return title, body


def _what(_: Words, change: str, zone: str) -> str:
    names = {
        "motion": _("Movement"), "left": _("Something was left behind"), "gone": _("Something is gone"),
        "tampering": _("The camera was covered or moved"), "light": _("The light changed"),
        "silent": _("Camera offline"), "unwatched": _("No camera is watching"),
        "covered": _("The camera was covered"), "blinded": _("The camera was blinded"),
        "blurred": _("The camera's picture was blurred"), "moved": _("The camera was moved"),
    }  # fmt: skip
    return ", ".join(filter(None, (names.get(change, change), zone)))


@_kind("alert", _l("Alerts"), P.ALERTS, "push webhook", link="/alerts/{alert}", about="storm:{storm}", folds_for=STORM)
def ALERT(_: Words, alert: int, storm: str, place: str, change: str, zone: str, at: str) -> tuple[str, str]:  # noqa: N802
    """A loud alert has opened."""
    where = ", ".join(filter(None, (place or _.shop.name, zone)))
    return _what(_, change, ""), f"{where}, {_.clock(at)}"


@_kind(
    "alert.escalated", _l("Alerts that nobody claimed"), P.ALERTS, "bell mail push webhook", always="bell",
    link="/alerts/{alert}", about="storm:{storm}", folds_for=STORM,
)  # fmt: skip
def ESCALATED(_: Words, alert: int, storm: str, place: str, change: str, zone: str, at: str) -> tuple[str, str]:  # noqa: N802
    """Nobody claimed a loud alert in time."""
    title = _("Unanswered alert: %(camera)s, %(time)s", camera=place or _.shop.name, time=_.clock(at))
    return title, _what(_, change, zone)


@_kind(
    "camera.storage", _l("Disks of recorders"), P.CAMERAS_MANAGE, "bell webhook", link="/cameras",
    about="camera:{camera}", folds_for=timedelta(hours=1),
)  # fmt: skip
def STORAGE(_: Words, camera: str, reason: str, deleted: int, free_bytes: int | None) -> tuple[str, str]:  # noqa: N802
    """A recorder has little room left."""
    free = _.number(free_bytes / 1e9, 1) if free_bytes is not None else "?"
    gone = _("%(n)s old clips were deleted, %(free)s GB are free", n=deleted, free=free)
    title = _("%(camera)s: the disk of the recorder is nearly full", camera=camera)
    return title, " · ".join(filter(None, (reason, gone)))


@_kind(
    "camera.outbox", _l("Lost events of cameras"), P.CAMERAS_MANAGE, "bell webhook", link="/cameras",
    about="camera:{camera}", folds_for=timedelta(hours=1),
)  # fmt: skip
def OUTBOX(_: Words, camera: str, reason: str, moved_to: str) -> tuple[str, str]:  # noqa: N802
    """What a camera had to tell may be lost."""
    title = _("%(camera)s: events that were not yet delivered may be lost", camera=camera)
    return title, _(
        "The queue on its disk was damaged: %(reason)s. It is kept in %(folder)s.", reason=reason, folder=moved_to
    )


@_kind(
    "camera.step", _l("Disabled steps of cameras"), P.CAMERAS_MANAGE, "bell webhook", link="/cameras",
    about="camera:{camera}:{step}", folds_for=timedelta(hours=1),
)  # fmt: skip
def STEP(_: Words, camera: str, step: str, errors: int, reason: str) -> tuple[str, str]:  # noqa: N802
    """Part of a camera's work has stopped."""
    return _("%(camera)s: step %(step)s disabled after %(n)s errors", camera=camera, step=step, n=errors), reason


@_kind("stock.low", _l("Low stock"), P.STOCK_MANAGE, "bell webhook", link="/stock/{product}", about="product:{product}")
def LOW_STOCK(  # noqa: N802
    _: Words, product: int, name: str, left: int, by_weight: bool = False
) -> tuple[str, str]:
    """A product has reached its threshold."""
    title = _("Sold out: %(name)s", name=name) if left <= 0 else _("Low stock: %(name)s", name=name)
    return title, _("%(stock)s left.", stock=quantities.shown(left, by_weight, _.locale))


@_kind("offer.proposed", _l("Offers to decide"), P.OFFERS_DECIDE, "bell", link="/offers/{offer}", about="offer:{offer}")
def OFFER_PROPOSED(_: Words, offer: int, name: str) -> tuple[str, str]:  # noqa: N802
    """Somebody proposed an offer."""
    return _("Offer to decide: %(name)s", name=name), ""


@_kind(
    "offer.decided",
    _l("Decisions on my offers"),
    P.OFFERS_PROPOSE,
    "bell",
    link="/offers/{offer}",
    about="offer:{offer}",
)
def OFFER_DECIDED(_: Words, offer: int, name: str, approved: bool, reason: str = "") -> tuple[str, str]:  # noqa: N802
    """One's own offer was approved or rejected."""
    title = _("Offer approved: %(name)s", name=name) if approved else _("Offer rejected: %(name)s", name=name)
    return title, reason


@_kind(
    "complaint.new", _l("New complaints"), P.COMPLAINTS_ANSWER, "bell", link="/complaints/{complaint}",
    about="complaint:{complaint}",
)  # fmt: skip
def COMPLAINT(_: Words, complaint: int, subject: str) -> tuple[str, str]:  # noqa: N802
    """A customer complains."""
    return _("New complaint: %(subject)s", subject=subject), ""


@_kind(
    "complaint.reply", _l("Replies to complaints"), P.COMPLAINTS_ANSWER, "bell", link="/complaints/{complaint}",
    about="complaint:{complaint}",
)  # fmt: skip
def COMPLAINT_REPLY(_: Words, complaint: int, subject: str) -> tuple[str, str]:  # noqa: N802
    """A customer wrote again."""
    return _("Re: %(subject)s", subject=subject), ""


@_kind(
    "complaint.answer", _l("Answers to my complaints"), P.CUSTOMER, "bell", link="/complaints/{complaint}",
    about="complaint:{complaint}",
)  # fmt: skip
def COMPLAINT_ANSWER(_: Words, complaint: int, subject: str) -> tuple[str, str]:  # noqa: N802
    """The shop answers a customer."""
    return _("Re: %(subject)s", subject=subject), ""


@_kind("interest.missed", _l("Looked at, but not bought"), P.CAMERA_NOTES, "bell", link="/interest/notes")
def MISSED(_: Words, product: str, looked: int, seconds: int, place: str, zone: str) -> tuple[str, str]:  # noqa: N802
    """What customers looked at in the last hour, and nobody bought."""
    title = _.ngettext(
        "%(num)s customer looked at %(product)s for %(s)s s in the last hour, none bought",
        "%(num)s customers looked at %(product)s for %(s)s s in the last hour, none bought",
        looked, product=product, s=seconds,
    )  # fmt: skip
    return title, f"{place}: {zone}"


@_kind("push.greeting", "", P.SIGNED_IN, "", link="/notifications", lasts=timedelta(minutes=15))
def GREETING(_: Words) -> tuple[str, str]:  # noqa: N802
    """Shows that a browser is told."""
    return _.shop.name, _("Notifications will look like this.")


@_kind("account.code", "", P.SIGNED_IN, "", lasts=timedelta(hours=1), sealed="code")
def CODE(_: Words, code: str, where: str) -> tuple[str, str]:  # noqa: N802
    """A one-time code for who forgot the password."""
    body = _(
        "Your one-time code: %(code)s\n\nIt sets a new password within one hour, here: %(where)s\n"
        "If you did not ask for it, nothing needs to be done.\n",
        code=code, where=where,
    )  # fmt: skip
    return _("A new password for %(shop)s", shop=_.shop.name), body


@_kind("account.erased", "", P.SIGNED_IN, "", sealed="address")
def ERASED(_: Words, address: str) -> tuple[str, str]:  # noqa: N802
    """The account of a customer is gone; `address` is what the shop had of them."""
    body = _(
        "Your account at %(shop)s is deleted, as you asked. Your bills stay with the shop, without your name.\n"
        "This address is not kept any more. If it was not you who asked, please tell the shop.\n",
        shop=_.shop.name,
    )
    return _("Your account at %(shop)s is deleted", shop=_.shop.name), body
