"""What must last: backup and restore, migrations, the audit log's chain, secrets that stay secret."""

from __future__ import annotations

import errno
import fcntl
import io
import math
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from click.testing import CliRunner
from flask import Flask
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    MetaData,
    String,
    create_engine,
    func,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.clock import hour_of
from shop_app.base.db import Base, Database, now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.migrations.compare import PLUGINS
from shop_app.base.models import (
    Account,
    BillLine,
    Feedback,
    InterestHour,
    Product,
    StockMovement,
    VisitSeen,
)
from shop_app.base.settings import Settings, SettingsError, load_settings
from shop_app.base.version import head, versions
from shop_app.catalogue.ratings import service as ratings
from shop_app.cli import main
from shop_app.ops import background, backup, dump, instance_lock, retention
from shop_app.ops.doctor import findings
from shop_app.ops.schema import alembic_config, upgrade_database
from shop_app.web.area import shop_of
from tests.shop.conftest import Person
from tests.shop.night import jpeg
from tests.shop.test_books import many_bills

pytestmark = pytest.mark.both


def _contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows; of sign-ins not when they ended, which a restore sees to."""
    with database.reading() as session:
        return {
            table.name: sorted(
                (
                    tuple(row)
                    for row in session.execute(select(*(c for c in table.c if str(c) != "login_sessions.ended_at")))
                ),
                key=str,
            )
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


def test_nobody_is_signed_in_by_what_a_restore_brings_back(
    app: Flask, admin: Person, customer: Person, database: Database, tmp_path: Path
) -> None:
    settings, archive = shop_of(app).settings, tmp_path / "shop.tar.gz"
    assert admin.client.get("/me").status_code == 200
    backup.back_up(settings, archive)
    admin.client.post("/sign-out")
    database.close()

    backup.restore(settings, archive, replace=True)

    assert [
        person.client.get("/me", headers={"Accept": "application/json"}).status_code for person in (admin, customer)
    ] == [401, 401]


def test_nothing_is_restored_over_a_shop_without_being_told_to(app: Flask, admin: Person, tmp_path: Path) -> None:
    settings = shop_of(app).settings
    archive = tmp_path / "shop.tar.gz"
    backup.back_up(settings, archive)

    with pytest.raises(Conflict, match="Nothing was restored"):
        backup.restore(settings, archive)
    assert admin.client.get("/me").status_code == 200


OLDER = versions()[:-1]
# The way from the oldest leads through all of them. Each is made and dropped on its own in CI, which takes long on MariaDB.
ENDS = (OLDER[0], OLDER[-1])


@pytest.mark.parametrize("version", [pytest.param(one, marks=() if one in ENDS else pytest.mark.slow) for one in OLDER])
def test_an_upgrade_keeps_every_row_and_makes_what_the_models_say(  # M15
    settings: Settings, database: Database, billing: Person, make_product: Callable[..., Product], version: str
) -> None:
    many_bills(database, [billing.id], make_product(), 300)
    with database.writing() as session:
        for line, stars in ((1, 5), (2, 2)):
            ratings.add(session, session.get_one(BillLine, line), billing.id, stars, "", now())
    before = _contents(database)
    database.close()

    command.downgrade(alembic_config(settings.database_url), version)
    database.close()
    upgrade_database(settings)

    assert _contents(database) == before
    assert differences(settings) == []


def test_what_was_counted_before_bodies_were_stays_and_is_by_faces(settings: Settings, database: Database) -> None:
    counts = {"passed": 3, "stopped": 2, "looked": 1, "stopped_seconds": 20.0, "looked_seconds": 5.0}
    of = {"hour": hour_of(now(), "Europe/Berlin"), "camera": "aisle-1", "zone": "tea"}
    with database.writing() as session:
        session.add(InterestHour(**of, **counts))
        session.add(VisitSeen(visit="v", camera="aisle-1", zone="tea", at=now(), looked=True))
        session.add(InterestHour(**of, seen_by="body", passed=9))
        session.add(VisitSeen(visit="v", camera="aisle-1", zone="tea", at=now(), seen_by="body"))
    database.close()

    command.downgrade(alembic_config(settings.database_url), "0008")
    upgrade_database(settings)

    with database.reading() as session:
        [hour] = session.scalars(select(InterestHour))
        assert hour.seen_by == "face"
        assert {name: getattr(hour, name) for name in counts} == counts
        assert (hour.reached, hour.judged, hour.taken, hour.turned_seconds) == (0, 0, 0, 0.0)
        [seen] = session.scalars(select(VisitSeen))
        assert (seen.seen_by, seen.looked, seen.reached) == ("face", True, False)
    with database.writing() as session:  # both may be there again
        session.add(InterestHour(**of, seen_by="body", passed=9))
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(InterestHour(**of, seen_by="body", passed=9))


# Onto the present version each, onto its own (MariaDB keeps its tables), and the oldest onto one between. Which others meet
# makes no difference: a restore begins with no tables and goes through all versions.
ONTO = sorted({(one, head()) for one in OLDER} | {(OLDER[-1], OLDER[-1]), (OLDER[0], OLDER[len(OLDER) // 2])})


@pytest.mark.parametrize(
    ("version", "present"),
    [pytest.param(*pair, marks=() if pair[0] in ENDS and pair[1] == head() else pytest.mark.slow) for pair in ONTO],
)
def test_a_backup_of_an_older_release_is_restored_and_upgraded(  # M15
    settings: Settings, database: Database, admin: Person, tmp_path: Path, version: str, present: str
) -> None:
    before = _contents(database)
    database.close()
    command.downgrade(alembic_config(settings.database_url), version)
    backup.back_up(settings, tmp_path / "old.tar.gz")
    upgrade_database(settings)
    with database.writing() as session:
        session.execute(update(Account).values(name="changed"))
    database.close()
    command.downgrade(alembic_config(settings.database_url), present)

    backup.restore(settings, tmp_path / "old.tar.gz", replace=True)

    assert _contents(database) == before
    assert differences(settings) == []


@pytest.mark.mariadb
def test_a_shop_moves_from_sqlite_to_mariadb_by_backup_and_restore(
    settings: Settings, database: Database, billing: Person, make_product: Callable[..., Product], mariadb_url: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    if not settings.is_sqlite:
        pytest.skip("the way back is not offered")
    many_bills(database, [billing.id], make_product(name="Käse — 100 %"), 50)
    backup.back_up(settings, tmp_path / "shop.tar.gz")
    moved = Settings(instance=tmp_path / "new", database=SecretStr(mariadb_url))

    backup.restore(moved, tmp_path / "shop.tar.gz", replace=True)

    there = Database(moved.database_url)
    assert _contents(there) == _contents(database)
    there.close()


def test_a_backup_of_a_newer_release_restores_nothing(app: Flask, admin: Person, tmp_path: Path) -> None:
    settings = shop_of(app).settings
    with mock.patch.object(dump, "version_of", return_value="9999"):
        backup.back_up(settings, tmp_path / "new.tar.gz")

    with pytest.raises(Invalid, match=r"version 9999, which this release \(\d+\) does not know"):
        backup.restore(settings, tmp_path / "new.tar.gz", replace=True)
    assert admin.client.get("/me").status_code == 200


def test_a_backup_is_of_one_moment_however_busy_the_shop_is(
    settings: Settings, database: Database, make_product: Callable[..., Product], tmp_path: Path
) -> None:
    make_product()
    seen = dump._plain

    def busy(value: object) -> object:
        if value == "Corner Shop":  # the profile comes before the products
            make_product()
        return seen(value)

    with mock.patch.object(dump, "_plain", busy):
        _version, counts = dump.write(database, tmp_path / "rows")

    assert counts["products"] == 1
    with database.reading() as session:
        assert session.scalars(select(func.count(Product.id))).one() == 2


def test_a_full_disk_leaves_no_half_backup(settings: Settings, admin: Person, tmp_path: Path) -> None:
    (settings.media / "products").mkdir(parents=True)
    (settings.media / "products" / "a.webp").write_bytes(os.urandom(300_000))
    environment = os.environ | {
        "SHOP_INSTANCE": str(settings.instance),
        "SHOP_DATABASE": settings.database.get_secret_value(),
    }
    command = [sys.executable, "-m", "shop_app", "backup", str(tmp_path / "shop.tar.gz")]

    done = subprocess.run(
        command, env=environment, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )  # fmt: skip

    assert done.returncode == 1
    assert "Nothing was written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["instance"]


def test_without_room_on_the_disk_nothing_is_restored(app: Flask, admin: Person, tmp_path: Path) -> None:
    settings = shop_of(app).settings
    backup.back_up(settings, tmp_path / "shop.tar.gz")

    with (
        mock.patch.object(shutil, "disk_usage", return_value=SimpleNamespace(free=1000)),
        pytest.raises(Conflict, match="MB of disk are needed"),
    ):
        backup.restore(settings, tmp_path / "shop.tar.gz", replace=True)
    assert admin.client.get("/me").status_code == 200


def test_an_open_shop_is_not_restored_and_a_second_process_does_not_open_it(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    backup.back_up(settings, tmp_path / "shop.tar.gz")
    turn = background.Turn(database)
    with (settings.instance / "serving.lock").open("w") as lock:  # as another process that serves it
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert turn.is_ours()

        with pytest.raises(Conflict, match="the shop is open"):
            backup.restore(settings, tmp_path / "shop.tar.gz", replace=True)
        if settings.is_sqlite:
            with pytest.raises(SettingsError, match="another process serves"):
                instance_lock.open_sqlite(settings)
    turn.end()


def test_of_two_processes_one_works_and_the_other_takes_over(database: Database, settings: Settings) -> None:
    if settings.is_sqlite:
        pytest.skip("there is one process")
    other = Database(settings.database_url)
    first, second = background.Turn(database), background.Turn(other)
    assert (first.is_ours(), second.is_ours(), first.is_ours()) == (True, False, True)
    assert first._connection is not None
    number = first._connection.scalar(text("SELECT CONNECTION_ID()"))

    with other.writer.connect() as connection:  # as if the process had died
        connection.execute(text(f"KILL CONNECTION {number}"))

    assert (first.is_ours(), second.is_ours(), first.is_ours()) == (False, True, False)
    second.end()
    first.end()
    other.close()


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
    assert differences(settings) == []


def test_versions_are_those_of_the_migrations_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(""))

    assert versions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert head() == scripts.get_current_head()


def test_a_generated_migration_brings_back_a_table_with_moments(tmp_path: Path) -> None:
    shutil.copytree(alembic_config("").get_main_option("script_location") or "", tmp_path / "migrations")
    config = alembic_config(f"sqlite:///{tmp_path}/shop.db")
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    command.upgrade(config, "head")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("DROP TABLE alert_changes")

    command.revision(config, message="bring it back", autogenerate=True, rev_id="9999")
    command.upgrade(config, "head")

    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert connection.execute("SELECT count(at) FROM alert_changes").fetchone() == (0,)


@pytest.fixture
def other_models(monkeypatch: pytest.MonkeyPatch) -> MetaData:
    """A copy of the models, which a test may change and migrations are written from."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    monkeypatch.setattr(Base, "metadata", metadata)
    return metadata


