"""Three nodes and six cameras: each camera runs on one node, also when nodes die, freeze, start and stop."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cluster.conftest import Start
from tests.cluster.machines import Broker, eventually
from vidframe.cli import cli

CAMERAS = [f"c{i}" for i in range(1, 7)]


def config(broker: Broker, clip: Path, *cameras: str, lease: str = "3s", **more: str) -> str:
    lines = [f"  {name}: {{source: {clip}, pace: real{more.get(name, '')}}}" for name in cameras or CAMERAS]
    return "\n".join([f"cluster: {{bus: '{broker.url}', lease: {lease}}}", "cameras:", *lines, "always: [motion]", ""])


def shares(broker: Broker) -> Counter[str]:
    """How many cameras each living node has."""
    return Counter(broker.owners().values())


def all_live(broker: Broker, *nodes: str) -> bool:
    """Whether these nodes, and no other, run all cameras."""
    leases = broker.status()["leases"]
    return {lease["node"] for lease in leases} == set(nodes) and [lease["state"] for lease in leases] == ["live"] * 6


@pytest.mark.slow
def test_cameras_run_elsewhere_when_their_node_is_killed_and_stay_while_the_broker_is(
    broker: Broker, clip: Path, start: Start
) -> None:
    a, b, c = (start(name, config(broker, clip)) for name in "abc")
    eventually(lambda: shares(broker) == {"a": 2, "b": 2, "c": 2}, "two cameras for each node")
    eventually(lambda: all_live(broker, *"abc"), "all cameras live")
    before, owners = broker.epochs(), broker.owners()

    a.kill()
    eventually(lambda: all_live(broker, *"bc"), "all cameras live on b and c")

    after = broker.epochs()
    assert {name for name in CAMERAS if after[name] > before[name]} == {n for n in CAMERAS if owners[n] == "a"}
    a.start()
    eventually(lambda: shares(broker) == {"a": 2, "b": 2, "c": 2}, "a fair share for a")
    before, owners = broker.epochs(), broker.owners()

    b.stop()
    eventually(lambda: all_live(broker, *"ac"), "all cameras live on a and c")

    after = broker.epochs()
    assert "b" not in [node["name"] for node in broker.status()["nodes"]]
    assert {name for name in CAMERAS if after[name] > before[name]} == {n for n in CAMERAS if owners[n] == "b"}

    broker.kill()
    eventually(lambda: all("event bus unreachable" in node.log for node in (a, c)), "both miss the broker")
    broker.start()
    eventually(lambda: all("event bus reachable again" in node.log for node in (a, c)), "both are back")
    eventually(lambda: all_live(broker, *"ac"), "all cameras live")

    assert broker.epochs() == after

    broker.kill()
    broker.lose_disk()
    broker.start()
    eventually(lambda: shares(broker).total() == 6 and all_live(broker, *"ac"), "all cameras live on a bus that is new")
    eventually(
        lambda: sorted(name for node in broker.status()["nodes"] for name in node["runs"]) == CAMERAS, "each once"
    )


def test_a_camera_bound_to_a_machine_runs_there_or_nowhere(broker: Broker, clip: Path, start: Start) -> None:
    text = config(broker, clip, "c1", "c2", lease="1s", c2=", nodes: shop-*")
    start("a", text)
    eventually(lambda: broker.owners() == {"c1": "a"}, "c1 on a")

    start("shop-7", text)

    eventually(lambda: broker.owners() == {"c1": "a", "c2": "shop-7"}, "c2 on shop-7")


def test_a_second_node_of_the_same_name_says_so_and_ends(
    broker: Broker, clip: Path, start: Start, tmp_path: Path
) -> None:
    first = start("a", config(broker, clip, "c1", lease="1s"))
    eventually(lambda: broker.owners() == {"c1": "a"}, "c1 on a")

    second = start("a", "state: other\n" + config(broker, clip, "c1", lease="1s"))

    assert second.wait() == 2
    assert "a node named a is alive on" in first.log  # both write there
    assert broker.owners() == {"c1": "a"}


def test_nodes_shows_who_runs_what(broker: Broker, clip: Path, start: Start, tmp_path: Path) -> None:
    machine = start("a", config(broker, clip, "c1", lease="1s"))

    def camera() -> list[str]:
        shown = CliRunner().invoke(cli, ["nodes", str(machine.folder / "shop.yaml")])
        words = [line.split() for line in shown.output.splitlines()]
        assert ["NODE", "HOST", "HEARTBEAT", "LOAD", "RUNS"] in words
        return next((line for line in words if line and line[0] == "c1"), [])

    # A lease of a second is lost and taken again where the machine is busy, so the bus is asked beside it.
    eventually(
        lambda: (row := camera()) and row[1:3] == ["a", str(broker.epochs().get("c1"))] and row[-1] == "live",
        "c1 is live",
    )


def test_nodes_says_that_the_bus_is_away(broker: Broker, clip: Path, tmp_path: Path) -> None:
    broker.kill()
    (tmp_path / "shop.yaml").write_text(config(broker, clip, "c1", lease="1s"))

    shown = CliRunner().invoke(cli, ["nodes", str(tmp_path / "shop.yaml")])

    assert f"event bus at {broker.url} unreachable" in shown.output


def test_a_changed_file_is_taken_up_at_sighup_and_cameras_that_stay_are_left_alone(
    broker: Broker, clip: Path, start: Start
) -> None:
    machine = start("a", config(broker, clip, "c1", "c2", lease="1s"))
    eventually(lambda: broker.owners() == {"c1": "a", "c2": "a"}, "both cameras on a")
    before = broker.epochs()

    (machine.folder / "shop.yaml").write_text(config(broker, clip, "c2", "c3", lease="1s"))
    machine.reload()

    eventually(lambda: broker.owners() == {"c2": "a", "c3": "a"}, "c2 and c3 on a, and c1 given back")
    assert broker.epochs()["c2"] == before["c2"]
