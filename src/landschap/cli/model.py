# SPDX-License-Identifier: EUPL-1.2
"""``landschap model``: information models as files, from first draft to in force."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.registers import store
from landschap.registers.client.importing import IMPORTERS, InvalidImport, import_models
from landschap.registers.client.models import (
    MODELS_FOLDER,
    READY,
    check,
    copy_ready,
    read_models,
    read_version,
    ready_models,
)
from landschap.registers.model_schema import model_schema
from landschap.registers.model_versions import Succession, succession
from landschap.registers.models import InvalidModel, Register
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import as_utc_text

_FAILED = 1
of_organisation = read_from_config("settings", load_settings)


@click.group()
def model() -> None:
    """Check, compare, import and apply information models.

    \b
    Examples:
      landschap model use bag
      landschap model check registers
      landschap model apply --dry-run
    """


@model.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@json_option
def check_models(path: Path, as_json: bool) -> None:
    """Check a model file, a register or a folder of registers; every mistake at once.

    \b
    Examples:
      landschap model check registers
      landschap model check registers/bag/pand.schema.json --json
    """
    found = check(path)
    if as_json:
        body: dict[str, JsonValue] = {
            "path": str(path),
            "types": [kind.key for kind in found.types],
            "notFollowed": list(found.elsewhere),
            "mistakes": [
                {"file": file, "pointer": fault.pointer, "detail": fault.message}
                for file, fault in found.findings
            ],
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        for file, fault in found.findings:
            click.echo(f"{file}: {fault.pointer or '/'}: {fault.message}", err=True)
        for each in found.elsewhere:
            click.echo(f"not followed, the other register is not here: {each}", err=True)
        if not found.findings:
            click.echo(f"object types: {len(found.types)}; nothing wrong")
    if found.findings:
        sys.exit(_FAILED)


@model.command("diff")
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def diff_models(old: Path, new: Path, as_json: bool) -> None:
    """Compare two versions of an object type: what changed, and may NEW follow OLD.

    A declared migration beside NEW (TYPE.migratie.toml) counts. Exit code 1: NEW may not follow.

    \b
    Examples:
      landschap model diff in-force/pand.schema.json registers/bag/pand.schema.json
      landschap model diff in-force/pand.schema.json registers/bag/pand.schema.json --json
    """
    try:
        before, after = read_version(old), read_version(new)
    except InvalidModel as error:
        raise Trouble(f"a model can not be used:\n{error}", "correct it") from None
    judged = succession(before.schema, after.schema, after.migrations)
    if as_json:
        body = {"from": before.version, "to": after.version, **_judged(judged)}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        _tell(f"{after.key} {before.version} -> {after.version}", judged)
    if judged.refused:
        sys.exit(_FAILED)


def _judged(judged: Succession) -> dict[str, JsonValue]:
    return {
        "mayFollow": not judged.refused,
        "changes": [change.body() for change in judged.changes],
        "refused": list(judged.refused),
    }


def _tell(title: str, judged: Succession) -> None:
    if judged.changes:
        table = table_of("Property", "Change", "What it asks", "In words", title=title)
        for change in judged.changes:
            effect = change.effect.name.lower()
            table.add_row(change.path or "(type)", change.name, effect, change.words)
        answer.print(table)
    else:
        click.echo(f"{title}: nothing changed")
    for why in judged.refused:
        click.echo(f"refused: {why}", err=True)
    if not judged.refused:
        click.echo("the new version may follow")


@model.command("ready")
@json_option
def list_ready(as_json: bool) -> None:
    """List the models that are ready for use.

    \b
    Examples:
      landschap model ready
      landschap model ready --json
    """
    found = sorted(ready_models().items())
    if as_json:
        rows = [
            {"name": name, "title": each.title_en, "types": sorted(each.types)}
            for name, each in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Name", "Register", "Object types")
    for name, each in found:
        table.add_row(name, each.title_en, ", ".join(sorted(each.types)))
    answer.print(table)


@model.command("use")
@click.argument("name")
@of_organisation
def use_ready(settings: Settings, name: str) -> None:
    """Copy a ready model to `registers` beside the settings, to use as it is or to extend.

    \b
    Examples:
      landschap model use bag
      landschap model use vergunningen --config weesp/organisation.toml
    """
    target = settings.path.parent / MODELS_FOLDER / name
    try:
        files = copy_ready(name, target)
    except KeyError:
        there = [each.name for each in sorted(READY.iterdir()) if each.is_dir()]
        raise Trouble(
            f"there is no ready model {name}{did_you_mean(name, there)}",
            f"name one of these: {', '.join(there)}",
        ) from None
    except FileExistsError:
        raise Trouble(f"{target} is there already", "change it there, or move it away") from None
    for file in files:
        click.echo(str(file))


@model.command("apply")
@click.argument("names", nargs=-1, metavar="[REGISTER]...")
@click.option("--dry-run", is_flag=True, help="Only check, and show what would change.")
@json_option
@of_organisation
def apply_models(settings: Settings, names: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Put the models in `registers` in force; loading and starting do it as well.

    A version that would make stored content unreadable, or that breaks who asks without a new
    major version, is refused with what to declare.

    \b
    Examples:
      landschap model apply --dry-run
      landschap model apply bag --json
    """
    chosen = _registers(settings, names)
    work = store.would_adopt if dry_run else store.adopt
    done = run_with_pool(
        settings, "registers", lambda pool: _each(chosen, lambda one: work(pool, one))
    )
    if as_json:
        body = [
            {
                "type": one.type_key,
                "from": one.before or None,
                "to": one.after,
                **_judged(Succession(changes=one.changes, refused=one.refused)),
            }
            for one in done
        ]
        click.echo(
            json.dumps({"applied": not dry_run, "types": body}, ensure_ascii=False, indent=2)
        )
    else:
        for one in done:
            judged = Succession(changes=one.changes, refused=one.refused)
            if one.before:
                _tell(f"{one.type_key} {one.before} -> {one.after}", judged)
            else:
                click.echo(f"{one.type_key} {one.after}: new")
        if not done:
            click.echo("everything was in force already")
    if any(one.refused for one in done):
        sys.exit(_FAILED)


