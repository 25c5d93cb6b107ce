"""Which machine a name stands for, and whether this one may send a request there that somebody asked for."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

import psutil

RESOLVE_SECONDS = 5.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def looked_up(host: str, port: int) -> list[Ip]:
    """All addresses of a name; none where nobody knows it in time."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="resolve")
    try:
        rows = pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(RESOLVE_SECONDS)
    except (OSError, TooLate, UnicodeError):
        return []
    finally:
        pool.shutdown(wait=False)
    return [_plain(ipaddress.ip_address(str(row[4][0]).partition("%")[0])) for row in rows]


def is_other_machine(ip: Ip) -> bool:
    """Whether this is the address of one other machine: not this one, not one that names many or none."""
    ip = _plain(ip)
    special = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    return not special and ip not in _own_addresses()


def is_within(ip: Ip, allowed: Sequence[Network]) -> bool:
    """Whether an address belongs to one of the networks."""
    ip = _plain(ip)
    return any(ip in network for network in allowed if network.version == ip.version)


def networks(texts: Sequence[str]) -> list[Network]:
    """Networks as the settings write them, in CIDR form."""
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def own_networks() -> list[Network]:
    """The private networks that this machine stands in."""
    own = [
        ipaddress.ip_network(f"{a.address.partition('%')[0]}/{a.netmask}", strict=False)
        for addresses in psutil.net_if_addrs().values()
        for a in addresses
        if a.family == socket.AF_INET and a.netmask
    ]
    return [network for network in own if network.is_private and not network.is_loopback]


def _own_addresses() -> set[Ip]:
    families = {socket.AF_INET, socket.AF_INET6}
    return {
        ipaddress.ip_address(a.address.partition("%")[0])
        for addresses in psutil.net_if_addrs().values()
        for a in addresses
        if a.family in families
    }


def _plain(ip: Ip) -> Ip:
    """IPv4 that is written as IPv6 is what it stands for."""
    return getattr(ip, "ipv4_mapped", None) or ip
