# SPDX-License-Identifier: EUPL-1.2
"""A transfer package: a register in open forms that is read without our software.

    LEESMIJ.md                      what this is and how to answer a question from it
    manifest.json, manifest.jws     every file with its size and SHA-256, signed
    certificaat.pem                 of the organisation that signed
    modellen/                       register.toml and the JSON Schema of each type, and rules
    gegevens/TYPE.jsonl             a line per assertion: both time axes, in order of knowledge
    gegevens/vernietigd.jsonl       signed statements of what was destroyed
    metagegevens/*.mdto.xml         MDTO: the register, its types and their files

Source: Archiefwet 1995 art. 12; Archiefregeling ch. 3; MDTO 1.0.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from landschap.registers.models import Register
from landschap.registers.operations import Draft
from landschap.registers.periods import (
    BEGINNING,
    OPEN,
    IncompleteDate,
    Period,
    next_day,
    shown,
)
from landschap.registers.sources import digest_of
from landschap.registers.timeline import Assertion, Clock, Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue, canonical, loads
from landschap.vocabulary.problems import InvalidJson, Refusal
from landschap.vocabulary.times import as_utc_text, parse_day, parse_moment

FORM = "landschap-overdracht/1"
DATA, MODELS, METADATA = "gegevens", "modellen", "metagegevens"
MANIFEST, SIGNATURE, CERTIFICATE = "manifest.json", "manifest.jws", "certificaat.pem"
README = "LEESMIJ.md"
DESTROYED_FILE = f"{DATA}/vernietigd.jsonl"
_SAFE_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_MAX_LINE = 4_000_000
_MAX_MANIFEST = 4_000_000


class DamagedPackage(ValueError):
    """A package that is not what was signed, or can not be read; nothing of it may be used."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An organisation that holds, or held, a register at its source."""

    oin: str
    name: str

    def as_json(self) -> dict[str, JsonValue]:
        """As answers and packages name it."""
        return {"oin": self.oin, "naam": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFile:
    """One type of a package: how many lines and objects, and the days it speaks of."""

    name: str
    lines: int = 0
    objects: int = 0
    begin: date = OPEN
    end: date = BEGINNING

    @property
    def path(self) -> str:
        """Where its assertions stand."""
        return f"{DATA}/{self.name}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """What a file of a package has to be."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a package says of itself, under its signature."""

    register: str
    clock: Clock
    holder: Holder
    made_at: datetime
    number: int
    known_at: datetime
    types: Sequence[TypeFile]
    files: Mapping[str, FileDigest] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {
                "formaat": FORM,
                "register": self.register,
                "klok": self.clock.value,
                "archiefvormer": self.holder.as_json(),
                "gemaaktOp": as_utc_text(self.made_at),
                "kennis": {"volgnummer": self.number, "tijdstip": as_utc_text(self.known_at)},
                "typen": {
                    each.name: {
                        "bestand": each.path,
                        "regels": each.lines,
                        "objecten": each.objects,
                    }
                    for each in self.types
                },
                "bestanden": {
                    path: {"sha256": each.sha256, "bytes": each.size}
                    for path, each in self.files.items()
                },
            }
        )


def read_manifest(content: bytes) -> Manifest:
    """A manifest from its bytes. Raises DamagedPackage; no path leads outside the package."""
    try:
        found = loads(content, max_bytes=_MAX_MANIFEST)
        if not isinstance(found, Mapping) or found.get("formaat") != FORM:
            raise DamagedPackage(f"not a package of form {FORM}")
        files = _table(found["bestanden"])
        wrong = [path for path in files if not _SAFE_PATH.fullmatch(path)]
        if wrong:
            raise DamagedPackage(f"names a file outside the package: {wrong[0][:80]!r}")
        holder, known = _table(found["archiefvormer"]), _table(found["kennis"])
        return Manifest(
            register=str(found["register"]),
            clock=Clock(str(found["klok"])),
            holder=Holder(str(holder["oin"]), str(holder["naam"])),
            made_at=parse_moment(str(found["gemaaktOp"])),
            number=int(str(known["volgnummer"])),
            known_at=parse_moment(str(known["tijdstip"])),
            types=[
                TypeFile(
                    name=name,
                    lines=int(str(_table(each)["regels"])),
                    objects=int(str(_table(each)["objecten"])),
                )
                for name, each in _table(found["typen"]).items()
            ],
            files={
                path: FileDigest(
                    sha256=str(_table(each)["sha256"]), size=int(str(_table(each)["bytes"]))
                )
                for path, each in files.items()
            },
        )
    except (InvalidJson, InvalidValue, KeyError, ValueError) as error:
        if isinstance(error, DamagedPackage):
            raise
        raise DamagedPackage(f"the manifest can not be read: {error}") from None


