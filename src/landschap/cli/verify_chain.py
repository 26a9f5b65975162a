# SPDX-License-Identifier: EUPL-1.2
"""``landschap verify --chain``: whether everybody along a chain declared what the next one says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import click

from landschap.cli.log_copy import CopiedLog
from landschap.fsc.store import peer_names
from landschap.gateway.tracing.chains import Compared, chain_words, declared_by, finding_words
from landschap.logboek import store
from landschap.logboek.anchors import read_anchor
from landschap.logboek.findings import Report
from landschap.logboek.records import Record
from landschap.logboek.verify import Trust, verify
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.chain_review import review

_NOT_FOUND, _PARTIAL, _HARMED = 3, 6, 7
_LOG_READER = "landschap_log_reader"
_NOTES = """\
prevented when it was asked: a wider or other purpose, or a claim against itself, at our doors
seen only now, in these logs: naming a declaration that was never made, or another purpose in it
seen in no log: asking anew, in another trace and for a purpose of one's own
"""


def verify_chain(
    settings: Settings,
    identifier: UUID,
    beside: Sequence[Path],
    trust: Trust | None,
    *,
    as_json: bool,
) -> int:
    """Compare one chain in our log and in copies of others; gives the exit code.

    Raises Trouble for a copy that can not be relied on.
    """
    found = asyncio.run(_compared(settings, identifier, beside, trust))
    if found is None:
        click.echo(f"The log of this organisation holds nothing under {identifier}.", err=True)
        return _NOT_FOUND
    compared, names = found
    if as_json:
        click.echo(json.dumps(compared.as_json(names), ensure_ascii=False))
    else:
        _tell(compared, names)
    return _HARMED if compared.harmed else 0 if compared.whole else _PARTIAL


async def compare(
    own: str, records: Sequence[Record], beside: Sequence[Path], trust: Trust | None
) -> Compared:
    """Our records of one trace against the copies. Raises Trouble."""
    trace = records[0].columns.trace_id
    logs, declared = [own], declared_by(own, records)
    unsigned: list[str] = []
    for path in beside:
        copy = CopiedLog(path)
        report = await verify(copy, dropped=copy.title.months(), trust=trust)
        await _refuse_harmed(copy, report)
        unsigned += [] if report.anchors else [copy.title.organisation]
        theirs = [each async for each in copy.records() if each.columns.trace_id == trace]
        logs.append(copy.title.organisation)
        declared += declared_by(copy.title.organisation, theirs)
    return Compared(
        trace_id=trace.hex(),
        logs=tuple(logs),
        declared=tuple(declared),
        findings=tuple(review(declared, logs)),
        unsigned=tuple(unsigned),
    )


async def _refuse_harmed(copy: CopiedLog, report: Report) -> None:
    """A copy counts when it is intact, and nobody else signed what is in it."""
    if not report.intact:
        raise Trouble(
            f"{copy.path} is not intact, so nothing rests on it",
            "look with `landschap verify --file`, and ask for another copy",
        )
    async for anchor in copy.anchors():
        signed_by = read_anchor(anchor).organisation
        if signed_by != copy.title.organisation:
            raise Trouble(
                f"{copy.path} is called the log of {copy.title.organisation}, and {signed_by} "
                "signed it",
                "ask the organisation itself for a copy",
            )


async def _compared(
    settings: Settings, identifier: UUID, beside: Sequence[Path], trust: Trust | None
) -> tuple[Compared, dict[str, str]] | None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        pool = await postgres.pool(settings, "logboek", size=1, role=_LOG_READER)
        stack.push_async_callback(pool.close)
        fsc = await postgres.pool(settings, "fsc", size=1)
        stack.push_async_callback(fsc.close)
        named = await store.by_transaction(pool, identifier)
        trace = named[0].columns.trace_id if named else identifier.bytes
        records = await store.by_trace(pool, trace)
        if not records:
            return None
        own = settings.organisation
        names = {**await peer_names(fsc), own.oin.value: own.name}
        return await compare(own.oin.value, list(records), beside, trust), names


def _tell(compared: Compared, names: dict[str, str]) -> None:
    lines = list(chain_words(compared.declared, names))
    if not lines:
        click.echo(f"trace {compared.trace_id}: no question here follows from another")
    for line in lines:
        click.echo(line.lstrip("\n"))
    outcome = "NOT as it was declared" if compared.harmed else "as it was declared"
    whole = "" if compared.whole else ", as far as these logs show"
    click.echo(f"{outcome}{whole}; logs at hand: {', '.join(compared.logs)}")
    for line in finding_words(compared.findings, names):
        click.echo(line)
    for organisation in compared.unsigned:
        click.echo(f"note: nothing in the copy of {organisation} is signed by it")
    for note in _NOTES.splitlines():
        click.echo(f"note: {note}")
