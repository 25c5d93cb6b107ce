"""Fixtures of the cluster's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clips import write_long_clip
from tests.cluster.machines import Broker, Machine

Start = Callable[..., Machine]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes in a few kilobytes."""
    return write_long_clip(tmp_path_factory.mktemp("film") / "clip.mp4")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts nodes; those that still run at the end are killed."""
    machines: list[Machine] = []

    def start(name: str, config: str, **environment: str) -> Machine:
        machine = Machine(name, tmp_path, config, **environment)
        machines.append(machine)
        machine.start()
        return machine

    yield start
    for machine in machines:
        machine.kill()
