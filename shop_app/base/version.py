"""The version of a shop's tables, and the one that this release needs: without Alembic, whose loading a start need not wait for."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from shop_app.base.settings import Settings, SettingsError

TABLE = "alembic_version"
_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"  # 0001_..., each from the one before it


def versions() -> list[str]:
    """All versions that this release can bring a database up from, the oldest first."""
    return sorted(path.name[:4] for path in _MIGRATIONS.glob("[0-9][0-9][0-9][0-9]_*.py"))


def head() -> str:
    """The version that this release of the shop needs."""
    return versions()[-1]


def version_of(connection: Connection) -> str | None:
    """The version of the tables that are there; None where there is no shop."""
    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {TABLE}"))  # noqa: S608 - fixed text
    return found


def check_version(settings: Settings) -> None:
    """Refuse to work on a database of another version."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            found = version_of(connection)
    except OperationalError as error:
        raise SettingsError(f"the database cannot be reached: {error.orig}") from None
    finally:
        engine.dispose()
    if found is None:
        raise SettingsError("there is no shop in the database yet: run `vidframe-shop init`")
    if found != head():
        raise SettingsError(
            f"the database is at version {found}, this release needs {head()}: run `vidframe-shop backup`, then `upgrade`"
        )
