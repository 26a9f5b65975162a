# SPDX-License-Identifier: EUPL-1.2
"""Reading files: the information models of an organisation, and extracts to load.

An extract is a file, a folder or a zip. A file is named after the collection it holds:
``panden.csv``, ``inwoners.jsonl``. CSV is read as the BAG publishes it; JSON lines hold assertions.
"""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from landschap.registers import bag, brp, lines
from landschap.registers.client.extract import holds_xml, read_bag
from landschap.registers.expanding import check_relations
from landschap.registers.mapping import InvalidMapping, read_mapping, readings
from landschap.registers.models import (
    InvalidModel,
    ObjectType,
    Register,
    Registers,
    parse_register,
)
from landschap.registers.schemas import Fault
from landschap.registers.sources import Reading, RowFault, SourceRow, UnreadableSource
from landschap.vocabulary.ijson import InvalidJson, loads

MODELS_FOLDER = "registers"
_SCHEMA = ".schema.json"


def read_models(folder: Path) -> Registers:
    """The registers below a folder: ``<register>/register.toml`` and ``<type>.schema.json``.

    Raises InvalidModel with everything that is wrong with a model.
    """
    found = [read_register(head.parent) for head in sorted(folder.glob("*/register.toml"))]
    registers = Registers({register.name: register for register in found})
    check_relations(registers)
    return registers


