"""Who owned each camera when, as the bus recorded it; finds events of a node that no longer owned the camera."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from nats.js import JetStreamContext
from nats.js.kv import KeyValue

from vidframe.cluster.bus import REPLY_TIMEOUT, Address, bucket, following, moment


@dataclass(frozen=True)
class Grant:
    """A change of owner; "" is no node: the owner before released the camera, having ended it."""

    node: str
    epoch: int
    began: datetime  # by the clock of the bus


class Grants:
    """The changes of owner of every camera, as many as the bus keeps."""

    def __init__(self) -> None:
        self._of: defaultdict[str, list[Grant]] = defaultdict(list)
        self._seen = 0  # the newest revision

    @asynccontextmanager
    async def following(self, js: JetStreamContext, address: Address) -> AsyncIterator[None]:
        """Learns all that was and, within the context, all that comes."""
        self._js, self._stream = js, f"KV_{address.leases}"
        async with following(await bucket(js, address, address.leases), self.saw, history=True):
            yield

    def saw(self, entry: KeyValue.Entry) -> None:
        """Takes note of a change of owner; they come in order."""
        node = json.loads(entry.value)["node"] if entry.operation is None and entry.value else ""
        self._seen = entry.revision or 0
        self._of[entry.key].append(Grant(node, self._seen, moment(entry)))

    async def catch_up(self) -> None:
        """Returns when all is known that the bus noted before this call; TimeoutError where it does not arrive."""
        newest = (await self._js.stream_info(self._stream)).state.last_seq
        end = monotonic() + REPLY_TIMEOUT
        while self._seen < newest:
            if monotonic() > end:
                raise TimeoutError("ownership changes do not arrive from the event bus")
            await asyncio.sleep(0.005)

    def refusal(self, camera: str, epoch: int, made: datetime) -> str:
        """Why an event cannot be taken that was made then and in that epoch; "" where it can.

        It can unless somebody had taken the camera over by then. Who gives a camera back has ended it before, so
        that its events count however late they come. Epoch 0 is none: a clip found after a crash is of no epoch.
        """
        grants = self._of.get(camera, []) if epoch else []
        begun = next((grant.began for grant in grants if grant.epoch == epoch), datetime.min.replace(tzinfo=UTC))
        later = [grant for grant in grants if grant.began > begun]
        if not later or not later[0].node or made < later[0].began:
            return ""
        seconds = (made - later[0].began).total_seconds()
        return f"made in epoch {epoch}, {seconds:.1f} s after {later[0].node} had taken {camera} over in epoch {later[0].epoch}"
