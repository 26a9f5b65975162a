# SPDX-License-Identifier: EUPL-1.2
"""``landschap door``: what happened at the doors, as nginx carried it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import asyncpg
import click

from landschap.cli.config_option import config_option, json_option
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.gateway import store
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.times import as_utc_text

_Result = TypeVar("_Result")


@click.group()
def door() -> None:
    """See what was refused and what was carried at the doors.

    \b
    Examples:
      landschap door events --hours 1
      landschap door totals --json
    """


@door.command("events")
@click.option(
    "--hours", type=click.IntRange(1, 9_600), default=24, show_default=True, help="How far back."
)
@json_option
@config_option
def show_events(config: Path, hours: int, as_json: bool) -> None:
    """List refused certificates and peers over their rate, the newest first.

    Counted by the minute. A serial number is shown only of a certificate that was believed.

    \b
    Examples:
      landschap door events
      landschap door events --hours 168 --json
    """
    since = datetime.now(UTC) - timedelta(hours=hours)
    found = _run(load_settings(config), lambda pool: store.security_events(pool, since))
    rows = [
        {
            "kind": each.kind,
            "door": each.door,
            "reason": each.reason,
            "serial": each.serial,
            "times": each.times,
            "firstAt": as_utc_text(each.first_at),
            "lastAt": as_utc_text(each.last_at),
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps({"events": rows}))
        return
    table = table_of("Last", "What", "Door", "Times", "Why", "Certificate")
    for row in rows:
        keys = ("lastAt", "kind", "door", "times", "reason", "serial")
        table.add_row(*(str(row[key]) for key in keys))
    answer.print(table)


@door.command("totals")
@json_option
@config_option
def show_totals(config: Path, as_json: bool) -> None:
    """Count what was carried since the beginning, by door, destination and status.

    \b
    Examples:
      landschap door totals
      landschap door totals --json
    """
    found = _run(load_settings(config), store.access_totals)
    rows = [
        {
            **key._asdict(),
            "answers": total.answers,
            "bytesSent": total.bytes_sent,
            "seconds": round(total.seconds, 3),
        }
        for key, total in found.items()
    ]
    if as_json:
        click.echo(json.dumps({"totals": rows}))
        return
    table = table_of("Door", "Destination", "Status", "Answers", "Bytes", "Seconds")
    for row in rows:
        keys = ("door", "upstream", "status", "answers", "bytesSent", "seconds")
        table.add_row(*(str(row[key]) for key in keys))
    answer.print(table)


def _run(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(settings, "gateway", work)
