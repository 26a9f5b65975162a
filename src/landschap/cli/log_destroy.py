# SPDX-License-Identifier: EUPL-1.2
"""``landschap log destroy``: take away the months of the log of which every term is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime

import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.log_destroying import disposal, due, judged_months, take_away
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import counting
from landschap.logboek.legal_holds import Verdict
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_STAYED = 6

of_organisation = read_from_config("settings", load_settings)


@click.command("destroy")
@click.option("--execute", is_flag=True, help="Destroy; without it only what would be is told.")
@click.option(
    "--clock-is-right",
    "confirmed",
    is_flag=True,
    help="Destroy although the log was hardly signed in the last 40 days: it was out of use.",
)
@json_option
@of_organisation
@click.pass_context
def destroy(
    ctx: click.Context, settings: Settings, execute: bool, confirmed: bool, as_json: bool
) -> None:  # fmt: skip
    """Destroy the months of the log that nothing keeps any longer; list them without --execute.

    A month goes when the term of the log and those of all processing activities in it are over
    (`bewaartermijn_logboek`, the longest of their versions), and nothing in it is held: no legal
    hold, no request for access without an answer. `landschap verify` still proves the rest.
    The worker does this each day, unless `logboek.destroy` is `by_hand`. When the clock may stand
    ahead, nothing is destroyed: the log was signed on fewer than 7 of the last 40 days by it.

    \b
    Examples:
      landschap log destroy
      landschap log destroy --execute
    """
    verdicts, done = asyncio.run(_destroy(settings, execute=execute, confirmed=confirmed))
    now = datetime.now(UTC)
    rows = [_body(each, now, done) for each in verdicts]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _tell(rows)
    if None in done.values():
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
    settings: Settings, *, execute: bool, confirmed: bool
) -> tuple[list[Verdict], dict[date, int | None]]:
    """Judge each month; with ``execute`` take away what is due: records by month, None when held
    meanwhile.
    """
    async with postgres.database(settings), disposal(settings) as by:
        verdicts = await judged_months(by)
        months = due(verdicts) if execute else []
        with counting("Destroying", len(months)) as advance:
            done = await take_away(by, months, advance, confirmed=confirmed)
        return [each for each in verdicts if each.month in done or each.month not in months], done
