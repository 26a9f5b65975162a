# SPDX-License-Identifier: EUPL-1.2
"""A BAG extract as it is delivered: zips in a zip, XML in those, both axes in each version.

Versions that the national copy threw out (``NB``) never were data of the municipality; they count
on the clock of that copy only, which is not ours, and are passed over.
Source: BAG-extract 2.0, "Levering".
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

from landschap.registers import bag, bag_doubts
from landschap.registers.bag_xml import DOUBT, VERSION, doubt_of, filled, local, version_of
from landschap.registers.models import Register
from landschap.registers.sources import Reading, RowFault, SourceRow, UnreadableSource

MAX_DEPTH = 3
MAX_XML_BYTES = 2 * 1024**3
_THROWN_OUT = re.compile(r"[0-9]{4}NB[A-Z]{3}[0-9]")
_ENDS = ("eindGeldigheid", "eindRegistratie", "tijdstipInactief")

_Rows = dict[str, list[SourceRow]]


def holds_xml(path: Path) -> bool:
    """True for an extract as it is delivered: a zip with XML, or with zips that may hold it."""
    if path.is_dir() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith((".xml", ".zip")) for name in archive.namelist())


def read_bag(register: Register, path: Path) -> list[Reading]:
    """All versions and all doubt in an extract, of the types this register has.

    Raises UnreadableSource with everything that is wrong, per file.
    """
    versions: _Rows = {}
    doubts: _Rows = {}
    with path.open("rb") as raw:
        for name, text in _xml_files(path.name, raw, 0):
            _gather(register, name, text, versions, doubts)
    found: list[Reading] = []
    wrong: list[RowFault] = []
    for rows, read in ((versions, bag.readings), (doubts, bag_doubts.readings)):
        for type_name, each in rows.items():
            try:
                found += read(register.types[type_name], f"{path.name} ({type_name})", each)
            except UnreadableSource as error:
                wrong += error.faults
    if wrong:
        raise UnreadableSource(wrong)
    if not found:
        raise UnreadableSource([_about(path.name, "holds no objects of this register")])
    return found


def _xml_files(name: str, raw: IO[bytes], depth: int) -> Iterator[tuple[str, IO[bytes]]]:
    """The XML files in a zip and in the zips in it."""
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile:
        raise UnreadableSource([_about(name, "is no zip that can be read")]) from None
    with archive:
        for inner in sorted(archive.namelist()):
            kind = PurePosixPath(inner).suffix.lower()
            if _THROWN_OUT.search(inner) or kind not in (".xml", ".zip"):
                continue
            if archive.getinfo(inner).file_size > MAX_XML_BYTES:
                raise UnreadableSource([_about(inner, "is larger than 2 GB")])
            with archive.open(inner) as opened:
                if kind == ".xml":
                    yield inner, opened
                elif depth < MAX_DEPTH:
                    yield from _xml_files(inner, io.BytesIO(opened.read()), depth + 1)


def _gather(register: Register, name: str, text: IO[bytes], versions: _Rows, doubts: _Rows) -> None:
    try:
        for number, element in enumerate(_objects(text), start=1):
            is_version = local(element.tag) == VERSION
            read = version_of(element) if is_version else doubt_of(element)
            kind = register.types.get(read[0]) if read else None
            if read is None or kind is None:
                continue
            cells = filled(read[1], (*kind.properties, *_ENDS))
            rows = versions if is_version else doubts
            rows.setdefault(kind.name, []).append(SourceRow(line=number, cells=cells))
    except ParseError as error:
        raise UnreadableSource([_about(name, f"is no XML: {error}")]) from None


def _objects(text: IO[bytes]) -> Iterator[Element]:
    """Each object as it is read; nothing is kept. expat bounds what entities can grow to."""
    around: list[Element] = []
    for event, element in iterparse(text, events=("start", "end")):  # noqa: S314  # see above
        name = local(element.tag)
        if event == "start":
            around.append(element)
            continue
        around.pop()
        if name in (VERSION, DOUBT):
            yield element
        elif name == "stand" and around:
            around[-1].clear()


def _about(name: str, message: str) -> RowFault:
    remedy = "Give the extract as it was delivered."
    return RowFault(file=name, line=1, column="", message=message, remedy=remedy)
