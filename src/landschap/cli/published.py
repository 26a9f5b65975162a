# SPDX-License-Identifier: EUPL-1.2
"""What a directory lists: the services that peers of the Group publish there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from landschap.fsc.client import PeerUnreachable
from landschap.fsc.client.asking import Asker
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A service as a directory lists it."""

    name: str
    provider: str
    provider_name: str
    protocol: str
    delegator: str
    properties: Mapping[str, JsonValue]

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {
            "name": self.name,
            "providerPeerId": self.provider,
            "providerName": self.provider_name,
            "protocol": self.protocol,
            "delegatorPeerId": self.delegator or None,
            "properties": self.properties,
        }


def published(settings: Settings, *, peer: str, name: str) -> list[Published]:
    """The services the directory lists: of one peer, with this in their name, or all.

    Raises Trouble when there is no directory or it does not answer.
    """
    if settings.directory is None:
        raise Trouble("the settings name no directory", "set [directory] in organisation.toml")
    directory = settings.directory
    try:
        found = asyncio.run(_asked(settings, directory.peer_id, directory.manager_address))
    except PeerUnreachable as error:
        remedy = f"`landschap doctor {directory.peer_id}` looks at the connection"
        raise Trouble(f"the directory can not be asked: {error}", remedy) from None
    wanted = name.lower()
    return [e for e in found if peer in ("", e.provider) and wanted in e.name.lower()]


async def _asked(settings: Settings, directory: PeerId, address: str) -> list[Published]:
    async with Asker(settings=settings, expected=directory) as asker:
        return [
            _read(each)
            async for each in asker.listed(
                address, "/services", "services", sort_order="SORT_ORDER_ASCENDING"
            )
        ]


def _read(listed: Mapping[str, JsonValue]) -> Published:
    """An entry; what is absent is empty, for other peers write these too."""
    data = _table(listed.get("data"))
    peer, delegator = _table(data.get("peer")), _table(data.get("delegator"))
    return Published(
        name=str(data.get("name", "")),
        provider=str(peer.get("id", "")),
        provider_name=str(peer.get("name", "")),
        protocol=str(data.get("protocol", "")),
        delegator=str(delegator.get("peer_id", "")),
        properties=_table(data.get("properties")),
    )


def _table(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}
