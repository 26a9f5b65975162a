# SPDX-License-Identifier: EUPL-1.2
"""``landschap explain``: the whole chain behind one question, or the meaning of one error code."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import asyncpg
import click

from landschap.cli.chains import chain_words, declared_by, hop_json
from landschap.cli.config_option import config_option
from landschap.cli.explanation import (
    Explained,
    ExplainedContract,
    ExplainedDecision,
    ExplainedLine,
    ExplainedRecord,
    connection_of,
    decision_parts,
    grant_of,
    words_of,
)
from landschap.cli.verify import LOG_READER
from landschap.fsc import store as fsc_store
from landschap.gateway.recording import EXPLAINED
from landschap.logboek import store as log_store
from landschap.logboek.merkle import proves_inclusion
from landschap.logboek.records import Kind, Record, leaf_of
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.purposes import store as purpose_store
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.chain_review import hops_of
from landschap.purposes.replay import replay
from landschap.vocabulary.identifiers import GrantHash, InvalidValue
from landschap.vocabulary.ijson import JsonValue

_NOT_FOUND = 3
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ROW = re.compile(r"^\|\s*`(?P<code>[A-Za-z_]+)`\s*\|(?P<cells>.*)\|\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """A pool of each room that is asked, each in that room's own role."""

    logboek: asyncpg.Pool
    purposes: asyncpg.Pool
    fsc: asyncpg.Pool


@click.command("explain")
@click.argument("identifier", metavar="TRANSACTION-ID|ERROR-CODE")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@config_option
@click.pass_context
def explain(ctx: click.Context, identifier: str, as_json: bool, config: Path) -> None:
    """Explain one question: certificate, contract, purpose, policy, fields, records and lines.

    Takes an Fsc-Transaction-Id or a trace id, and reads only what this organisation holds itself.
    Of a question that follows from another it tells the chain, as far as that was declared to us.
    With an error code it says what the code means and who can mend it.

    \b
    Examples:
      landschap explain 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e
      landschap explain fields_excess
    """
    if not _IDENTIFIER.fullmatch(identifier):
        _explain_code(ctx, identifier, as_json)
        return
    explained = asyncio.run(_explained(load_settings(config), UUID(identifier)))
    if explained is None:
        click.echo(f"The log of this organisation holds nothing under {identifier}.", err=True)
        ctx.exit(_NOT_FOUND)
    own = load_settings(config).organisation.oin.value
    records = [each.record for each in explained.records]
    declared, idle = declared_by(own, records), _not_carried_out(records)
    if as_json:
        chain = [hop_json(each) for each in hops_of(declared)]
        told = {**explained.as_json(), "chain": chain, "explainedOnly": idle}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in (*words_of(explained), *chain_words(declared, explained.names)):
        click.echo(line)
    for record in idle:
        click.echo(f"\nRecord {record}: asked to be explained only; nothing was carried out")


def _not_carried_out(records: Sequence[Record]) -> list[JsonValue]:
    """The records of decisions that were asked for by themselves."""
    found: list[JsonValue] = []
    for each in records:
        adl = each.content().get("adl")
        attributes = adl.get("attributes") if isinstance(adl, Mapping) else None
        if isinstance(attributes, Mapping) and attributes.get(EXPLAINED) is True:
            found.append(str(each.record_id))
    return found


def error_rows() -> dict[str, tuple[str, ...]]:
    """Every error code with its cells: status, when, who can mend it.

    The page of the manual is the one source; it is packaged beside this module.
    """
    page = files("landschap.cli") / "errors.md"
    rows: dict[str, tuple[str, ...]] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := _ROW.match(line):
            cells = tuple(cell.strip() for cell in match["cells"].split("|"))
            rows[match["code"]] = cells
    return rows


def _explain_code(ctx: click.Context, code: str, as_json: bool) -> None:
    rows = error_rows()
    found = rows.get(code)
    if found is None:
        import difflib

        near = difflib.get_close_matches(code, rows, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        click.echo(f"{code} is no transaction id and no error code.{hint}", err=True)
        ctx.exit(_NOT_FOUND)
    status, when, owner = found
    if as_json:
        told = {"code": code, "status": status, "when": when, "owner": owner}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{code} (HTTP {status})\n  When: {when}\n  Who can mend it: {owner}")


async def _explained(settings: Settings, identifier: UUID) -> Explained | None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        rooms = Rooms(
            logboek=await postgres.pool(settings, "logboek", size=1, role=LOG_READER),
            purposes=await postgres.pool(settings, "purposes", size=1),
            fsc=await postgres.pool(settings, "fsc", size=1),
        )
        for pool in (rooms.logboek, rooms.purposes, rooms.fsc):
            stack.push_async_callback(pool.close)
        own = settings.organisation
        found = await explain_transaction(rooms, identifier, datetime.now(UTC))
        # Peers have names of their own telling; ours stands in the settings.
        return found and replace(found, names={**found.names, own.oin.value: own.name})


async def explain_transaction(rooms: Rooms, identifier: UUID, now: datetime) -> Explained | None:
    """Everything this organisation holds about one transaction, or trace; None when nothing."""
    records = await _records(rooms.logboek, identifier)
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
        records=tuple([await _proved(rooms.logboek, record) for record in records]),
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
