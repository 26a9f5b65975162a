# SPDX-License-Identifier: EUPL-1.2
"""All connection grants, read once and then kept up to date by what was signed since.

An organisation may have ten thousand contracts, and each change of one must count at once; reading
the others anew would cost seconds. A contract's content never changes, so only new signatures and
the passing of time can change what it is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from landschap.fsc.connections import ConnectionGrant, connections_of
from landschap.fsc.store.contract_rows import contracts_with_connections
from landschap.fsc.store.rows import Source, StoredContract

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Known:
    """A contract's grants, and until when they are what they were when they were made."""

    stored: StoredContract
    grants: tuple[ConnectionGrant, ...]
    until: datetime


class KnownGrants:
    """What `connection_grants` gives, for who asks again and again.

    A grant that did not change is given as the same object as the time before.
    """

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._known: dict[str, _Known] = {}

    async def read(self, source: Source, now: datetime) -> Sequence[ConnectionGrant]:
        """All connection grants we know, with the state of their contracts at this moment."""
        # First the epoch: what is read after it can only be newer, and is then read again.
        epoch: int = await source.fetchval("SELECT value FROM platform.epoch")
        if epoch != self._epoch:
            for stored in await contracts_with_connections(source, since=self._epoch):
                self._known[stored.contract.hash.value] = _known(stored, now)
            self._epoch = epoch
        for content_hash, known in self._known.items():
            if known.until <= now:
                self._known[content_hash] = _known(known.stored, now)
        return [grant for known in self._known.values() for grant in known.grants]


def _known(stored: StoredContract, now: datetime) -> _Known:
    """The grants at this moment; they last until the next moment that means something to them."""
    contract = stored.contract
    moments = [contract.not_before, contract.not_after]
    for signature in stored.signatures:
        moments += [signature.certificate_from, signature.certificate_until]
    return _Known(
        stored=stored,
        grants=tuple(connections_of(contract, stored.signatures, now)),
        until=min((each for each in moments if each > now), default=_NEVER),
    )
