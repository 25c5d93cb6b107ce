"""Cameras are spread by load, and do not wander."""

from __future__ import annotations

import pytest

from vidframe.cluster.placement import Member, placed, to_give

CAMERAS = frozenset(f"c{i}" for i in range(1, 10))


def node(name: str, *runs: str, cost: float = 0.1, capacity: float = 2, can: frozenset[str] = CAMERAS) -> Member:
    return Member(name, capacity, can, dict.fromkeys(runs, cost))


def counts(placement: dict[str, str]) -> dict[str, int]:
    return {name: list(placement.values()).count(name) for name in placement.values()}


def settled(*members: Member) -> tuple[int, dict[str, int]]:
    """How many moves it takes until nothing is gained by another, and how many cameras each node has then."""
    now = {member.name: member for member in members}
    for moves in range(100):
        move = to_give(list(now.values()))
        if move is None:
            return moves, {name: len(member.costs) for name, member in now.items()}
        giver, camera = move
        cost = now[giver].costs[camera]
        kept = {name: its for name, its in now[giver].costs.items() if name != camera}
        now[giver] = Member(giver, now[giver].capacity, now[giver].can, kept)
        target = now[placed([camera], now.values())[camera]]
        now[target.name] = Member(target.name, target.capacity, target.can, {**target.costs, camera: cost})
    raise AssertionError("cameras move for ever")


def test_free_cameras_are_spread_evenly() -> None:
    assert counts(placed(["c1", "c2", "c3", "c4", "c5", "c6"], [node("a"), node("b"), node("c")])) == dict.fromkeys(
        "abc", 2
    )


def test_a_machine_with_twice_the_cores_gets_twice_the_cameras() -> None:
    assert counts(placed(sorted(CAMERAS), [node("small", capacity=2), node("large", capacity=4)])) == {
        "small": 3,
        "large": 6,
    }


def test_the_cameras_of_a_dead_node_go_to_those_with_least_to_do() -> None:
    assert placed(["c1", "c2"], [node("a", "c3", "c4", "c5"), node("b", "c6")]) == {"c1": "b", "c2": "b"}


def test_every_node_comes_to_the_same_answer() -> None:
    members = [node("a", "c1"), node("b", "c2"), node("c")]

    assert placed(["c5", "c3", "c4"], members) == placed(["c3", "c4", "c5"], reversed(members))


def test_a_camera_that_only_one_node_may_run_goes_there_or_nowhere() -> None:
    members = [node("a"), node("b", *"xyz", can=CAMERAS | {"yard"})]

    assert placed(["yard", "nobodys"], members) == {"yard": "b"}


def test_a_node_that_starts_takes_its_fair_share() -> None:
    moves, share = settled(node("a", "c1", "c2", "c3"), node("b", "c4", "c5", "c6"), node("c"))

    assert (moves, share) == (2, {"a": 2, "b": 2, "c": 2})


@pytest.mark.parametrize("cost", [0.0, 0.3, 1.7])
def test_an_even_spread_is_left_alone(cost: float) -> None:
    assert to_give([node("a", "c1", "c2", cost=cost), node("b", "c3", cost=cost)]) is None


def test_costly_cameras_count_for_more() -> None:
    busy, idle = node("a", "c1", "c2", cost=0.8), node("b", "c3", "c4", cost=0.1)

    assert to_give([busy, idle]) == ("a", "c1")


@pytest.mark.parametrize("costs", [(0.5, 0.45), (0.3, 0.2), (1.9, 1.7), (0.11, 0.1)])
def test_a_small_difference_in_load_moves_nothing(costs: tuple[float, float]) -> None:
    assert to_give([node("a", "c1", "c2", "c3", cost=costs[0]), node("b", "c4", "c5", "c6", cost=costs[1])]) is None


def test_a_camera_that_nobody_else_may_run_stays_and_another_goes() -> None:
    bound = node("a", "c1", "c2", "c3", can=CAMERAS)
    other = node("b", can=frozenset({"c3"}))

    assert to_give([bound, other]) == ("a", "c3")
