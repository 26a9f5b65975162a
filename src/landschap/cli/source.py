# SPDX-License-Identifier: EUPL-1.2
"""``landschap source``: check, draw and test logical sources, without asking any of them."""

from __future__ import annotations

import asyncio
import difflib
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from landschap.cli.config_option import config_option
from landschap.integration.access import RegisterAccess
from landschap.integration.asking import expand
from landschap.integration.connectors.opening import (
    SNAPSHOTS_FOLDER,
    SOURCES_FOLDER,
    Surroundings,
    client_session,
    read_declaration,
    read_declarations,
    read_examples,
)
from landschap.integration.connectors.rehearsal import rehearse
from landschap.integration.drawing import draw, plan_body
from landschap.integration.examples import differences
from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.model import Declaration
from landschap.integration.plan import make_plan
from landschap.integration.schema import schema as declaration_schema
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.registers.models import InvalidModel, Registers
from landschap.vocabulary.ijson import JsonValue

if TYPE_CHECKING:
    from landschap.integration.connectors.health import Health

_FAILED = 1
_WRONG_USE = 2
_NOT_FOUND = 3

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
_models = click.option(
    "--registers",
    "models",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of information models; default: `registers` beside the folder of the file.",
)


@click.group()
def source() -> None:
    """Check, explain and test logical sources.

    A logical source is one YAML file: which sources there are, how they hang together, and where
    each field comes from.

    \b
    Examples:
      landschap source check bronnen/woon-en-uitkeringssituatie.yaml
      landschap source explain bronnen/woon-en-uitkeringssituatie.yaml --fields adres,pand.bouwjaar
      landschap source test bronnen/woon-en-uitkeringssituatie.yaml
    """


@source.command()
@_file
@_models
@_as_json
def check(file: Path, models: Path | None, as_json: bool) -> None:
    """Check one declaration; every mistake at once, with its line and the nearest name.

    \b
    Examples:
      landschap source check bronnen/woon-en-uitkeringssituatie.yaml
      landschap source check bronnen/woon-en-uitkeringssituatie.yaml --json
    """
    try:
        registers = _registers(file, models)
        declaration = read_declaration(file, registers)
        examples = read_examples(declaration, file)
    except DeclarationError as error:
        _tell_mistakes(error, as_json=as_json)
    against = "not checked against information models" if registers is None else "columns exist"
    if as_json:
        click.echo(json.dumps({"file": str(file), "mistakes": []}))
        return
    click.echo(
        f"{declaration.name} {declaration.version}: {len(declaration.sources)} sources, "
        f"{len(declaration.fields)} fields, {len(examples)} examples; {against}"
    )


@source.command()
@_file
@click.option("--fields", default="", help="Fields or groups, with commas; default: all.")
@_as_json
def explain(file: Path, fields: str, as_json: bool) -> None:
    """Draw what would be asked of which source, and why, for these fields.

    \b
    Examples:
      landschap source explain bronnen/woon-en-uitkeringssituatie.yaml
      landschap source explain bronnen/woon-en-uitkeringssituatie.yaml --fields uitkering
    """
    declaration = _declaration(file)
    plan = make_plan(declaration, _paths(declaration, fields))
    click.echo(json.dumps(plan_body(plan), indent=2) if as_json else draw(plan))


@source.command("list")
@click.argument(
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(SOURCES_FOLDER),
)
@_as_json
def list_sources(folder: Path, as_json: bool) -> None:
    """List the logical sources of a folder, default `bronnen`.

    \b
    Examples:
      landschap source list
      landschap source list weesp/bronnen --json
    """
    try:
        found = read_declarations(folder)
    except DeclarationError as error:
        _tell_mistakes(error, as_json=as_json)
    if as_json:
        click.echo(json.dumps([_summary(one) for one in found.values()], indent=2))
        return
    for one in found.values():
        click.echo(f"{one.name} {one.version}: {one.title}")
        for name, part in one.sources.items():
            click.echo(f"  {name}  {part.access.words}  ({part.holder})")
    if not found:
        click.echo(f"no logical sources in {folder}", err=True)
        sys.exit(_NOT_FOUND)


@source.command()
@_file
@_as_json
def test(file: Path, as_json: bool) -> None:
    """Run the examples that stand beside a declaration, over the rows they give.

    \b
    Examples:
      landschap source test bronnen/woon-en-uitkeringssituatie.yaml
      landschap source test bronnen/woon-en-uitkeringssituatie.yaml --json
    """
    declaration = _declaration(file)
    try:
        examples = read_examples(declaration, file)
    except DeclarationError as error:
        _tell_mistakes(error, as_json=as_json)
    if not examples:
        click.echo(f"there are no examples beside {file}; put them in *.voorbeeld.yaml", err=True)
        sys.exit(_NOT_FOUND)
    outcomes = {
        example.name: list(differences(example, asyncio.run(rehearse(declaration, example))))
        for example in examples
    }
    if as_json:
        click.echo(json.dumps(outcomes, indent=2, ensure_ascii=False))
    else:
        _tell_outcomes(outcomes)
    if any(outcomes.values()):
        sys.exit(_FAILED)


