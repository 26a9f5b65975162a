# SPDX-License-Identifier: EUPL-1.2
"""``landschap explain``: the whole chain behind one question, or the meaning of one error code."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import click

from landschap.cli.config_option import config_option
from landschap.cli.verify import LOG_READER
from landschap.gateway.recording import EXPLAINED
from landschap.gateway.tracing.chains import chain_words, declared_by, hop_json
from landschap.gateway.tracing.explained import Explained, words_of
from landschap.gateway.tracing.store import explain_transaction
from landschap.gateway.usage.store import Rooms
from landschap.logboek.records import Record
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.chain_review import hops_of
from landschap.vocabulary.ijson import JsonValue

_NOT_FOUND = 3
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ROW = re.compile(r"^\|\s*`(?P<code>[A-Za-z_]+)`\s*\|(?P<cells>.*)\|\s*$")


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
            log=await postgres.pool(settings, "logboek", size=1, role=LOG_READER),
            purposes=await postgres.pool(settings, "purposes", size=1),
            fsc=await postgres.pool(settings, "fsc", size=1),
        )
        for pool in (rooms.log, rooms.purposes, rooms.fsc):
            stack.push_async_callback(pool.close)
        own = settings.organisation
        found = await explain_transaction(rooms, identifier, datetime.now(UTC))
        # Peers have names of their own telling; ours stands in the settings.
        return found and found.named({**found.names, own.oin.value: own.name})
