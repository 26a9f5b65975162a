# SPDX-License-Identifier: EUPL-1.2
"""From a delivery to checked assertions, through a spool, at flat memory.

A delivery is a file, a folder or a zip. Its form follows from what it is: the XML of the BAG, the
person lists of the BRP, files named after a collection, or any file with a mapping.
"""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from landschap.registers import bag, bag_doubts, brp, hr, lines
from landschap.registers.client.extract import bag_rows, holds_xml
from landschap.registers.client.limits import Unpacked, opened_zip, refused
from landschap.registers.client.rows import (
    Opener,
    Rows,
    Table,
    csv_rows,
    features,
    json_rows,
    parquet_rows,
)
from landschap.registers.client.spool import Spool
from landschap.registers.mapped import readings as mapped_readings
from landschap.registers.mapping import FileMapping, InvalidMapping, read_mapping
from landschap.registers.models import ObjectType, Register
from landschap.registers.sources import (
    Reading,
    Refused,
    RowFault,
    Sourced,
    SourceRow,
    UnreadableSource,
)
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, loads

Identify = Callable[[str], str]
Told = Iterator[Sourced | Refused]
_BY_FORM: Mapping[str, Callable[[Table], Rows]] = {
    ".csv": csv_rows,
    ".txt": csv_rows,
    ".jsonl": json_rows,
    ".geojson": features,
    ".parquet": parquet_rows,
}
_OWN = (".csv", ".jsonl")
_SEPARATE = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is to be loaded, and how. ``identify`` makes the key of a person from a number."""

    register: Register
    path: Path
    mapping: Path | None = None
    identify: Identify | None = None


def gather(
    delivery: Delivery,
    spool: Spool,
    seen: Callable[[int], None] = lambda _: None,
    *,
    people: bool = False,
) -> None:
    """Read and check all of a delivery into a spool; ``seen`` hears how many rows were read.

    ``people`` when it must be person lists, whatever is there.
    Raises InvalidMapping, and UnreadableSource for what can not be read at all.
    """
    now, counted = datetime.now(UTC), 0

    def told(found: Told) -> Told:
        nonlocal counted
        for each in found:
            counted += 1
            if counted % 1000 == 0:
                seen(counted)
            yield _checked(each, now)

    if delivery.mapping is not None:
        spool.keep(told(_mapped(delivery, delivery.mapping)))
    elif people or holds_people(delivery.path):
        spool.keep(told(_people(delivery, spool)))
    elif holds_profiles(delivery.path):
        spool.keep(told(_profiles(delivery)))
    elif holds_xml(delivery.path):
        spool.keep(told(_extract(delivery, spool, seen)))
    else:
        spool.keep(told(_own(delivery, spool)))
    seen(counted)
    spool.finish()
    if counted == 0:
        raise _empty(delivery)


def _empty(delivery: Delivery) -> UnreadableSource:
    register = delivery.register
    names = [f"{kind.collection}.csv" for kind in register.types.values()]
    expected = "Give a file with rows."
    if delivery.mapping is None:
        expected = f"Expected {', '.join(names)} or .jsonl."
    if holds_xml(delivery.path):
        return refused(delivery.path.name, "holds no objects of this register")
    return refused(delivery.path.name, "holds no rows", remedy=expected)


def _checked(each: Sourced | Refused, now: datetime) -> Sourced | Refused:
    """What the database would refuse in the middle of a load is told here, with its line."""
    if isinstance(each, Refused):
        return each
    draft, found = each.reading.draft, []
    moment = draft.source_registered_at
    if moment is not None and moment > now:
        found.append(("toekomst", "was registered in the future", "Correct the moment."))
    if "\0" in each.reading.object_id or _holds_nul(draft.content) or _holds_nul(draft.source):
        found.append(("teken", "holds the character NUL", "Remove it."))
    if len(each.reading.object_id) > MAX_ID:
        found.append(("lengte", f"has an identification over {MAX_ID} characters", "Shorten it."))
    if not found:
        return each
    faults = [
        RowFault(
            file=each.file, line=each.line, column="", message=message, remedy=remedy, rule=rule
        )
        for rule, message, remedy in found
    ]
    return Refused(faults=faults, type_key=each.reading.type.key, object_id=each.reading.object_id)


MAX_ID = 500


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def chosen_mapping(register: Register, path: Path) -> FileMapping:
    """The mapping in a file. Raises InvalidMapping."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidMapping([f"{path}: can not be read: {error}"]) from None
    return read_mapping(register, given)


