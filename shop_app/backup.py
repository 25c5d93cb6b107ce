"""Backup and restore: one archive of the database, the pictures and clips, and the keys."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, insert, select, text
from sqlalchemy.engine import Connection, Engine

from shop_app.db import Base, UtcDateTime
from shop_app.errors import Conflict, Invalid
from shop_app.schema import head, upgrade_database
from shop_app.settings import Settings

KEYS = ("secret.key", "vault.key")
_FORMAT = 1


def back_up(settings: Settings, file: Path) -> str:
    """Write the archive; it appears under its name only when it is whole. Returns a sentence for people."""
    if file.exists():
        raise Conflict(f"Nothing was written: {file} exists already.")
    part = file.with_name(file.name + ".part")
    counts: dict[str, int] = {}
    try:
        with tempfile.TemporaryDirectory() as scratch, tarfile.open(part, "w:gz", compresslevel=3) as archive:
            snapshot = Path(scratch) / "tables.jsonl"
            counts = _dump(settings, snapshot)
            note = {"format": _FORMAT, "version": head(), "made": datetime.now(UTC).isoformat(), "rows": counts,
                    "sha256": _sha256(snapshot)}  # fmt: skip
            _add_bytes(archive, "backup.json", json.dumps(note, indent=1).encode())
            archive.add(snapshot, "tables.jsonl")
            for path in _files(settings):
                archive.add(path, str(PurePosixPath(path.relative_to(settings.instance))))
        part.chmod(0o600)  # the archive holds the keys
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return f"{file}: {sum(counts.values())} rows of {len(counts)} tables, with pictures, clips and keys. Keep it as safe as a key."


def restore(settings: Settings, file: Path, *, replace: bool = False) -> str:
    """Bring a shop back; nothing is touched before the archive has been read and checked."""
    with tempfile.TemporaryDirectory(dir=_make(settings.instance.parent)) as scratch:
        folder = Path(scratch)
        note = _unpack(file, folder)
        engine = _prepare(settings, replace=replace)
        try:
            with engine.begin() as connection:
                rows = _load(connection, folder / "tables.jsonl")
        finally:
            engine.dispose()
        _put_files(settings, folder)
    if rows != sum(note["rows"].values()):
        raise Conflict(f"{rows} rows were restored, but {file} promised {sum(note['rows'].values())}.")
    return f"{rows} rows are back, as of {note['made']}."


def _dump(settings: Settings, target: Path) -> dict[str, int]:
    engine = create_engine(settings.database_url, isolation_level=None if settings.is_sqlite else "REPEATABLE READ")
    counts: dict[str, int] = {}
    try:
        with engine.connect() as connection, target.open("w", encoding="utf-8") as out:
            for table in Base.metadata.sorted_tables:
                counts[table.name] = 0
                for row in connection.execute(select(table)).mappings():
                    out.write(
                        json.dumps([table.name, {k: _plain(v) for k, v in row.items()}], ensure_ascii=False) + "\n"
                    )
                    counts[table.name] += 1
    finally:
        engine.dispose()
    return counts


def _load(connection: Connection, source: Path) -> int:
    if connection.dialect.name == "mysql":
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
    tables = Base.metadata.tables
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(table.delete())
    total = 0
    for name, rows in _batches(source):
        connection.execute(insert(tables[name]), [_typed(tables[name], row) for row in rows])
        total += len(rows)
    if connection.dialect.name == "mysql":
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
    return total


def _batches(source: Path, size: int = 500) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    name, rows = "", list[dict[str, Any]]()
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            table, row = json.loads(line)
            if rows and (table != name or len(rows) >= size):
                yield name, rows
                rows = []
            name = table
            rows.append(row)
    if rows:
        yield name, rows


def _plain(value: Any) -> Any:
    return {"at": value.isoformat()} if hasattr(value, "isoformat") else value


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _moment(table, name, value) for name, value in row.items()}


def _moment(table: Table, name: str, value: Any) -> Any:
    if not (isinstance(value, dict) and set(value) == {"at"}):
        return value
    kind = datetime if isinstance(table.c[name].type, UtcDateTime) else date
    return kind.fromisoformat(value["at"])


def _prepare(settings: Settings, *, replace: bool) -> Engine:
    if settings.is_sqlite and settings.database_url.startswith("sqlite:///"):
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        if path.exists() and not replace:
            raise Conflict(f"Nothing was restored: there is a shop in {path}. Add --replace to give it up.")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        upgrade_database(settings)
        return create_engine(settings.database_url)
    engine = create_engine(settings.database_url)
    found = MetaData()
    found.reflect(engine)
    if found.tables and not replace:
        engine.dispose()
        raise Conflict("Nothing was restored: there is a shop in this database. Add --replace to give it up.")
    upgrade_database(settings)
    return engine


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")  # refuses paths that lead out, links and devices
        note: dict[str, Any] = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise Invalid(f"Nothing was restored: {file} is not a whole backup of a shop ({error}).") from None
    if note.get("format") != _FORMAT or note.get("sha256") != _sha256(folder / "tables.jsonl"):
        raise Invalid(f"Nothing was restored: {file} is damaged or of another format.")
    if note["version"] != head():
        raise Invalid(
            f"Nothing was restored: {file} is of version {note['version']}, this release needs {head()}. "
            "Restore it with the release that made it, then upgrade."
        )
    return note


def _put_files(settings: Settings, folder: Path) -> None:
    for key in KEYS:
        if (folder / key).exists():
            shutil.copyfile(folder / key, settings.instance / key)
            (settings.instance / key).chmod(0o600)
    if (folder / "media").exists():
        shutil.rmtree(settings.media, ignore_errors=True)
        shutil.copytree(folder / "media", settings.media)


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


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
