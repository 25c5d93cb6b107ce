"""What waits to be sent, kept on disk so that neither a crash nor a power cut loses it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidframe.core.model.cluster import Envelope
from vidframe.core.model.events import Attachment, Event
from vidframe.tools import iso_time

log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0,
    kept REAL NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_waiting ON events (seq) WHERE sent = 0;
CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    role TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT, content BLOB, path TEXT,
    given_up INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS files_of_event ON files (event);
CREATE TABLE IF NOT EXISTS refused (id TEXT PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL);
"""
_NEWER_COLUMNS = ("kept REAL NOT NULL DEFAULT 0", "epoch INTEGER NOT NULL DEFAULT 0")  # outboxes of 0.1.0 lack them
REFUSED_KEPT = 1000
SPARE = 200_000_000  # bytes of the disk below which it counts as full; of a small one an eighth
SALVAGED = 100_000  # of the newest events of a damaged file, at most
FIRST_RETRY = 2.0  # seconds until an event that could not be taken is tried again; doubled each time


@dataclass(frozen=True)
class WaitingFile:
    """A file whose event was taken."""

    seq: int
    event: str
    role: str
    size: int
    content: bytes | None
    path: Path | None
    given_up: bool
    kept: float  # when its event was kept, seconds since 1970

    def piece(self, offset: int, length: int) -> bytes:
        """Some bytes of the file; OSError if it is gone."""
        if self.content is not None:
            return self.content[offset : offset + length]
        assert self.path is not None
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