def rows_of(path: Path, mapping: FileMapping | None = None) -> Rows:
    """The rows of a file on disk by its form. Raises UnreadableSource."""
    if not path.is_file():
        raise refused(str(path), "does not exist", line=0, remedy="Give a file.")
    reader = _BY_FORM.get(path.suffix.lower())
    if reader is None:
        forms = ", ".join(_BY_FORM)
        raise refused(
            path.name, f"ends in {path.suffix or 'nothing'}", remedy=f"Give one of {forms}."
        )
    if mapping is None:
        return reader(Table(name=path.name, opened=_on_disk(path)))
    return reader(
        Table(
            name=path.name,
            opened=_on_disk(path),
            separator=mapping.separator,
            encoding=mapping.encoding,
            day_form=mapping.form,
        )
    )


def _mapped(delivery: Delivery, path: Path) -> Told:
    mapping = chosen_mapping(delivery.register, path)
    return mapped_readings(mapping, delivery.path.name, rows_of(delivery.path, mapping))


def _own(delivery: Delivery, spool: Spool) -> Told:
    """Files named after collections; the versions of one object may lie far apart in a CSV."""
    for name, opened in _files(delivery.path):
        kind = _kind_of(delivery.register, name)
        table = Table(name=name, opened=opened)
        if PurePosixPath(name).suffix == ".jsonl":
            yield from lines.readings(kind, name, json_rows(table), spool.marks(name))
            continue
        for row in csv_rows(table):
            if isinstance(row, RowFault):
                yield Refused(faults=[row])
            else:
                key = str(row.cells.get("identificatie") or "")
                spool.keep_row(_part(name, kind.name), key, name, row)
    for part in spool.parts():
        file, _, type_name = part.partition(_SEPARATE)
        yield from _per_object(delivery.register.types[type_name], file, spool.objects(part))


def _extract(delivery: Delivery, spool: Spool, seen: Callable[[int], None]) -> Told:
    register, name = delivery.register, delivery.path.name
    with delivery.path.open("rb") as raw:
        for number, found in enumerate(bag_rows(register, name, raw), start=1):
            mark = "" if found.is_version else "*"
            key = str(found.row.cells.get("identificatie") or "")
            spool.keep_row(_part(mark, found.type_name), key, name, found.row)
            if number % 1000 == 0:
                seen(number)
    for part in sorted(spool.parts(), key=lambda each: each.startswith("*")):
        mark, _, type_name = part.partition(_SEPARATE)
        kind, file = register.types[type_name], f"{name} ({type_name})"
        if mark:
            yield from _doubts(kind, file, spool.objects(part))
        else:
            yield from _per_object(kind, file, spool.objects(part))


def _per_object(
    kind: ObjectType, file: str, objects: Iterable[tuple[str, str, list[SourceRow]]]
) -> Told:
    for object_id, _, rows in objects:
        try:
            found = bag.readings(kind, file, rows)
        except UnreadableSource as error:
            yield Refused(faults=error.faults, type_key=kind.key, object_id=object_id)
            continue
        twice = _twice(file, rows)
        if twice:
            yield Refused(faults=twice, type_key=kind.key, object_id=object_id)
            continue
        yield from _plain(found, file, rows[0].line)


def _doubts(
    kind: ObjectType, file: str, objects: Iterable[tuple[str, str, list[SourceRow]]]
) -> Told:
    for object_id, _, rows in objects:
        try:
            yield from _plain(bag_doubts.readings(kind, file, rows), file, rows[0].line)
        except UnreadableSource as error:
            yield Refused(faults=error.faults, type_key=kind.key, object_id=object_id)


def _twice(file: str, rows: Iterable[SourceRow]) -> list[RowFault]:
    """A version that stands twice; the numbers of versions are given out once per object."""
    first: dict[str, int] = {}
    wrong = []
    for row in rows:
        number = str(row.cells.get("voorkomenidentificatie"))
        if number in first:
            wrong.append(
                RowFault(
                    file=file, line=row.line, column="voorkomenidentificatie", rule="dubbel",
                    message=f"version {number} of this object stands in line {first[number]} too",
                    remedy="Remove one of them.",
                )
            )  # fmt: skip
        first.setdefault(number, row.line)
    return wrong