@model.command("versions")
@click.argument("name", metavar="REGISTER")
@json_option
@of_organisation
def list_versions(settings: Settings, name: str, as_json: bool) -> None:
    """List every version of a register's object types that was ever in force.

    \b
    Examples:
      landschap model versions bag
      landschap model versions bag --json
    """
    (chosen,) = _registers(settings, [name])
    found = run_with_pool(settings, "registers", lambda pool: store.adopted(pool, chosen))
    if as_json:
        rows = [
            {"type": one.type_key, "version": one.version, "since": as_utc_text(one.adopted_at)}
            for one in found
        ]
        click.echo(json.dumps(rows))
        return
    table = table_of("Object type", "Version", "In force since")
    for one in found:
        table.add_row(one.type_key, one.version, as_utc_text(one.adopted_at))
    answer.print(table)


@model.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--from", "form", type=click.Choice(sorted(IMPORTERS)), required=True,
              help="In which form FILES are.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True,
              help="The new folder of the register.")  # fmt: skip
@json_option
def import_files(files: Sequence[Path], form: str, out: Path, as_json: bool) -> None:
    """Make models of FILES in another form: MIM or UML as JSON Schema, or Amsterdam Schema.

    What can not be carried over is told, line by line; nothing is left out in silence.

    \b
    Examples:
      landschap model import --from mim gebouwen.json --out registers/gebouwen
      landschap model import --from amsterdam dataset.json bomen.json --out registers/bomen
    """
    if out.exists():
        raise Trouble(f"{out} is there already", "name a new folder")
    try:
        done = import_models(form, files, out)
    except InvalidImport as error:
        raise Trouble(f"nothing was imported:\n{error}", "correct the file") from None
    if as_json:
        body: dict[str, JsonValue] = {
            "files": [str(file) for file in done.files],
            "notCarriedOver": [{"where": each.where, "detail": each.what} for each in done.notes],
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
        return
    for file in done.files:
        click.echo(str(file))
    for each in done.notes:
        click.echo(f"look at this: {each.where}: {each.what}", err=True)


@model.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of our model files, for editors.

    \b
    Examples:
      landschap model schema > model.schema.json
    """
    click.echo(json.dumps(model_schema(), ensure_ascii=False, indent=2))


def _registers(settings: Settings, names: Sequence[str]) -> list[Register]:
    try:
        there = read_models(settings.path.parent / MODELS_FOLDER).by_name
    except InvalidModel as error:
        raise Trouble(f"a model can not be used:\n{error}", "correct it") from None
    for name in names:
        if name not in there:
            raise Trouble(
                f"there is no register {name}{did_you_mean(name, there)}",
                f"name one of these: {', '.join(sorted(there)) or 'none'}",
            )
    return [each for name, each in there.items() if not names or name in names]


async def _each(
    registers: Sequence[Register], work: Callable[[Register], Awaitable[list[store.Adoption]]]
) -> list[store.Adoption]:
    return [one for register in registers for one in await work(register)]
