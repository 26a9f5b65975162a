# SPDX-License-Identifier: EUPL-1.2
"""``landschap siem``: the way of security events to the watch (SIEM, SOC)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import of_organisation
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.ids import uuid7
from landschap.platform.siem import outbox
from landschap.platform.siem.delivery import Receiver, receivers_of, sender_of
from landschap.platform.siem.ocsf import Event, form
from landschap.platform.trouble import Trouble

if TYPE_CHECKING:
    from landschap.platform.settings import Settings

_UNREACHABLE = 5


@click.group()
def siem() -> None:
    """See and test the way of security events to the watch (SIEM, SOC).

    \b
    Examples:
      landschap siem status
      landschap siem test
      landschap siem replay --hours 2
    """


@siem.command("status")
@json_option
@of_organisation
def status(settings: Settings, as_json: bool) -> None:
    """Show how far each receiver is, and whether events were lost.

    \b
    Examples:
      landschap siem status
      landschap siem status --json
    """
    found, lost = run_with_pool(settings, "platform", _standing)
    if as_json:
        rows = [
            {
                "receiver": each.name,
                "confirmed": each.confirmed,
                "waiting": each.waiting,
                "oldestWaiting": each.since.isoformat() if each.since else None,
            }
            for each in found
        ]
        click.echo(json.dumps({"receivers": rows, "lost": lost}))
        return
    table = table_of("Receiver", "Confirmed up to", "Waiting", "Oldest waiting")
    for each in found:
        since = f"{each.since:%Y-%m-%d %H:%M:%S}" if each.since else "-"
        table.add_row(each.name, str(each.confirmed), str(each.waiting), since)
    answer.print(table)
    if not found:
        click.echo("no receivers: set [siem.syslog] or [siem.otlp] and start serve", err=True)
    if lost:
        click.echo(f"{lost} events were lost: more waited than siem.buffer_events", err=True)


@siem.command("test")
@json_option
@of_organisation
@click.pass_context
def test(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    """Send one event of kind `watch_tested` to each receiver, past what waits.

    Ends with 5 when a receiver can not be reached. Syslog confirms nothing: look there as well.

    \b
    Examples:
      landschap siem test
      landschap siem test --json
    """
    receivers = receivers_of(settings)
    if not receivers:
        raise Trouble("no receiver is set", "set [siem.syslog] or [siem.otlp] in the settings")
    now = datetime.now(UTC)
    event = Event(seq=1, event_id=uuid7(), at=now, noted_at=now, kind="watch_tested", facts={})
    told = asyncio.run(_try(receivers, form(event, sender_of(settings))))
    if as_json:
        rows = [{"receiver": name, "error": error or None} for name, error in told]
        click.echo(json.dumps({"event": str(event.event_id), "receivers": rows}))
    else:
        for name, error in told:
            click.echo(f"{name}: {error or f'sent as {event.event_id}'}")
    if any(error for _, error in told):
        ctx.exit(_UNREACHABLE)


@siem.command("replay")
@click.option(
    "--hours",
    type=click.IntRange(1, 8_760),
    default=1,
    show_default=True,
    help="How far back; older than siem.keep_hours is gone.",
)
@json_option
@of_organisation
def replay(settings: Settings, hours: int, as_json: bool) -> None:
    """Have every receiver get again, in order, what happened in the last hours.

    The events have the identifiers that they had.

    \b
    Examples:
      landschap siem replay --hours 2
      landschap siem replay --hours 24 --json
    """
    since = datetime.now(UTC) - timedelta(hours=hours)
    found = run_with_pool(settings, "platform", partial(_replayed, since))
    if as_json:
        rows = [{"receiver": name, "events": events} for name, events in found]
        click.echo(json.dumps({"receivers": rows}))
        return
    for name, events in found:
        click.echo(f"{name}: {events} events go again")
    if not found:
        click.echo("nothing happened since, or there is no receiver")


def tell_gap(settings: Settings, findings: int) -> None:
    """Note that the log is not what was written. Who may only read says so instead."""
    facts = {"code": "log_not_intact", "times": findings}
    try:
        run_with_pool(settings, "platform", partial(outbox.note, kind="log_gap", facts=facts))
    except (Trouble, OSError, asyncpg.PostgresError) as error:
        click.echo(f"the watch was not told: {error}", err=True)


async def _standing(pool: asyncpg.Pool) -> tuple[list[outbox.Standing], int]:
    return await outbox.standings(pool), await outbox.lost(pool)


async def _replayed(since: datetime, pool: asyncpg.Pool) -> list[tuple[str, int]]:
    return list(await outbox.replay(pool, since))


async def _try(receivers: list[Receiver], told: dict[str, object]) -> list[tuple[str, str]]:
    """Each receiver, with what went wrong; nothing when it went well."""
    found = []
    for each in receivers:
        error = ""
        try:
            await each.send([told])
        except (OSError, TimeoutError) as failed:
            error = f"not reached: {str(failed) or type(failed).__name__}"
        finally:
            await each.close()
        found.append((each.name, error))
    return found
