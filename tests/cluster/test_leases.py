"""What a node believes of its leases when the bus answers late."""

from __future__ import annotations

import asyncio
from typing import Any

from vidframe.cluster.bus import Address
from vidframe.cluster.lease import Leases, Owner


class Overtaken:
    """A bucket in which node b takes a lease before node a hears that its own claim was granted."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    async def update(self, name: str, value: bytes, last: int) -> int:
        """As of nats-py."""
        self._leases._view.note_owner(name, Owner("b", 5))
        return 2


def test_a_claim_that_was_overtaken_before_its_answer_came_is_given_up() -> None:
    leases = Leases(Address(("nats://nowhere",), node="a"), 3.0, 1.0, dict)
    bucket: Any = Overtaken(leases)

    asyncio.run(leases._claim(bucket, "door"))
    leases._drop_what_others_took()
    leases._set_to_run()

    assert leases._view.owners["door"] == Owner("b", 5)
    assert not leases.to_run