def generated(folder: Path) -> Config:
    """A migration as the documented command writes it, in a copy of the folder."""
    shutil.copytree(alembic_config("").get_main_option("script_location") or "", folder / "migrations")
    config = alembic_config(f"sqlite:///{folder}/made.db")
    config.set_main_option("script_location", str(folder / "migrations"))
    command.upgrade(config, "head")
    command.revision(config, message="change it", autogenerate=True, rev_id="9999")
    return config


def test_a_generated_migration_upgrades_a_filled_shop(  # A6
    settings: Settings, database: Database, admin: Person, make_product: Callable[..., Product], tmp_path: Path,
    other_models: MetaData,
) -> None:  # fmt: skip
    product = make_product()
    products, accounts = other_models.tables["products"], other_models.tables["accounts"]
    products.append_column(Column("supplier", String(80), nullable=False, default="nobody"))
    products.append_column(Column("fragile", Boolean, nullable=False, default=True))
    products.append_column(Column("shelf", Integer, nullable=False, default=7))
    [roles] = [one for one in accounts.constraints if str(one.name).endswith("role")]
    accounts.constraints.remove(roles)
    accounts.append_constraint(
        CheckConstraint("role IN ('admin','billing','sales','security','customer','buyer')", "role")
    )
    config = generated(tmp_path)
    config.attributes["url"] = settings.database_url
    database.close()

    command.upgrade(config, "head")
    try:
        assert differences(settings) == []
        with database.writing() as session:
            row = session.execute(
                text("SELECT supplier, fragile, shelf FROM products WHERE id = :id"), {"id": product.id}
            )
            assert tuple(row.one()) == ("nobody", 1, 7)
            session.execute(text("UPDATE accounts SET role = 'buyer' WHERE id = :id"), {"id": admin.id})
        with pytest.raises(DBAPIError), database.writing() as session:
            session.execute(text("UPDATE accounts SET role = 'thief' WHERE id = :id"), {"id": admin.id})
        with database.writing() as session:
            session.execute(text("UPDATE accounts SET role = 'admin' WHERE id = :id"), {"id": admin.id})
    finally:
        database.close()
        command.downgrade(config, head())


