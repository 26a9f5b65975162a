# SPDX-License-Identifier: EUPL-1.2
"""``landschap source extract``: everything of a logical source at once, for one purpose."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn

from landschap.cli.config_option import config_option, json_option
from landschap.cli.refused import told_when_refused
from landschap.cli.register import moment_of, talk
from landschap.cli.register_load import Rate
from landschap.cli.source import source
from landschap.integration.bulk.extracts import Form
from landschap.platform.settings import load_settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.times import parse_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from landschap.integration.bulk.anonymity import Question
    from landschap.integration.connectors.bulk.engine import Cluster
    from landschap.integration.connectors.bulk.office import Delivered, Told

_DEFAULT_MB = 2_048
_ADDRESS = re.compile(r"sc://[A-Za-z0-9.-]+:[0-9]{1,5}")


@source.command("extract")
@click.argument("name")
@click.option("--purpose", required=True, help="The purpose, as its URI.")
@click.option(
    "--form",
    type=click.Choice([each.value for each in Form]),
    default=Form.PARQUET.value,
    show_default=True,
    help="Parquet, CSV, JSON lines or GeoJSON.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the file and its manifest.",
)
@click.option("--fields", default="", help="Fields, with commas; default: all that are permitted.")
@click.option("--receiver", default="", help="OIN of who will have it; default: we ourselves.")
@click.option("--geldig-op", default="", help="Valid in reality on this day: YYYY-MM-DD.")
@click.option("--beschikbaar-op", default="", help="As known at this moment: YYYY-MM-DDThh:mm.")
@click.option("--geometry", default="", help="Of GeoJSON: the field that holds the geometry.")
@click.option("--quasi", default="", help="Fields that others may know of somebody, with commas.")
@click.option(
    "--each", default="", help="With --quasi: a list of which every item counts as a row."
)
@click.option(
    "--least",
    type=click.IntRange(2, 1_000_000),
    default=10,
    show_default=True,
    help="With --quasi: no file when fewer rows than these are alike.",
)
@click.option(
    "--memory",
    type=click.IntRange(256, 262_144),
    default=_DEFAULT_MB,
    show_default=True,
    help="MB that the engine may use; what does not fit goes by way of disk.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many cores the engine may use.",
)
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "sail"]),
    default="duckdb",
    show_default=True,
    help="Embedded, or distributed in the Spark dialect (needs the extra `sail`).",
)
@click.option(
    "--cluster",
    default="",
    metavar="sc://HOST:PORT",
    help="With --engine sail: a Spark Connect server that reads and writes the work folder.",
)
@json_option
@config_option
def extract(config: Path, name: str, out: Path, as_json: bool, **given: Any) -> None:
    """Write everything of logical source NAME that one purpose permits, with a manifest.

    All of a source is a service of its own, NAME-bulk, with the action `verstrekken`: a policy for
    questions does not open it. Only permitted fields are read from the sources, the log has its
    lines before the first row is written, and a source that fails is a gap with a name. The exit
    code is 4 when a policy refuses.

    \b
    Examples:
      landschap source extract bewoning --purpose https://doelen.example/id/monitor --out uit
      landschap source extract bewoning --purpose https://doelen.example/id/monitor \\
        --form geojson --geometry pand.vlak --geldig-op 2026-01-01 --out uit --json
      landschap source extract bewoning --purpose https://doelen.example/id/monitor --out uit \\
        --engine sail --cluster sc://spark.example:15002
    """
    from landschap.cli.composition_extracts import Asked, extract_room
    from landschap.integration.connectors.bulk.engine import Limits
    from landschap.platform import postgres

    cluster = _cluster(given["engine"], given["cluster"], given["threads"])
    settings = load_settings(config)
    moment = given["beschikbaar_op"]
    asked = Asked(
        name=name,
        purpose=given["purpose"],
        form=Form(given["form"]),
        folder=out.resolve(),
        receiver=_oin(given["receiver"]),
        fields=_names(given["fields"]),
        geometry=given["geometry"],
        anonymous=_anonymous(given),
        valid_on=_day(given["geldig_op"]),
        known_at=moment_of("--beschikbaar-op", moment) if moment else None,
    )
    limits = Limits(memory_mb=given["memory"], threads=given["threads"], cluster=cluster)

    async def work(told: Told) -> Delivered:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(postgres.database(settings))
            room = await extract_room(settings, stack, "extract")
            return await room.deliver(asked, limits, told)

    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,} rows"), Rate())
    bar = Progress(*columns, TimeElapsedColumn(), console=talk, transient=True)
    with told_when_refused(), bar as progress:
        found = asyncio.run(work(_told(progress)))
    if as_json:
        click.echo(json.dumps({"file": str(found.file), **found.manifest}, ensure_ascii=False))
        return
    click.echo(f"{found.result.rows:,} rows in {found.file}, {found.result.bytes:,} bytes")
    for gap in _gaps(found.manifest):
        click.echo(f"gap: {gap}", err=True)


def _cluster(engine: str, address: str, workers: int) -> Cluster | None:
    from landschap.integration.connectors.bulk.engine import Cluster

    if engine == "duckdb":
        if address:
            raise click.BadParameter("needs --engine sail", param_hint="--cluster")
        return None
    if address and not _ADDRESS.fullmatch(address):
        raise click.BadParameter("must be sc://HOST:PORT", param_hint="--cluster")
    needed = ("pyspark",) if address else ("pyspark", "pysail")
    if missing := [name for name in needed if find_spec(name) is None]:
        raise Trouble(
            f"the engine sail is not installed ({', '.join(missing)} is missing)",
            "install the extra: pip install 'landschap[sail]'; or leave --engine away",
        )
    return Cluster(address=address, workers=workers)


def _anonymous(given: Mapping[str, Any]) -> Question | None:
    from landschap.integration.bulk.anonymity import Question

    quasi = _names(given["quasi"])
    if quasi is None:
        return None
    return Question(quasi=quasi, each=given["each"], least=given["least"])


def _told(progress: Progress) -> Told:
    from landschap.integration.connectors.bulk.office import Told

    tasks: dict[str, TaskID] = {}

    def reading(name: str, rows: int) -> None:
        if name not in tasks:
            tasks[name] = progress.add_task(f"Reading {name}", total=None)
        progress.update(tasks[name], completed=rows)

    written = progress.add_task("Writing", total=None)
    return Told(reading=reading, writing=lambda rows: progress.update(written, completed=rows))


def _gaps(manifest: object) -> list[str]:
    told = manifest.get("ontbreekt") if isinstance(manifest, dict) else None
    return [
        f"{each['veld']} of {each['bron']}: {each['reden']}, in {each['rijen']:,} rows"
        + (" (another source gave it)" if each.get("vervangen") else "")
        for each in told or ()
    ]


def _names(fields: str) -> tuple[str, ...] | None:
    return tuple(each.strip() for each in fields.split(",")) if fields else None


def _day(text: str) -> date | None:
    try:
        return parse_day(text) if text else None
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--geldig-op") from None


def _oin(text: str) -> str:
    try:
        return Oin(text).value if text else ""
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--receiver") from None
