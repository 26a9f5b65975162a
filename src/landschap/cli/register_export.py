# SPDX-License-Identifier: EUPL-1.2
"""``landschap register export``: a collection out of the house, with a manifest that proves it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

import asyncpg
import click
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, moment_of, of_organisation, open_type, register, talk
from landschap.cli.register_load import Rate
from landschap.platform import postgres
from landschap.platform.trouble import Trouble
from landschap.registers import store
from landschap.registers.answering import Shape
from landschap.registers.bulk import Bulk, Form, Manifest, Output, Seal
from landschap.registers.bulk_forms import Body, sheet_of, writer_of
from landschap.registers.exporting import (
    assertion_lines,
    object_rows,
    stretch_rows,
    stretches_of,
)
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType
from landschap.registers.questions import AsOf
from landschap.registers.store import Wanted
from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day, parse_day, parse_moment

_DIFFERS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be written."""

    type: ObjectType
    bulk: Bulk
    wanted: Wanted
    purpose: str

    @property
    def shape(self) -> Shape:
        """All fields; times only where rows are of more than one day."""
        return Shape(
            leaves=self.type.paths(), left_out=frozenset(), with_history=True, with_corrections=True
        )

    @property
    def manifest(self) -> Manifest:
        """What it will be."""
        return Manifest(
            register=self.type.register,
            collection=self.type.collection,
            model_version=self.type.version,
            bulk=self.bulk,
            valid_on=self.wanted.valid_on,
            known=self.wanted.known,
            fields=sorted(self.type.paths()),
            purpose=self.purpose,
        )


@register.command("export")
@click.argument("collection", metavar="REGISTER/COLLECTION")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: stdout.")
@click.option(
    "--form", type=click.Choice([each.value for each in Form]), default=Form.LINES.value,
    show_default=True, help="JSON lines, CSV, GeoJSON or Parquet.",
)  # fmt: skip
@click.option(
    "--rows", type=click.Choice([each.value for each in Output]), default=Output.OBJECTS.value,
    show_default=True,
    help="What held on one day, every stretch of days, or everything registered (JSON lines that "
    "`register load` reads).",
)  # fmt: skip
@click.option("--geldig-op", help="Valid in reality on this day: YYYY-MM-DD. Default today.")
@click.option("--beschikbaar-op", help="As known at this moment: YYYY-MM-DDThh:mm. Default now.")
@click.option("--purpose", default="", help="What it is for; stands in the manifest.")
@of_organisation
def export(desk: Desk, collection: str, out: Path | None, **given: str | None) -> None:
    """Write a whole collection as it was on a day, as known at a moment.

    Beside a file comes FILE.manifest.json: how many rows, which model, which moment, what for, and
    the digests by which `register verify --export` proves it. A file appears when it is whole.

    Persons are not exported: a question about them has a purpose, and goes through the door.

    \b
    Examples:
      landschap register export bag/panden --form csv --out panden.csv
      landschap register export bag/panden --geldig-op 2015-06-01 --beschikbaar-op 2015-06-01T00:00
      landschap register export bag/panden --rows registraties --out panden.jsonl
    """
    register_name, _, name = collection.partition("/")
    kind = open_type(desk, register_name, name)
    bulk = Bulk(Form(str(given["form"])), Output(str(given["rows"])))
    _refuse_form(kind, bulk, out)
    seal = Seal()

    async def write(target: IO[bytes]) -> _Wish:
        pool = await postgres.pool(desk.settings, "registers")
        try:
            wish = await _wish(desk, pool, kind, bulk, given)
            await _write(pool, wish, target, seal)
        finally:
            await pool.close()
        return wish

    wish = desk.run(write(sys.stdout.buffer)) if out is None else _to_file(desk, out, write, seal)
    day = wish.wanted.valid_on
    held = f"as they were on {day}" if bulk.output is Output.OBJECTS else bulk.output.value
    click.echo(f"{seal.rows:,} rows of {kind.collection}, {held}", err=True)