def _table(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise DamagedPackage("the manifest does not have the form of this kind of package")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One assertion of a package: with the object, model and act it belongs to."""

    object_id: str
    assertion: Assertion
    model: str = ""
    transaction: UUID | None = None


def line_text(line: Line, clock: Clock) -> str:
    """One line of a data file; ``bekendOp`` and ``zekerVanaf`` follow from the rest of it.

    They spare a reader the choice of a clock and the reckoning with incomplete dates.
    """
    said = line.assertion
    at_source = said.source_registered_at
    begin = said.begin_source
    surely = said.period.begin if begin is None or begin.complete else next_day(begin.hi)
    told = {
        "object": line.object_id,
        "groep": said.group,
        "volgnummer": said.number,
        "soort": said.kind.value,
        "geldigVan": shown(said.period.begin),
        "geldigTot": shown(said.period.end),
        "geldigVanBron": str(begin) if begin else None,
        "tijdstipRegistratie": as_utc_text(said.registered_at),
        "tijdstipBron": as_utc_text(at_source) if at_source else None,
        "bekendOp": as_utc_text(said.moment(clock)),
        "zekerVanaf": surely.isoformat(),
        "inhoud": said.content,
        "corrigeert": said.corrects,
        "bron": said.source,
        "model": line.model,
        "transactie": str(line.transaction) if line.transaction else None,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_line(text: str) -> Line:
    """One line back. Raises DamagedPackage."""
    try:
        told = _table(loads(text.encode(), max_bytes=_MAX_LINE))
        begin, end = told["geldigVan"], told["geldigTot"]
        incomplete, corrects = told["geldigVanBron"], told["corrigeert"]
        at_source, transaction = told["tijdstipBron"], told["transactie"]
        content = told["inhoud"]
        return Line(
            object_id=str(told["object"]),
            model=str(told["model"]),
            transaction=UUID(str(transaction)) if transaction else None,
            assertion=Assertion(
                number=int(str(told["volgnummer"])),
                group=str(told["groep"]),
                period=Period(
                    parse_day(str(begin)) if begin else BEGINNING,
                    parse_day(str(end)) if end else OPEN,
                ),
                registered_at=parse_moment(str(told["tijdstipRegistratie"])),
                kind=Kind(str(told["soort"])),
                content=None if content is None else _table(content),
                source_registered_at=parse_moment(str(at_source)) if at_source else None,
                begin_source=IncompleteDate.parse(str(incomplete)) if incomplete else None,
                corrects=None if corrects is None else int(str(corrects)),
                source=_table(told["bron"]),
            ),
        )
    except (InvalidJson, InvalidValue, KeyError, ValueError) as error:
        raise DamagedPackage(f"a line can not be read: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """Who takes a register over from whom, and the first day on which it holds the source."""

    predecessor: Holder
    successor: Holder
    day: date


def digest_of_line(manifest: Manifest, number: int) -> bytes:
    """The name of one assertion of a predecessor, so that taking over twice adds nothing."""
    return digest_of("overname", manifest.holder.oin, manifest.register, number)


def taken(line: Line, manifest: Manifest, over: TakeOver) -> Draft:
    """An assertion of the predecessor as the successor registers it.

    Its moments stay: they become those of the source; ours begin at the taking over. That of an
    own register is the moment of its own registration, that of a copy the moment of its source.
    """
    said = line.assertion
    before = said.source.get("overnames")
    earlier = list(before) if isinstance(before, Sequence) and not isinstance(before, str) else []
    told: dict[str, JsonValue] = {
        "bronhouder": over.predecessor.as_json(),
        "door": over.successor.as_json(),
        "vanaf": over.day.isoformat(),
        "volgnummer": said.number,
        "tijdstipRegistratie": as_utc_text(said.registered_at),
    }
    return Draft(
        period=said.period,
        kind=said.kind,
        content=said.content,
        group=said.group,
        begin_source=said.begin_source,
        source_registered_at=said.moment(manifest.clock),
        source={**said.source, "overnames": [*earlier, told]},
    )


def holder_on(source: Mapping[str, JsonValue], day: date) -> Mapping[str, JsonValue] | None:
    """Who held the source on a day, of what was taken over; None for what never was.

    Source: Wet algemene regels herindeling; house rule for the member ``bronhouder``.
    """
    overs = source.get("overnames")
    if not isinstance(overs, Sequence) or isinstance(overs, str):
        return None
    holder: JsonValue = None
    for over in overs:
        if not isinstance(over, Mapping):
            return None
        if day.isoformat() < str(over["vanaf"]):
            holder = over["bronhouder"]
            break
        holder = over["door"]
    return holder if isinstance(holder, Mapping) else None


def misfit(manifest: Manifest, register: Register) -> Refusal | None:
    """Why a package can not go into a register of ours: another register, or types we lack."""
    absent = sorted(each.name for each in manifest.types if each.name not in register.types)
    if not absent:
        return None
    return Refusal(
        code="overname.past-niet",
        status=409,
        title="The package does not fit our register",
        detail=f"Register {register.name} has no type {', '.join(absent)}. Nothing was taken over.",
    )