@source.command()
@config_option
@click.argument("names", nargs=-1)
@_as_json
def status(config: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Look whether every source can be asked now, without asking about anybody.

    A database must have the columns, a file must be readable whole, a service must answer.

    \b
    Examples:
      landschap source status
      landschap source status woon-en-uitkeringssituatie --config weesp/organisation.toml --json
    """
    settings = load_settings(config)
    try:
        declared = read_declarations(settings.path.parent / SOURCES_FOLDER)
    except DeclarationError as error:
        _tell_mistakes(error, as_json=as_json)
    if unknown := [name for name in names if name not in declared]:
        near = difflib.get_close_matches(unknown[0], declared, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise click.ClickException(f"there is no logical source {unknown[0]}{hint}")
    chosen = [one for name, one in declared.items() if not names or name in names]
    found = asyncio.run(_looked_at(settings, chosen))
    if as_json:
        body = {name: [asdict(each) for each in parts] for name, parts in found.items()}
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        _tell_health(found)
    if not all(each.well for parts in found.values() for each in parts):
        sys.exit(_FAILED)


async def _looked_at(settings: Settings, declared: list[Declaration]) -> dict[str, list[Health]]:
    from landschap.integration.connectors.health import look_at

    needs_database = any(
        isinstance(part.access, RegisterAccess) for one in declared for part in one.sources.values()
    )
    folder, hosts = settings.path.parent, settings.network.hosts or {}
    async with AsyncExitStack() as stack:
        around = Surroundings(
            registers=read_models(folder / MODELS_FOLDER) if needs_database else Registers({}),
            session=await stack.enter_async_context(client_session(hosts)),
            hosts=hosts,
            secrets=settings.paths.secrets,
            folder=folder / SOURCES_FOLDER,
            snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
        )
        if needs_database:
            await stack.enter_async_context(postgres.database(settings))
            pool = await postgres.pool(settings, "registers", size=1)
            stack.push_async_callback(pool.close)
            around = replace(around, pool=pool)
        return {one.name: await look_at(one, around) for one in declared}


def _tell_health(found: Mapping[str, list[Health]]) -> None:
    for name, parts in found.items():
        click.echo(name)
        for each in parts:
            mark = "ok" if each.well else "wrong"
            click.echo(f"  {mark:<6}{each.source}  ({each.kind}, {each.milliseconds:.0f} ms)")
            click.echo(f"        {each.detail}")
    if not found:
        click.echo("there are no logical sources", err=True)


@source.command()
def schema() -> None:
    """Print the JSON Schema of a declaration, for editors.

    \b
    Examples:
      landschap source schema > logische-bron.schema.json
      landschap source schema | head
    """
    click.echo(json.dumps(declaration_schema(), indent=2))


def _tell_outcomes(outcomes: dict[str, list[str]]) -> None:
    for name, wrong in outcomes.items():
        click.echo(f"{'wrong' if wrong else 'ok':<6}{name}")
        for sentence in wrong:
            click.echo(f"      {sentence}")
    count = sum(1 for wrong in outcomes.values() if not wrong)
    click.echo(f"{count} of {len(outcomes)} examples give the expected answer")


def _declaration(file: Path) -> Declaration:
    try:
        return read_declaration(file)
    except DeclarationError as error:
        _tell_mistakes(error, as_json=False)


def _registers(file: Path, models: Path | None) -> Registers | None:
    folder = models or file.resolve().parent.parent / MODELS_FOLDER
    if not folder.is_dir():
        return None
    try:
        return read_models(folder)
    except InvalidModel as error:
        raise click.ClickException(f"an information model can not be used: {error}") from None


def _paths(declaration: Declaration, fields: str) -> set[str]:
    found: set[str] = set()
    for name in fields.split(",") if fields else declaration.fields:
        paths = expand(declaration, name.strip())
        if not paths:
            report = Report("--fields")
            report.unknown(1, "--fields", "field", name.strip(), declaration.fields)
            click.echo(str(report.mistakes[0]), err=True)
            sys.exit(_WRONG_USE)
        found.update(paths)
    return found


def _summary(declaration: Declaration) -> dict[str, JsonValue]:
    return {
        "logische_bron": declaration.name,
        "versie": declaration.version,
        "titel": declaration.title,
        "sleutel": declaration.key,
        "bronnen": list(declaration.sources),
        "velden": list(declaration.fields),
    }


def _tell_mistakes(error: DeclarationError, *, as_json: bool) -> NoReturn:
    if as_json:
        mistakes = [
            {
                "file": one.file,
                "line": one.line,
                "key": one.key,
                "message": one.message,
                "nearest": one.nearest,
            }
            for one in error.mistakes
        ]
        click.echo(json.dumps({"mistakes": mistakes}, indent=2, ensure_ascii=False))
    else:
        for one in error.mistakes:
            click.echo(str(one), err=True)
        count = len(error.mistakes)
        click.echo(f"{count} mistake{'s' if count > 1 else ''}; nothing was loaded", err=True)
    sys.exit(_FAILED)
