"""Addresses: which ones may be connected to.

An allow-list where there can be one (IPv6: 2000::/3), and a list of what is refused although
`ipaddress` may call it global: that differs between Python 3.11, 3.12 and 3.13.
"""

import functools
import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

from integrations.outbound.errors import AddressRefused, ConnectFailed

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOOPBACK: Final = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128")))
_GLOBAL_UNICAST_V6: Final = ipaddress.IPv6Network("2000::/3")
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata at 100.100.100.200
        "168.63.129.16/32",  # Azure's host agent, on an address that counts as public
        "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata at 192.0.0.192
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: embeds an IPv4 address
        "3fff::/20",  # documentation
    )
)


def vet_addresses(
    texts: Iterable[str], *, allow_loopback: bool, loopback_only: bool = False
) -> tuple[str, ...]:
    """Return the addresses in canonical form, if every one of them may be connected to.

    One bad address refuses the host: an attacker's name may mix public and private ones.

    Args:
        texts: addresses as a resolver gives them.
        allow_loopback: also 127.0.0.0/8 and ::1.
        loopback_only: nothing but those (plain http).

    Raises:
        AddressRefused: at least one may not be connected to.
        ConnectFailed: there is none.
    """
    return _vet(tuple(texts), allow_loopback, loopback_only)


# The answer depends on nothing else, and the same few addresses are vetted before every call.
@functools.lru_cache(maxsize=1024)
def _vet(
    texts: tuple[str, ...],
    allow_loopback: bool,  # noqa: FBT001 - a key of the cache
    loopback_only: bool,  # noqa: FBT001
) -> tuple[str, ...]:
    addresses = [_parse(text) for text in texts]
    if not addresses:
        raise ConnectFailed("the host has no address", code="host_not_found")
    for address in addresses:
        if is_loopback(address):
            permitted = allow_loopback
        else:
            permitted = is_public(address) and not loopback_only
        if not permitted:
            raise AddressRefused
    return tuple(map(str, addresses))


def is_loopback(address: Address) -> bool:
    """Whether it is 127.0.0.0/8 or ::1; the IPv4-mapped spelling is not."""
    return any(address in network for network in _LOOPBACK)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could be meant by it, and nothing nearer than that."""
    if isinstance(address, ipaddress.IPv6Address):
        # Leaves out ::, ::1, mapped and compatible IPv4, NAT64, fc00::/7, fe80::/10, ff00::/8.
        if address.scope_id is not None or address not in _GLOBAL_UNICAST_V6:
            return False
    elif not address.is_global:
        return False
    return not any(address in network for network in _REFUSED)


def _parse(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise AddressRefused("the resolver's answer is not an address") from None
