"""The events of 10,000 cameras through a real broker and the real consumer into the shop, on SQLite or MariaDB.

    python benchmarks/cluster_events.py [--cameras 10000] [--events 20000] [--database URL] [--kill]

Starts a NATS server and a shop app of its own. First the same events go straight to the shop, as a single machine sends
them; then over the bus: put there in batches as nodes do, and taken off by the consumer that runs on one node. With
--kill only the bus is tried, and broker, shop and consumer are killed meanwhile. In the end every id must be in the
database once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket
from typing import Any

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from vidframe_shop.plugin import Shop

from vidframe.cluster.bus import Address, Publisher, bucket, connect
from vidframe.cluster.delivery import Delivery
from vidframe.core.model.cluster import Envelope
from vidframe.core.plugin.calling import Hooks

BATCH = 100
NODES = 100
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
KINDS = ("interest.visit",) * 16 + ("interest.mood", "camera.state", "incident.opened", "incident.closed")


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def made(cameras: int, events: int, run: str) -> Iterator[dict[str, Any]]:
    """Events as the cameras of shops make them: four in five are visits."""
    chance = random.Random(0)
    for number in range(events):
        camera = f"camera-{number % cameras}"
        moment = START + timedelta(seconds=number % 36000)
        kind = KINDS[chance.randrange(len(KINDS))]
        yield {
            "version": 1, "id": f"{camera}.{run}-{number:06d}", "kind": kind, "camera": camera,
            "time": _iso(moment), "reporter": "simulation", "facts": facts(kind, camera, moment, chance), "files": [],
        }  # fmt: skip


def facts(kind: str, camera: str, moment: datetime, chance: random.Random) -> dict[str, Any]:
    end = _iso(moment + timedelta(seconds=8))
    if kind == "interest.visit":
        look = {"valence": 0.3, "probabilities": {"happy": 0.6, "neutral": 0.4}, "seconds": 1.5}
        return {
            "visit": f"{chance.getrandbits(64):016x}", "zone": f"shelf-{chance.randrange(8)}", "product": None, "shelf": None,
            "final": True, "start": _iso(moment), "end": end, "passed": True, "stopped_seconds": 5.0, "looked_seconds": 2.5,
            "looks": 2, "probability": 0.8, "expression": look,
        }  # fmt: skip
    if kind == "interest.mood":
        return {
            "zone": "till", "start": _iso(moment), "end": end, "people": 2, "valence": 0.1,
            "probabilities": {"neutral": 1.0}, "seconds": 60.0,
        }  # fmt: skip
    if kind == "camera.state":
        return {"state": "live", "reason": ""}
    return {
        "incident": f"{camera}.{moment:%Y%m%dT%H%M%S}",
        "change": "motion",
        "severity": "alert",
        "start": _iso(moment),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Server:
    """A program that can be killed and started again."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.command, self.environment = command, os.environ | environment
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def megabytes(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    @property
    def seconds(self) -> float:
        """Processor time so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


class ShopServer(Server):
    """The shop app with an empty database."""

    def __init__(self, folder: Path, database: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.database = database or f"sqlite:///{folder}/shop.db"
        environment = {
            "SHOP_INSTANCE": str(folder), "SHOP_DATABASE": self.database, "SHOP_PORT": str(port), "SHOP_PLAIN_HTTP": "true",
        }  # fmt: skip
        shop = [sys.executable, "-m", "shop_app"]
        for command in (["init"], ["camera-token", "bench"]):
            done = subprocess.run([*shop, *command], env=os.environ | environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
        self.token = done.stdout.split()[-1]
        super().__init__([*shop, "run"], **environment)
        self.settings = {"url": self.url, "token": self.token}

    def start(self) -> None:
        super().start()
        while True:
            try:
                with urllib.request.urlopen(self.url, timeout=2):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)

    def ids(self, run: str) -> list[str]:
        engine = create_engine(self.database)
        with engine.connect() as connection:
            query = text("SELECT event_id FROM incoming_events WHERE event_id LIKE :run")
            found = [row[0] for row in connection.execute(query, {"run": f"%.{run}-%"})]
        engine.dispose()
        return found


def straight(shop: ShopServer, cameras: int, events: int) -> dict[str, float]:
    """Without a bus."""
    sender = Hooks(Shop(**shop.settings))
    all_events = list(made(cameras, events, "straight"))
    began, used = time.perf_counter(), shop.seconds
    for i in range(0, events, BATCH):
        deliver(sender, all_events[i : i + BATCH])
    return {
        "straight: events a second": events / (time.perf_counter() - began),
        "straight: shop, processor ms an event": (shop.seconds - used) / events * 1000,
    }


def deliver(sender: Hooks, batch: list[dict[str, Any]]) -> None:
    """Sends a batch again until the shop has all of it."""
    while True:
        try:
            results = sender.call("deliver_events", events=batch)
        except ConnectionError:
            continue
        batch = [event for event in batch if results[event["id"]]["status"] not in ("taken", "known")]
        if not batch:
            return
        time.sleep(0.5)


async def grant(address: Address, cameras: int) -> None:
    """A lease for each camera, spread over the nodes."""
    connection = await connect(address)
    leases = await bucket(connection.jetstream(), address, address.leases)
    for i in range(0, cameras, 500):
        keys = range(i, min(cameras, i + 500))
        await asyncio.gather(
            *(leases.create(f"camera-{n}", json.dumps({"node": f"node-{n % NODES}"}).encode()) for n in keys)
        )
    await connection.close()


async def waiting(address: Address) -> int:
    connection = await connect(address)
    count = (await connection.jetstream().stream_info(address.events)).state.messages
    await connection.close()
    return int(count)


def published(publisher: Publisher, cameras: int, events: int) -> float:
    """Events a second onto the bus, each acknowledged; what fails is repeated, as an outbox does."""
    envelopes = [
        Envelope(event, 1 + number % cameras, 0.0) for number, event in enumerate(made(cameras, events, "bus"))
    ]
    began = time.perf_counter()
    for i in range(0, events, BATCH):
        while True:
            try:
                publisher.publish(envelopes[i : i + BATCH])
                break
            except ConnectionError:
                time.sleep(0.2)
    return events / (time.perf_counter() - began)


def until_empty(address: Address) -> None:
    while True:
        try:
            if asyncio.run(waiting(address)) == 0:
                return
        except ConnectionError:
            pass
        time.sleep(0.1)


def over_the_bus(shop: ShopServer, folder: Path, cameras: int, events: int, *, kill: bool) -> dict[str, float]:
    port = free_port()
    server = shutil.which("nats-server") or "/usr/sbin/nats-server"
    broker = Server([server, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "nats")])
    address = Address((f"nats://127.0.0.1:{port}",), node="bench")
    time.sleep(1)
    try:
        asyncio.run(grant(address, cameras))
        publisher = Publisher(address)
        used, ours = broker.seconds, time.process_time()
        metrics = {"onto the bus: events a second": published(publisher, cameras, events)}
        metrics["onto the bus: broker, processor ms an event"] = (broker.seconds - used) / events * 1000
        metrics["onto the bus: node, processor ms an event"] = (time.process_time() - ours) / events * 1000
        metrics["broker, megabytes of memory"] = broker.megabytes
        stored = sum(path.stat().st_size for path in (folder / "nats").rglob("*") if path.is_file())
        delivery = Delivery(address, "shop", lambda: Hooks(Shop(**shop.settings)))
        began, ours = time.perf_counter(), time.process_time()
        used = [broker.seconds, shop.seconds]
        delivery.start()
        if kill:
            for victim in (broker, shop, broker, shop):
                time.sleep(1.5)
                victim.kill()
                time.sleep(1)
                victim.start()
            delivery.stop()
            delivery.start()
        until_empty(address)
        metrics["into the shop: events a second"] = events / (time.perf_counter() - began)
        if not kill:
            metrics["into the shop: broker, processor ms an event"] = (broker.seconds - used[0]) / events * 1000
            metrics["into the shop: shop, processor ms an event"] = (shop.seconds - used[1]) / events * 1000
            metrics["into the shop: consumer, processor ms an event"] = (time.process_time() - ours) / events * 1000
        delivery.stop()
        publisher.close()
        return metrics | {"on the broker's disk, bytes an event": stored / events}
    finally:
        broker.kill()


def fresh(database: str) -> None:
    """Makes the database of a server anew."""
    url = make_url(database)
    engine = create_engine(url.set(database="mysql"))
    with engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS `{url.database}`"))
        connection.execute(text(f"CREATE DATABASE `{url.database}` CHARACTER SET utf8mb4"))
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--database", default="", help="as mysql+pymysql://root@127.0.0.1/bench; it is made anew")
    parser.add_argument("--kill", action="store_true", help="kill broker, shop and consumer meanwhile")
    arguments = parser.parse_args()
    if arguments.database:
        fresh(arguments.database)
    with tempfile.TemporaryDirectory() as name:
        shop = ShopServer(Path(name), arguments.database)
        try:
            metrics = {} if arguments.kill else straight(shop, arguments.cameras, arguments.events)
            metrics |= over_the_bus(shop, Path(name), arguments.cameras, arguments.events, kill=arguments.kill)
            ids = shop.ids("bus")
        finally:
            shop.kill()
    print(f"{make_url(shop.database).get_backend_name()}, {arguments.cameras} cameras, {arguments.events} events")
    for what, value in metrics.items():
        print(f"{what:<48} {value:8.{0 if value > 20 else 2}f}")
    print(f"lost {arguments.events - len(set(ids))}, doubled {len(ids) - len(set(ids))}")


if __name__ == "__main__":
    main()
