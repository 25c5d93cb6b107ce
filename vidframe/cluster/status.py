"""The status of a cluster: its nodes, who owns which camera, and what waits on the bus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from nats.js.kv import KeyValue

from vidframe.cluster.bus import REPLY_TIMEOUT, Address, connected, moment


async def look(address: Address) -> dict[str, Any]:
    """The cluster as plain JSON values: `nodes`, `leases`, and how many events wait and were refused.

    One of UNREACHABLE where the bus does not answer.
    """
    async with connected(address) as js:
        nodes = [_node(entry) for entry in await _entries(js, address.nodes)]
        leases = [_lease(entry, nodes) for entry in await _entries(js, address.leases)]
        return {
            "cluster": address.cluster,
            "nodes": sorted(nodes, key=lambda node: str(node["name"])),
            "leases": sorted(leases, key=lambda lease: str(lease["name"])),
            "events_waiting": await _count(js, address.events),
            "events_refused": await _count(js, address.refused),
        }


async def _entries(js: JetStreamContext, name: str) -> list[KeyValue.Entry]:
    try:
        bucket = await js.key_value(name)
    except NotFoundError:
        return []
    return [entry async for entry in _present(await bucket.watchall(ignore_deletes=True))]


async def _present(watcher: KeyValue.KeyWatcher) -> Any:
    while (entry := await watcher.updates(timeout=REPLY_TIMEOUT)) is not None:
        yield entry
    await watcher.stop()


def _node(entry: KeyValue.Entry) -> dict[str, Any]:
    said = json.loads(entry.value or b"{}")
    silent = max(0.0, (datetime.now(UTC) - moment(entry)).total_seconds())
    return {
        "name": entry.key, "host": said["host"], "alive": silent <= said["lease"], "silent_seconds": round(silent, 1),
        "cores": said["cores"], "capacity": said["capacity"], "runs": said["runs"], "states": said["states"],
    }  # fmt: skip


def _lease(entry: KeyValue.Entry, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    owner = json.loads(entry.value or b"{}")["node"]
    node: dict[str, Any] = next((node for node in nodes if node["name"] == owner and node["alive"]), {})
    state = node.get("states", {}).get(entry.key, "") if node else "not running"
    return {
        "name": entry.key, "node": owner, "epoch": entry.revision, "since": moment(entry).isoformat(timespec="seconds"),
        "state": state,
    }  # fmt: skip


async def _count(js: JetStreamContext, stream: str) -> int:
    try:
        return int((await js.stream_info(stream)).state.messages)
    except NotFoundError:
        return 0


def rows(status: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Two tables for people: nodes and leases, a heading first."""
    return list(_node_rows(status)), list(_lease_rows(status))


def _node_rows(status: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield "NODE", "HOST", "HEARTBEAT", "LOAD", "RUNS"
    for node in status["nodes"]:
        heartbeat = f"{node['silent_seconds']:.1f} s ago" + ("" if node["alive"] else ", offline")
        load = f"{node['cores']:.1f} of {node['capacity']:g} cores" if node["alive"] else "-"
        yield node["name"], node["host"], heartbeat, load, str(len(node["runs"])) if node["alive"] else "-"


def _lease_rows(status: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield "CAMERA", "NODE", "EPOCH", "SINCE", "STATE"
    for lease in status["leases"]:
        if lease["node"]:
            yield lease["name"], lease["node"], str(lease["epoch"]), lease["since"], lease["state"]
