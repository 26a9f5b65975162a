# SPDX-License-Identifier: EUPL-1.2
"""``landschap log destroy``: take away the months of the log of which every term is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import counting
from landschap.logboek.legal_holds import EndedMonth, Verdict, judged
from landschap.logboek.store import legal_holds as store
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.purposes.store import activity_versions
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_STAYED = 6

of_organisation = read_from_config("settings", load_settings)


@click.command("destroy")
@click.option("--execute", is_flag=True, help="Destroy; without it only what would be is told.")
@json_option
@of_organisation
@click.pass_context
def destroy(ctx: click.Context, settings: Settings, execute: bool, as_json: bool) -> None:
    """Destroy the months of the log that nothing keeps any longer; list them without --execute.

    A month goes when the term of the log and those of all processing activities in it are over
    (`bewaartermijn_logboek`, the longest of their versions), and nothing in it is held: no legal
    hold, no request for access without an answer. `landschap verify` still proves the rest.

    \b
    Examples:
      landschap log destroy
      landschap log destroy --execute
    """
    verdicts, done = asyncio.run(_destroy(settings, execute=execute))
    now = datetime.now(UTC)
    rows = [_body(each, now, done) for each in verdicts]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _tell(rows)
    if execute and any(each.is_due(now) and each.month not in done for each in verdicts):
        ctx.exit(_STAYED)


def _tell(rows: Sequence[dict[str, JsonValue]]) -> None:
    if not rows:
        click.echo("no month is past the term of the log")
        return
    table = table_of("Month", "State", "Until", "Held by")
    for row in rows:
        holds, unknown = row["holds"], row["withoutTerm"]
        assert isinstance(holds, list) and isinstance(unknown, list)  # noqa: S101, PT018 - as made
        kept = [str(each) for each in holds] + [f"no term of {each}" for each in unknown]
        table.add_row(str(row["month"]), str(row["state"]), str(row["until"])[:10],
                      ", ".join(kept) or "-")  # fmt: skip
    answer.print(table)


def _body(each: Verdict, now: datetime, done: dict[date, int | None]) -> dict[str, JsonValue]:
    state = "due" if each.is_due(now) else "held" if each.holds else "within its term"
    if not each.is_due(now) and not each.holds and each.unknown:
        state = "term unknown"
    records = done.get(each.month)
    if each.month in done:
        state = "held" if records is None else "destroyed"
    return {
        "month": each.month.isoformat()[:7],
        "state": state,
        "until": as_utc_text(each.until),
        "holds": [str(hold) for hold in each.holds],
        "withoutTerm": list(each.unknown),
        **({} if records is None else {"records": records}),
    }


async def _destroy(
    settings: Settings, *, execute: bool
) -> tuple[list[Verdict], dict[date, int | None]]:
    """Judge each month; with ``execute`` take away what is due: records by month, None when held
    meanwhile.
    """
    done: dict[date, int | None] = {}
    async with postgres.database(settings):
        reader = await postgres.pool(settings, "logboek", role=store.READER, size=1)
        purposes = await postgres.pool(settings, "purposes", size=1)
        keeper = await postgres.pool(settings, "logboek", role=store.KEEPER, size=1)
        try:
            verdicts = [
                await _verdict(reader, purposes, each) for each in await store.ended_months(reader)
            ]
            due = [each for each in verdicts if execute and each.is_due(datetime.now(UTC))]
            with counting("Destroying", len(due)) as advance:
                for place, each in enumerate(due, start=1):
                    try:
                        done[each.month] = await store.drop_month(keeper, each.month)
                    except asyncpg.RaiseError:
                        done[each.month] = None
                    advance(place)
        finally:
            for pool in (reader, purposes, keeper):
                await pool.close()
    return verdicts, done


async def _verdict(reader: asyncpg.Pool, purposes: asyncpg.Pool, month: EndedMonth) -> Verdict:
    ends: dict[str, datetime] = {}
    for uri in month.activities:
        terms = [each.log_retention for each in await activity_versions(purposes, uri)]
        if all(terms) and terms:
            ends[uri] = max(await store.term_ends(reader, month.month, terms))
    return judged(month, ends)
