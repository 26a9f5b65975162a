# SPDX-License-Identifier: EUPL-1.2
"""``landschap report``: what the council is told of a quarter, kept as it was made."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.handing_over import hand_over
from landschap.cli.measuring import rooms_of
from landschap.cli.report_words import Words
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import counting
from landschap.cli.with_pool import run_with_pool
from landschap.console.council.figures import QuarterReport
from landschap.console.council.store.gathering import Sources, gather
from landschap.console.council.store.kept import Made, keep, kept, kept_report
from landschap.console.council.store.published import publish
from landschap.console.council.store.standing import kept_standards
from landschap.console.pages.council_words import Telling
from landschap.logboek.accounts import last_quarter, quarter_of
from landschap.logboek.store import stretches
from landschap.platform import postgres
from landschap.platform.documents import MEDIA_TYPES, file_of
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.platform.web.language import Language
from landschap.registers.standards.client import standards_of
from landschap.vocabulary.documents import Document
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
of_organisation = read_from_config("settings", load_settings)


@click.group()
def report() -> None:
    """Make and read the quarterly report to the council.

    \b
    Examples:
      landschap report quarter 2026-Q4
      landschap report quarter 2026-Q4 --format pdf --output kwartaalbericht.pdf
      landschap report list
      landschap report publish 2026-Q4 --version 1
    """


@report.command()
@click.argument("quarter", required=False)
@click.option("--format", "form", type=click.Choice(list(MEDIA_TYPES)), help="A file to hand over.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to.")
@click.option("--version", "number", type=click.IntRange(1), help="Default the newest.")
@click.option("--new", "is_new", is_flag=True, help="Make a next version, although there is one.")
@click.option(
    "--language", type=click.Choice([str(each) for each in Language]), default="nl",
    show_default=True, help="Of the words in it.",
)  # fmt: skip
@json_option
@of_organisation
def quarter(
    settings: Settings, quarter: str | None, form: str | None, output: Path | None,
    number: int | None, **how: Any,
) -> None:  # fmt: skip
    """Show the report of a quarter; make and keep it when there is none.

    QUARTER is written as 2026-Q4; default the last whole quarter. What was made is kept with a
    number and a digest, and is never changed. A number of persons from one to nine is not told;
    nobody is named.

    \b
    Examples:
      landschap report quarter
      landschap report quarter 2026-Q4 --new
      landschap report quarter 2026-Q4 --format ods --output kwartaalbericht.ods
      landschap report quarter 2026-Q4 --version 1 --json
    """
    is_new, as_json, language = how["is_new"], how["as_json"], Language(how["language"])
    if is_new and number is not None:
        raise click.UsageError("--new and --version do not go together")
    if form and as_json:
        raise click.UsageError("--format and --json do not go together")
    now = datetime.now(UTC)
    name = quarter or last_quarter(now)
    try:
        begin, end = quarter_of(name)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="QUARTER") from None
    if begin > now:
        raise Trouble(f"{name} has not begun", "ask for a quarter that has")
    name = f"{name[:4]}-{name[-2:]}"
    there = asyncio.run(_made(settings, name, number, is_new=is_new))
    if there is None:
        click.echo(f"there is no version {number} of {name}: `landschap report list`", err=True)
        sys.exit(_NOT_FOUND)
    made, found, text = there
    if made.made_at < end <= now:
        click.echo("made before the quarter was over; --new makes it of the whole", err=True)
    telling = Telling(found, made, Words(language), language)
    document = telling.document()
    if form:
        hand_over(file_of(form, document, made.made_at, telling.footer), output, form)
    elif as_json:
        click.echo(json.dumps({**_head(made), "report": json.loads(text)}, ensure_ascii=False))
    else:
        _show(document, telling.footer)


@report.command("publish")
@click.argument("quarter")
@click.option("--version", "number", type=click.IntRange(1), required=True, help="Which one.")
@json_option
@of_organisation
def publish_(settings: Settings, quarter: str, number: int, as_json: bool) -> None:
    """Let anybody read a report of a whole quarter, without what is confidential.

    It stands at /verantwoording on the host of open data. Activities that are held back, names of
    rules, and how much is held back are left out; what is held back later goes out then.

    \b
    Examples:
      landschap report publish 2026-Q4 --version 1
    """
    by = getpass.getuser()
    work = partial(publish, quarter=quarter, version=number, by=by)
    if not run_with_pool(settings, "console", work):
        click.echo(f"no version {number} of a whole {quarter} that is not public yet", err=True)
        sys.exit(_NOT_FOUND)
    told = {"quarter": quarter, "version": number, "publishedBy": by}
    click.echo(json.dumps(told) if as_json else f"published: {quarter} version {number}")


@report.command("list")
@json_option
@of_organisation
def list_(settings: Settings, as_json: bool) -> None:
    """List the reports that were made.

    \b
    Examples:
      landschap report list
      landschap report list --json
    """
    found = run_with_pool(settings, "console", kept)
    if as_json:
        click.echo(json.dumps([_head(each) for each in found], ensure_ascii=False))
        return
    if not found:
        click.echo("No report was made; `landschap report quarter` makes one.")
        return
    table = table_of("Quarter", "Version", "Made", "By", "SHA-256")
    for each in found:
        moment = as_utc_text(each.made_at)
        table.add_row(each.quarter, str(each.version), moment, each.made_by, each.digest.hex())
    answer.print(table)


async def _made(
    settings: Settings, name: str, number: int | None, *, is_new: bool
) -> tuple[Made, QuarterReport, str] | None:
    """The version asked for, or the newest, made when there is none; None: no such version."""
    async with sources_of(settings) as sources:
        if not is_new:
            found = await kept_report(sources.console, name, number)
            if found is not None or number is not None:
                return found
        now = datetime.now(UTC)
        begin, end = quarter_of(name)
        with counting("Counting", len(stretches(begin, min(end, now)))) as advance:
            made = await gather(sources, name, now, advance)
        await keep(sources.console, made, getpass.getuser(), now)
        return await kept_report(sources.console, name)


@asynccontextmanager
async def sources_of(settings: Settings) -> AsyncIterator[Sources]:
    """The rooms in which a quarter is counted, with a connection each."""
    async with rooms_of(settings) as rooms:
        console = await postgres.pool(settings, "console", size=1)
        registers = await postgres.pool(settings, "registers", size=1)
        try:
            yield Sources(
                console=console,
                rooms=rooms,
                registers=registers,
                oin=settings.organisation.oin.value,
                organisation=settings.organisation.name,
                standards=partial(
                    kept_standards, registers, partial(standards_of, settings.path.parent)
                ),
            )
        finally:
            await console.close()
            await registers.close()


def _head(made: Made) -> Mapping[str, object]:
    return {
        "quarter": made.quarter,
        "version": made.version,
        "madeAt": as_utc_text(made.made_at),
        "madeBy": made.made_by,
        "sha256": made.digest.hex(),
    }


def _show(document: Document, footer: str) -> None:
    click.echo("\n".join((document.title, *document.lines)))
    for part in document.parts:
        if not part.rows:
            click.echo(f"\n{part.title}: {part.empty}")
            continue
        table = table_of(*part.columns, title=part.title)
        for row in part.rows:
            table.add_row(*("" if each is None else str(each) for each in row))
        answer.print(table)
    click.echo(f"\n{document.definitions_title}")
    for word, means in document.definitions:
        click.echo(f"- {word}: {means}")
    click.echo(footer)
