# SPDX-License-Identifier: EUPL-1.2
"""``landschap pack``: what an organisation has set up, as one signed file for others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.packaging.reading import content_told, program_version
from landschap.cli.with_pool import run_with_pool
from landschap.fsc.client import own_peer
from landschap.gateway import store as gateway_store
from landschap.gateway.services import Service
from landschap.packages.client import left_behind, read_files
from landschap.packages.heading import FILE, read_heading
from landschap.packages.kinds import MODELS, POLICIES, SERVICES, kind_of, of_kind
from landschap.packages.packing import Made, make
from landschap.packages.whole import ContentError, read_content, read_services
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes.store import current_snapshot
from landschap.purposes.writing import CannotWrite, files_of
from landschap.registers import store as registers_store
from landschap.registers.models import Register
from landschap.vocabulary.mistakes import Mistake


@click.command("pack")
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write; one that is there is never written over.")  # fmt: skip
@json_option
@read_from_config("settings", load_settings)
def pack(settings: Settings, folder: Path | None, out: Path, as_json: bool) -> None:
    """Make one signed package of what is set up here: develop once, use everywhere.

    In it go models, logical sources, mappings, services, purposes, activities and policies with
    their tests. With FOLDER as they stand there; without it what is in force. `pakket.toml` beside
    them gives name and version, and says what differs from place to place.

    \b
    Examples:
      landschap pack --out bijstand-1.0.0.pakket
      landschap pack ontwerp --out bijstand-1.1.0.pakket --json
    """
    source = folder or settings.path.parent
    with content_told("nothing was packed"):
        files = read_files(source)
    if folder is None:
        files = _in_force(settings, files)
    made = _made(settings, source, files)
    _write(out, made)
    if as_json:
        body = {
            "file": str(out),
            "name": made.manifest.name,
            "version": made.manifest.version,
            "digest": made.digest,
            "files": sorted(made.manifest.files),
            "parameters": sorted(made.manifest.parameters),
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    for name in left_behind(source):
        click.echo(f"stays home: {name}", err=True)
    parts = made.manifest.parts
    kinds = {kind: sum(each.kind == kind for each in parts) for kind in [p.kind for p in parts]}
    click.echo(", ".join(f"{kind}: {count}" for kind, count in kinds.items()))
    click.echo(f"{out}: {made.manifest.name} {made.manifest.version}, sha256 {made.digest}")


def _made(settings: Settings, source: Path, files: Mapping[str, str]) -> Made:
    heading = source / FILE
    if not heading.is_file():
        raise Trouble(
            f"there is no {heading}",
            "write it: naam, versie, titel, and a parameter for what differs from place to place",
        )
    with content_told("nothing was packed"):
        read = read_heading(heading.read_text(encoding="utf-8"), program_version())
        return make(read, files, own_peer(settings).signer, datetime.now(UTC))


def _write(out: Path, made: Made) -> None:
    try:
        if out.exists():
            if out.read_bytes() == made.data:
                return
            raise Trouble(
                f"{out} is there already, with other content",
                f"raise `versie` in {FILE} and name a new file",
            )
        out.write_bytes(made.data)
    except OSError as error:
        raise Trouble(f"{out} can not be written: {error.strerror}", "name another") from None


def _in_force(settings: Settings, files: Mapping[str, str]) -> dict[str, str]:
    """The files, with policies as they are in force. Raises Trouble where files say otherwise."""
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    if not snapshot.owner:
        raise Trouble("no register of purposes is in force", "apply one first, or name a folder")
    try:
        policies = files_of(snapshot.register)
    except CannotWrite as error:
        raise Trouble(f"the register in force can not be written: {error}", "report this") from None
    found = {name: text for name, text in files.items() if kind_of(name) != POLICIES}
    with content_told("nothing was packed"):
        content = read_content(of_kind(files, MODELS))
        models = list(content.registers.by_name.values())
        _refuse_other_services(settings, of_kind(files, SERVICES))
    _refuse_other_models(settings, models)
    # Without it the organisation that takes it in is meant, as it was us here.
    ours = f'aanbieder = "{snapshot.owner}"\n'
    return {
        **found,
        **{f"{POLICIES}/{name}": text.replace(ours, "") for name, text in policies.items()},
    }


def _refuse_other_services(settings: Settings, files: Mapping[str, str]) -> None:
    wrong: list[Mistake] = []
    written = read_services(files, wrong)
    in_force: Sequence[Service] = run_with_pool(settings, "gateway", gateway_store.services)
    offered = {each.name: each for each in in_force}
    wrong += [
        Mistake(
            file=SERVICES,
            line=1,
            key=name,
            message="the file is not what is in force; put it in force: landschap service apply",
        )
        for name in sorted({*written, *offered})
        if written.get(name) != offered.get(name)
    ]
    if wrong:
        raise ContentError(wrong)


def _refuse_other_models(settings: Settings, models: Sequence[Register]) -> None:
    async def look(pool: asyncpg.Pool) -> list[str]:
        return [
            one.type_key for each in models for one in await registers_store.would_adopt(pool, each)
        ]

    waiting = run_with_pool(settings, "registers", look)
    if waiting:
        raise Trouble(
            f"nothing was packed: these models are not in force: {', '.join(waiting)}",
            "put them in force: landschap model apply",
        )