def _refuse_form(kind: ObjectType, bulk: Bulk, out: Path | None) -> None:
    if bulk.form is Form.GEOJSON and kind.geometry is None:
        raise Trouble(f"{kind.collection} have no geometry", "choose another form")
    if bulk.output is Output.REGISTRATIONS and bulk.form is not Form.LINES:
        raise Trouble("everything registered is written as JSON lines", "leave --form out")
    if bulk.form is Form.PARQUET and out is None:
        raise Trouble("Parquet is no text", "say where to write it with --out")


async def _wish(
    desk: Desk, pool: asyncpg.Pool, kind: ObjectType, bulk: Bulk, given: dict[str, str | None]
) -> _Wish:
    now = datetime.now(UTC)
    day, moment = given["geldig_op"], given["beschikbaar_op"]
    try:
        valid_on = parse_day(day) if day else amsterdam_day(now)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--geldig-op") from None
    at = moment_of("--beschikbaar-op", moment) if moment else None
    known = await store.known_at(pool, desk.register(kind.register), now, at)
    return _Wish(
        type=kind, bulk=bulk, wanted=_wanted(kind, valid_on, known),
        purpose=given["purpose"] or "",
    )  # fmt: skip


def _wanted(kind: ObjectType, valid_on: Any, known: Known) -> Wanted:
    return Wanted(
        type=kind, filters={}, order=Order(), valid_on=valid_on, known=known, limit=store.PAGE
    )


def _to_file(desk: Desk, out: Path, write: Any, seal: Seal) -> _Wish:
    """A file that is there whole or not at all, and its manifest."""
    partly, beside = out.with_name(f"{out.name}.part"), manifest_beside(out)
    try:
        with partly.open("wb") as target:
            wish: _Wish = desk.run(write(target))
            target.flush()
            os.fsync(target.fileno())
        beside.write_text(json.dumps(wish.manifest.as_json(seal), indent=2) + "\n")
        partly.replace(out)
    except OSError as error:
        partly.unlink(missing_ok=True)
        raise Trouble(
            f"{out} could not be written: {error.strerror}", "make room, or choose another place"
        ) from None
    except BaseException:
        partly.unlink(missing_ok=True)
        raise
    return wish


def manifest_beside(file: Path) -> Path:
    """Where the manifest of a file stands."""
    return file.with_name(f"{file.name}.manifest.json")


async def _write(pool: asyncpg.Pool, wish: _Wish, target: IO[bytes], seal: Seal) -> None:
    kind, bulk = wish.type, wish.bulk
    writer = writer_of(bulk.form, sheet_of(kind, wish.shape.leaves, bulk.output, history=True))
    target.write(seal.add_bytes(writer.begin()))
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), Rate())
    with Progress(*columns, TimeElapsedColumn(), console=talk, transient=True) as progress:
        task = progress.add_task(f"Writing {kind.collection}", total=None)
        async with aclosing(_bodies(pool, wish)) as parts:
            async for bodies in parts:
                seal.add_rows(bodies)
                target.write(seal.add_bytes(writer.rows(bodies)))
                progress.advance(task, len(bodies))
    target.write(seal.add_bytes(writer.end(seal)))


async def _bodies(pool: asyncpg.Pool, wish: _Wish) -> AsyncGenerator[Sequence[Body], None]:
    wanted, known = wish.wanted, wish.wanted.known
    if wish.bulk.output is Output.OBJECTS:
        question = AsOf(type=wish.type, wanted=[], valid_on=wanted.valid_on, known=known)
        async for found in store.found_pages(pool, wanted):
            yield object_rows(found, question, wish.shape)
        return
    async for part in store.histories(pool, wanted):
        if wish.bulk.output is Output.STRETCHES:
            stretches = list(stretches_of(wish.type, part.objects, known))
            yield stretch_rows(stretches, known, wish.shape)
        else:
            yield list(assertion_lines(part.objects, known))


