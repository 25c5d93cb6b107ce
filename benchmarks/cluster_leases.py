"""Many nodes on one bus: how long until every camera has an owner, what idling costs, how long a dead node's take.

    python benchmarks/cluster_leases.py [--nodes 10] [--cameras 200] [--deaths 3]

Runs the lease loops of all nodes in this process, against a real NATS server, without cameras behind them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import subprocess
import tempfile
import time
from socket import socket
from statistics import median
from typing import Any

import psutil

from vidframe.cluster.bus import Address
from vidframe.cluster.lease import Leases
from vidframe.cluster.status import look

LEASE = 3.0
IDLE = 30.0


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def owned(nodes: dict[str, Any], cameras: frozenset[str]) -> float:
    """Seconds until the living nodes own every camera."""
    began = time.perf_counter()
    while {name for leases, _task in nodes.values() for name in leases.to_run} != cameras:
        await asyncio.sleep(0.02)
    return time.perf_counter() - began


async def measure(address: Address, broker: psutil.Process, count: int, cameras: int, deaths: int) -> None:
    names = frozenset(f"camera-{n}" for n in range(cameras))
    nodes: dict[str, Any] = {}
    for n in range(count):
        name = f"node-{n}"
        leases = Leases(
            Address(address.servers, node=name), LEASE, 4.0, lambda: {"host": "here", "cores": 0, "states": {}}
        )
        leases.can = names
        nodes[name] = (leases, asyncio.create_task(leases.run()))
    print(f"{count} nodes, {cameras} cameras")
    print(f"all owned after              {await owned(nodes, names):6.1f} s")
    await asyncio.sleep(4 * LEASE)
    shares = sorted(len(leases.to_run) for leases, _task in nodes.values())
    print(f"cameras a node               {shares[0]} to {shares[-1]}")
    before = sum(broker.cpu_times()[:2])
    await asyncio.sleep(IDLE)
    print(
        f"broker, idle                 {(sum(broker.cpu_times()[:2]) - before) / IDLE:6.3f} cores, {broker.memory_info().rss / 1e6:.0f} MB"
    )
    absences = []
    for _ in range(deaths):
        _leases, task = nodes.pop(next(iter(nodes)))
        task.cancel()
        absences.append(await owned(nodes, names))
    print(f"a dead node's run elsewhere  {median(absences):6.1f} s, at most {max(absences):.1f} s")
    epochs = {lease["name"]: lease["epoch"] for lease in (await look(address))["leases"]}
    assert set(epochs) == names
    for _leases, task in nodes.values():
        task.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--deaths", type=int, default=3)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    port = free_port()
    server = shutil.which("nats-server") or "/usr/sbin/nats-server"
    with tempfile.TemporaryDirectory() as store:
        command = [server, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", store]
        broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        try:
            address = Address((f"nats://127.0.0.1:{port}",))
            asyncio.run(measure(address, psutil.Process(broker.pid), options.nodes, options.cameras, options.deaths))
        finally:
            broker.kill()
            broker.wait()


if __name__ == "__main__":
    main()
