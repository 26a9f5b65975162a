# SPDX-License-Identifier: EUPL-1.2
"""A BAG extract as it is delivered: zips in a zip, XML in those, both axes in each version.

Versions that the national copy threw out (``NB``) never were data of the municipality; they count
on the clock of that copy only, which is not ours, and are passed over.
Source: BAG-extract 2.0, "Levering".
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

from landschap.registers.bag_xml import DOUBT, VERSION, doubt_of, filled, local, version_of
from landschap.registers.client.limits import Unpacked, opened_zip, refused, seekable
from landschap.registers.models import Register
from landschap.registers.sources import SourceRow

MAX_DEPTH = 3
_THROWN_OUT = re.compile(r"[0-9]{4}NB[A-Z]{3}[0-9]")
_AS_DELIVERED = "Give the extract as it was delivered."
_ENDS = ("eindGeldigheid", "eindRegistratie", "tijdstipInactief")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One version of an object, or one row about doubt."""

    type_name: str
    is_version: bool
    row: SourceRow


def holds_xml(path: Path) -> bool:
    """True for an extract as it is delivered: a zip with XML, or with zips that may hold it."""
    if path.is_dir() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith((".xml", ".zip")) for name in archive.namelist())


def bag_rows(register: Register, name: str, raw: IO[bytes]) -> Iterator[Delivered]:
    """All versions and all doubt in an extract, of the types this register has.

    Raises UnreadableSource.
    """
    for inner, text in _xml_files(name, raw, 0, Unpacked()):
        yield from _rows(register, inner, text)


def _xml_files(
    name: str, raw: IO[bytes], depth: int, unpacked: Unpacked
) -> Iterator[tuple[str, IO[bytes]]]:
    """The XML files in a zip and in the zips in it."""
    with opened_zip(name, raw) as archive:
        for inner in sorted(archive.namelist()):
            kind = PurePosixPath(inner).suffix.lower()
            if _THROWN_OUT.search(inner) or kind not in (".xml", ".zip"):
                continue
            unpacked.admit(archive, inner)
            with archive.open(inner) as opened:
                if kind == ".xml":
                    yield inner, opened
                elif depth < MAX_DEPTH:
                    with seekable(opened) as kept:
                        yield from _xml_files(inner, kept, depth + 1, unpacked)


def _rows(register: Register, name: str, text: IO[bytes]) -> Iterator[Delivered]:
    try:
        for number, element in enumerate(_objects(text), start=1):
            is_version = local(element.tag) == VERSION
            read = version_of(element) if is_version else doubt_of(element)
            kind = register.types.get(read[0]) if read else None
            if read is None or kind is None:
                continue
            cells = filled(read[1], (*kind.properties, *_ENDS))
            row = SourceRow(line=number, cells=cells)
            yield Delivered(type_name=kind.name, is_version=is_version, row=row)
    except ParseError as error:
        raise refused(name, f"is no XML: {error}", remedy=_AS_DELIVERED) from None


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
