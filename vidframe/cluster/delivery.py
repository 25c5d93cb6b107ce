"""Delivers events from the bus to the shop: one node at a time, the one that holds the lease for it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from vidframe.cluster.bus import REPLY_TIMEOUT, UNREACHABLE, Address, Loop, connected, reason_of, stream
from vidframe.cluster.grants import Grants
from vidframe.core.config.reading import Config
from vidframe.core.plugin import contract
from vidframe.core.plugin.calling import Hooks
from vidframe.tools import Backoff

log = logging.getLogger(__name__)

BATCH = 100  # events at once, and as many as are on their way in all, so that they stay in order
ACK_WAIT = 10.0  # seconds after which events go to another node that this one took and did not finish
PAUSES = (0.5, 5.0)  # seconds after a first failure, and the longest between two tries


class DeliveryError(Exception):
    """Events cannot be delivered as the config has it; the message says why."""


class Delivery:
    """Takes events off the bus while it is on."""

    def __init__(self, address: Address, name: str, make: Callable[[], Hooks]) -> None:
        self.name = f"delivery.{name}"  # of its lease; no camera's name has a dot
        self._address, self._durable, self._make = address, name, make
        self._loop: Loop | None = None
        self._work: Future[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether this node delivers."""
        return self._loop is not None

    def start(self) -> None:
        """Begins to deliver."""
        self._loop = Loop("delivery")
        self._work = self._loop.start(self._run())

    def stop(self) -> None:
        """Ends it; what the shop has not taken goes to the next who delivers."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    async def _run(self) -> None:
        shop = self._make()
        try:
            while True:
                try:
                    await self._connected(shop)
                except UNREACHABLE as error:
                    log.info("delivery: %s", reason_of(error))
                except Exception:
                    log.exception("unexpected error while delivering; retrying")
                await asyncio.sleep(PAUSES[0])
        finally:
            shop.call("close_camera")

    async def _connected(self, shop: Hooks) -> None:
        grants = Grants()
        async with connected(self._address) as js, grants.following(js, self._address):
            await stream(js, self._address, self._address.events)
            await stream(js, self._address, self._address.refused)
            await self._deliver(js, grants, shop)

    async def _deliver(self, js: JetStreamContext, grants: Grants, shop: Hooks) -> None:
        config = ConsumerConfig(ack_wait=ACK_WAIT, max_ack_pending=BATCH)
        events = await js.pull_subscribe(f"{self._address.events}.>", self._durable, config=config)
        while True:
            with suppress(TimeoutError):
                messages = await events.fetch(1, timeout=REPLY_TIMEOUT)
                with suppress(TimeoutError):
                    messages += await events.fetch(BATCH - 1, timeout=0.05)
                await grants.catch_up()
                await self._settle(js, await self._entitled(js, grants, messages), shop)

    async def _entitled(self, js: JetStreamContext, grants: Grants, messages: list[Msg]) -> list[Msg]:
        """The messages that their nodes were entitled to send; the others are put aside."""
        found = []
        for message in messages:
            refusal = _refusal(grants, message)
            if refusal:
                log.warning("refused an event of node %s: %s", (message.headers or {}).get("Vidframe-Node"), refusal)
                await self._put_aside(js, message, refusal)
            else:
                found.append(message)
        return found

    async def _settle(self, js: JetStreamContext, messages: list[Msg], shop: Hooks) -> None:
        """Returns when the shop has answered for all of them."""
        if not messages:
            return
        results = await self._answer(messages, shop)
        for message in messages:
            result = results.get(_id(message), {})
            status = result.get("status")
            if status in ("taken", "known"):
                await message.ack()
            elif status == "refused":
                log.error("the shop refused event %s: %s", _id(message), result.get("problem", ""))
                await self._put_aside(js, message, str(result.get("problem", "")))
            else:
                await message.nak(delay=PAUSES[1])

    async def _answer(self, messages: list[Msg], shop: Hooks) -> Mapping[str, Mapping[str, Any]]:
        """Asks the shop until it answers, and keeps the messages ours meanwhile."""
        events = [json.loads(message.data) for message in messages]
        backoff = Backoff(*PAUSES, forget_after=float("inf"))
        while True:
            asking = asyncio.create_task(asyncio.to_thread(shop.call, "deliver_events", events=events))
            try:
                while not (await asyncio.wait([asking], timeout=ACK_WAIT / 4))[0]:
                    await _keep(messages)
                answers: Mapping[str, Mapping[str, Any]] = asking.result()
                return answers
            except ConnectionError as error:
                pause = backoff.failed()
                if backoff.failures % 100 == 1:
                    log.warning("shop unreachable (%s); events wait on the bus", error)
                await asyncio.sleep(pause)
                await _keep(messages)

    async def _put_aside(self, js: JetStreamContext, message: Msg, reason: str) -> None:
        camera = message.subject.rpartition(".")[2]
        headers = {**(message.headers or {}), "Vidframe-Reason": " ".join(reason.split())[:500]}
        await js.publish(self._address.subject(self._address.refused, camera), message.data, headers=headers)
        await message.ack()


def _refusal(grants: Grants, message: Msg) -> str:
    """Why a message is not to reach the shop; "" where it is."""
    headers = message.headers or {}
    try:
        event = json.loads(message.data)
        made = message.metadata.timestamp - timedelta(seconds=float(headers["Vidframe-Age"]))
        return grants.refusal(event["camera"], int(headers["Vidframe-Epoch"]), made)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        return f"not an event as a node sends it: {type(error).__name__} {error}"


async def _keep(messages: list[Msg]) -> None:
    for message in messages:
        await message.in_progress()


def _id(message: Msg) -> str:
    return str((message.headers or {}).get("Nats-Msg-Id", ""))


def delivery_of(config: Config, address: Address) -> Delivery | None:
    """The delivery that a config asks for by the step that delivers; None where there is none."""
    steps = [step for step in config.steps if "deliver_events" in contract.marked(step.plugin.kind)]
    if len(steps) > 1:
        raise DeliveryError(f"a cluster delivers to one shop; found the steps {', '.join(step.name for step in steps)}")
    if not steps:
        return None
    step = steps[0]
    return Delivery(address, step.name, lambda: Hooks(step.make()))