def read_register(folder: Path) -> Register:
    """One register from its own folder. Raises InvalidModel."""
    head = folder / "register.toml"
    try:
        settings = tomllib.loads(head.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidModel(str(head), [Fault("", f"can not be read: {error}")]) from None
    schemas = {}
    for path in sorted(folder.glob(f"*{_SCHEMA}")):
        try:
            schemas[path.name.removesuffix(_SCHEMA)] = loads(path.read_bytes())
        except (OSError, InvalidJson) as error:
            raise InvalidModel(str(path), [Fault("", str(error))]) from None
    return parse_register(settings, schemas, str(head))


def read_extract(register: Register, path: Path) -> list[Reading]:
    """All assertions of an extract in order of registration at the source.

    Everything is read and checked before the first is returned. Raises UnreadableSource.
    """
    found: list[Reading] = []
    wrong: list[RowFault] = []
    if holds_xml(path):
        return sorted(read_bag(register, path), key=Reading.order)
    for name, opened in _files(path):
        try:
            found += _read_file(register, name, opened)
        except UnreadableSource as error:
            wrong += error.faults
    if not found and not wrong:
        expected = ", ".join(f"{kind.collection}.csv" for kind in register.types.values())
        wrong.append(_about_file(str(path), "holds no rows", f"Expected {expected} or .jsonl."))
    if wrong:
        raise UnreadableSource(wrong)
    # Python's sort is stable: rows of one moment keep the order of the file's versions.
    return sorted(found, key=Reading.order)


def read_mapped(register: Register, mapping: Path, path: Path) -> list[Reading]:
    """All assertions of a file, by a mapping, in order of registration at the source.

    The file is a CSV, JSON lines, or GeoJSON (``.geojson``), whose features have their properties
    as columns, and ``id`` and ``geometry``. Raises InvalidMapping and UnreadableSource.
    """
    try:
        given = tomllib.loads(mapping.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidMapping([f"{mapping}: can not be read: {error}"]) from None
    chosen = read_mapping(register, given)
    if not path.is_file():
        raise UnreadableSource([_about_file(str(path), "does not exist", "Give a file.")])
    reader = _ROWS.get(path.suffix.lower())
    if reader is None:
        forms = ", ".join(_ROWS)
        raise UnreadableSource(
            [_about_file(path.name, f"ends in {path.suffix or 'nothing'}", f"Give one of {forms}.")]
        )
    with _text_of(path.name, _on_disk(path)) as text:
        found = readings(chosen, path.name, reader(path.name, text, chosen.separator))
    if not found:
        raise UnreadableSource([_about_file(path.name, "holds no rows", "Give a file with rows.")])
    return sorted(found, key=Reading.order)


def read_people(register: Register, folder: Path, identify: Callable[[str], str]) -> list[Reading]:
    """Person lists of the BRP in long form, a CSV per category, as assertions about ``persoon``.

    ``identify`` makes the key of a person from a number. Raises UnreadableSource.
    """
    kind = register.types.get("persoon")
    if kind is None:
        raise UnreadableSource(
            [_about_file(str(folder), "holds persons", f"{register.name} has no type persoon.")]
        )
    found: list[Reading] = []
    wrong: list[RowFault] = []
    for name in brp.CATEGORIES:
        path = folder / name
        if not path.is_file():
            wrong.append(_about_file(name, "is not there", "Give all categories."))
            continue
        try:
            with _text_of(name, _on_disk(path)) as text:
                found += brp.readings(kind, name, list(_csv_rows(name, text)), identify)
        except UnreadableSource as error:
            wrong += error.faults
    if wrong:
        raise UnreadableSource(wrong)
    return sorted(found, key=Reading.order)


def holds_people(path: Path) -> bool:
    """True for a folder with person lists of the BRP."""
    return any((path / name).is_file() for name in brp.CATEGORIES)


Opened = Callable[[], IO[bytes]]


def _files(path: Path) -> Iterator[tuple[str, Opened]]:
    """The files of an extract that may hold rows."""
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix in _READERS)
        yield from ((p.name, _on_disk(p)) for p in inside)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
            for name in names:
                if PurePosixPath(name).suffix in _READERS:
                    yield name, partial(archive.open, name)
    elif path.is_file():
        yield path.name, _on_disk(path)
    else:
        raise UnreadableSource(
            [_about_file(str(path), "does not exist", "Give a file, a folder or a zip.")]
        )


def _on_disk(path: Path) -> Opened:
    return lambda: path.open("rb")


def _read_file(register: Register, name: str, opened: Opened) -> list[Reading]:
    plain = PurePosixPath(name)
    kind = register.by_collection(plain.stem)
    if kind is None:
        there = ", ".join(sorted(t.collection for t in register.types.values()))
        raise UnreadableSource(
            [_about_file(name, f"is named after no collection of {register.name}",
                         f"Name it after one of {there}.")]
        )  # fmt: skip
    if plain.suffix not in _READERS:
        raise UnreadableSource(
            [_about_file(name, f"ends in {plain.suffix or 'nothing'}", "Give .csv or .jsonl.")]
        )
    with _text_of(name, opened) as text:
        return _READERS[plain.suffix](kind, name, text)


@contextmanager
def _text_of(name: str, opened: Opened) -> Iterator[io.TextIOWrapper]:
    with opened() as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        try:
            yield text
        except UnicodeDecodeError as error:
            raise UnreadableSource(
                [_about_file(name, f"is not UTF-8 at byte {error.start}", "Convert it to UTF-8.")]
            ) from None


def _read_csv(kind: ObjectType, name: str, text: IO[str]) -> list[Reading]:
    return bag.readings(kind, name, _csv_rows(name, text))


def _csv_rows(name: str, text: IO[str], separator: str = ",") -> Iterator[SourceRow]:
    if len(separator) != 1:
        raise InvalidMapping(["scheiding: must be one character"])
    reader = csv.DictReader(text, strict=True, delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if None in cells or None in cells.values():
                raise UnreadableSource(
                    [_fault(name, line + 1, "", "has more or fewer cells than the header",
                            "Correct the row; a text with a comma stands in quotes.")]
                )  # fmt: skip
            yield SourceRow(line=line + 1, cells=cells)
            line = reader.line_num
    except csv.Error as error:
        raise UnreadableSource(
            [_fault(name, reader.line_num, "", f"is no CSV: {error}", "Correct the row.")]
        ) from None


def _read_lines(kind: ObjectType, name: str, text: IO[str]) -> list[Reading]:
    return lines.readings(kind, name, _json_rows(name, text))


def _json_rows(name: str, text: Iterable[str]) -> Iterator[SourceRow]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            cells = loads(line)
        except InvalidJson as error:
            raise UnreadableSource(
                [_fault(name, number, "", str(error), "Correct the line.")]
            ) from None
        if not isinstance(cells, Mapping):
            raise UnreadableSource(
                [_fault(name, number, "", "is not an object", "Write one object per line.")]
            )
        yield SourceRow(line=number, cells=cells)


def _features(name: str, text: IO[str], _: str) -> Iterator[SourceRow]:
    """Source: RFC 7946, section 3.3."""
    try:
        whole = loads(text.read())
    except InvalidJson as error:
        raise UnreadableSource([_fault(name, 1, "", str(error), "Correct the file.")]) from None
    features = whole.get("features") if isinstance(whole, Mapping) else None
    if not isinstance(features, list):
        raise UnreadableSource(
            [_about_file(name, "is no FeatureCollection", "Give GeoJSON with features.")]
        )
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties") if isinstance(feature, Mapping) else None
        if not isinstance(feature, Mapping) or not isinstance(properties, Mapping):
            raise UnreadableSource(
                [_fault(name, number, "", "is no feature with properties", "Correct the feature.")]
            )
        cells = {**properties, "id": feature.get("id"), "geometry": feature.get("geometry")}
        yield SourceRow(line=number, cells=cells)


def _lines(name: str, text: IO[str], _: str) -> Iterator[SourceRow]:
    return _json_rows(name, text)


_ROWS: Mapping[str, Callable[[str, IO[str], str], Iterator[SourceRow]]] = {
    ".csv": _csv_rows,
    ".txt": _csv_rows,
    ".jsonl": _lines,
    ".geojson": _features,
}

_READERS: Mapping[str, Callable[[ObjectType, str, IO[str]], list[Reading]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_lines,
}


def write_faults(path: Path, faults: Sequence[RowFault]) -> None:
    """Every row that is wrong as a line of CSV: file, line, column, message, remedy."""
    names = ("file", "line", "column", "message", "remedy")
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows([getattr(fault, name) for name in names] for fault in faults)


def _about_file(name: str, message: str, remedy: str) -> RowFault:
    return _fault(name, 1, "", message, remedy)


def _fault(name: str, line: int, column: str, message: str, remedy: str) -> RowFault:
    return RowFault(file=name, line=line, column=column, message=message, remedy=remedy)
