# SPDX-License-Identifier: EUPL-1.2
"""Addresses that other peers give us, and where we are willing to go.

A peer tells its own Manager's address, and a token names an Inway. Both come from outside, so
neither may lead us into our own network.
Source: FSC Core, "Fsc-Manager-Address" and "Access token"; house rule for private addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from landschap.vocabulary.problems import InvalidValue

_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_MAX_CHARACTERS = 255


def read_address(text: str) -> str:
    """An https address with host and explicit port and nothing behind it, in normal form.

    Raises InvalidValue.
    """
    if not 3 <= len(text) <= _MAX_CHARACTERS:
        raise InvalidValue("an address has 3 to 255 characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidValue("this is no address") from None
    if parts.scheme != "https" or not host or not port:
        raise InvalidValue("an address is written as https://host:port")
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidValue("an address has no user, path, query or fragment")
    if "[" in parts.netloc:
        return f"https://[{_sixth(host)}]:{port}"
    if not _HOST.fullmatch(host):
        raise InvalidValue("the host of an address is not a host name")
    return f"https://{host}:{port}"


def _sixth(host: str) -> ipaddress.IPv6Address:
    try:
        found = ipaddress.IPv6Address(host)
    except ValueError:
        raise InvalidValue("the host of an address is no IPv6 address") from None
    if found.scope_id is not None:
        raise InvalidValue("an address is not bound to a network card")
    return found


def host_of(address: str) -> str:
    """The host of an address that `read_address` gave."""
    return urlsplit(address).hostname or ""


def is_public(address: str) -> bool:
    """True for an IP address that is reachable from anywhere."""
    return ipaddress.ip_address(address).is_global


def check_reachable(host: str, resolved: Collection[str], known: Collection[str]) -> None:
    """Refuse to go to a private address, unless its host name is one we configured ourselves.

    Raises InvalidValue.
    """
    if host in known:
        return
    private = [each for each in resolved if not is_public(each)]
    if private or not resolved:
        raise InvalidValue(
            f"{host} is not at a public address; add it to network.hosts, or set "
            "network.allow_private, if that is meant"
        )