def test_a_column_that_old_rows_cannot_have_is_refused_by_name(tmp_path: Path, other_models: MetaData) -> None:
    other_models.tables["products"].append_column(Column("supplier", String(80), nullable=False))

    with pytest.raises(CommandError, match=r"products\.supplier may not be null.*default="):
        generated(tmp_path)
    assert list((tmp_path / "migrations" / "versions").glob("9999*")) == []


def test_a_start_loads_nothing_that_only_an_upgrade_or_a_backup_needs() -> None:
    code = "import shop_app.cli, shop_app.areas, sys; shop_app.areas.areas(); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"alembic", "babel.messages.pofile", "tarfile"} & set(answer.stdout.split()) == set()


def differences(settings: Settings) -> list[object]:
    """What Alembic would change in the database."""
    engine = create_engine(settings.database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "autogenerate_plugins": PLUGINS})
        found = list(compare_metadata(context, Base.metadata))
    engine.dispose()
    return found


def test_a_page_fetched_by_get_cannot_write(database: Database, admin: Person) -> None:  # S12
    with database.reading() as session, pytest.raises(Exception, match=r"(?i)read.?only"):
        session.execute(update(Account).values(name="changed"))


def test_keys_are_readable_by_their_owner_only_and_short_ones_are_refused(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    assert len(settings.secret_key()) >= 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0

    for weak in (b"short", b"0" * 64):
        (tmp_path / "secret.key").write_bytes(weak)

        with pytest.raises(SettingsError, match="a weak key"):
            settings.secret_key()


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: settings.secret_key(), range(16)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param({"public_url": "https://shop.example"}, "public_url names shop.example", id="an unknown name"),
        pytest.param({"hosts": ["*"]}, "hosts holds a *", id="any name"),
        pytest.param({"plain_http": True, "proxies": 1}, "behind https", id="cookies in the clear"),
        pytest.param(
            {"plain_http": True, "proxies": 0, "host": "93.184.216.34"}, "in the clear", id="a public network"
        ),
        pytest.param({"proxies": 0}, "no proxy is trusted", id="no https at all"),
    ],
)
def test_doctor_names_settings_that_do_not_fit(tmp_path: Path, wrong: dict[str, object], told: str) -> None:
    good = Settings(instance=tmp_path, proxies=1)
    upgrade_database(good)

    assert [name for name, problem in findings(good) if problem] == []
    assert told in " ".join(problem for _name, problem in findings(good.model_copy(update=wrong)))


