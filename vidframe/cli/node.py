"""`vidframe node`: the cameras of a config, shared with other machines."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidframe.cli.check import CONFIG, loaded
from vidframe.cli.run import LOG_FORMAT, VERBOSE, feed_of, one_opencv_thread
from vidframe.core.config.keys import ClusterConfig, bus_problem
from vidframe.core.config.reading import Config, load
from vidframe.core.observe.logs import Form
from vidframe.core.observe.logs import set_up as set_up_logs

if TYPE_CHECKING:
    from vidframe.cluster.bus import Address

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")

BUS = click.option(
    "--bus", metavar="URL[,URL]", help="NATS servers, such as nats://10.0.0.5:4222; default: those of the config."
)


@click.command()
@CONFIG
@BUS
@click.option("--name", envvar="VIDFRAME_NODE", help="Name of this node; default: the host name.")
@click.option("--capacity", type=click.FloatRange(min=0.1), help="Cores for cameras; default: all of them.")
@LOG_FORMAT
@VERBOSE
def node(
    config: Path, bus: str | None, name: str | None, capacity: float | None, log_format: Form, verbose: bool
) -> None:
    """Run the cameras of a config together with other machines.

    Every machine runs this with the same config. Each camera runs on one of them, and on another when that one dies.
    Exit code 0: done. 1: failed for good. 2: the config or the command line is wrong.
    """
    set_up_logs(log_format, verbose=verbose)
    found = loaded(config)
    address = address_of(found.cluster, bus, name or socket.gethostname().partition(".")[0], config)
    cores = capacity if capacity is not None else float(len(os.sched_getaffinity(0)))
    run_node(found, address, cores)


def run_node(config: Config, address: Address, capacity: float) -> None:
    """Takes part in the cluster until a signal comes."""
    from vidframe.cluster.delivery import DeliveryError
    from vidframe.cluster.lease import NameTaken
    from vidframe.cluster.node import Node
    from vidframe.core.observe.monitor import MonitorError
    from vidframe.core.observe.runfile import StateInUseError
    from vidframe.core.run import supervisor

    one_opencv_thread()
    nothing_yet = replace(config, cameras=())
    try:
        with Node(config, address, capacity, feed_of(config)) as node:
            supervisor.run(nothing_yet, watch=node.note, reload=lambda: load(config.path), feed=node)
    except (NameTaken, DeliveryError, MonitorError, StateInUseError) as error:
        raise click.ClickException(f"{config.path}: {error}") from error


def address_of(cluster: ClusterConfig, bus: str | None, name: str, config: Path) -> Address:
    """The address of the event bus; ClickException for what is missing."""
    if importlib.util.find_spec("nats") is None:
        raise click.ClickException("a cluster needs the extra `cluster`: pip install 'vidframe[cluster]'")
    if not NODE_NAME.fullmatch(name):
        raise click.ClickException(f"--name must be 1 to 63 letters, digits, - and _, found {name!r}")
    servers = tuple(bus.split(",")) if bus else cluster.bus
    for problem in filter(None, map(bus_problem, servers)):
        raise click.ClickException(problem)
    if not servers:
        raise click.ClickException(
            f"no event bus given: use --bus nats://HOST:4222, or `cluster: {{bus: ...}}` in {config}"
        )
    from vidframe.cluster.bus import Address

    return Address(
        servers, cluster.name, name, cluster.credentials, cluster.ca, cluster.certificate, cluster.key, cluster.replicas
    )


__all__: list[Any] = ["BUS", "address_of", "node"]
