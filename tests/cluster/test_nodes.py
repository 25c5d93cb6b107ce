"""Three nodes and six cameras: each camera runs on one node, also when nodes die, freeze, start and stop."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cluster.conftest import Start
from tests.cluster.machines import Broker, eventually
from vidframe.cli import cli

CAMERAS = [f"c{i}" for i in range(1, 7)]


def config(broker: Broker, clip: Path, *cameras: str, **more: str) -> str:
    lines = [f"  {name}: {{source: {clip}, pace: real{more.get(name, '')}}}" for name in cameras or CAMERAS]
    return "\n".join([f"cluster: {{bus: '{broker.url}'}}", "cameras:", *lines, "always: [motion]", ""])


def all_live(broker: Broker, *nodes: str) -> bool:
    """Whether these nodes, and no other, run all cameras."""
    leases = broker.status()["leases"]
    return {lease["node"] for lease in leases} == set(nodes) and [lease["state"] for lease in leases] == ["live"] * 6


@pytest.fixture
def three(broker: Broker, clip: Path, start: Start) -> Any:
    """Nodes a, b and c that run two cameras each."""
    nodes = {name: start(name, config(broker, clip)) for name in "abc"}
    eventually(lambda: Counter(broker.owners().values()) == dict.fromkeys("abc", 2), "two cameras for each node")
    eventually(lambda: all_live(broker, *"abc"), "all cameras live")
    return nodes


def test_the_cameras_of_a_killed_node_run_elsewhere_and_come_back_in_shares(broker: Broker, three: Any) -> None:
    before, owners = broker.epochs(), broker.owners()

    three["a"].kill()
    eventually(lambda: all_live(broker, *"bc"), "all cameras live on b and c")

    after = broker.epochs()
    assert {name for name in CAMERAS if after[name] > before[name]} == {n for n in CAMERAS if owners[n] == "a"}
    three["a"].start()
    eventually(lambda: Counter(broker.owners().values()) == dict.fromkeys("abc", 2), "a fair share for a")
    quiet = broker.epochs()
    three["b"].stop()
    eventually(lambda: all_live(broker, *"ac"), "all cameras live on a and c")
    assert "b" not in [node["name"] for node in broker.status()["nodes"]]
    assert {n for n in CAMERAS if broker.epochs()[n] == quiet[n]}  # nobody else's camera moved


def test_a_node_that_was_paused_past_its_lease_ends_its_cameras_when_it_wakes(broker: Broker, three: Any) -> None:
    three["a"].pause()
    eventually(lambda: all_live(broker, *"bc"), "all cameras live on b and c")
    three["a"].resume()

    eventually(lambda: three["a"].log.count("it ends here") == 2, "a ends its two cameras")


def test_cameras_stay_where_they_are_while_the_broker_is_away(broker: Broker, three: Any) -> None:
    before = broker.epochs()

    broker.kill()
    eventually(lambda: all("the bus is away" in node.log for node in three.values()), "all miss the broker")
    broker.start()
    eventually(lambda: all("the bus answers again" in node.log for node in three.values()), "all are back")
    eventually(lambda: all_live(broker, *"abc"), "all cameras live")

    assert broker.epochs() == before


def test_a_camera_bound_to_a_machine_runs_there_or_nowhere(broker: Broker, clip: Path, start: Start) -> None:
    text = config(broker, clip, "c1", "c2", c2=", nodes: shop-*")
    start("a", text)
    eventually(lambda: broker.owners() == {"c1": "a"}, "c1 on a")

    start("shop-7", text)

    eventually(lambda: broker.owners() == {"c1": "a", "c2": "shop-7"}, "c2 on shop-7")


def test_a_second_node_of_the_same_name_says_so_and_ends(
    broker: Broker, clip: Path, start: Start, tmp_path: Path
) -> None:
    first = start("a", config(broker, clip, "c1"))
    eventually(lambda: broker.owners() == {"c1": "a"}, "c1 on a")

    second = start("a", config(broker, clip, "c1"))

    assert second.wait() == 2
    assert "a node named a is alive on" in first.log  # both write there
    assert broker.owners() == {"c1": "a"}


def test_nodes_shows_who_runs_what(broker: Broker, clip: Path, start: Start, tmp_path: Path) -> None:
    machine = start("a", config(broker, clip, "c1"))
    eventually(lambda: broker.status()["leases"] and broker.status()["leases"][0]["state"] == "live", "c1 is live")

    shown = CliRunner().invoke(cli, ["nodes", str(machine.folder / "shop.yaml")])

    words = [line.split() for line in shown.output.splitlines()]
    assert ["NODE", "HOST", "LAST", "SIGN", "LOAD", "RUNS"] in words
    [camera] = [line for line in words if line and line[0] == "c1"]
    assert (camera[1], camera[2], camera[-1]) == ("a", str(broker.epochs()["c1"]), "live")


def test_nodes_says_that_the_bus_is_away(broker: Broker, clip: Path, tmp_path: Path) -> None:
    broker.kill()
    (tmp_path / "shop.yaml").write_text(config(broker, clip, "c1"))

    shown = CliRunner().invoke(cli, ["nodes", str(tmp_path / "shop.yaml")])

    assert f"the bus at {broker.url} is away" in shown.output


def test_a_changed_file_is_taken_up_at_sighup_and_cameras_that_stay_are_left_alone(
    broker: Broker, clip: Path, start: Start
) -> None:
    machine = start("a", config(broker, clip, "c1", "c2"))
    eventually(lambda: broker.owners() == {"c1": "a", "c2": "a"}, "both cameras on a")
    before = broker.epochs()

    (machine.folder / "shop.yaml").write_text(config(broker, clip, "c2", "c3"))
    machine.reload()

    eventually(lambda: broker.owners() == {"c2": "a", "c3": "a"}, "c2 and c3 on a, and c1 given back")
    assert broker.epochs()["c2"] == before["c2"]
