# SPDX-License-Identifier: EUPL-1.2
"""``landschap source schedule``: the extracts that the worker makes, and whether it did."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from landschap.cli.config_option import config_option, json_option
from landschap.cli.source import source
from landschap.cli.tables import answer, table_of
from landschap.platform.settings import load_settings

_FAILED = 1


@source.command("schedule")
@json_option
@config_option
def schedule(config: Path, as_json: bool) -> None:
    """List the scheduled extracts: how often, the last day it is due for, whether it is there.

    A schedule is a file `extracten/NAME.toml` beside the settings; the worker puts what it makes in
    `extracten` below `paths.data`. The exit code is 1 when a schedule can not be followed or its
    last extract is not there.

    \b
    Examples:
      landschap source schedule
      landschap source schedule --config weesp/organisation.toml --json
    """
    from landschap.integration.worker import MADE_FOLDER, SCHEDULES_FOLDER, read_schedules

    settings, now = load_settings(config), datetime.now(UTC)
    schedules, wrong = read_schedules(settings.path.parent / SCHEDULES_FOLDER)
    made = settings.paths.data / MADE_FOLDER
    there = {path.name for path in made.iterdir()} if made.is_dir() else set()
    rows = [
        {
            "name": each.name, "source": each.source, "every": each.every.value,
            "due": each.slot(now).isoformat(), "made": not each.is_due(now, there), "wrong": "",
        }
        for each in schedules.values()
    ] + [{"name": name, "made": False, "wrong": why} for name, why in wrong.items()]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        columns = ("name", "source", "every", "due", "made")
        table = table_of(*columns)
        for row in rows:
            words = {**row, "made": row["wrong"] or ("yes" if row["made"] else "no")}
            table.add_row(*(str(words.get(name, "")) for name in columns))
        answer.print(table)
    if not all(row["made"] for row in rows):
        sys.exit(_FAILED)
