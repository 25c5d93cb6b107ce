"""What must last: backup and restore, migrations, the audit log's chain, secrets that stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, select, text, update

from shop_app import audit, backup
from shop_app.cli import main
from shop_app.db import Base, Database
from shop_app.errors import Conflict, Invalid
from shop_app.models import Account, AuditEntry, Product
from shop_app.settings import Settings, SettingsError, load_settings
from shop_app.web import shop_of
from tests.shop.conftest import Person


def _contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=str)
            for table in Base.metadata.sorted_tables
        }


def test_a_restored_shop_is_the_shop_that_was_backed_up(
    app: Flask, admin: Person, database: Database, tmp_path: Path, make_product: object
) -> None:
    settings = shop_of(app).settings
    make_product(name="Käse — 100 %")  # type: ignore[operator]
    media = settings.media / "products"
    media.mkdir(parents=True)
    (media / "a.webp").write_bytes(b"picture")
    before = _contents(database)
    archive = tmp_path / "shop.tar.gz"

    backup.back_up(settings, archive)
    with database.writing() as session:
        session.execute(update(Product).values(name="changed"))
    (media / "a.webp").write_bytes(b"other")
    database.close()
    backup.restore(settings, archive, replace=True)

    assert _contents(database) == before
    assert (media / "a.webp").read_bytes() == b"picture"
    assert admin.client.get("/me").status_code == 200


def test_nothing_is_restored_over_a_shop_without_being_told_to(app: Flask, admin: Person, tmp_path: Path) -> None:
    settings = shop_of(app).settings
    archive = tmp_path / "shop.tar.gz"
    backup.back_up(settings, archive)

    with pytest.raises(Conflict, match="Nothing was restored"):
        backup.restore(settings, archive)
    assert admin.client.get("/me").status_code == 200


@pytest.mark.parametrize("damage", ["cut", "garbage", "other"])
def test_a_damaged_backup_restores_nothing(app: Flask, admin: Person, tmp_path: Path, damage: str) -> None:
    settings = shop_of(app).settings
    archive = tmp_path / "shop.tar.gz"
    backup.back_up(settings, archive)
    whole = archive.read_bytes()
    archive.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"\x00" * 500, "other": b""}[damage])

    with pytest.raises(Invalid, match="Nothing was restored"):
        backup.restore(settings, archive, replace=True)
    assert admin.client.get("/me").status_code == 200


def test_the_migrations_make_what_the_models_say(settings: Settings) -> None:
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []


def test_an_entry_changed_or_taken_out_of_the_audit_log_is_found(admin: Person, database: Database) -> None:
    for number in range(5):
        admin.client.post("/staff/new", data={"role": "sales", "name": "x", "email": f"x{number}@example.com"})
    with database.reading() as session:
        assert audit.verify(session) is None
        third = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()[2]

    with database.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == third).values(actor="somebody else"))

    with database.reading() as session:
        assert audit.verify(session) == third
    assert "Broken at entry" in admin.client.get("/manage/audit/check").text
    with database.writing() as session:
        session.execute(text("DELETE FROM audit_entries WHERE id = :id").bindparams(id=third))
    with database.reading() as session:
        assert audit.verify(session) == third


def test_a_page_fetched_by_get_cannot_write(database: Database, admin: Person) -> None:
    with database.reading() as session, pytest.raises(Exception, match=r"(?i)read.?only"):
        session.execute(update(Account).values(name="changed"))


def test_two_writers_never_lose_each_others_entries(admin: Person, app: Flask, database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def add(number: int) -> None:
        with database.writing() as session:
            audit.record(session, None, "test", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))

    with database.reading() as session:
        assert audit.verify(session) is None
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "test")).all()) == 40


def test_keys_are_readable_by_their_owner_only_and_short_ones_are_refused(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    assert len(settings.secret_key()) >= 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0

    (tmp_path / "secret.key").write_bytes(b"short")

    with pytest.raises(SettingsError, match="5 bytes"):
        settings.secret_key()


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="port"):
        load_settings({"SHOP_PORT": "abc"})
    with pytest.raises(SettingsError, match="public_url"):
        load_settings({"SHOP_PUBLIC_URL": "shop"})


def test_the_command_line_sets_a_shop_up_and_does_it_twice_without_harm(tmp_path: Path) -> None:
    environment = {"SHOP_INSTANCE": str(tmp_path), "SHOP_DATABASE": ""}
    runner = CliRunner()

    first = runner.invoke(main, ["init", "--name", "Mine"], env=environment)
    second = runner.invoke(main, ["init"], env=environment)
    unknown = runner.invoke(main, ["reset-password", "nobody@example.com"], env=environment)

    assert "with this token" in first.output
    assert second.exit_code == 0
    assert (unknown.exit_code, "there is no account" in unknown.output) == (1, True)