class Outbox:
    """A queue in a SQLite file. Any thread may use it; each has a connection of its own.

    Small files stand in the database; a file on disk gets a second name (a hard link) in the outbox's folder,
    so that whoever made it may delete it, and costs no copy.
    """

    def __init__(self, folder: Path, *, limit: int, epoch: int = 0) -> None:
        self.folder = folder
        self.limit = limit  # bytes
        self.epoch = epoch  # of the camera's lease, noted beside each event
        self.damage: tuple[str, Path] | None = None  # why the file of before is of no use, and where it is now
        self._files = folder / "files"
        self._lock = threading.RLock()  # nobody may write while the file is moved aside
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self.move_aside(error)

    def _open(self) -> None:
        self._threads = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._files.mkdir(parents=True, exist_ok=True)
        with self._connection() as database:
            database.executescript(_TABLES)
            _add_columns(database)

    def move_aside(self, error: sqlite3.DatabaseError) -> None:
        """Begins anew with what can still be read of a damaged file, which is kept with the files that waited.

        Called by the thread that reads, or before there is one.
        """
        with self._lock:
            self._move_aside(error)

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        self.close()
        for older in self.folder.glob("damaged-*"):
            shutil.rmtree(older, ignore_errors=True)
        aside = self.folder / f"damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        aside.mkdir()
        for path in (*self.folder.glob("outbox.db*"), self._files):
            path.rename(aside / path.name)
        self._open()
        rows = _salvaged(aside / "outbox.db")
        with self._changing() as database:
            columns = "INSERT OR IGNORE INTO events (id, kind, body, kept, epoch) VALUES (?, ?, ?, ?, ?)"
            database.executemany(columns, rows)
        log.error(
            "outbox %s is damaged (%s): it is in %s, and %d events of it go on", self.folder, error, aside, len(rows)
        )
        self.damage = (f"{error}; {len(rows)} events could be read", aside)

    def add(self, event: Event) -> None:
        """Keeps an event; on return it is on the disk. sqlite3.Error or OSError if it could not be."""
        body = _body(event)
        with self._changing() as database:
            row = database.execute(
                "INSERT OR IGNORE INTO events (id, kind, body, kept, epoch) VALUES (?, ?, ?, ?, ?)",
                (event.id, event.kind, body, time.time(), self.epoch),
            )
            if row.rowcount:
                for attachment in event.files:
                    self._add_file(database, row.lastrowid or 0, event.id, attachment)

    def batch(self, now: float, *, most: int = 100, most_bytes: int = 400_000) -> list[dict[str, Any]]:
        """The oldest events that are due, as docs/events.md writes them. Hashes their files first."""
        rows = self._connection().execute(
            "SELECT seq, body FROM events WHERE sent = 0 AND due <= ? ORDER BY seq LIMIT ?", (now, most)
        ).fetchall()  # fmt: skip
        events, size = list[dict[str, Any]](), 0
        for seq, body in rows:
            size += len(body)
            if events and size > most_bytes:
                break
            events.append(json.loads(body) | {"files": self._described(seq)})
        return events

    def attachments(self, event: str) -> list[Attachment]:
        """The files that were kept with an event, less those that are gone."""
        rows = self._connection().execute(
            "SELECT f.role, f.media_type, f.content, f.path FROM files f JOIN events e ON e.seq = f.event"
            " WHERE e.id = ? AND f.given_up = 0 ORDER BY f.seq", (event,)
        )  # fmt: skip
        return [
            Attachment(role, kind, content if path is None else Path(path))
            for role, kind, content, path in rows
            if path is None or Path(path).exists()
        ]

    def envelopes(self, events: Iterable[Mapping[str, Any]]) -> list[Envelope]:
        """Events of a batch with the epoch in which each was made, and its age."""
        envelopes = []
        for event in events:
            query = "SELECT epoch, kept FROM events WHERE id = ?"
            epoch, kept = self._connection().execute(query, (event["id"],)).fetchone() or (0, 0.0)
            envelopes.append(Envelope(event, epoch, max(0.0, time.time() - kept)))
        return envelopes

    def sent(self, event: str, wanted: Iterable[str]) -> None:
        """The receiver has the event and wants the files with these roles."""
        wanted = set(wanted)
        with self._changing() as database:
            found = database.execute("SELECT seq FROM events WHERE id = ?", (event,)).fetchone()
            if found is None:
                return
            database.execute("UPDATE events SET sent = 1 WHERE seq = ?", found)
            for file, role, path in database.execute(
                "SELECT seq, role, path FROM files WHERE event = ?", found
            ).fetchall():
                if role not in wanted:
                    self._forget(database, file, path)
            _clean(database, found[0])

    def refused(self, event: str, reason: str) -> None:
        """The receiver will never take the event; it is put aside with the reason."""
        with self._changing() as database:
            found = database.execute("SELECT seq, body FROM events WHERE id = ?", (event,)).fetchone()
            if found is None:
                return
            database.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", (event, found[1], reason[:500]))
            database.execute("DELETE FROM refused WHERE rowid <= (SELECT max(rowid) FROM refused) - ?", (REFUSED_KEPT,))
            self._drop_event(database, found[0])

    def later(self, event: str, now: float) -> None:
        """This one event could not be taken yet; the others do not wait for it."""
        with self._changing() as database:
            database.execute(
                "UPDATE events SET tries = tries + 1, due = ? + min(3600, ? * (1 << min(tries, 12))) WHERE id = ?",
                (now, FIRST_RETRY, event),
            )

    def next_file(self, now: float) -> WaitingFile | None:
        """The file to be sent next: pictures before clips, the oldest first."""
        row = self._connection().execute(
            "SELECT f.seq, e.id, f.role, f.size, f.content, f.path, f.given_up, e.kept FROM files f JOIN events e ON e.seq = f.event"
            " WHERE e.sent = 1 AND f.due <= ? ORDER BY f.given_up DESC, f.role = 'clip', f.seq LIMIT 1",
            (now,),
        ).fetchone()  # fmt: skip
        if row is None:
            return None
        seq, event, role, size, content, path, given_up, kept = row
        return WaitingFile(seq, event, role, size, content, Path(path) if path else None, bool(given_up), kept)

    def file_done(self, file: WaitingFile) -> None:
        """The receiver has the file, or was told that it never comes."""
        with self._changing() as database:
            event = database.execute("SELECT event FROM files WHERE seq = ?", (file.seq,)).fetchone()
            self._forget(database, file.seq, str(file.path) if file.path else None)
            if event is not None:
                _clean(database, event[0])

    def give_up(self, file: WaitingFile) -> None:
        """The file cannot be sent; the receiver is still to be told."""
        with self._changing() as database:
            self._give_up(database, file.seq, str(file.path) if file.path else None)

    def file_later(self, file: WaitingFile, now: float, *, first: float = 2.0, longest: float = 3600.0) -> None:
        """The file is tried again after `first` seconds, and twice as long after each further time."""
        with self._changing() as database:
            database.execute(
                "UPDATE files SET tries = tries + 1, due = ? + min(?, ? * (1 << min(tries, 12))) WHERE seq = ?",
                (now, longest, first, file.seq),
            )

    def waiting(self) -> tuple[int, int]:
        """How many events and files wait."""
        row = self._connection().execute(
            "SELECT (SELECT count(*) FROM events WHERE sent = 0), (SELECT count(*) FROM files)"
        ).fetchone()  # fmt: skip
        return int(row[0]), int(row[1])

    def size(self) -> int:
        """Bytes that wait."""
        row = self._connection().execute(
            "SELECT (SELECT coalesce(sum(length(body)), 0) FROM events)"
            " + (SELECT coalesce(sum(size), 0) FROM files WHERE given_up = 0)"
        ).fetchone()  # fmt: skip
        return int(row[0])

    def make_room(self) -> list[str]:
        """Gives up the least important things until the limit is kept and the disk has room; says what."""
        lost: list[str] = []
        excess = self.size() - self.limit
        while excess > 0:
            with self._changing() as database:
                what, size = self._drop_something(database)
            if not size:
                break
            lost.append(what)
            excess -= size
        return lost + self._let_go()

    def _let_go(self) -> list[str]:
        """On a full disk, the oldest file that nobody else keeps any more: its maker deleted it to have room."""
        usage = shutil.disk_usage(self.folder)
        if usage.free > min(SPARE, usage.total // 8):
            return []
        rows = self._connection().execute(
            "SELECT f.seq, f.role, f.path, e.id FROM files f JOIN events e ON e.seq = f.event"
            " WHERE f.given_up = 0 AND f.path IS NOT NULL ORDER BY f.seq"
        )  # fmt: skip
        for seq, role, path, event in rows.fetchall():
            with contextlib.suppress(OSError):
                if Path(path).parent == self._files and os.stat(path).st_nlink == 1:
                    with self._changing() as database:
                        self._give_up(database, seq, path)
                    return [f"the {role} of {event}, as the disk is full"]
        return []

    def close(self) -> None:
        """Closes the connections of all threads."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _drop_something(self, database: sqlite3.Connection) -> tuple[str, int]:
        file = database.execute(
            "SELECT f.seq, f.role, f.size, f.path, e.id FROM files f JOIN events e ON e.seq = f.event WHERE f.given_up = 0"
            " ORDER BY f.role <> 'clip', f.seq LIMIT 1"
        ).fetchone()
        if file is not None:
            seq, role, size, path, event = file
            self._give_up(database, seq, path)
            return f"the {role} of {event}", max(int(size), 1)
        row = database.execute(
            "SELECT seq, id, length(body) FROM events ORDER BY kind LIKE 'incident.%' OR kind LIKE 'clip.%', seq LIMIT 1"
        ).fetchone()
        if row is None:
            return "", 0
        self._drop_event(database, row[0])
        return f"event {row[1]}", max(int(row[2]), 1)

    def _add_file(self, database: sqlite3.Connection, event: int, event_id: str, attachment: Attachment) -> None:
        kept = attachment.content
        if isinstance(kept, Path):  # hashed by the sender: a clip may be large, and the frame loop waits
            link = self._linked(kept, f"{event_id.replace(':', '_')}-{attachment.role}")
            values: tuple[Any, ...] = (kept.stat().st_size, None, None, link)
        else:
            values = (len(kept), hashlib.sha256(kept).hexdigest(), kept, None)
        database.execute(
            "INSERT INTO files (event, role, media_type, size, sha256, content, path) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event, attachment.role, attachment.media_type, *values),
        )

    def _linked(self, original: Path, name: str) -> str:
        link = self._files / (name + original.suffix)
        try:
            link.unlink(missing_ok=True)
            os.link(original, link)
        except OSError:  # another file system, or one without links: then the original has to last
            return str(original.resolve())
        return str(link)

    def _described(self, event: int) -> list[dict[str, Any]]:
        files = []
        rows = self._connection().execute(
            "SELECT seq, role, media_type, size, sha256, path FROM files WHERE event = ? AND given_up = 0 ORDER BY seq", (event,)
        ).fetchall()  # fmt: skip
        for seq, role, media_type, size, digest, path in rows:
            if digest is None:
                try:
                    size, digest = _hashed(Path(path))
                except OSError:
                    with self._changing() as database:
                        self._forget(database, seq, path)
                    continue
                with self._changing() as database:
                    database.execute("UPDATE files SET size = ?, sha256 = ? WHERE seq = ?", (size, digest, seq))
            files.append({"role": role, "media_type": media_type, "bytes": size, "sha256": digest})
        return files

    def _drop_event(self, database: sqlite3.Connection, seq: int) -> None:
        for file, path in database.execute("SELECT seq, path FROM files WHERE event = ?", (seq,)).fetchall():
            self._forget(database, file, path)
        database.execute("DELETE FROM events WHERE seq = ?", (seq,))

    def _give_up(self, database: sqlite3.Connection, seq: int, path: str | None) -> None:
        database.execute("UPDATE files SET given_up = 1, content = NULL, due = 0 WHERE seq = ?", (seq,))
        self._unlink(path)

    def _forget(self, database: sqlite3.Connection, seq: int, path: str | None) -> None:
        database.execute("DELETE FROM files WHERE seq = ?", (seq,))
        self._unlink(path)

    def _unlink(self, path: str | None) -> None:
        if path and Path(path).parent == self._files:  # never somebody else's file
            Path(path).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._transaction() as database:
            yield database

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._connection()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        try:
            database.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.folder / "outbox.db", timeout=10, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA journal_size_limit=4000000")
            self._threads.connection = connection
            self._connections.append(connection)
        return connection


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file itself is damaged; not that it is locked, or the disk full."""
    return type(error) is sqlite3.DatabaseError


def _salvaged(path: Path) -> list[tuple[Any, ...]]:
    """Rows of events that were not sent, as far as a damaged file can be read: each alone, as one costs not the next."""
    rows: list[tuple[Any, ...]] = []
    query = "SELECT id, kind, body, kept, epoch FROM events WHERE seq = ? AND sent = 0"
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as database:
        (last,) = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone() or (0,)
        for seq in range(max(1, last - SALVAGED), last + 1):
            with contextlib.suppress(sqlite3.Error):
                rows += database.execute(query, (seq,)).fetchall()
    return [row for row in rows if isinstance(row[2], str)]


def waits_in(folder: Path) -> bool:
    """Whether anything waits in the outbox of a folder, without making one."""
    if not (folder / "outbox.db").exists():
        return False
    with contextlib.closing(sqlite3.connect(folder / "outbox.db", timeout=1)) as database:
        return bool(database.execute("SELECT EXISTS (SELECT 1 FROM events)").fetchone()[0])


def has_pending(state: Path) -> bool:
    """Whether anything waits in an outbox in a camera's state folder."""
    return any(waits_in(database.parent) for database in state.glob("*/outbox.db"))


def claim(folder: Path, patience: float = 0.0) -> int | None:
    """A handle that keeps an outbox for whoever holds it, until it is closed; None where somebody else has it.

    With `patience`, in seconds, whoever has it is asked to let go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "claimed", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(handle)
                return None
            (folder / "wanted").touch()
            time.sleep(0.05)
        else:
            (folder / "wanted").unlink(missing_ok=True)
            return handle


def is_wanted(folder: Path) -> bool:
    """Whether the camera of an outbox has come back and waits for it."""
    return (folder / "wanted").exists()


def _add_columns(database: sqlite3.Connection) -> None:
    there = {row[1] for row in database.execute("PRAGMA table_info(events)")}
    for column in _NEWER_COLUMNS:
        if column.partition(" ")[0] not in there:
            database.execute(f"ALTER TABLE events ADD COLUMN {column}")


def _body(event: Event) -> str:
    whole = {
        "version": 1, "id": event.id, "kind": event.kind, "camera": event.camera, "time": iso_time(event.time),
        "reporter": event.reporter, "facts": dict(event.facts),
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _hashed(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def _clean(database: sqlite3.Connection, seq: int) -> None:
    """Takes an event out once it is sent and no file of it waits."""
    database.execute(
        "DELETE FROM events WHERE seq = ? AND sent = 1 AND NOT EXISTS (SELECT 1 FROM files WHERE event = ?)", (seq, seq)
    )
