"""Backup and restore: one archive of the database, the pictures and clips, and the keys."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import SecretStr
from sqlalchemy import create_engine, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from shop_app.base.db import Database, now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import LoginSession
from shop_app.base.settings import KEYS, Settings
from shop_app.base.version import head, version_of, versions
from shop_app.ops import dump, instance_lock
from shop_app.ops.schema import upgrade_database

_FORMAT = 1


def back_up(settings: Settings, file: Path) -> str:
    """Write the archive; it appears under its name only when it is whole. Returns a sentence for people."""
    if file.exists():
        raise Conflict(f"Nothing was written: {file} exists already.")
    part = file.with_name(file.name + ".part")
    database = Database(settings.database_url)
    try:
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            rows = Path(scratch) / "tables.jsonl"
            version, counts = dump.write(database, rows)
            _write_archive(settings, part, rows, {"version": version, "rows": counts})
        part.replace(file)
    except OSError as error:
        raise Conflict(f"Nothing was written to {file}: {error.strerror or error}.") from None
    finally:
        database.close()
        part.unlink(missing_ok=True)
    return f"{file}: {sum(counts.values())} rows of {len(counts)} tables, with pictures, clips and keys. Keep it as safe as a key."


def restore(settings: Settings, file: Path, *, replace: bool = False) -> str:
    """Bring a shop back, and up to the version of this release. Until the archive is unpacked and checked, nothing is touched."""
    instance_lock.refuse_if_open(settings)
    settings.instance.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.instance, prefix=".restore-") as scratch:
        folder = Path(scratch)
        note = _unpack(file, folder)
        put = _put_sqlite if settings.is_sqlite else _put_mariadb
        rows = put(settings, folder, note, replace=replace)
        _put_files(settings, folder)
    return f"{rows} rows are back, as of {note['made']}."


def _write_archive(settings: Settings, part: Path, rows: Path, facts: dict[str, Any]) -> None:
    note = {"format": _FORMAT, "made": datetime.now(UTC).isoformat(), "sha256": _sha256(rows)} | facts
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # the archive holds the keys
    with os.fdopen(handle, "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=3) as archive:
            _add_bytes(archive, "backup.json", json.dumps(note, indent=1).encode())
            archive.add(rows, "tables.jsonl")
            for path in _files(settings):
                with suppress(FileNotFoundError):  # retention deleted it meanwhile
                    archive.add(path, str(PurePosixPath(path.relative_to(settings.instance))))
        out.flush()
        os.fsync(out.fileno())


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            _check_room(archive, folder)
            archive.extractall(folder, filter="data")  # refuses paths that lead out, links and devices
        note: dict[str, Any] = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise Invalid(f"Nothing was restored: {file} is not a whole backup of a shop ({error}).") from None
    if note.get("format") != _FORMAT or note.get("sha256") != _sha256(folder / "tables.jsonl"):
        raise Invalid(f"Nothing was restored: {file} is damaged or of another format.")
    if note["version"] not in versions():
        raise Invalid(
            f"Nothing was restored: {file} is of version {note['version']}, which this release ({head()}) does not know. "
            "Restore it with the release that made it."
        )
    return note


def _check_room(archive: tarfile.TarFile, folder: Path) -> None:
    needed = 2 * sum(member.size for member in archive)  # the rows are written a second time, into a database
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Conflict(f"Nothing was restored: about {needed >> 20} MB of disk are needed, {free >> 20} MB are free.")


def _put_sqlite(settings: Settings, folder: Path, note: dict[str, Any], *, replace: bool) -> int:
    """A database beside the present one takes its place when it is whole."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    if path.exists() and not replace:
        raise Conflict(f"Nothing was restored: there is a shop in {path}. Add --replace to give it up.")
    fresh = settings.model_copy(update={"database": SecretStr(f"sqlite:///{folder / 'shop.db'}")})
    rows = _load(fresh, folder, note)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    os.replace(folder / "shop.db", path)
    return rows


def _put_mariadb(settings: Settings, folder: Path, note: dict[str, Any], *, replace: bool) -> int:
    """Tables of the same version get their rows in one transaction; others are made anew."""
    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            found = version_of(connection)
            if found is not None and not replace:
                raise Conflict("Nothing was restored: there is a shop in this database. Add --replace to give it up.")
        with _emptied(settings) if found != note["version"] else _as_it_is():
            return _load(settings, folder, note)
    finally:
        engine.dispose()


@contextmanager
def _emptied(settings: Settings) -> Iterator[None]:
    """Without tables; should the work fail, none are left that could be taken for a shop."""
    engine = create_engine(settings.database_url)
    try:
        with engine.begin() as connection:
            dump.drop(connection)
        try:
            yield
        except BaseException:
            with engine.begin() as connection:
                dump.drop(connection)
            raise
    finally:
        engine.dispose()


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _load(settings: Settings, folder: Path, note: dict[str, Any]) -> int:
    upgrade_database(settings, note["version"])
    engine = create_engine(settings.database_url)
    try:
        with engine.begin() as connection:
            rows = dump.read(connection, folder / "tables.jsonl")
            if rows != sum(note["rows"].values()):
                raise Conflict(
                    f"Nothing was restored: {rows} rows are there, {sum(note['rows'].values())} were promised."
                )
            _end_sign_ins(connection)
    except (OSError, OperationalError) as error:
        raise Conflict(f"The shop was not restored: {getattr(error, 'orig', error)}.") from None
    finally:
        engine.dispose()
    upgrade_database(settings)
    return rows


def _end_sign_ins(connection: Connection) -> None:
    """Nobody is signed in by what came back: it may have been ended since, with a lost phone or a changed password."""
    connection.execute(update(LoginSession).where(LoginSession.ended_at.is_(None)).values(ended_at=now()))


def _put_files(settings: Settings, folder: Path) -> None:
    """Keys, pictures and clips change their places by renaming."""
    for key in KEYS:
        if (folder / key).exists():
            (folder / key).chmod(0o600)
            os.replace(folder / key, settings.instance / key)
    if settings.media.exists():
        settings.media.rename(folder / "media.old")  # goes with the scratch folder
    if (folder / "media").exists():
        (folder / "media").rename(settings.media)


def _files(settings: Settings) -> list[Path]:
    keys = [settings.instance / name for name in KEYS if (settings.instance / name).exists()]
    media = [path for path in sorted(settings.media.rglob("*")) if path.is_file() and not path.is_symlink()]
    return keys + media


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
