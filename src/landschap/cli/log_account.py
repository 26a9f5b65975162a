# SPDX-License-Identifier: EUPL-1.2
"""``landschap log account``: the uses of a quarter, for board and council."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime

import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.logboek.accounts import (
    LEAST_SUBJECTS,
    Reached,
    last_quarter,
    quarter_of,
    suppressed,
)
from landschap.logboek.store.reached import reached_between
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import as_utc_text

_LOG_READER = "landschap_log_reader"
_DEFINITIONS = {
    "use": "data of one person was delivered, in whole or in part, once",
    "subjects": "different persons reached; at least so many where the key of pseudonyms changed",
    "party": "who got it (incoming) or gave it (outgoing); none for own use",
    "suppressed": f"fewer than {LEAST_SUBJECTS} persons: no number is told, nor a total",
}  # fmt: skip

of_organisation = read_from_config("settings", load_settings)


@click.command("account")
@click.option("--quarter", help="As 2026-Q4; default the last whole quarter.")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV.")
@json_option
@of_organisation
def account(settings: Settings, quarter: str | None, as_csv: bool, as_json: bool) -> None:
    """Tell board and council how often data of how many persons was used, and for what.

    Counted in the log, per processing activity and other party, over what was recorded in the
    quarter. A cell about fewer than ten persons tells no number. Nobody is named.

    \b
    Examples:
      landschap log account --quarter 2026-Q4
      landschap log account --csv > account.csv
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json do not go together")
    name = quarter or last_quarter(datetime.now(UTC))
    try:
        since, until = quarter_of(name)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--quarter") from None
    found = run_with_pool(
        settings, "logboek", lambda pool: reached_between(pool, since, until), role=_LOG_READER
    )
    cells = [suppressed(each) for each in found]
    if as_json:
        told = {
            "quarter": name,
            "since": as_utc_text(since),
            "until": as_utc_text(until),
            "definitions": _DEFINITIONS,
            "cells": [each.as_json() for each in cells],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    elif as_csv:
        _as_csv(cells)
    else:
        _as_table(name, cells)


def _as_csv(cells: list[Reached]) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("activity", "direction", "party", "uses", "subjects", "suppressed"))
    for each in cells:
        out.writerow(each.as_json().values())


def _as_table(quarter: str, cells: list[Reached]) -> None:
    if not cells:
        click.echo(f"The log holds no use of a person's data in {quarter}.")
        return
    table = table_of("Activity", "Direction", "Party", "Uses", "Subjects", title=quarter)
    for each in cells:
        numbers = (each.uses, each.subjects)
        shown = ("suppressed" if number is None else f"{number:,}" for number in numbers)
        table.add_row(each.activity or "-", each.direction or "-", each.party or "-", *shown)
    answer.print(table)
    for word, meaning in _DEFINITIONS.items():
        click.echo(f"{word}: {meaning}")
