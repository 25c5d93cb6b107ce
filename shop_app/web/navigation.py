"""What stands around the content of a page: the navigation with the count of unread notifications, and undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from flask import Flask, flash, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.orm import Session

from shop_app.base.permissions import Actor, Permission, Role
from shop_app.base.text import locale_name
from shop_app.web.area import MenuEntry, maybe_actor, session, shop

UnreadCount = Callable[[Session, Actor], int]  # of somebody's notifications
_OWNER = {"home.index", "reports.daily", "interest.index", "alerts.index"}  # an admin's bottom bar on a phone


def init_app(app: Flask, unread_count: UnreadCount) -> None:
    """Give every page its navigation."""
    app.context_processor(partial(_context, _navigation(app), unread_count))


def flash_undo(text: str, action: str) -> None:
    """Tell what was done on the next page, with a button that posts to `action` to undo it."""
    flash(text, "undo " + action)


class Navigation(NamedTuple):
    """What somebody may open, in their language, and the same as markup: beside the page, and below it on a phone."""

    entries: list[MenuEntry]
    rail: Markup
    bottom_bar: Markup


def _navigation(app: Flask) -> Callable[..., Navigation]:
    """Gives the navigation of a role on a page, which is made once: it was a tenth of what a list costs."""

    @lru_cache(maxsize=500)
    def made(permissions: frozenset[Permission], role: Role, language: str, endpoint: str, unread: int) -> Navigation:
        entries = _entries({*permissions, Permission.SIGNED_IN})
        fitting = [entry for entry in entries if endpoint == entry.endpoint or endpoint.startswith(entry.prefix)]
        current = max(fitting, key=lambda entry: (entry.endpoint == endpoint, len(entry.prefix)), default=None)
        groups: dict[str, list[MenuEntry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        draw: Any = app.jinja_env.get_template("_navigation.html").module
        at_more = endpoint == "accounts.all_pages"
        bottom_bar = draw.bottom_bar(_bottom_bar(entries, role), current, at_more, unread)
        return Navigation(entries, draw.rail(groups, current, unread), bottom_bar)

    return made


def _entries(held: set[Permission]) -> list[MenuEntry]:
    return [
        replace(entry, label=str(entry.label), group=str(entry.group), href=url_for(entry.endpoint))
        for entry in shop().menu
        if entry.may in held and entry.unless not in held
    ]


def _context(navigation: Callable[..., Navigation], unread_count: UnreadCount) -> dict[str, Any]:
    present = maybe_actor()
    known: dict[str, Any] = {"csrf_token": cache(generate_csrf), "actor": present, "unread": 0}
    if present is not None:
        known["unread"] = unread = unread_count(session(), present)
        endpoint = request.endpoint or ""
        known["navigation"] = navigation(present.permissions, present.role, locale_name(), endpoint, unread)
    return known


def _bottom_bar(entries: list[MenuEntry], role: Role) -> list[MenuEntry]:
    """The four entries that a thumb reaches; an admin, who may open everything, gets what an owner looks at on the way."""
    if role is Role.ADMIN:
        return [entry for entry in entries if entry.endpoint in _OWNER]
    return [entry for entry in entries if entry.phone][:4]
