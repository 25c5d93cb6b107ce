"""The database: engines, units of work, and the column types that behave alike on SQLite and MariaDB."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from math import inf
from time import monotonic
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Case,
    DateTime,
    Dialect,
    Executable,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    case,
    create_engine,
    event,
    insert,
)
from sqlalchemy.dialects.mysql import DATETIME, VARCHAR
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from shop_app.base.search import folded

# 1205 lock wait timeout, 1213 deadlock, 1020 record has changed: the transaction is gone and may be tried again. So it is
# with 1305: the savepoint that should be rolled back to went with its transaction.
_RETRYABLE = {1205, 1213, 1020, 1305}

_DUPLICATE = 1062
_CHECK_FAILED = {4025, 3819}  # MariaDB, MySQL: an error of this kind there, an IntegrityError elsewhere

# Whatever the server is set to: what does not fit is refused, not cut, and nobody waits a minute for a lock.
_MARIADB = "SET sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 10"
_RESTED = 1.0  # seconds; for what was cut in less, the first statement of a request is repeated
AT_LAST = "at last"  # in a session's `info`: rows that are added right before the commit
MOST_CONNECTIONS = 48  # of one process to MariaDB; further requests wait for one of them


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; aware in Python, on both databases."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """DATETIME(6) on MariaDB, whose plain DATETIME cuts the microseconds."""
        return dialect.type_descriptor(DATETIME(fsp=6) if dialect.name == "mysql" else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which zone it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in a column called INTEGER
Minor = BigInteger  # money in the currency's minor unit: cents, paise


def exact(length: int) -> String:
    """Text compared byte for byte on both databases (MariaDB's default takes `á` for `A`)."""
    return String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql")


class Base(DeclarativeBase):
    """All tables. Names of constraints are fixed, so that a migration can find them again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy reads it so


class Database:
    """Reads through one engine, writes through another.

    A reading connection cannot write: a page fetched by GET changes nothing, whatever its code does.
    On SQLite one lock stands round each write transaction, because SQLite's own waiting is unfair (a writer may
    starve for seconds); so one process serves a SQLite shop. MariaDB keeps its own order among several processes.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._write_lock = threading.Lock()
        self._owner: int | None = None
        self.reader = self._engine("REPEATABLE READ")
        self.writer = self._engine("READ COMMITTED")
        if self.is_sqlite:
            _set_up_sqlite(self.reader, "BEGIN", read_only=True)
            _set_up_sqlite(self.writer, "BEGIN IMMEDIATE", read_only=False)
        else:
            event.listen(self.reader, "connect", _read_only)

    def _engine(self, isolation_level: str) -> Engine:
        if self.is_sqlite:
            return create_engine(
                self.url, pool_size=16, max_overflow=240, connect_args={"timeout": 10, "check_same_thread": False}
            )
        engine = create_engine(
            self.url, isolation_level=isolation_level, pool_size=8, max_overflow=MOST_CONNECTIONS // 2 - 8,
            pool_recycle=1800, pool_reset_on_return=None,  # a Session has ended its transaction by itself
            connect_args={
                "connect_timeout": 10, "read_timeout": 60, "write_timeout": 60, "init_command": _MARIADB,
            },
        )  # fmt: skip
        _ping_what_rested(engine)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one snapshot of the database and cannot write."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end, or rolled back as a whole on any exception."""
        with self._one_writer(), Session(self.writer, expire_on_commit=False) as session:
            session.connection()
            yield session
            session.add_all(session.info.pop(AT_LAST, ()))
            session.commit()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if self._owner == threading.get_ident():
            raise RuntimeError("a write transaction is already open in this thread; use its session")
        with self._write_lock:
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None

    def close(self) -> None:
        """Close all pooled connections."""
        self.reader.dispose()
        self.writer.dispose()


def changed_rows(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE; how many rows it met. What it set must not have been set in Python before."""
    result: Any = session.execute(statement, values)
    return int(result.rowcount)


def insert_into(kind: type[Base]) -> Insert:
    """INSERT of rows given as dicts by column, without what the ORM does for objects."""
    return insert(cast("Table", kind.__table__))


def amount_by(key: InstrumentedAttribute[int], rows: int) -> tuple[list[BindParameter[int]], Case[int]]:
    """The keys of so many rows, and an amount for each, as parameters that `amounts_of` fills.

    With them a statement is put together once for each number of rows, which takes longer than to send it.
    """
    keys = [bindparam(f"key_{n}", type_=BigInteger) for n in range(rows)]
    amounts = [bindparam(f"amount_{n}", type_=BigInteger) for n in range(rows)]
    return keys, case(*((key == one, amount) for one, amount in zip(keys, amounts, strict=True)))


def amounts_of(amounts: Mapping[int, int]) -> dict[str, int]:
    """The parameters of `amount_by`."""
    keys = {f"key_{n}": key for n, key in enumerate(amounts)}
    return keys | {f"amount_{n}": amount for n, amount in enumerate(amounts.values())}


def may_retry(error: DBAPIError) -> bool:
    """Whether the database gave the whole transaction up, as to end a deadlock, so that the same work may be tried again."""
    arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
    return bool(arguments) and arguments[0] in _RETRYABLE


def is_duplicate(error: DBAPIError) -> bool:
    """Whether somebody else wrote the same row in this moment (MariaDB): who looks again finds it."""
    return bool((getattr(error.orig, "args", ()) or (0,))[0] == _DUPLICATE)


def ends_transaction(error: DBAPIError) -> bool:
    """Whether nothing is left of the transaction: a deadlock, a lost connection, a full disk. A refused value is none."""
    code = (getattr(error.orig, "args", ()) or (0,))[0]
    return isinstance(error, OperationalError) and code not in _CHECK_FAILED


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def _set_up_sqlite(engine: Engine, begin: str, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite would begin transactions at moments of its own choice
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged bill survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-8000")
        connection.create_function("folded", 1, _folded, deterministic=True)
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _ping_what_rested(engine: Engine) -> None:
    """Try a pooled connection before it is used again, unless it was used a moment ago: the server may have restarted."""

    @event.listens_for(engine, "checkin")  # codespell:ignore checkin
    def rest(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def try_it(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info.get("rests_since", inf) < _RESTED:
            return
        try:
            connection.ping(reconnect=False)
        except connection.Error as error:
            raise InvalidatePoolError from error


@lru_cache(maxsize=1000)  # names come again in many rows
def _folded(value: object) -> object:
    """What LIKE makes of the rest: it knows the capitals of ASCII."""
    return folded(value) if isinstance(value, str) and not value.isascii() else value


def _read_only(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
