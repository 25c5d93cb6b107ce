"""The event bus (NATS): names of buckets and streams, connecting, and publishing events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from nats.js.kv import KeyValue

from vidframe.core.model.cluster import Envelope

log = logging.getLogger(__name__)
T = TypeVar("T")

UNREACHABLE = (NatsError, OSError, TimeoutError)  # the bus does not answer as it should: retry
REPLY_TIMEOUT = 5.0  # seconds for a reply of the bus
GRANTS_KEPT = 64  # of each camera; the most that a bucket keeps
# Bytes, which NATS sets aside for each shop at once. A full stream of events takes no more, and the nodes keep theirs.
MOST_EVENTS, MOST_REFUSED = 64_000_000, 8_000_000
UNLISTED_AFTER = 7 * 86400.0  # seconds after which a silent node is no longer listed
REFUSED_KEPT = 90 * 86400.0  # seconds


@dataclass(frozen=True)
class Address:
    """Where the bus is, the login, and the name of this node. Calling it connects; equal ones share one connection."""

    servers: tuple[str, ...]
    cluster: str = "vidframe"
    node: str = ""
    credentials: str | None = field(default=None, repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    replicas: int = 1

    def __call__(self) -> Publisher:
        """A publisher of events, for code without `await`."""
        return Publisher(self)

    @property
    def nodes(self) -> str:
        """Bucket with the heartbeats of the nodes."""
        return f"{self.cluster}-nodes"

    @property
    def leases(self) -> str:
        """Bucket with who owns what. A lease's revision is its epoch; the history says when each began."""
        return f"{self.cluster}-leases"

    @property
    def events(self) -> str:
        """Stream of the events that the shop does not have yet."""
        return f"{self.cluster}-events"

    @property
    def refused(self) -> str:
        """Stream of the events that were refused, each with the reason."""
        return f"{self.cluster}-refused"

    def subject(self, stream: str, camera: str) -> str:
        """Where an event of a camera goes."""
        return f"{stream}.{camera}"


async def connect(address: Address) -> nats.NATS:
    """A connection; one of UNREACHABLE, with the reason, where there is none within a few seconds.

    It does not reconnect by itself: its owner connects anew, so that nothing is sent late or waits unseen.
    """
    troubles: list[Exception] = []

    async def trouble(error: Exception) -> None:
        troubles.append(error)

    connection = nats.NATS()
    try:
        await asyncio.wait_for(
            connection.connect(
                list(address.servers),
                name=f"vidframe {address.node}",
                error_cb=trouble,
                allow_reconnect=False,
                connect_timeout=2,
                max_reconnect_attempts=1,
                reconnect_time_wait=0.1,
                ping_interval=2,
                max_outstanding_pings=2,
                **_login(address),
            ),
            REPLY_TIMEOUT,
        )
        return connection
    except UNREACHABLE as error:
        if connection._transport:  # nats-py leaves it open, and its close() waits for what never started
            connection._transport.close()
        raise ConnectionError(reason_of(troubles[-1] if troubles else error)) from None


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[JetStreamContext]:
    """JetStream at the end of a connection that is closed with the context."""
    connection = await connect(address)
    try:
        yield connection.jetstream(timeout=REPLY_TIMEOUT)
    finally:
        with contextlib.suppress(*UNREACHABLE):
            await asyncio.wait_for(connection.close(), 1)


def reason_of(error: BaseException) -> str:
    """Why the bus failed, for a message."""
    return str(error).removeprefix("nats: ") or type(error).__name__


def _login(address: Address) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if address.credentials is not None:
        user, colon, password = address.credentials.partition(":")
        options |= {"user": user, "password": password} if colon else {"token": user}
    if address.ca or address.certificate or any(server.startswith("tls:") for server in address.servers):
        context = ssl.create_default_context(cafile=str(address.ca) if address.ca else None)
        if address.certificate:
            context.load_cert_chain(address.certificate, address.key)
        options["tls"] = context
    return options


