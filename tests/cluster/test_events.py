"""Events come to the shop over the bus: none lost, none doubled, none from a node that had lost its camera."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import Start
from tests.cluster.machines import Broker, Machine, eventually
from tests.conftest import InstallPlugin
from tests.plugins.shop.shops import TOKEN, PlainShop

TICKING = """
    import json, os, time
    from dataclasses import dataclass
    from pathlib import Path
    from vidframe import Attachment, hookimpl

    @dataclass
    class Ticking:
        "Reports each frame."

        @hookimpl
        def process_frame(self, frame):
            files = [Attachment("snapshot", "image/jpeg", b"x" * 2000)] if frame.index % 10 == 0 else []
            frame.report("test.tick", *files, node=os.environ["NODE"], made=time.time())

    @dataclass
    class Ledger:
        "Notes what the shop step has on its disk."

        @hookimpl
        def handle_event(self, event):
            with open("ledger", "a") as ledger:
                ledger.write(json.dumps(event.as_json()) + "\\n")
"""


@pytest.fixture
def shop() -> Iterator[PlainShop]:
    shop = PlainShop()
    yield shop
    shop.stop()


@pytest.fixture(autouse=True)
def plugins(install_plugin: InstallPlugin) -> None:
    install_plugin(TICKING, ticking="Ticking", ledger="Ledger")


def config(broker: Broker, shop: PlainShop, clip: Path, *cameras: str, workers: int = 0) -> str:
    return "\n".join([
        f"cluster: {{bus: '{broker.url}'}}",
        f"workers: {workers}",
        "cameras:", *(f"  {name}: {{source: {clip}, pace: real}}" for name in cameras),
        f"always: [ticking, shop: {{url: '{shop.url}', token: {TOKEN}}}, ledger]", "",
    ])  # fmt: skip


def made_by(*machines: Machine) -> dict[str, Any]:
    """The events that the nodes had on their disks, by id."""
    ledgers = [machine.folder / "ledger" for machine in machines]
    lines = [line for ledger in ledgers if ledger.exists() for line in ledger.read_text().splitlines()]
    return {event["id"]: event for line in lines if (event := json.loads(line))["kind"] == "test.tick"}


def all_there(shop: PlainShop, *machines: Machine) -> bool:
    """Whether the shop has every event that any node made, and its files whole."""
    made = made_by(*machines)
    return set(made) <= set(shop.events) and all(
        shop.complete(event["id"], file["role"]) for event in made.values() for file in event["files"]
    )


def start_all(start: Start, text: str, *names: str) -> list[Machine]:
    return [start(name, text, NODE=name) for name in names]


@pytest.mark.slow
def test_broker_shop_and_nodes_are_killed_in_turn_and_the_shop_has_every_event_once(
    broker: Broker, shop: PlainShop, clip: Path, start: Start
) -> None:
    nodes = start_all(start, config(broker, shop, clip, "c1", "c2", "c3", workers=1), "a", "b")
    eventually(lambda: len(shop.events) > 30, "events in the shop")

    broker.kill()
    kept = len(shop.events)
    eventually(lambda: len(made_by(*nodes)) > kept + 60, "events while the broker is away")
    broker.start()
    shop.trouble[:] = ["500", "lose-answer", "hang-up", "garbage"] * 3
    eventually(lambda: len(shop.events) > kept + 60, "events after the broker's return")
    deliverer = eventually(lambda: broker.owners().get("delivery.shop"), "somebody delivers")
    [killed] = [node for node in nodes if node.name == deliverer]
    killed.kill()
    eventually(lambda: broker.owners().get("delivery.shop", deliverer) != deliverer, "another node delivers")
    eventually(lambda: len(set(broker.owners().values())) == 1, "the other node runs all")
    killed.start()
    for node in nodes:
        node.stop()
    for node in nodes:
        node.start()

    eventually(lambda: all_there(shop, *nodes), "every event and every file in the shop", patience=90)
    assert broker.status()["events_refused"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param(0, id="all of it"), pytest.param(1, id="all but its worker")])
def test_a_node_that_was_paused_past_its_lease_cannot_write(
    broker: Broker, shop: PlainShop, clip: Path, start: Start, workers: int
) -> None:
    a, _b = start_all(start, config(broker, shop, clip, "c1", "c2", workers=workers), "a", "b")
    eventually(lambda: {broker.owners().get(name) for name in ("c1", "c2")} == {"a", "b"}, "a camera for each")
    eventually(lambda: len(shop.events) > 20, "events in the shop")
    [camera] = [name for name, node in broker.owners().items() if node == "a" and name in ("c1", "c2")]

    a.pause(alone=workers > 0)
    paused_at = time.time()
    eventually(lambda: broker.owners().get(camera) == "b", "b takes over")
    taken_at = time.time()
    a.resume()
    eventually(lambda: f"{camera} now runs on b" in a.log, "a ends it")
    eventually(lambda: broker.status()["events_refused"], "events of a are refused")
    a.stop()

    late = {i for i, event in made_by(a).items() if event["facts"]["made"] > taken_at and event["camera"] == camera}
    early = {event["id"] for event in made_by(a).values() if event["facts"]["made"] < paused_at}
    assert early <= set(shop.events)
    assert not late & set(shop.events)


@pytest.mark.slow
def test_what_a_camera_left_on_a_node_comes_to_the_shop_though_it_runs_elsewhere(
    broker: Broker, shop: PlainShop, clip: Path, start: Start, tmp_path: Path
) -> None:
    text = config(broker, shop, clip, "c1")
    (a,) = start_all(start, text, "a")
    eventually(lambda: len(shop.events) > 5, "events in the shop")
    broker.kill()
    known = len(shop.events)
    eventually(lambda: len(made_by(a)) > known + 20, "events while the broker is away")
    a.kill()
    broker.start()
    (b,) = start_all(start, text, "b")
    eventually(lambda: broker.owners().get("c1") == "b", "b runs c1")

    a.start()

    eventually(lambda: all_there(shop, a, b), "every event of a in the shop")
    assert broker.owners().get("c1") == "b"
    outbox = sqlite3.connect(a.folder / ".vidframe/c1/shop/outbox.db")
    eventually(lambda: outbox.execute("SELECT count(*) FROM events").fetchone() == (0,), "an empty outbox")
    outbox.close()
