# SPDX-License-Identifier: EUPL-1.2
"""Links between our log and those of others that do not hold, for the first page about the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from landschap.console.links.store import (
    KEPT,
    Broken,
    Counted,
    begin_of,
    broken_ones,
    counted_since,
)
from landschap.console.pages.context import ConsoleDeps
from landschap.fsc.store import peer_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What came of comparing halves: per party, and each link that is or was broken.

    ``until`` is up to when was compared. Names stand for numbers where they are known.
    """

    until: datetime
    counted: Sequence[Counted]
    broken: Sequence[Broken]
    names: Mapping[str, str]

    @property
    def open(self) -> int:
        """How many of those that are told are not mended."""
        return sum(not each.is_mended for each in self.broken)

    @property
    def total(self) -> Counted:
        """All parties together."""
        return Counted(
            peer="",
            seen=sum(each.seen for each in self.counted),
            compared=sum(each.compared for each in self.counted),
            unasked=sum(each.unasked for each in self.counted),
        )

    def name(self, peer: str) -> str:
        """The name of a party, else its number."""
        return self.names.get(peer, peer)


async def links_of(deps: ConsoleDeps, period: timedelta) -> Links | None:
    """What the worker compared in this period; None before its first round."""
    until = await begin_of(deps.pool)
    if until is None or deps.contracts is None:
        return None
    now = datetime.now(UTC)
    return Links(
        until=until,
        counted=await counted_since(deps.pool, (now - period).date()),
        broken=await broken_ones(deps.pool, now - KEPT),
        names=await peer_names(deps.contracts.pool),
    )
