# SPDX-License-Identifier: EUPL-1.2
"""Writing contracts and signatures, and reading them back.

Every write is idempotent on (content hash, peer, kind). `save_signature` raises
``platform.epoch`` in the same transaction, so that deciders see a contract change at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc.certificates import read_der
from landschap.fsc.codes import Code, refused
from landschap.fsc.connections import ConnectionGrant, connections_of
from landschap.fsc.contracts import Contract
from landschap.fsc.hashes import Profile
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Signature
from landschap.fsc.store.rows import (
    SELECT_CONTRACT,
    Connection,
    Source,
    StoredContract,
    with_signatures,
)
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId
from landschap.vocabulary.problems import ProblemError

_CONNECTIONS = ("GRANT_TYPE_SERVICE_CONNECTION", "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a contract came to us: ``own`` when it was proposed here."""

    profile: Profile
    own: bool
    at: datetime


async def save_contract(connection: Connection, contract: Contract, arrival: Arrival) -> bool:
    """Keep a contract, and lock it until the transaction ends; True when it was new.

    Raises ProblemError when another contract has the same ``iv``.
    """
    new = await _insert_contract(connection, contract, arrival)
    locked = await connection.fetchval(
        "SELECT true FROM contract WHERE content_hash = $1 FOR UPDATE", contract.hash.value
    )
    if not locked:
        raise ProblemError(
            refused(Code.CONTRACT_INVALID, "another contract with the same iv is known here")
        )
    return new


