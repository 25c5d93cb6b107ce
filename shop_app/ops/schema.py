"""The database's shape: brought to the present version by Alembic, and filled with what no shop can do without."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.orm import Session

from shop_app.base import phones
from shop_app.base.audit import first_head
from shop_app.base.db import now
from shop_app.base.models import ArmChange, AuditHead, Counter, LedgerAccount, ShopProfile, TaxClass
from shop_app.base.settings import Settings
from shop_app.base.version import head

COUNTERS = ("bill", "refund")
LEDGER = ("cash", "card", "sales")


def alembic_config(url: str) -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "base" / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade_database(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a version; makes it where there is none."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(settings.database_url), revision)


def initialise(session: Session, *, name: str = "My shop", currency: str = "EUR", time_zone: str = "UTC") -> None:
    """Add the rows that a new shop starts with; rows already there stay as they are."""
    if session.get(ShopProfile, 1) is None:
        where = {"time_zone": time_zone, "country": phones.country_of_zone(time_zone)}
        session.add(ShopProfile(id=1, name=name, currency=currency, updated_at=now(), **where))
        session.add(TaxClass(name="Standard", basis_points=1900 if currency == "EUR" else 1800))
        session.add(TaxClass(name="Reduced", basis_points=700 if currency == "EUR" else 500))
        session.add(TaxClass(name="None", basis_points=0))
        session.add(ArmChange(armed=True, account_id=None, at=now(), until=None))
    if session.get(AuditHead, 1) is None:
        session.add(first_head())
    for counter in COUNTERS:
        if session.get(Counter, counter) is None:
            session.add(Counter(name=counter, value=0))
    present = {account.kind for account in session.query(LedgerAccount).filter_by(owner="shop")}
    session.add_all(LedgerAccount(kind=kind, owner="shop", balance_minor=0) for kind in LEDGER if kind not in present)


def write_migration(message: str) -> None:
    """Write a migration from the difference between the models and a database at the present head; for developers."""
    with tempfile.TemporaryDirectory() as folder:
        config = alembic_config(f"sqlite:///{folder}/shop.db")
        command.upgrade(config, "head")
        number = f"{int(head()) + 1:04d}"
        command.revision(config, message=message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    write_migration(sys.argv[1])
