# SPDX-License-Identifier: EUPL-1.2
"""``landschap log``: read the log, copy it, deliver lines to it, hold back what is secret."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.log_account import account
from landschap.cli.log_copy import write_copy
from landschap.cli.log_deliver import deliver_journal
from landschap.cli.log_destroy import destroy
from landschap.cli.log_hold import hold, lift, list_holds, review
from landschap.cli.log_legal import legal_hold
from landschap.cli.log_proof import proof
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import LOG_READER, counting
from landschap.cli.with_pool import run_with_pool
from landschap.logboek import store
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Kind, Record
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text, parse_moment

_Result = TypeVar("_Result")
_NOT_FOUND = 3
_DEFAULT_DAYS = 7

of_organisation = read_from_config("settings", load_settings)


@click.group()
def log() -> None:
    """Read the log, copy it, and decide what residents are not told of.

    \b
    Examples:
      landschap log list --kind line
      landschap log show 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e
      landschap log export log.jsonl
      landschap log proof 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --to proof.jsonl
    """


log.add_command(account)
log.add_command(deliver_journal)
log.add_command(proof)
log.add_command(legal_hold)
log.add_command(destroy)
for each in (hold, review, lift, list_holds):
    log.add_command(each)


@log.command("list")
@click.option("--kind", type=click.Choice([kind.name.lower() for kind in Kind]), help="One kind.")
@click.option("--peer", help="Only records with this counterparty (Peer ID).")
@click.option("--since", help="From this moment, YYYY-MM-DDThh:mm; default the last 7 days.")
@click.option("--limit", type=click.IntRange(1, 1000), default=25, show_default=True)
@json_option
@of_organisation
def list_records(
    settings: Settings,
    kind: str | None,
    peer: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the newest records, newest first. Persons show as pseudonyms.

    \b
    Examples:
      landschap log list --kind line
      landschap log list --peer 00000099000000002000 --since 2026-11-01T00:00
    """
    try:
        begin = parse_moment(since) if since else datetime.now(UTC) - timedelta(days=_DEFAULT_DAYS)
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None
    chosen = Kind[kind.upper()] if kind else None
    records = _read(
        settings,
        lambda pool: store.latest(pool, since=begin, limit=limit, kind=chosen, peer=peer),
    )
    if as_json:
        click.echo(json.dumps([_body(record) for record in records], ensure_ascii=False))
        return
    table = table_of("Recorded", "Kind", "Peer", "Service", "Outcome", "Record", whole="Peer")
    for record in records:
        columns = record.columns
        table.add_row(
            as_utc_text(record.recorded_at)[:19].replace("T", " "),
            Kind(columns.kind).name.lower(),
            columns.peer or "-",
            columns.service or "-",
            _outcome(record),
            str(record.record_id),
        )
    answer.print(table)


@log.command("show")
@click.argument("identifier", metavar="ID")
@json_option
@of_organisation
@click.pass_context
def show_record(ctx: click.Context, settings: Settings, identifier: str, as_json: bool) -> None:
    """Show a record with its proof, or all records of a transaction or trace.

    ID is a record id, an Fsc-Transaction-Id or a trace id of 32 hexadecimals.

    \b
    Examples:
      landschap log show 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e
      landschap log show 4bf92f3577b34da6a3ce929d0e0e4736 --json
    """
    found = _read(settings, lambda pool: _find(pool, identifier))
    if not found:
        click.echo(f"The log holds nothing under {identifier}.", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        answer.print_json(data=one)


@log.command("export")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@of_organisation
def export_log(settings: Settings, target: Path) -> None:
    """Copy the whole log to FILE as lines of JSON, with batches and anchors.

    The copy is proved by `landschap verify --file FILE`, also by somebody else.

    \b
    Examples:
      landschap log export log.jsonl
      landschap log export log.jsonl && landschap verify --file log.jsonl
    """

    async def copy(pool: asyncpg.Pool) -> int:
        with counting("Copying", await store.count_records(pool)) as advance:
            return await write_copy(pool, settings.organisation.oin.value, target, advance)

    click.echo(f"{_read(settings, copy):,} records copied to {target}")


def _read(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(settings, "logboek", work, role=LOG_READER)


async def _find(pool: asyncpg.Pool, identifier: str) -> list[dict[str, JsonValue]]:
    try:
        wanted = UUID(identifier)
    except ValueError:
        raise click.BadParameter("ID is a record, transaction or trace id") from None
    one = await store.by_record(pool, wanted)
    if one is not None:
        return [{**_body(one), "proof": await _proof(pool, one)}]
    records = await store.by_transaction(pool, wanted) or await store.by_trace(pool, wanted.bytes)
    return [_body(record) for record in records]


async def _proof(pool: asyncpg.Pool, record: Record) -> JsonValue:
    proof = await store.proof_of(pool, record)
    if proof is None:
        return None
    return {
        "leaf": record.leaf.hex(),
        "path": [sibling.hex() for sibling in proof.path],
        "root": proof.batch.made.root.hex(),
        "size": proof.batch.made.size,
        "head": proof.batch.head.hex(),
    }


def _body(record: Record) -> dict[str, JsonValue]:
    columns = record.columns
    subject = None if columns.subject is None else as_subject_id(columns.subject)
    transaction = None if columns.transaction_id is None else str(columns.transaction_id)
    body: dict[str, JsonValue] = {
        "record": str(record.record_id),
        "kind": Kind(columns.kind).name.lower(),
        "recordedAt": as_utc_text(record.recorded_at),
        "at": as_utc_text(columns.at),
        "traceId": columns.trace_id.hex(),
        "spanId": columns.span_id.hex(),
        "transactionId": transaction,
        "subject": subject,
        "peer": columns.peer,
        "service": columns.service,
        "grantHash": columns.grant_hash,
        "activity": columns.activity,
        "lane": record.lane,
        "batch": record.batch,
        "position": record.position,
    }
    shown = {name: value for name, value in body.items() if value is not None}
    return {**shown, "content": record.content()}


def _outcome(record: Record) -> str:
    content = record.content()
    own = content.get("landschap")
    if isinstance(own, dict):
        return str(own.get("outcome", "-"))
    return "permitted" if "fsc" in content else "refused"