async def _insert_contract(connection: Connection, contract: Contract, arrival: Arrival) -> bool:
    """Insert unless it is there. No conflict target: at the same moment either key may clash."""
    inserted = await connection.fetchval(
        """
        INSERT INTO contract
            (content_hash, iv, content, profile, created_at, not_after, own, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        contract.hash.value,
        contract.iv,
        contract.canonical,
        arrival.profile.value,
        contract.created_at,
        contract.not_after,
        arrival.own,
        arrival.at,
    )
    if not inserted:
        return False
    await connection.executemany(
        "INSERT INTO participant (content_hash, peer_id) VALUES ($1, $2)",
        [(contract.hash.value, each.value) for each in contract.participants],
    )
    await connection.executemany(
        "INSERT INTO contract_grant (grant_hash, content_hash, grant_type) VALUES ($1, $2, $3)",
        [(g.hash.value, contract.hash.value, g.grant.type.value) for g in contract.grants],
    )
    return True


async def save_certificate(connection: Connection, certificate: ChainedCertificate) -> None:
    """Keep a certificate that signed something, with its intermediates."""
    leaf = certificate.leaf
    await connection.execute(
        """
        INSERT INTO certificate (thumbprint, peer_id, der, chain, not_before, not_after)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (thumbprint) DO NOTHING
        """,
        leaf.thumbprint,
        leaf.peer_id.value,
        leaf.der,
        [each.public_bytes(Encoding.DER) for each in certificate.others],
        leaf.not_before,
        leaf.not_after,
    )


async def save_signature(
    connection: Connection, content_hash: ContentHash, signature: Signature, now: datetime
) -> bool:
    """Keep a verified signature; a later one replaces an earlier one of the same kind.

    True when something changed; then ``platform.epoch`` has risen in this transaction.
    """
    changed = await connection.fetchval(
        """
        INSERT INTO signature
            (content_hash, peer_id, kind, jws, signed_at, thumbprint, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (content_hash, peer_id, kind) DO UPDATE
           SET jws = excluded.jws, signed_at = excluded.signed_at,
               thumbprint = excluded.thumbprint, received_at = excluded.received_at
         WHERE signature.signed_at < excluded.signed_at
        RETURNING true
        """,
        content_hash.value,
        signature.peer_id.value,
        signature.kind.value,
        signature.jws,
        signature.signed_at,
        signature.thumbprint,
        now,
    )
    if changed:
        await connection.execute(
            """
            UPDATE signature SET epoch = platform.bump_epoch()
             WHERE content_hash = $1 AND peer_id = $2 AND kind = $3
            """,
            content_hash.value,
            signature.peer_id.value,
            signature.kind.value,
        )
    return bool(changed)


async def certificate(source: Source, thumbprint: str) -> ChainedCertificate | None:
    """A certificate we have seen sign, None when it is new to us."""
    row = await source.fetchrow(
        "SELECT der, chain FROM certificate WHERE thumbprint = $1", thumbprint
    )
    return None if row is None else _chained(row)


async def certificates_of(
    source: Source, peer_id: PeerId, now: datetime
) -> list[ChainedCertificate]:
    """The certificates of a peer that have not expired, newest first."""
    rows = await source.fetch(
        """
        SELECT der, chain FROM certificate
         WHERE peer_id = $1 AND not_after > $2 ORDER BY not_before DESC LIMIT 100
        """,
        peer_id.value,
        now,
    )
    return [_chained(row) for row in rows]


def _chained(row: Any) -> ChainedCertificate:
    return ChainedCertificate(
        leaf=read_der(row["der"]),
        others=tuple(x509.load_der_x509_certificate(each) for each in row["chain"]),
    )


async def contract(source: Source, content_hash: str) -> StoredContract | None:
    """The contract with this hash, None when we do not know it."""
    row = await source.fetchrow(f"{SELECT_CONTRACT} WHERE c.content_hash = $1", content_hash)
    return None if row is None else (await with_signatures(source, [row]))[0]


async def contract_of_grant(source: Source, grant_hash: GrantHash) -> StoredContract | None:
    """The contract that a grant stands in, None when we do not know the grant."""
    row = await source.fetchrow(
        f"{SELECT_CONTRACT} JOIN contract_grant g USING (content_hash) WHERE g.grant_hash = $1",
        grant_hash.value,
    )
    return None if row is None else (await with_signatures(source, [row]))[0]


async def contracts(source: Source, *, grant_types: Sequence[str] = ()) -> Sequence[StoredContract]:
    """All contracts, newest first; with ``grant_types`` those that hold such a grant."""
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT}
         WHERE cardinality($1::text[]) = 0 OR EXISTS (
               SELECT 1 FROM contract_grant g
                WHERE g.content_hash = c.content_hash AND g.grant_type = ANY($1::text[]))
         ORDER BY c.created_at DESC, c.content_hash DESC
        """,  # noqa: S608  # constants only
        list(grant_types),
    )
    return await with_signatures(source, rows)


async def contracts_starting_with(source: Source, prefix: str) -> Sequence[StoredContract]:
    """The contracts whose content or grant hash begins so, at most three: for people who type.

    Of a content hash the mark of its algorithm may be left out, and a dash that follows it.
    """
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT}
         WHERE starts_with(c.content_hash, $1) OR starts_with(c.content_hash, '$1$1$' || $1)
            OR starts_with(ltrim(substr(c.content_hash, 6), '-'), $1)
            OR EXISTS (SELECT 1 FROM contract_grant g
                        WHERE g.content_hash = c.content_hash AND starts_with(g.grant_hash, $1))
         ORDER BY c.created_at DESC LIMIT 3
        """,  # noqa: S608  # constants only
        prefix,
    )
    return await with_signatures(source, rows)


async def contracts_with_connections(
    source: Source, *, since: int | None = None
) -> Sequence[StoredContract]:
    """The contracts that hold a connection; with ``since`` those that were signed after that epoch.

    Source: house decision: effect at once.
    """
    if since is None:
        return await contracts(source, grant_types=_CONNECTIONS)
    rows = await source.fetch(
        f"""
        {SELECT_CONTRACT}
         WHERE c.content_hash = ANY(ARRAY(SELECT content_hash FROM signature WHERE epoch > $1))
           AND EXISTS (SELECT 1 FROM contract_grant g
                        WHERE g.content_hash = c.content_hash AND g.grant_type = ANY($2::text[]))
        """,  # noqa: S608  # constants only
        since,
        list(_CONNECTIONS),
    )
    return await with_signatures(source, rows)


async def connection_grants(source: Source, now: datetime) -> list[ConnectionGrant]:
    """All connection grants we know, with the state of their contracts at this moment.

    Who asks again and again keeps a `KnownGrants`.
    """
    return [
        grant
        for each in await contracts_with_connections(source)
        for grant in connections_of(each.contract, each.signatures, now)
    ]
