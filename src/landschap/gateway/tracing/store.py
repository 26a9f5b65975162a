# SPDX-License-Identifier: EUPL-1.2
"""All that this organisation holds about one question: read from log, register and contracts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.fsc import store as fsc_store
from landschap.gateway.tracing.explained import (
    Explained,
    ExplainedContract,
    ExplainedDecision,
    ExplainedLine,
    ExplainedRecord,
    connection_of,
    decision_parts,
    grant_of,
)
from landschap.gateway.usage.store import Rooms
from landschap.logboek import store as log_store
from landschap.logboek.merkle import proves_inclusion
from landschap.logboek.records import Kind, Record, leaf_of
from landschap.purposes import store as purpose_store
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.replay import replay
from landschap.vocabulary.identifiers import GrantHash, InvalidValue


async def explain_transaction(rooms: Rooms, identifier: UUID, now: datetime) -> Explained | None:
    """Everything this organisation holds about one transaction, or trace; None when nothing."""
    records = await _records(rooms.log, identifier)
    if not records:
        return None
    hashes = sorted({grant for each in records if (grant := grant_of(each))})
    contracts = [await _contract(rooms, each, now) for each in hashes]
    bounds = {each.grant_hash: each.bound for each in contracts if each is not None}
    return Explained(
        identifier=str(identifier),
        trace_id=records[0].columns.trace_id.hex(),
        names=await fsc_store.peer_names(rooms.fsc),
        contracts=tuple(each for each in contracts if each is not None),
        decisions=tuple(
            [await _decision(rooms, r, bounds) for r in records if "adl" in r.content()]
        ),
        records=tuple([await _proved(rooms.log, record) for record in records]),
        lines=tuple(
            [await _line(rooms, record) for record in records if record.columns.kind == Kind.LINE]
        ),
    )


async def _records(pool: asyncpg.Pool, identifier: UUID) -> Sequence[Record]:
    """The records of the transaction, and all others of the same trace, oldest first."""
    named = await log_store.by_transaction(pool, identifier)
    trace = named[0].columns.trace_id if named else identifier.bytes
    found = {record.record_id: record for record in named}
    found.update({record.record_id: record for record in await log_store.by_trace(pool, trace)})
    return [found[key] for key in sorted(found)]


async def _contract(rooms: Rooms, grant_hash: str, now: datetime) -> ExplainedContract | None:
    try:
        stored = await fsc_store.contract_of_grant(rooms.fsc, GrantHash.parse(grant_hash))
    except InvalidValue:
        return None
    if stored is None:
        return None
    connection = connection_of(stored.contract, grant_hash)
    bound = read_bound(connection.properties) if connection else None
    return ExplainedContract(
        grant_hash=grant_hash,
        content_hash=stored.contract.hash.value,
        state=stored.state(now).value,
        not_before=stored.contract.not_before,
        not_after=stored.contract.not_after,
        connection=connection,
        bound=bound if isinstance(bound, Bound) else None,
        signatures=stored.signatures,
    )


async def _decision(
    rooms: Rooms, record: Record, bounds: dict[str, Bound | None]
) -> ExplainedDecision:
    request, response, version = decision_parts(record.content())
    snapshot = await purpose_store.snapshot_by_version(rooms.purposes, version)
    again = None
    if snapshot is not None:
        again = replay(
            request,
            response,
            bound=bounds.get(grant_of(record)),
            snapshot=snapshot,
            at=record.columns.at,
            require_bound=grant_of(record) in bounds,
        )
    return ExplainedDecision(
        record_id=str(record.record_id),
        request=request,
        response=response,
        version=version,
        snapshot=snapshot,
        replay=again,
    )


async def _proved(pool: asyncpg.Pool, record: Record) -> ExplainedRecord:
    """The record with what its proof shows: leaf, path and head all recomputed."""
    proof = await log_store.proof_of(pool, record)
    proved = False
    if proof is not None and leaf_of(record.columns, record.salt, record.payload) == record.leaf:
        made = proof.batch.made
        try:
            root = proves_inclusion(record.leaf, record.position, made.size, proof.path)
        except ValueError:
            root = b""
        proved = root == made.root and made.digest() == proof.batch.head
    return ExplainedRecord(record=record, proved=proved)


async def _line(rooms: Rooms, record: Record) -> ExplainedLine:
    uri = record.columns.activity or ""
    activity = await purpose_store.activity_at(rooms.purposes, uri, record.columns.at)
    return ExplainedLine(record=record, activity=activity)
