"""What a config says of processes and machines: how many share the work, where they meet, where metrics are shown."""

from __future__ import annotations

import json
import re
from typing import Any, Literal
from urllib.parse import urlsplit

from vidframe.core.config.document import Place
from vidframe.core.config.model import ClusterConfig
from vidframe.core.config.values import Values

CLUSTER_KEYS = ("bus", "name", "credentials", "ca", "certificate", "key", "lease", "replicas")
CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def read_workers(values: Values, value: Any) -> int | Literal["auto"]:
    """Processes among which the cameras are spread."""
    place: Place = ("workers",)
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 64:
        return value
    found = values.shown(place, value)
    values.document.complain(place, f"workers must be auto or a number of processes from 0 to 64, found {found}")
    return 0


def read_metrics(values: Values, value: Any) -> tuple[str, int] | None:
    """A port of the loopback, or `host:port`."""
    place: Place = ("metrics",)
    host, _, port = str(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if isinstance(value, int | str) and not isinstance(value, bool) and port.isdecimal() and int(port) < 65536:
        return host, int(port)
    found = values.shown(place, value)
    values.document.complain(place, f"metrics must be a port such as 9477, or host:port, found {found}")
    return None


def read_cluster(values: Values, value: Any) -> ClusterConfig:
    """Where machines meet."""
    place: Place = ("cluster",)
    entry = values.mapping(place, value, CLUSTER_KEYS, "cluster")
    if "certificate" in entry and "key" not in entry:
        values.document.complain((*place, "certificate"), "certificate needs its key, as key: FILE.pem")
    return ClusterConfig(
        _bus(values, (*place, "bus"), entry["bus"]) if "bus" in entry else (),
        _name(values, (*place, "name"), entry.get("name", "vidframe")),
        values.text((*place, "credentials"), entry["credentials"]) if "credentials" in entry else None,
        ca=values.file((*place, "ca"), entry.get("ca")),
        certificate=values.file((*place, "certificate"), entry.get("certificate")),
        key=values.file((*place, "key"), entry.get("key")),
        lease=values.duration((*place, "lease"), entry.get("lease", 3)),
        replicas=values.choice((*place, "replicas"), entry.get("replicas", 1), (1, 3, 5)),
    )


def bus_problem(server: str) -> str | None:
    """What is wrong with the address of a NATS server, if something is; never repeats a password."""
    parts = urlsplit(server)
    if parts.username or parts.password:
        return "bus must not hold a user or password; credentials is a key of its own"
    if parts.scheme not in ("nats", "tls", "ws", "wss") or not parts.hostname:
        return f"bus must look like nats://10.0.0.5:4222 or tls://nats.example, found {json.dumps(server)}"
    return None


def _bus(values: Values, place: Place, value: Any) -> tuple[str, ...]:
    servers = values.texts(place, value)
    for server in servers:
        if (problem := bus_problem(server)) is not None:
            values.document.complain(place, problem)
    return servers


def _name(values: Values, place: Place, name: Any) -> str:
    if not isinstance(name, str) or not CLUSTER_NAME.fullmatch(name):
        found = values.shown(place, name)
        values.document.complain(place, f"name must be 1 to 32 letters, digits, - and _, found {found}")
    return str(name)
