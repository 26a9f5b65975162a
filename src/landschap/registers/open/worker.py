# SPDX-License-Identifier: EUPL-1.2
"""Bulk files of what is open, made after a change and each night, and put in place all at once.

A version is written beside the others under a name that begins with a dot, which nginx does not
send; it gets its own name when it is whole and on the disk, and only then does ``huidig`` point
at it. Who is reading the one before goes on reading it. What can not be made leaves all as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog

from landschap.registers import store
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType, Register, Registers
from landschap.registers.open.client import manifest_of
from landschap.registers.open.files import (
    CURRENT,
    HISTORY,
    MANIFEST,
    File,
    Form,
    Manifest,
    columns,
    forms_of,
    is_due,
    row_of,
    text_of,
    told,
    version_name,
)
from landschap.registers.questions import AsOf
from landschap.registers.store.paging import Wanted, page_of
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


async def _write(pool: Pool, wanted: Wanted, folder: Path) -> tuple[int, list[File]]:
    """All forms at once, from one pass over the collection; memory holds a batch."""
    count = 0
    forms = forms_of(wanted.type)
    with ExitStack() as stack:
        writers = [stack.enter_context(_writer(form, wanted.type, folder)) for form in forms]
        async for bodies in _batches(pool, wanted):
            count += len(bodies)
            for writer in writers:
                await asyncio.to_thread(writer.add, bodies)
    return count, [await asyncio.to_thread(_described, form, wanted.type, folder) for form in forms]


async def _batches(pool: Pool, wanted: Wanted) -> AsyncIterator[Bodies]:
    question = AsOf(type=wanted.type, wanted=(), valid_on=wanted.valid_on, known=wanted.known)
    asked = wanted
    while True:
        page = await page_of(pool, asked)
        yield [told(one, question) for one in page.found]
        if page.next is None:
            return
        asked = replace(asked, after=page.next)


class _TextFile:
    """A file of text."""

    def __init__(self, form: Form, kind: ObjectType, file: BinaryIO) -> None:
        text = text_of(form, kind)
        assert text is not None  # noqa: S101  # asked for forms of text only
        self._text, self._file = text, file
        file.write(text.begin().encode())

    def add(self, bodies: Bodies) -> None:
        """Some more objects."""
        self._file.write(self._text.add(bodies).encode())

    def close(self) -> None:
        """The end."""
        self._file.write(self._text.end().encode())


class _ParquetFile:
    """A file of columns, a group of rows per batch."""

    def __init__(self, kind: ObjectType, file: BinaryIO) -> None:
        # Here, because a worker without anything open needs none of it.
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
        self._kind, self._arrow = kind, arrow
        self._schema = arrow.schema(
            [(name, _arrow_type(arrow, kind, name)) for name in columns(kind)]
        )
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def add(self, bodies: Bodies) -> None:
        """Some more objects."""
        if not bodies:
            return
        rows = zip(*(row_of(self._kind, body) for body in bodies), strict=True)
        arrays = [
            self._arrow.array(list(values), type=field.type)
            for values, field in zip(rows, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.table(arrays, schema=self._schema))

    def close(self) -> None:
        """The end."""
        self._writer.close()


def _arrow_type(arrow: Any, kind: ObjectType, name: str) -> Any:
    """The type of a column: that of the model where it has one kind of value, else text."""
    plain = {
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
    }
    if name in HISTORY or name not in kind.properties:
        return arrow.string()
    given = kind.properties[name].schema.get("type")
    kinds = [each for each in (given if isinstance(given, list) else [given]) if each != "null"]
    return plain.get(str(kinds[0]), arrow.string()) if len(kinds) == 1 else arrow.string()


@contextmanager
def _writer(form: Form, kind: ObjectType, folder: Path) -> Iterator[_TextFile | _ParquetFile]:
    """A file that is being written; at the end it is on the disk."""
    with (folder / _name(form, kind)).open("wb") as file:
        os.fchmod(file.fileno(), 0o644)
        is_text = text_of(form, kind) is not None
        writer = _TextFile(form, kind, file) if is_text else _ParquetFile(kind, file)
        yield writer
        writer.close()
        file.flush()
        os.fsync(file.fileno())


def _name(form: Form, kind: ObjectType) -> str:
    return f"{kind.collection}.{form.ending}"


def _described(form: Form, kind: ObjectType, folder: Path) -> File:
    path = folder / _name(form, kind)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(
        naam=path.name, media_type=form.media_type, bytes=path.stat().st_size, sha256=digest
    )


def _make_room(place: Path) -> None:
    """The folder of a collection, without what an end in the middle left there."""
    for folder in (place.parent.parent, place.parent, place):
        folder.mkdir(mode=0o755, exist_ok=True)
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
    versions = sorted(
        each.name
        for each in place.iterdir()
        if each.is_dir() and not each.is_symlink() and not each.name.startswith(".")
    )
    for name in versions[:-kept]:
        if name != current:
            shutil.rmtree(place / name, ignore_errors=True)
