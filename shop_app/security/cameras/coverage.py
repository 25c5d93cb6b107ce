"""Which cameras watch: what pages say of an armed shop comes from what its cameras report, never from a setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.models import ArmChange, ShopProfile
from shop_app.base.text import _, ngettext
from shop_app.security import arming
from shop_app.security.cameras.service import Tile, tiles
from shop_app.web.template_filters import clock_text, day_text

FOLLOWS_WITHIN = timedelta(seconds=30)  # a camera, when the shop is armed or its night begins
MOST_NAMED = 6
OFFLINE = {"down", "stalled", "silent"}  # states of a tile
WRONG = {"never", "offline", "day"}


class Post(NamedTuple):
    """A camera, and what it does."""

    tile: Tile
    state: str  # watching, day (it should watch), switching, connecting, later, online, never, offline, off
    is_due: bool  # it should watch now, or watched when it was last heard


@dataclass(frozen=True)
class Coverage:
    """All cameras of the shop; `is_armed` while it should be watched."""

    arm: ArmChange | None  # what somebody did by hand, while it holds
    is_armed: bool
    posts: list[Post]

    @property
    def on(self) -> list[Post]:
        """Those that are switched on."""
        return [post for post in self.posts if post.state != "off"]

    @property
    def wrong(self) -> list[Post]:
        """Those that do not do what they should."""
        return [post for post in self.posts if post.state in WRONG]

    @property
    def missing(self) -> list[Post]:
        """Those that see nothing."""
        return [post for post in self.posts if post.state in {"never", "offline"}]

    @property
    def kind(self) -> str:
        """`good` where all cameras do what they should, `warn` while some are on their way, else `bad`."""
        if self.wrong or not self.on:
            return "bad"
        return "warn" if any(post.state not in {"watching", "online"} for post in self.on) else "good"

    def __str__(self) -> str:
        """One line for people, such as "3 of 4 cameras watching; Aisle offline since 18:52"."""
        told = sorted(
            (p for p in self.posts if p.state not in {"watching", "online"}), key=lambda p: p.state not in WRONG
        )
        words = [self._count(), *(_words(post) for post in told[:MOST_NAMED])]
        return "; ".join([*words, _("%(n)s more", n=len(told) - MOST_NAMED)] if len(told) > MOST_NAMED else words)

    def _count(self) -> str:
        if not self.on:
            return _("No camera is watching")
        n = sum(post.state in ({"watching"} if self.is_armed else {"watching", "online", "later"}) for post in self.on)
        if self.is_armed:
            return ngettext("%(n)s of %(num)s camera watching", "%(n)s of %(num)s cameras watching", len(self.on), n=n)
        return ngettext("%(n)s of %(num)s camera online", "%(n)s of %(num)s cameras online", len(self.on), n=n)


def coverage(session: Session, profile: ShopProfile) -> Coverage:
    """What each camera does now, by what it last reported."""
    at, change = now(), arming.current(session)
    shop_hours = profile.night_from, profile.night_to
    found = tiles(session, profile.silent_after_seconds)

    def is_due(hours: tuple[str, str] | None, moment: datetime) -> bool:
        by_hand = change is not None and change.armed and change.at <= moment
        return by_hand or clock.is_in_hours(moment, *(hours or shop_hours), profile.time_zone)

    is_armed = is_due(None, at) or any(is_due(tile.night, at) for tile in found if tile.state != "stopped")
    is_armed = is_armed and not arming.is_disarmed(change)
    posts = []
    for tile in found:
        due = is_due(tile.night, at)
        state = _state(tile, due, is_due(tile.night, at - FOLLOWS_WITHIN), at)
        state = "later" if state == "online" and is_armed else state
        # What watched because it was dark, and fell silent, is missed by day too.
        posts.append(Post(tile, state, due or tile.mode == "night"))
    return Coverage(change, is_armed, posts)


def _state(tile: Tile, is_due: bool, was_due: bool, at: datetime) -> str:
    if tile.state in {"stopped", "unknown"}:
        return "off" if tile.state == "stopped" else "never"
    if tile.state == "connecting" and tile.since is not None and at - tile.since < FOLLOWS_WITHIN:
        return "connecting"
    if tile.state in OFFLINE or tile.state == "connecting":
        return "offline"
    if tile.mode == "night":
        return "watching"
    if not is_due:
        return "online"
    return "day" if was_due else "switching"


def _words(post: Post) -> str:
    text = {
        "never": _("%(camera)s never started"),
        "offline": _("%(camera)s offline since %(time)s"),
        "connecting": _("%(camera)s is connecting"),
        "day": _("%(camera)s is in day mode"),
        "switching": _("%(camera)s is switching to night mode"),
        "later": _("%(camera)s watches at its own hours"),
        "off": _("%(camera)s is switched off"),
    }[post.state]
    tile = post.tile
    text %= {"camera": tile.title, "time": _time(tile.since) if tile.since else ""}
    return f"{text} ({tile.reason})" if tile.reason and post.state in WRONG else text


def _time(moment: datetime) -> str:
    return clock_text(moment) if now() - moment < timedelta(hours=20) else day_text(moment, "EEE d MMM, HH:mm")