def test_a_shop_on_sqlite_is_not_served_by_several_processes(tmp_path: Path) -> None:
    environment = {"SHOP_INSTANCE": str(tmp_path), "SHOP_DATABASE": ""}
    runner = CliRunner()
    runner.invoke(main, ["init"], env=environment)

    refused = runner.invoke(main, ["run", "--workers", "2"], env=environment)

    assert (refused.exit_code, "several processes need MariaDB" in refused.output) == (1, True)


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


def test_a_database_that_was_restarted_costs_no_page_and_half_does_nothing(
    app: Flask, database: Database, admin: Person, make_product: Callable[..., Product]
) -> None:
    if database.is_sqlite:
        pytest.skip("there is no server")
    product = make_product(stock=5)
    for page, reader in (("/products", admin.client), ("/sign-in", app.test_client())):
        assert reader.get(page).status_code == 200
        kill_connections(database)
        assert reader.get(page).status_code == 200

    def cut_off(session: Session) -> None:
        session.flush()
        kill_connections(database)

    form = {"pieces": 3, "direction": "in", "reason": "delivery"}
    with mock.patch.object(Session, "commit", cut_off):
        broken = admin.client.post(f"/stock/{product.id}/move", data=form)
    whole = admin.client.post(f"/stock/{product.id}/move", data=form)

    assert (broken.status_code, whole.status_code) == (500, 303)
    database.close()  # its pool still has what was cut
    with database.reading() as session:
        movements = session.scalars(select(func.sum(StockMovement.change))).one()
        assert session.get_one(Product, product.id).stock == 5 + movements == 8


