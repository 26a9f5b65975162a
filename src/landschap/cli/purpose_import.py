# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose import`` and ``export``: the register from a sheet, and as files again."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import BASIS, FOLDER, of_organisation, purpose, read_folder
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.client.sheets import ENCODINGS, UnreadableSheet, read_sheet
from landschap.purposes.files import parse_register
from landschap.purposes.importing.columns import InvalidColumns, columns_of
from landschap.purposes.importing.drafting import Drafting
from landschap.purposes.importing.outcome import files_of_import, report_json
from landschap.purposes.model import Register
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.purposes.writing import CannotWrite, files_of
from landschap.vocabulary.times import amsterdam_day

_SHOWN = 20
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)


@purpose.command("import")
@click.argument("file", type=_FILE)
@click.option("--out", required=True, type=_DIR, help="An empty or new folder for the result.")
@click.option("--with", "beside", type=_DIR, help=f"The register so far; default {FOLDER}.")
@click.option("--columns", type=_FILE, help="Which column is what: a file with [kolommen].")
@click.option("--encoding", default="", type=click.Choice(["", *ENCODINGS]), help="Of a CSV.")
@click.option("--separator", default="", help="Between the cells of a CSV; 'tab' for a tab.")
@click.option("--sheet", default="", help="The sheet of a workbook.")
@click.option("--base", default="", help="Where addresses of new entries begin.")
@json_option
@of_organisation
def import_register(
    settings: Settings, file: Path, out: Path, beside: Path | None, as_json: bool,
    base: str, **reading: object,
) -> None:  # fmt: skip
    """Read an existing register of processing activities (CSV, Excel) into files of the register.

    OUT becomes the register as it would be: the files there were, and `ingelezen.toml`. What lacks
    something, and the report, stand in OUT/inlezen. Nothing is applied and nothing is dropped.

    \b
    Examples:
      landschap purpose import verwerkingsregister.xlsx --out nieuw
      landschap apply nieuw --dry-run
    """
    columns = reading.pop("columns")
    mark = str(reading["separator"])
    reading["separator"] = "\t" if mark == "tab" else mark
    if len(str(reading["separator"])) > 1:
        raise Trouble(f"{mark!r} is no separator", "give one sign, or tab")
    if out.exists() and any(out.iterdir()):
        raise Trouble(f"{out} is not empty", "name a new folder; nothing is written over")
    owner = settings.organisation.oin.value
    start = beside or settings.path.parent / FOLDER
    if beside and not beside.is_dir():
        raise Trouble(f"{beside} is no folder", "name the folder of the register")
    known = read_folder(start, owner).register if start.is_dir() else Register(owner=owner)
    try:
        found = read_sheet(file, **reading)  # type: ignore[arg-type]  # the options above
        chosen = columns_of(found.columns, _declared(columns))
    except UnreadableSheet as error:
        raise Trouble(f"{file} was not read: {error}", "mend that and import again") from None
    except InvalidColumns as error:
        raise Trouble(f"the columns do not fit:\n{error}", "correct --columns") from None
    address = settings.addresses.web or settings.addresses.manager
    drafting = Drafting(
        register=known,
        columns=chosen,
        base=(base or f"{address}/register").rstrip("/"),
        organisation=settings.organisation.name,
        today=amsterdam_day(datetime.now(UTC)),
    )
    for row in found.rows:
        drafting.add(row.number, row.cells, row.faults)
    files = files_of_import(drafting, file.name, found.read_as)
    _check_together(start, files, owner)
    _write(out, start, files)
    _tell(drafting, found.read_as, out, as_json=as_json)


def _declared(path: object) -> Mapping[str, str]:
    if not isinstance(path, Path):
        return {}
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get("kolommen", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Trouble(f"{path} is no TOML: {error}", "correct it") from None
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise Trouble(f'{path}: [kolommen] must hold key = "column"', "correct it")
    return given


def _sources(start: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(start.glob("*.toml"))}


def _check_together(start: Path, files: Mapping[str, str], owner: str) -> None:
    """What is written must be what ``apply`` takes: found out here, before anybody looks at it."""
    whole = {name: text for name, text in files.items() if "/" not in name}
    if whole.keys() & _sources(start).keys():
        raise Trouble("the register holds an ingelezen.toml already", "give it another name first")
    try:
        parse_register({**_sources(start), **whole}, owner)
    except RegisterError as error:
        raise Trouble(
            f"what was read does not fit the register:\n{error}", "report this with the sheet"
        ) from None


def _write(out: Path, start: Path, files: Mapping[str, str]) -> None:
    try:
        for path in (*sorted(start.glob("*.toml")), *start.glob(BASIS)):
            out.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, out / path.name)
        for name, text in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Trouble(f"{out} can not be written: {error.strerror}", "make room there") from None


def _tell(made: Drafting, read_as: str, out: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report_json(made, read_as), ensure_ascii=False))
        return
    count = Counter(each.outcome for each in made.drafts)
    click.echo(f"{read_as}: {len(made.drafts)} rows")
    for name in made.columns.left:
        near = made.columns.nearest.get(name)
        hint = f"; most like {near}" if near else ""
        click.echo(f"column {name!r} is not used{hint}; its cells are kept as comments")
    told = [each for each in made.drafts if each.outcome != "new"]
    for each in told[:_SHOWN]:
        why = (
            f"is known as {each.known_as}" if each.known_as else "lacks " + ", ".join(each.missing)
        )
        click.echo(f"row {each.row} ({each.name or 'no name'}): {why}")
    if len(told) > _SHOWN:
        click.echo(f"... and {len(told) - _SHOWN} more")
    click.echo(
        f"whole: {count['new']}, incomplete: {count['incomplete']}, known: {count['known']}; "
        f"the report is {out / 'inlezen' / 'verslag.md'}"
    )
    click.echo(f"next: landschap apply {out} --dry-run")


@purpose.command("export")
@click.option("--out", required=True, type=_DIR, help="An empty or new folder.")
@json_option
@of_organisation
def export_register(settings: Settings, out: Path, as_json: bool) -> None:
    """Write the register in force as the files that `apply` reads, to review or to go on from.

    \b
    Examples:
      landschap purpose export --out doelbinding
      landschap purpose export --out /tmp/register --json
    """
    if out.exists() and any(out.iterdir()):
        raise Trouble(f"{out} is not empty", "name a new folder; nothing is written over")
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    if not snapshot.owner:
        raise Trouble("no register is in force yet", "apply one first")
    try:
        files = files_of(snapshot.register)
        again = Snapshot(parse_register(files, snapshot.owner)).version
    except (CannotWrite, RegisterError) as error:
        raise Trouble(f"the register in force can not be written: {error}", "report this") from None
    if again != snapshot.version:
        raise Trouble("what would be written is not the register in force", "report this")
    _write(out, out, {**files, BASIS: f"{snapshot.version}\n"})
    if as_json:
        click.echo(json.dumps({"version": snapshot.version, "files": sorted(files)}))
        return
    click.echo(f"{out}: {', '.join(sorted(files))}; version {snapshot.version}")
