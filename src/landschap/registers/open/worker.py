# SPDX-License-Identifier: EUPL-1.2
"""Bulk files of what is open, made after a change and each night, and put in place all at once.

A version is written beside the others under a name that begins with a dot, which nginx does not
send; it gets its own name when it is whole and on the disk, and only then does ``huidig`` point
at it. Who is reading the one before goes on reading it. What can not be made leaves all as it was.
A version that may hold what was destroyed since is taken away, also where no new one can be made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from landschap.registers import store
from landschap.registers.bulk import MEDIA, Form, Output, Seal
from landschap.registers.bulk_forms import Writer, sheet_of, writer_of
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.open.client import manifest_of, read_manifest
from landschap.registers.open.files import (
    CURRENT,
    MANIFEST,
    File,
    Manifest,
    forms_of,
    is_due,
    may_hold,
    told,
    version_name,
)
from landschap.registers.questions import AsOf
from landschap.registers.store.closing import Destroyed, last_destroyed
from landschap.registers.store.paging import Wanted
from landschap.registers.store.rows import Pool
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day

LOOK_SECONDS = 30.0
_BATCH = 500
_BEING_MADE = ".wordt-gemaakt-"

log = structlog.get_logger(__name__)
Bodies = Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDeps:
    """What is written, from where and to where. ``registers`` are open views."""

    pool: Pool
    registers: Registers
    folder: Path
    minutes: int
    versions: int


async def keep_files(deps: BulkDeps, stop: asyncio.Event) -> None:
    """Look again and again, until asked to stop; what goes wrong is told and tried again."""
    while not stop.is_set():
        for register in deps.registers.by_name.values():
            for kind in register.types.values():
                try:
                    await refresh(deps, register, kind, datetime.now(UTC))
                except Exception as error:  # the next look may find room, or a database
                    log.exception("bulk files not made", collection=kind.key, exc_info=error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)


async def refresh(
    deps: BulkDeps, register: Register, kind: ObjectType, now: datetime, *, at_once: bool = False
) -> Manifest | None:
    """Make a version of one collection when it is due, or at once; None when it is not."""
    place = deps.folder / register.name / kind.collection
    await withdraw(deps, kind)
    last = await asyncio.to_thread(manifest_of, deps.folder, kind)
    known = await store.known_at(deps.pool, register, now)
    if not at_once and not is_due(last, kind, known.number, now, minutes=deps.minutes):
        return None
    wanted = Wanted(
        type=kind, filters={}, order=Order(), valid_on=amsterdam_day(now), known=known, limit=_BATCH
    )
    version = version_name(now)
    await asyncio.to_thread(_make_room, place)
    draft = place / f"{_BEING_MADE}{version}"
    try:
        draft.mkdir(mode=0o755)
        count, files = await _write(deps.pool, wanted, draft)
        made = Manifest(
            register=register.name,
            collectie=kind.collection,
            versie=version,
            model=kind.version,
            geldig_op=wanted.valid_on,
            beschikbaar_op=known.moment,
            volgnummer=known.number,
            tijdstip_gemaakt=now,
            aantal=count,
            bestanden=files,
        )
        await asyncio.to_thread(_put_in_place, draft, place, made)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        raise
    await asyncio.to_thread(_forget, place, deps.versions)
    log.info("bulk files made", collection=kind.key, objects=count, version=version)
    return made


async def withdraw(deps: BulkDeps, kind: ObjectType) -> int:
    """Take away the versions of a collection that may hold what was destroyed; how many.

    Without one that is left there is nothing at ``huidig`` until a new one is made.
    """
    destroyed = await last_destroyed(deps.pool, kind)
    if destroyed is None:
        return 0
    place = deps.folder / kind.register / kind.collection
    gone = await asyncio.to_thread(_withdraw, place, destroyed)
    if gone:
        log.info("bulk files withdrawn", collection=kind.key, versions=gone)
    return gone


def _withdraw(place: Path, destroyed: Destroyed) -> int:
    gone = 0
    for folder in _versions(place):
        made = read_manifest(folder / MANIFEST)
        if made is not None and not may_hold(made, destroyed.number, destroyed.at):
            continue
        current = place / CURRENT
        if current.is_symlink() and current.readlink().name == folder.name:
            current.unlink()
        # By another name first: what can not be removed whole is not sent any more.
        away = place / f"{_BEING_MADE}weg-{folder.name}"
        with contextlib.suppress(FileNotFoundError):  # somebody else was before us
            folder.rename(away)
            shutil.rmtree(away)
        gone += 1
    return gone


async def _write(pool: Pool, wanted: Wanted, folder: Path) -> tuple[int, list[File]]:
    """All forms at once, from one pass over the collection; memory holds a batch."""
    kind = wanted.type
    with ExitStack() as stack:
        drafts = [stack.enter_context(_begun(form, kind, folder)) for form in forms_of(kind)]
        question = AsOf(type=kind, wanted=(), valid_on=wanted.valid_on, known=wanted.known)
        async with contextlib.aclosing(store.found_pages(pool, wanted)) as parts:
            async for found in parts:
                bodies = [told(one, question) for one in found]
                for draft in drafts:
                    await asyncio.to_thread(draft.add, bodies)
        files = [await asyncio.to_thread(draft.ended) for draft in drafts]
    return drafts[0].seal.rows, files


@dataclass(slots=True, kw_only=True)
class _Draft:
    """One file that is being written."""

    form: Form
    writer: Writer
    seal: Seal
    file: BinaryIO

    def add(self, bodies: Bodies) -> None:
        """Some more objects."""
        self.seal.add_rows(bodies)
        self.file.write(self.seal.add_bytes(self.writer.rows(bodies)))

    def ended(self) -> File:
        """The last bytes, on the disk; what the file is."""
        self.file.write(self.seal.add_bytes(self.writer.end(self.seal)))
        self.file.flush()
        os.fsync(self.file.fileno())
        return File(
            naam=Path(self.file.name).name,
            media_type=MEDIA[self.form],
            bytes=self.seal.size,
            sha256=self.seal.file_digest,
        )


@contextmanager
def _begun(form: Form, kind: ObjectType, folder: Path) -> Iterator[_Draft]:
    """A file with its first bytes."""
    sheet = sheet_of(kind, kind.paths(), Output.OBJECTS, history=True)
    with (folder / f"{kind.collection}.{form.value}").open("wb") as file:
        os.fchmod(file.fileno(), 0o644)
        draft = _Draft(form=form, writer=writer_of(form, sheet), seal=Seal(), file=file)
        file.write(draft.seal.add_bytes(draft.writer.begin()))
        yield draft


def _make_room(place: Path) -> None:
    """The folder of a collection, without what an end in the middle left there."""
    for folder in (place.parent.parent, place.parent, place):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)
    for left in place.glob(f"{_BEING_MADE}*"):
        shutil.rmtree(left, ignore_errors=True)


def _put_in_place(draft: Path, place: Path, made: Manifest) -> None:
    manifest = draft / MANIFEST
    manifest.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1))
    manifest.chmod(0o644)
    draft.chmod(0o755)
    draft.rename(place / made.versie)
    pointer = place / f"{_BEING_MADE}{CURRENT}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(made.versie)
    pointer.replace(place / CURRENT)


def _forget(place: Path, kept: int) -> None:
    """Remove the oldest versions; the current one always stays."""
    current = (place / CURRENT).readlink().name
    for folder in _versions(place)[:-kept]:
        if folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)


def _versions(place: Path) -> list[Path]:
    """The folders of the versions there are, the oldest first; none where nothing was made yet."""
    if not place.is_dir():
        return []
    return sorted(
        each
        for each in place.iterdir()
        if each.is_dir() and not each.is_symlink() and not each.name.startswith(".")
    )
