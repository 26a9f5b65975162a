# SPDX-License-Identifier: EUPL-1.2
"""``landschap apply`` of all that an organisation declares in its folder, at once.

Policies, models and services are each put in force by their own room, in one transaction, after the
whole of it was seen to fit: what a policy opens exists in the source below it, and the tests of
the policies hold.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from landschap.cli.gateway import reasons_against, refuse_uncarried
from landschap.cli.packaging.reading import content_told
from landschap.cli.purpose import Folder, keep_basis, read_folder, warn_of
from landschap.gateway import store as gateway_store
from landschap.gateway.services import Service
from landschap.packages.client import read_files
from landschap.packages.kinds import POLICIES
from landschap.packages.planning import failing_tests
from landschap.packages.whole import Content, ContentError, misfits, read_content
from landschap.platform import postgres
from landschap.platform.postgres.together import Together, together
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes import store as purposes_store
from landschap.purposes.changes import Change, changes_between
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers
from landschap.registers import store as registers_store
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the folder changes: policies, models (from one version to another) and services."""

    changes: tuple[Change, ...]
    models: Sequence[registers_store.Adoption]
    services: Sequence[str]
    version: str

    @property
    def refused(self) -> list[str]:
        """Why a part of it can not be put in force."""
        return [
            *(f"{one.type_key}: {why}" for one in self.models for why in one.refused),
            *(
                f"{each.kind} {each.name} needs a new version"
                for each in self.changes
                if each.reuses_version
            ),
        ]

    def words(self) -> Iterator[str]:
        """For people."""
        for change in self.changes:
            yield from change.words()
        for one in self.models:
            yield f"model {one.type_key}: {one.before or '(new)'} -> {one.after}"
        yield from self.services
        if not (self.changes or self.models or self.services):
            yield "nothing to change: all of it is in force already"


def apply_whole(
    settings: Settings, folder: Path, signers: Signers, *, dry_run: bool, as_json: bool
) -> None:
    """Put all that the folder of the settings declares in force. Raises Trouble, ProblemError."""
    if folder.resolve() != settings.path.parent.resolve():
        raise Trouble(
            f"{folder} is not the folder of {settings.path}, from which models and logical sources "
            "are read",
            "name that folder; what others set up comes as a package: `landschap pack`",
        )
    found = read_folder(folder / POLICIES, settings.organisation.oin.value)
    with content_told("nothing was applied"):
        files = read_files(folder)
        content = read_content(files)
        if wrong := misfits(content, found.register, files):
            raise ContentError(wrong)
    warn_of(found.warnings)
    _refuse_unfit(settings, content, found)
    done = asyncio.run(_put(settings, content, found, None if dry_run else signers))
    if not dry_run:
        keep_basis(found.path, done.version)
    _tell(done, applied=not dry_run, as_json=as_json)


async def _put(
    settings: Settings, content: Content, found: Folder, signers: Signers | None
) -> Difference:
    """The difference; with signers it is put in force."""
    async with postgres.database(settings), together(settings) as both:
        told = await _difference(both, content, found)
        if signers is not None:
            if told.refused:
                raise Trouble(
                    "nothing was applied:\n" + "\n".join(f"  {why}" for why in told.refused),
                    "raise the versions, or declare a migration",
                )
            await purposes_store.save_register(
                await both.room("purposes"), found.register, signers, based_on=found.based_on
            )
            for each in content.registers.by_name.values():
                await registers_store.adopt(await both.room("registers"), each)
            wanted = list(content.services.values())
            await gateway_store.apply_services(
                await both.room("gateway"), wanted, datetime.now(UTC)
            )
        return told


async def _difference(both: Together, content: Content, found: Folder) -> Difference:
    current, _ = await purposes_store.current_snapshot(await both.room("purposes"))
    old = current.register if current.owner else None
    registers = await both.room("registers")
    models = [
        one
        for each in content.registers.by_name.values()
        for one in await registers_store.would_adopt(registers, each)
    ]
    offered = {each.name: each for each in await gateway_store.services(await both.room("gateway"))}
    return Difference(
        changes=changes_between(old, found.register),
        models=models,
        services=list(_service_words(offered, content.services)),
        version=Snapshot(found.register).version,
    )


def _service_words(before: Mapping[str, Service], after: Mapping[str, Service]) -> Iterator[str]:
    for name, each in sorted(after.items()):
        if before.get(name) != each:
            yield f"{'changed' if name in before else 'added'}: offered service {name}"


def _refuse_unfit(settings: Settings, content: Content, found: Folder) -> None:
    snapshot = Snapshot(found.register)
    reasons = reasons_against(settings, content.services.values(), snapshot)
    reasons += failing_tests(content.trials, snapshot, datetime.now(UTC))
    if reasons:
        raise Trouble(
            "nothing was applied:\n" + "\n".join(f"  {each}" for each in reasons),
            "correct these and apply again",
        )
    refuse_uncarried(settings, content.services.values())


def _tell(done: Difference, *, applied: bool, as_json: bool) -> None:
    if as_json:
        body: dict[str, JsonValue] = {
            "applied": applied,
            "version": done.version,
            "changes": [change.as_json() for change in done.changes],
            "models": [
                {"type": one.type_key, "from": one.before or None, "to": one.after}
                for one in done.models
            ],
            "services": list(done.services),
            "refused": done.refused,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    for line in done.words():
        click.echo(line)
    for why in done.refused:
        click.echo(f"would be refused: {why}", err=True)
    click.echo("in force" if applied else "nothing was changed")