@pytest.mark.parametrize(("rest", "outcome"), [(0.0, nullcontext()), (math.inf, pytest.raises(DBAPIError))])
def test_a_connection_that_rested_is_tried_before_it_is_used(  # the second is the control
    database: Database, rest: float, outcome: AbstractContextManager[object]
) -> None:
    if database.is_sqlite:
        pytest.skip("there is no server")
    with database.writing() as session:
        session.execute(select(1))
    kill_connections(database)

    with mock.patch("shop_app.base.db._RESTED", rest), outcome, database.writing() as session:
        assert session.scalars(select(1)).one() == 1


def kill_connections(database: Database) -> None:
    """As a restart of MariaDB ends them: all that are open to this database."""
    server = create_engine(database.url)
    with server.connect() as connection:
        query = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        for number in connection.scalars(text(query)).all():
            connection.execute(text(f"KILL CONNECTION {number}"))
    server.dispose()


def test_what_a_full_disk_refuses_is_told_as_such_and_leaves_nothing(
    app: Flask, database: Database, admin: Person, customer: Person, make_product: Callable[..., Product],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    product, picture = make_product(), io.BytesIO(jpeg())
    if database.is_sqlite:  # which may not grow any more
        with database.writing() as session:
            session.execute(text("PRAGMA max_page_count = 1"))
        said, taken = {"topic": "shop", "body": "long" * 1200}, 0
        while (written := customer.client.post("/feedback/mine", data=said)).status_code == 303:
            taken += 1  # until no page of the file is free any more
        assert (written.status_code, "disk" in written.text) == (507, True)
        with database.writing() as session:
            assert session.scalars(select(func.count(Feedback.id))).one() == taken
            session.execute(text("PRAGMA max_page_count = 1000000"))
    monkeypatch.setattr(Image.Image, "save", fill_the_disk)

    sent = admin.client.post(f"/products/{product.id}/picture", data={"picture": (picture, "tea.jpg")})

    assert sent.status_code == 507
    assert list((shop_of(app).settings.media / "products").iterdir()) == []


def fill_the_disk(_picture: Image.Image, path: Path, *_: object, **__: object) -> None:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.file_times
def test_what_a_kill_left_half_written_is_gone_after_a_week(
    app: Flask, database: Database, make_product: Callable[..., Product]
) -> None:
    make_product(picture="b.webp")
    media = shop_of(app).settings.media
    old = [media / "events" / "1.part", media / "events" / "2.clean", media / "products" / "a.webp.part"]
    kept = [media / "events" / "3.part", media / "products" / "b.webp"]
    for path in old + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    for path in [*old, kept[1]]:
        os.utime(path, (1, 1))

    retention.run(database, shop_of(app).settings)

    assert sorted(path for path in media.rglob("*") if path.is_file()) == sorted(kept)


def test_a_replaced_picture_is_deleted_a_day_later_and_no_other(
    app: Flask, admin: Person, database: Database, make_product: Callable[..., Product]
) -> None:
    def send() -> str:
        png = io.BytesIO()
        Image.new("RGB", (4, 4)).save(png, "PNG")
        png.seek(0)
        admin.client.post(f"/products/{product.id}/picture", data={"picture": (png, "x.png")})
        with database.reading() as session:
            return str(session.get_one(Product, product.id).picture)

    def grow_old(*names: str) -> None:
        for name in names:
            os.utime(folder / name, (1, 1))

    product, off_sale = make_product(), make_product(picture="off-sale.webp", active=False)
    folder = shop_of(app).settings.media / "products"
    first = send()
    (folder / str(off_sale.picture)).write_bytes(b"may come back")
    grow_old(first, "off-sale.webp")
    second = send()

    retention.run(database, shop_of(app).settings)
    the_same_day = sorted(path.name for path in folder.iterdir())
    grow_old(first, second)
    counts = retention.run(database, shop_of(app).settings)

    assert the_same_day == sorted([first, second, "off-sale.webp"])
    assert sorted(path.name for path in folder.iterdir()) == sorted([second, "off-sale.webp"])
    assert counts["pictures"] == 1
    with admin.client.get(f"/products/{product.id}/picture") as answer:
        assert answer.status_code == 200