async def bucket(js: JetStreamContext, address: Address, name: str) -> KeyValue:
    """The bucket, made where it is not there yet."""
    try:
        return await js.key_value(name)
    except NotFoundError:
        config = KeyValueConfig(name, storage=StorageType.FILE, replicas=address.replicas)
        if name == address.leases:
            config.history = GRANTS_KEPT
        else:
            config.ttl = UNLISTED_AFTER
        return await js.create_key_value(config)


@contextlib.asynccontextmanager
async def following(
    bucket: KeyValue, saw: Callable[[KeyValue.Entry], None], *, history: bool = False
) -> AsyncIterator[None]:
    """Shows `saw` all that is in the bucket, and within the context what changes."""
    watcher = await bucket.watchall(include_history=history)
    while (entry := await watcher.updates(timeout=REPLY_TIMEOUT)) is not None:
        saw(entry)

    async def go_on() -> None:
        async for entry in watcher:
            if entry is not None:
                saw(entry)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()


def moment(entry: KeyValue.Entry) -> datetime:
    """When the bus took an entry, by its clock."""
    created: Any = entry.created  # nats-py says that it is a number
    return created if isinstance(created, datetime) else datetime.fromtimestamp(float(created), UTC)


async def stream(js: JetStreamContext, address: Address, name: str) -> None:
    """Makes the stream where it is not there yet."""
    try:
        await js.stream_info(name)
    except NotFoundError:
        config = StreamConfig(name, subjects=[f"{name}.>"], storage=StorageType.FILE, num_replicas=address.replicas)
        if name == address.events:
            config.retention, config.discard = RetentionPolicy.WORK_QUEUE, DiscardPolicy.NEW
            config.max_bytes = MOST_EVENTS
        else:
            config.max_bytes, config.max_age = MOST_REFUSED, REFUSED_KEPT
        await js.add_stream(config)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self, name: str) -> None:
        begun: Future[asyncio.AbstractEventLoop] = Future()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(begun)), name=name, daemon=True)
        self._thread.start()
        self._loop = begun.result()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts work in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T], patience: float) -> T:
        """The result of the work; TimeoutError where it takes longer than `patience` seconds."""
        future = self.start(work)
        try:
            return future.result(patience)
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        """Ends what still runs in it."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(timeout=2)

    async def _live(self, begun: Future[asyncio.AbstractEventLoop]) -> None:
        begun.set_result(asyncio.get_running_loop())
        await self._end.wait()


class Publisher:
    """Puts events on the bus. Any thread may use it; the connection is made at the first event."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._loop = Loop("bus")
        self._lock = threading.Lock()
        self._connection: nats.NATS | None = None

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Returns when all events are safe on the bus, which takes each id once; ConnectionError if they may not be."""
        try:
            with self._lock:
                self._loop.call(self._publish(envelopes), 4 * REPLY_TIMEOUT)
        except UNREACHABLE as error:
            raise ConnectionError(reason_of(error)) from None

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            with contextlib.suppress(*UNREACHABLE):  # then it ends with the process
                self._loop.call(self._connection.close(), 1)
        self._loop.close()

    async def _publish(self, envelopes: Sequence[Envelope]) -> None:
        if self._connection is None or not self._connection.is_connected:
            self._connection = await connect(self._address)
            await stream(self._connection.jetstream(timeout=REPLY_TIMEOUT), self._address, self._address.events)
        js = self._connection.jetstream(timeout=REPLY_TIMEOUT)
        await asyncio.gather(*(self._put(js, envelope) for envelope in envelopes))

    async def _put(self, js: JetStreamContext, envelope: Envelope) -> None:
        event = envelope.event
        await js.publish(
            self._address.subject(self._address.events, event["camera"]),
            json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(),
            headers={
                "Nats-Msg-Id": event["id"],
                "Vidframe-Node": self._address.node,
                "Vidframe-Epoch": str(envelope.epoch),
                "Vidframe-Age": f"{envelope.age:.3f}",
            },
        )
