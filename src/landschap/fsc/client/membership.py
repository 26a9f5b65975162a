# SPDX-License-Identifier: EUPL-1.2
"""Who is a member of a Regulated Area: by our own contracts, or asked of its administrator.

A yes is kept for a minute, a no never: so a member that was removed is out within the minute, and a
new one is in at once. An administrator that can not be asked means that nobody knows.
Source: FSC Regulated Area 0.0.1 (caching is allowed; providers resynchronise).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import asyncpg

from landschap.fsc import store
from landschap.fsc.areas import Area
from landschap.fsc.client.manager import (
    Destination,
    ManagerClient,
    PeerRefused,
    PeerUnreachable,
)
from landschap.fsc.own import OwnPeer
from landschap.vocabulary.identifiers import PeerId

KEPT_SECONDS = 60.0
_MAX_KEPT = 10_000


class MembershipUnknown(Exception):
    """The administrator of the area can not be asked now."""


@dataclass(slots=True, kw_only=True)
class Memberships:
    """Answers whether peers are members; ``own`` gives who we are now."""

    pool: asyncpg.Pool
    client: ManagerClient
    own: Callable[[], OwnPeer]
    _until: dict[tuple[Area, PeerId], float] = field(default_factory=dict)

    async def strangers(self, area: Area, peers: Iterable[PeerId]) -> tuple[PeerId, ...]:
        """Those of the peers that are no members. Raises MembershipUnknown."""
        asked = tuple(dict.fromkeys(peers))
        if area.administrator == self.own().peer_id:
            known = await store.members(self.pool, area)
            return tuple(each for each in asked if each not in known)
        now = asyncio.get_running_loop().time()
        open_ = [each for each in asked if self._until.get((area, each), 0.0) <= now]
        if not open_:
            return ()
        members = await self._ask(area, open_)
        if len(self._until) > _MAX_KEPT:
            self._until.clear()
        self._until.update({(area, each): now + KEPT_SECONDS for each in open_ if each in members})
        return tuple(each for each in open_ if each not in members)

    async def _ask(self, area: Area, peers: list[PeerId]) -> frozenset[PeerId]:
        # Who has members in an area agreed so with its administrator, and so knows where it is.
        known = await store.peer(self.pool, area.administrator)
        address = known.manager_address if known else None
        if address is None:
            raise MembershipUnknown(
                f"the Manager of the membership administrator {area.administrator} is not known"
            )
        try:
            to = Destination(peer_id=area.administrator, address=address)
            return await self.client.members(to, area.name, peers)
        except (PeerUnreachable, PeerRefused) as error:
            raise MembershipUnknown(
                f"the membership administrator {area.administrator} can not be asked: {error}"
            ) from None
