# SPDX-License-Identifier: EUPL-1.2
"""What ends: certificates of ours and of peers, anchors, lists, contracts, and accepts under them.

Told from sixty days before, more loudly at thirty and at seven, once a day; with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import asyncpg

from landschap.platform.identity_checks import WARN_STEPS_DAYS, Expiry, expiries
from landschap.platform.telemetry import logger
from landschap.platform.trouble import Trouble

if TYPE_CHECKING:
    from landschap.fsc.own import OwnPeer
    from landschap.fsc.store import StoredContract
    from landschap.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(Expiry):
    """Something that ends, of which kind, and what to do about it."""

    kind: str
    remedy: str


def own_endings(settings: Settings, now: datetime) -> list[Ending]:
    """Our certificate, the anchors and the lists. Raises Trouble when they cannot be read."""
    remedies = {
        "organisation": "request a new certificate for the same key and put it in place",
        "anchor": "fetch its successor from the Group",
        "revocation": "see why it is not fetched: `landschap identity lists --fetch`",
    }
    return [
        Ending(
            name=each.name,
            ends=each.ends,
            kind="certificate",
            remedy=remedies[each.name.split()[0]],
        )
        for each in expiries(settings, now)
    ]


async def agreed_endings(settings: Settings, now: datetime) -> list[Ending]:
    """Contracts, accepts and certificates of peers; empty while the database is away."""
    from landschap.fsc.client import own_peer
    from landschap.fsc.store import contracts
    from landschap.platform import postgres

    try:
        pool = await postgres.pool(settings, "fsc", size=1)
    except Trouble:
        return []
    try:
        found = await contracts(pool)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return []
    finally:
        pool.terminate()
    own = own_peer(settings)
    automatic = settings.fsc.accept_again == "automatic"
    every = [each for stored in found for each in _of(stored, own, now, automatic=automatic)]
    # One certificate of a peer may stand under many contracts: it is told once.
    return list({(each.kind, each.name): each for each in every}.values())


def _of(
    stored: StoredContract, own: OwnPeer, now: datetime, *, automatic: bool
) -> Iterator[Ending]:
    from landschap.fsc.renewal import may_accept_again, short_accepts
    from landschap.fsc.states import State

    contract = stored.contract
    name = contract.hash.value
    if stored.state(now) is State.VALID:
        yield Ending(
            name=name,
            ends=contract.not_after,
            kind="contract",
            remedy="propose its successor: `landschap contract propose`",
        )
    for accept in short_accepts(contract, stored.signatures, now):
        if accept.peer_id != own.peer_id:
            peer = accept.peer_id.value
            yield Ending(
                name=f"peer {peer} {accept.thumbprint[:8]}",
                ends=accept.certificate_until,
                kind="peer certificate",
                remedy=f"ask {peer} to accept again with its new certificate, "
                f"also contract {name[:16]}",
            )
            continue
        command = f"landschap contract accept {name}"
        if not may_accept_again(accept, own):
            remedy = f"renew our certificate, then `{command}`"
        elif automatic:
            remedy = "the worker accepts it again"
        else:
            remedy = f"`{command}`"
        yield Ending(
            name=f"accept {name}", ends=accept.certificate_until, kind="accept", remedy=remedy
        )


class Told:
    """Says in the log what ends soon: each thing once a day, in the level of its step."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], date] = {}

    def tell(self, endings: list[Ending], now: datetime) -> None:
        """One line for each that ends soon and was not told today."""
        log = logger()
        for each in endings:
            step = each.step(now)
            key = (each.kind, each.name)
            if step is None or self._told.get(key) == now.astimezone(UTC).date():
                continue
            self._told[key] = now.astimezone(UTC).date()
            tell = dict(zip(WARN_STEPS_DAYS, (log.info, log.warning, log.error), strict=True))[step]
            tell(
                f"{each.kind} ends",
                name=each.name,
                days_left=int(each.days_left(now)),
                step_days=step,
                todo=each.remedy,
            )
