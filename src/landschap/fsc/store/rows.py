# SPDX-License-Identifier: EUPL-1.2
"""Contracts as they are kept, with their signatures, read back into values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind, Signature, State, state_of
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import loads
from landschap.vocabulary.problems import ProblemError, Refusal


class Source(Protocol):
    """Where statements are run: a pool or one of its connections, as role ``landschap_fsc``."""

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """All rows."""

    async def fetchrow(self, query: str, *args: object) -> Any:
        """The first row, or None."""

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first value, or None."""

    async def execute(self, query: str, *args: object) -> str:
        """No rows; gives the command tag."""


class Connection(Source, Protocol):
    """One connection, for what must happen in one transaction."""

    def transaction(self) -> Any:
        """A block that is committed at its end; inside another one it is a savepoint."""

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """The same statement for each row."""


_MAX_CONTENT_BYTES = 200_000_000

SELECT_CONTRACT = (
    "SELECT c.content_hash, c.content, c.profile, c.own, c.received_at FROM contract c"
)
_SELECT_SIGNATURES = """
    SELECT s.content_hash, s.peer_id, s.kind, s.jws, s.signed_at, s.thumbprint,
           c.not_before, least(c.not_after, c.revoked_at) AS not_after
      FROM signature s JOIN certificate c USING (thumbprint)
     WHERE s.content_hash = ANY($1) ORDER BY s.received_at, s.peer_id, s.kind
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContract:
    """A contract with the signatures we have; ``own`` when it was proposed here."""

    contract: Contract
    signatures: tuple[Signature, ...]
    own: bool
    received_at: datetime

    def state(self, now: datetime) -> State:
        """What the contract is worth at this moment."""
        return state_of(self.contract, self.signatures, now)

    def signature_of(self, peer_id: PeerId, kind: Kind) -> Signature | None:
        """The signature of this kind of this peer, None when it has none."""
        for each in self.signatures:
            if each.peer_id == peer_id and each.kind is kind:
                return each
        return None


async def with_signatures(source: Source, rows: Iterable[Any]) -> Sequence[StoredContract]:
    """The contracts of these rows, in their order, each with its signatures."""
    found = list(rows)
    signatures: dict[str, list[Signature]] = {row["content_hash"]: [] for row in found}
    for row in await source.fetch(_SELECT_SIGNATURES, list(signatures)):
        signatures[row["content_hash"]].append(_signature(row))
    return [
        StoredContract(
            contract=_contract(row["content"], row["profile"]),
            signatures=tuple(signatures[row["content_hash"]]),
            own=row["own"],
            received_at=row["received_at"],
        )
        for row in found
    ]


def _signature(row: Any) -> Signature:
    return Signature(
        peer_id=PeerId(row["peer_id"]),
        kind=Kind(row["kind"]),
        jws=row["jws"],
        signed_at=row["signed_at"],
        thumbprint=row["thumbprint"],
        certificate_from=row["not_before"],
        certificate_until=row["not_after"],
    )


@lru_cache(maxsize=2_048)
def _contract(content: bytes, profile: str) -> Contract:
    """Content never changes, so reading it once is enough."""
    contract = read_contract(loads(content, max_bytes=_MAX_CONTENT_BYTES), Profile(profile))
    if isinstance(contract, Refusal):
        # It was readable when it was stored; now either the rules or the bytes have changed.
        raise ProblemError(contract)
    return contract
