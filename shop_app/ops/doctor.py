"""What `vidframe-shop doctor` looks at: settings that do not fit each other, the database's own settings, keys, disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shop_app.base import audit
from shop_app.base.db import MOST_CONNECTIONS, Database
from shop_app.base.settings import KEYS, Settings, SettingsError
from shop_app.base.version import check_version

LEAST_FREE = 2_000_000_000  # bytes of disk
Finding = tuple[str, str]  # what was looked at, and what is wrong with it; empty = nothing


def findings(settings: Settings, workers: int = 1) -> Iterator[Finding]:
    """Everything that was looked at; what is wrong says what would do."""
    yield "names", _names(settings)
    yield "https", _https(settings)
    yield "keys", _keys(settings)
    yield "disk", _disk(settings.instance)
    problem = _version(settings)
    yield "database", problem
    if not problem:
        yield "audit log", _audit_log(settings)
    if not problem and not settings.is_sqlite:
        yield from _mariadb(settings, workers)


def _names(settings: Settings) -> str:
    named = urlsplit(settings.public_url).hostname
    if named and named not in settings.hosts:
        return f"public_url names {named}, but hosts ({' '.join(settings.hosts)}) does not: requests for it get 400"
    if any("*" in host for host in settings.hosts):
        return "hosts holds a *: name each host, so that no link in an e-mail can lead elsewhere"
    return ""


def _https(settings: Settings) -> str:
    if settings.plain_http and (settings.proxies or settings.public_url.startswith("https:")):
        return "plain_http is on behind https: turn it off, so that browsers send sign-ins over https only"
    if settings.plain_http and not _is_private(settings.host):
        return f"plain_http on {settings.host} sends passwords in the clear over a public network"
    if not settings.plain_http and not settings.proxies:
        return (
            "no proxy is trusted (proxies: 0): behind nginx or Caddy set proxies: 1; without https set plain_http: true"
        )
    return ""


def _is_private(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return True
    return address.is_private or address.is_unspecified


def _keys(settings: Settings) -> str:
    try:
        settings.secret_key()
        settings.vault_key()
        settings.push_key()
    except (SettingsError, OSError) as error:
        return str(error)
    for name in KEYS:
        if (settings.instance / name).stat().st_mode & 0o077:
            return f"{settings.instance / name} can be read by others: chmod 600"
    return ""


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    return "" if free > LEAST_FREE else f"{free // 1_000_000} MB are free in {folder}; clips need more"


def _version(settings: Settings) -> str:
    try:
        check_version(settings)
    except SettingsError as error:
        return str(error)
    return ""


def _audit_log(settings: Settings) -> str:
    database = Database(settings.database_url)
    with closing(database), database.reading() as session:
        found = audit.check(session)
    problems = [f"broken at entry {found.broken}: it, or one before, was changed or deleted"] * (
        found.broken is not None
    )
    problems += [f"entries {first} to {last} are missing: deleted, or lost in a crash" for first, last in found.missing]
    if found.is_overdue:
        problems.append(
            f"{found.unsealed} entries not sealed since {found.since:%Y-%m-%d %H:%M} UTC: start the shop, which seals"
        )
    return "; ".join(problems)


def _mariadb(settings: Settings, workers: int) -> Iterator[Finding]:
    yield "password", "" if make_url(settings.database_url).password else "the database user has no password"
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            found = session.execute(text(_SERVER)).one()
    except DBAPIError as error:
        yield "server", f"it cannot be asked: {error.orig}"
        return
    finally:
        database.close()
    needed = workers * MOST_CONNECTIONS + 10
    yield (
        "connections",
        (
            f"max_connections is {found.connections}; {workers} processes may need {needed}"
            if found.connections < needed
            else ""
        ),
    )
    yield (
        "power cut",
        ("innodb_flush_log_at_trx_commit is not 1: bills of the last second may be lost" if found.flush != 1 else ""),
    )
    yield "tables", f"{found.others} tables are not InnoDB: they know no transactions" if found.others else ""


_SERVER = """
SELECT @@max_connections AS connections, @@innodb_flush_log_at_trx_commit AS flush,
       (SELECT COUNT(*) FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine <> 'InnoDB') AS others
"""
