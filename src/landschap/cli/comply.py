# SPDX-License-Identifier: EUPL-1.2
"""``landschap comply``: each control of a law, with what our own rooms can show of it."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from landschap.cli.complying.asking import Found, State
from landschap.cli.complying.controls import LAWS, Control, Law, law_of, text_of
from landschap.cli.complying.evidence import EVIDENCE, evidence_of
from landschap.cli.complying.handed import FORMS, document_of
from landschap.cli.config_option import json_option
from landschap.cli.handing_over import hand_over
from landschap.cli.purpose import of_organisation
from landschap.cli.tables import answer, table_of
from landschap.logboek.accounts import last_quarter, quarter_of
from landschap.platform.documents import file_of
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import AMSTERDAM, as_utc_text, parse_day

_RED = 1
_START = "this list is a start: your lawyer and auditor complete it (docs/how-to/comply.md)"
_COLUMNS = (
    "ensia", "law", "control", "article", "asked_nl", "asked_en", "state", "evidence", "found",
    "facts", "since", "until", "at",
)  # fmt: skip
_Answers = Sequence[tuple[Control, Found]]


class Period(click.ParamType[tuple[datetime, datetime]]):
    """A quarter as ``2026-Q4``, or days as ``2026-10-01..2026-12-31``, both included."""

    name = "period"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime, datetime]:
        """Its begin and its end (not included), in the Netherlands. Raises BadParameter."""
        first, dots, last = str(value).partition("..")
        try:
            if not dots:
                return quarter_of(first)
            since, until = parse_day(first), parse_day(last) + timedelta(days=1)
        except (InvalidValue, OverflowError):
            self.fail(f"{value!r} is no period: 2026-Q4, or 2026-10-01..2026-12-31", param, ctx)
        if until <= since:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        begin, end = (datetime.combine(day, time(), AMSTERDAM) for day in (since, until))
        return begin, end


@click.command()
@click.argument("law", type=click.Choice(LAWS))
@click.option(
    "--period",
    type=Period(),
    metavar="QUARTER|FROM..TO",
    help="As 2026-Q4 or 2026-10-01..2026-12-31; default the last whole quarter.",
)
@click.option(
    "--controls",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The list that your lawyer and auditor completed, in place of ours.",
)
@click.option("--show-controls", is_flag=True, help="Print our list as a file, and ask nothing.")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV, in order of ENSIA question.")
@click.option("--format", "form", type=click.Choice(FORMS), help="A file to hand over.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to.")
@json_option
@of_organisation
@click.pass_context
def comply(
    ctx: click.Context,
    /,
    settings: Settings,
    law: str,
    period: tuple[datetime, datetime] | None,
    controls: Path | None,
    **how: Any,
) -> None:
    """Show of each control of a law what was found by a query just now.

    What the evidence contradicts (voldoet niet) and what nothing shows (niet aangetoond) are red;
    nothing is guessed. Exit code 1 when anything is red. The lists of controls are a start, which
    your lawyer and auditor must complete. No person is named.

    \b
    Examples:
      landschap comply avg --period 2026-Q4
      landschap comply bio2 --period 2026-01-01..2026-12-31 --json
      landschap comply ensia --show-controls > ensia-2026.toml
      landschap comply ensia --period 2026-Q4 --controls ensia-2026.toml --csv > ensia.csv
      landschap comply ensia --period 2026-Q4 --format pdf --output ensia.pdf
    """
    if how["show_controls"]:
        click.echo(text_of(law), nl=False)
        return
    if sum((how["as_csv"], how["as_json"], bool(how["form"]))) > 1:
        raise click.UsageError("--csv, --json and --format do not go together")
    now = datetime.now(UTC)
    since, until = period or quarter_of(last_quarter(now))
    asked = law_of(law, controls, EVIDENCE)
    found = asyncio.run(evidence_of(settings, asked, since, until, now))
    told = {"since": as_utc_text(since), "until": as_utc_text(until), "at": as_utc_text(now)}
    if how["as_json"]:
        _as_json(settings, asked, found, told)
    elif how["as_csv"]:
        _as_csv(asked, found, told)
    elif how["form"]:
        document = document_of(settings.organisation.name, asked, found, (since, until))
        content = file_of(how["form"], document, now, f"{settings.organisation.name}, {told['at']}")
        hand_over(content, how["output"], how["form"])
    else:
        _as_table(asked, found)
    if controls is None:
        click.echo(_START, err=True)
    if _red(found):
        ctx.exit(_RED)


def _red(found: _Answers) -> int:
    return sum(each.state is not State.SHOWN for _, each in found)


def _as_json(settings: Settings, law: Law, found: _Answers, period: dict[str, str]) -> None:
    controls = [
        {
            "id": control.id,
            "article": control.article,
            "ensia": control.ensia or None,
            "asked": {"nl": control.nl, "en": control.en},
            "state": each.state.value,
            "red": each.state is not State.SHOWN,
            "evidence": control.evidence or None,
            "found": each.words,
            "facts": dict(each.facts),
        }
        for control, each in found
    ]
    head = {"law": law.name, "title": law.title, "organisation": settings.organisation.oin.value}
    told = {**head, **period, "red": _red(found), "controls": controls}
    click.echo(json.dumps(told, ensure_ascii=False))


def _as_csv(law: Law, found: _Answers, period: dict[str, str]) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(_COLUMNS)
    for control, each in sorted(found, key=lambda one: (not one[0].ensia, one[0].ensia)):
        facts = json.dumps(dict(each.facts), ensure_ascii=False)
        row = (control.ensia, law.name, control.id, control.article, control.nl, control.en)
        out.writerow((*row, each.state, control.evidence, each.words, facts, *period.values()))


def _as_table(law: Law, found: _Answers) -> None:
    table = table_of(
        "State", "Control", "Article", "Asked", "Found", title=law.title, whole="State"
    )
    for control, each in found:
        colour = "green" if each.state is State.SHOWN else "red"
        state = f"[{colour}]{each.state.value}[/{colour}]"
        table.add_row(state, control.id, control.article, control.en, escape(each.words))
    answer.print(table)
    click.echo(f"{_red(found)} of {len(found)} controls are red")
