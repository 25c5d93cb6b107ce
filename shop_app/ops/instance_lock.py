"""Whether a shop is open. Two processes must not serve one SQLite file, and nobody restores under a shop that is open."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from sqlalchemy import text

from shop_app.base.db import Database
from shop_app.base.errors import Conflict
from shop_app.base.settings import Settings, SettingsError

# A lock of MariaDB belongs to the whole server; the name of the database tells shops apart. Names have at most 64 characters.
LOCK_NAME = "CONCAT('shop ', LEFT(DATABASE(), 50))"
_held: dict[str, int] = {}  # file -> handle, for the life of this process


def open_sqlite(settings: Settings) -> None:
    """Take the file's shop for this process; SettingsError where another one serves it."""
    if str(settings.instance) in _held:
        return
    handle = _lock(settings)
    if handle is None:
        raise SettingsError(
            f"another process serves the shop in {settings.instance}. A shop on SQLite has one process with many threads; "
            "for several processes use MariaDB (SHOP_DATABASE)"
        )
    _held[str(settings.instance)] = handle  # the lock ends with the process


def refuse_if_open(settings: Settings) -> None:
    """Conflict where a process serves this shop."""
    if _is_open(settings):
        raise Conflict("Nothing was changed: the shop is open. Stop it first.")


def _is_open(settings: Settings) -> bool:
    if settings.is_sqlite:
        handle = _lock(settings)
        if handle is not None:
            os.close(handle)
        return handle is None
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            return session.scalar(text(f"SELECT IS_USED_LOCK({LOCK_NAME})")) is not None
    finally:
        database.close()


def _lock(settings: Settings) -> int | None:
    settings.instance.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.instance / "serving.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    os.close(handle)
    return None