def compare(desk: Desk, file: Path) -> tuple[str, dict[str, Any]]:
    """Read an export back: what differs, empty when nothing does, and its manifest.

    The file is held against its manifest, and what the manifest says against the register, asked
    anew about the same day and the same state of knowledge. Raises Trouble.
    """
    told = _read_manifest(file)
    with file.open("rb") as opened:
        if file_digest(opened, "sha256").hexdigest() != told["sha256"]:
            return "the file was changed after it was written", told
    kind = open_type(desk, str(told["register"]), str(told["collectie"]))
    known = Known(
        clock=Clock(told["klok"]), moment=parse_moment(told["beschikbaarOp"]),
        number=int(told["volgnummer"]),
    )  # fmt: skip
    day = parse_day(told["geldigOp"]) if told["geldigOp"] else amsterdam_day(known.moment)
    bulk = Bulk(Form.LINES, Output(told["uitvoer"]))
    wish = _Wish(type=kind, bulk=bulk, wanted=_wanted(kind, day, known), purpose="")
    seal = Seal()

    async def ask() -> None:
        pool = await postgres.pool(desk.settings, "registers")
        try:
            async with aclosing(_bodies(pool, wish)) as parts:
                async for bodies in parts:
                    seal.add_rows(bodies)
        finally:
            await pool.close()

    desk.run(ask())
    if seal.rows != told["aantal"]:
        return f"the register now says {seal.rows:,} rows, the export {told['aantal']:,}", told
    if seal.content_digest != told["inhoudSha256"]:
        return "the register now says something else in some rows", told
    return "", told


def _read_manifest(file: Path) -> dict[str, Any]:
    beside = manifest_beside(file)
    needed = {
        "sha256", "register", "collectie", "klok", "beschikbaarOp", "volgnummer", "geldigOp",
        "uitvoer", "aantal", "inhoudSha256",
    }  # fmt: skip
    try:
        told = json.loads(beside.read_text())
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or not needed <= told.keys() or not file.is_file():
        raise Trouble(
            f"{file} is no export with a manifest beside it ({beside.name})",
            "give a file that `landschap register export --out` wrote",
        )
    return told


@register.command("verify")
@click.argument("name", metavar="REGISTER")
@click.option(
    "--export", "file", type=click.Path(path_type=Path, dir_okay=False),
    help="Read this export back: is it what the register says of that day, as known then?",
)  # fmt: skip
@json_option
@of_organisation
@click.pass_context
def verify(ctx: click.Context, desk: Desk, name: str, file: Path | None, as_json: bool) -> None:
    """Prove that what is shown now follows from everything that was ever registered.

    \b
    Examples:
      landschap register verify bag
      landschap register verify bag --export panden.csv
    """
    target = desk.register(name)
    if file is not None:
        _verify_export(ctx, desk, file, as_json=as_json)
        return

    async def look() -> int:
        pool = await postgres.pool(desk.settings, "registers")
        try:
            return await store.differences(pool, target)
        finally:
            await pool.close()

    with talk.status(f"Deriving every timeline of {name} anew"):
        found = desk.run(look())
    if as_json:
        click.echo(json.dumps({"register": name, "differences": found}))
    elif found:
        click.echo(
            f"{found} stretches of {name} differ from what was registered. The registrations are "
            f"the truth; derive the timelines anew, and find out who changed them.",
            err=True,
        )
    else:
        click.echo(f"{name}: every timeline is what was registered.")
    if found:
        ctx.exit(_DIFFERS)


def _verify_export(ctx: click.Context, desk: Desk, file: Path, *, as_json: bool) -> None:
    with talk.status(f"Asking the register anew for {file.name}"):
        differs, told = compare(desk, file)
    if as_json:
        click.echo(json.dumps({"export": file.name, "rows": told["aantal"], "differs": differs}))
    elif differs:
        click.echo(f"{file.name}: {differs}.", err=True)
    else:
        click.echo(f"{file.name}: {told['aantal']:,} rows, equal to the register.")
    if differs:
        ctx.exit(_DIFFERS)
