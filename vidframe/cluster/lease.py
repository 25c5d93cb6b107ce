"""The lease loop: a node sends heartbeats, sees those of others, and takes, keeps and releases leases.

A heartbeat is a key that its node writes several times a second. A lease is a key that is written only when its owner
changes, so that its revision is the epoch: it grows, and one epoch has one owner, because the bucket takes a
write only on top of the revision that the writer saw. A lease lasts as long as its owner's heartbeats arrive. Each node
times them by its own clock, from when it saw them; clocks of machines are never compared.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from vidframe.cluster.bus import UNREACHABLE, Address, bucket, connected, following, reason_of
from vidframe.cluster.placement import Member, placed, to_give

log = logging.getLogger(__name__)

HEARTBEATS = 6  # in the time of a lease
AT_ONCE = 25  # leases to take before the next heartbeat
REBALANCE_AFTER = 2.0  # times the length of a lease with uneven load


class NameTaken(Exception):
    """Another node that is alive has this name."""


class Paused(Exception):
    """This process did nothing for longer than a lease lasts."""


@dataclass
class Heartbeat:
    """The newest heartbeat of a node."""

    member: Member
    seen: float  # by our clock


@dataclass(frozen=True)
class Owner:
    """Who holds a lease; "" is no node."""

    node: str
    epoch: int


class View:
    """What is known of the other nodes and of all leases."""

    def __init__(self) -> None:
        self.heartbeats: dict[str, Heartbeat] = {}
        self.owners: dict[str, Owner] = {}

    def saw_heartbeat(self, entry: KeyValue.Entry) -> None:
        """Takes note of a heartbeat, or of a node that has left."""
        if entry.operation is not None or not entry.value:
            self.heartbeats.pop(entry.key, None)
            return
        said = json.loads(entry.value)
        costs = {name: run["cost"] for name, run in said["runs"].items()}
        member = Member(entry.key, said["capacity"], frozenset(said["can"]), costs)
        self.heartbeats[entry.key] = Heartbeat(member, monotonic())

    def saw_lease(self, entry: KeyValue.Entry) -> None:
        """Takes note of a change of owner."""
        node = json.loads(entry.value)["node"] if entry.operation is None and entry.value else ""
        self.note_owner(entry.key, Owner(node, entry.revision or 0))

    def note_owner(self, name: str, owner: Owner) -> None:
        """Takes note of an owner, unless a newer one is known: what we wrote may have been overtaken before its answer came."""
        known = self.owners.get(name)
        if known is None or known.epoch < owner.epoch:
            self.owners[name] = owner

    def alive(self, lease: float) -> list[Member]:
        """The nodes whose heartbeats arrived within the time of a lease, with all that they own now."""
        heartbeats = [each for each in self.heartbeats.values() if monotonic() - each.seen <= lease]
        owned: defaultdict[str, list[str]] = defaultdict(list)
        for name, owner in self.owners.items():
            owned[owner.node].append(name)
        return [
            replace(member, costs={name: member.costs.get(name, 0.0) for name in owned[member.name]})
            for member in (heartbeat.member for heartbeat in heartbeats)
        ]


class Leases:
    """What this node owns. `run` is the loop; everything else may be called from any thread."""

    def __init__(self, address: Address, lease: float, capacity: float, about: Callable[[], Mapping[str, Any]]) -> None:
        self.can: frozenset[str] = frozenset()  # what this node knows and may run; set by who knows the config
        self.stopped: Callable[[str], bool] = lambda name: True  # whether this node runs it no more
        self.costs: Mapping[str, float] = {}  # cores that each of them takes
        self.to_run: Mapping[str, int] = {}  # what this node is to run now, and in which epoch
        self._address, self._lease, self._capacity, self._about = address, lease, capacity, about
        self._me = address.node
        self._instance = uuid.uuid4().hex
        self._held: dict[str, int] = {}
        self._leaving: set[str] = set()
        self._revision = 0  # of our heartbeat
        self._view = View()
        self._changed_hands = monotonic()  # or evenly loaded
        self._joined = False
        self._is_unreachable = False
        self._closing = False
        self._wake = asyncio.Event()
        self._unowned: set[str] = set()

    async def run(self) -> None:
        """Takes part until it is asked to `leave`; begins anew when the bus was unreachable. NameTaken ends it."""
        while True:
            try:
                await self._take_part()
                return
            except Paused:
                log.warning("this process was paused; reading the leases again")
            except UNREACHABLE as error:
                self._note_unreachable(reason_of(error))
                await self._pause()
            if self._closing:
                return

    async def leave(self) -> None:
        """Lets `run` release everything, leave and return."""
        self._closing = True
        self._wake.set()

    # --- one connection's life ---

    async def _take_part(self) -> None:
        async with connected(self._address) as js:
            nodes = await bucket(js, self._address, self._address.nodes)
            leases = await bucket(js, self._address, self._address.leases)
            await self._be_the_only_one(nodes)
            view = self._view = View()
            async with following(nodes, view.saw_heartbeat), following(leases, view.saw_lease):
                await self._live(nodes, leases)

    async def _live(self, nodes: KeyValue, leases: KeyValue) -> None:
        began = woke = monotonic()
        while not (self._closing and not self._held):
            await self._send_heartbeat(nodes)
            if self._joined or monotonic() - began > self._lease / 2:  # those that start with us are seen by then
                self._joined = True
                await self._update_leases(leases)
            await self._pause()
            if monotonic() - woke > self._lease:
                raise Paused
            woke = monotonic()
            ours = self._view.heartbeats.get(self._me)
            if woke - (ours.seen if ours else began) > self._lease:
                raise TimeoutError("own heartbeats do not arrive")
        await nodes.delete(self._me)

    async def _pause(self) -> None:
        interval = self._lease / HEARTBEATS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), interval / 4 if self._unowned else interval)

    async def _be_the_only_one(self, nodes: KeyValue) -> None:
        """Waits out the heartbeat of an earlier start; NameTaken where it is renewed meanwhile."""
        self._revision = 0
        with suppress(KeyNotFoundError):
            entry = await nodes.get(self._me)
            said = json.loads(entry.value or b"{}")
            if said.get("instance") != self._instance:
                log.warning(
                    "the node name %s is in use; waiting %.1f s to see whether that node is alive",
                    self._me,
                    self._lease,
                )
                await asyncio.sleep(self._lease)
                if (await nodes.get(self._me)).revision != entry.revision:
                    where = said.get("host", "another machine")
                    raise NameTaken(f"a node named {self._me} is alive on {where}; give this one another name")
            self._revision = entry.revision or 0

    async def _send_heartbeat(self, nodes: KeyValue) -> None:
        about = json.dumps({
            **self._about(), "instance": self._instance, "capacity": self._capacity, "lease": self._lease,
            "can": sorted(self.can) if not self._closing else [],
            "runs": {name: {"epoch": self._held[name], "cost": round(cost, 2)} for name, cost in self._costs().items()},
        })  # fmt: skip
        try:
            write = nodes.update(self._me, about.encode(), self._revision) if self._revision else None
            self._revision = await (write or nodes.create(self._me, about.encode()))
        except KeyWrongLastSequenceError:
            await self._be_the_only_one(nodes)
        if self._is_unreachable:
            self._is_unreachable = False
            log.warning("event bus reachable again")

    def _note_unreachable(self, reason: str) -> None:
        if not self._is_unreachable:
            log.warning("event bus unreachable (%s): cameras keep running, events are kept", reason)
        self._is_unreachable = True

    def _costs(self) -> dict[str, float]:
        return {name: self.costs.get(name, 0.0) for name in list(self._held) if name not in self._leaving}

    # --- what to run ---

    async def _update_leases(self, leases: KeyValue) -> None:
        self._drop_what_others_took()
        self._leave_what_we_may_not_run()
        for name in self._to_give_back():
            await self._release(leases, name)
        if not self._closing:
            others = [member for member in self._view.alive(self._lease) if member.name != self._me]
            members = [*others, Member(self._me, self._capacity, self.can, self._costs())]
            self._unowned = self._free(members)
            places = placed(self._unowned, members)
            for name in [name for name in places if places[name] == self._me or self._was_ours(name)][:AT_ONCE]:
                await self._claim(leases, name)
            if not self._unowned:
                self._rebalance(members)
        self._set_to_run()

    def _drop_what_others_took(self) -> None:
        for name, epoch in list(self._held.items()):
            owner = self._view.owners.get(name)
            if owner is not None and owner != Owner(self._me, epoch):
                log.warning("%s now runs on %s; stopping it here", name, owner.node or "no node")
                self._forget(name)

    def _leave_what_we_may_not_run(self) -> None:
        self._leaving |= {name for name in self._held if self._closing or name not in self.can}

    def _to_give_back(self) -> list[str]:
        """What has ended here, and what was ours before a restart and is not in the config any more."""
        ended = [name for name in self._leaving if name not in self.to_run and self.stopped(name)]
        past = [name for name in self._view.owners if self._owner(name) == self._me and name not in self._held]
        return [*ended, *(name for name in past if name not in self.can)]

    def _free(self, members: list[Member]) -> set[str]:
        """What no node runs: never owned, released, left by a node that died, or ours from before a restart."""
        alive = {member.name for member in members}
        known = {name for member in members for name in member.can}
        return {
            name
            for name in known
            if self._owner(name) not in alive or (self._owner(name) == self._me and name not in self._held)
        }

    def _was_ours(self, name: str) -> bool:
        """Before a restart of this node, or of a bus that has lost its disk."""
        return self._owner(name) == self._me or (name in self._held and name not in self._view.owners)

    def _owner(self, name: str) -> str:
        owner = self._view.owners.get(name)
        return owner.node if owner is not None else ""

    def _rebalance(self, members: list[Member]) -> None:
        move = to_give(members)
        if move is None:
            self._changed_hands = monotonic()
        elif monotonic() - self._changed_hands > REBALANCE_AFTER * self._lease:
            self._changed_hands = monotonic()
            if move[0] == self._me:
                log.warning("rebalancing: %s moves to a less loaded node", move[1])
                self._leaving.add(move[1])

    async def _claim(self, leases: KeyValue, name: str) -> None:
        epoch = await self._write(leases, name, self._me)
        if epoch:
            self._held[name] = epoch
            self._set_to_run()
            log.warning("%s runs here, epoch %d", name, epoch)

    async def _release(self, leases: KeyValue, name: str) -> None:
        if await self._write(leases, name, ""):
            self._forget(name)

    async def _write(self, leases: KeyValue, name: str, node: str) -> int:
        """The new revision of a lease; 0 where another node was quicker, as the watch will show."""
        owner = self._view.owners.get(name)
        try:
            epoch: int = await leases.update(
                name, json.dumps({"node": node}).encode(), last=owner.epoch if owner else 0
            )
        except KeyWrongLastSequenceError:
            return 0
        self._view.note_owner(name, Owner(node, epoch))
        return epoch

    def _forget(self, name: str) -> None:
        self._held.pop(name, None)
        self._leaving.discard(name)

    def _set_to_run(self) -> None:
        self.to_run = {name: epoch for name, epoch in self._held.items() if name not in self._leaving}