def _people(delivery: Delivery, spool: Spool) -> Told:
    kind = delivery.register.types.get("persoon")
    if kind is None or delivery.identify is None:
        raise refused(
            str(delivery.path),
            "holds persons",
            remedy=f"{delivery.register.name} has no type persoon.",
        )
    absent = [name for name in brp.CATEGORIES if not (delivery.path / name).is_file()]
    if absent:
        faults = [refused(name, "is not there", remedy="Give all categories.") for name in absent]
        raise UnreadableSource([fault for each in faults for fault in each.faults])
    for name in brp.CATEGORIES:
        for row in rows_of(delivery.path / name):
            if isinstance(row, RowFault):
                yield Refused(faults=[row])
            else:
                spool.keep_row(name, str(row.cells.get(brp.BSN) or ""), name, row)
    for name in brp.CATEGORIES:
        for number, _, rows in spool.objects(name):
            object_id = delivery.identify(number) if number else ""
            try:
                found = brp.readings(kind, name, rows, delivery.identify)
            except UnreadableSource as error:
                yield Refused(faults=error.faults, type_key=kind.key, object_id=object_id)
                continue
            yield from _plain(found, name, rows[0].line)


def _profiles(delivery: Delivery) -> Told:
    """Basic profiles of the trade register, one per file."""
    register, path = delivery.register, delivery.path
    for file in sorted(path.glob(_PROFILES)) if path.is_dir() else [path]:
        try:
            found = hr.readings(register, file.name, loads(file.read_bytes()))
        except (InvalidJson, InvalidValue) as error:
            message = str(error)
            fault = RowFault(file=file.name, line=1, column="", message=message,
                             remedy="Give a basic profile as the API of the trade register "
                             "answers it.")  # fmt: skip
            yield Refused(faults=[fault])
            continue
        yield from _plain(found, file.name, 1)


def holds_profiles(path: Path) -> bool:
    """True for basic profiles of the trade register: a folder of them, or one."""
    if path.is_dir():
        return any(path.glob(_PROFILES))
    return path.is_file() and PurePosixPath(path.name).match(_PROFILES)


_PROFILES = "basisprofiel-*.json"


def _plain(found: Iterable[Reading], file: str, line: int) -> Told:
    return (Sourced(reading=reading, file=file, line=line) for reading in found)


def _part(*names: str) -> str:
    return _SEPARATE.join(names)


def holds_people(path: Path) -> bool:
    """True for a folder with person lists of the BRP."""
    return any((path / name).is_file() for name in brp.CATEGORIES)


def _files(path: Path) -> Iterator[tuple[str, Opener]]:
    """The files of an extract that may hold rows."""
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix in _OWN)
        yield from ((p.name, _on_disk(p)) for p in inside)
    elif path.is_file() and (path.suffix == ".zip" or zipfile.is_zipfile(path)):
        unpacked = Unpacked()
        with path.open("rb") as raw, opened_zip(path.name, raw) as archive:
            for name in sorted(archive.namelist()):
                if PurePosixPath(name).suffix in _OWN:
                    unpacked.admit(archive, name)
                    yield name, partial(archive.open, name)
    elif path.is_file():
        yield path.name, _on_disk(path)
    else:
        raise refused(str(path), "does not exist", line=0, remedy="Give a file, a folder or a zip.")


def _on_disk(path: Path) -> Opener:
    return lambda: path.open("rb")


def _kind_of(register: Register, name: str) -> ObjectType:
    plain = PurePosixPath(name)
    kind = register.by_collection(plain.stem)
    if kind is None:
        there = ", ".join(sorted(each.collection for each in register.types.values()))
        raise refused(
            name, f"is named after no collection of {register.name}",
            remedy=f"Name it after one of {there}, or give a mapping.",
        )  # fmt: skip
    if plain.suffix not in _OWN:
        raise refused(
            name, f"ends in {plain.suffix or 'nothing'}",
            remedy="Give .csv or .jsonl, or a mapping.",
        )  # fmt: skip
    return kind
