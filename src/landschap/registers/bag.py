# SPDX-License-Identifier: EUPL-1.2
"""Reading versions of the BAG (addresses and buildings) as assertions.

A row of the extract is no rectangle on two axes: ``eindRegistratie`` is the moment at which the
*end of validity* became known, not the end of what the register says. So a row asserts its
value from ``beginGeldigheid`` on without an end, and the following version paints over it. Only
when the end was registered together with the version (inserted in history) the assertion has one.

    known at K   tijdstipRegistratie <= K, and not withdrawn (inactief, niet-BAG) by then
    valid on V   known, and beginGeldigheid <= V < eindGeldigheid, where the end counts only when
                 eindRegistratie <= K

Moments have no offset: they are local time. A begin in year 1 means that it is unknown.
Source: BAG-extract 2.0, "Voorkomen"; Catalogus BAG 2018, "Historie".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from landschap.registers.geometry_wkt import geometry_in
from landschap.registers.models import ObjectType, Property
from landschap.registers.operations import Draft, Line
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.sources import (
    Reading,
    RowFault,
    SourceRow,
    UnreadableSource,
    as_assertion,
    draft_digest,
    model_faults,
)
from landschap.registers.timeline import Assertion, Clock, Kind, Known, segments
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import parse_day, parse_moment

_REQUIRED = ("identificatie", "voorkomenidentificatie", "beginGeldigheid", "tijdstipRegistratie")
_ENDS = ("eindGeldigheid", "eindRegistratie")
_WITHDRAWN = ("tijdstipInactief",)
_DOCUMENT = ("documentdatum", "documentnummer", "tijdstipRegistratieLV")
_LIST_SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One voorkomen of one object."""

    line: int
    object_id: str
    number: int
    begin: date
    begin_source: IncompleteDate | None
    end: date | None
    registered_at: datetime
    end_registered_at: datetime | None
    withdrawn_at: datetime | None
    content: Mapping[str, JsonValue]
    source: Mapping[str, JsonValue]


def readings(kind: ObjectType, file: str, rows: Iterable[SourceRow]) -> list[Reading]:
    """All assertions of one file, in order of registration per object.

    Raises UnreadableSource with every fault of the file.
    """
    faults: list[RowFault] = []
    versions: list[Version] = []
    for row in rows:
        try:
            versions.append(_version(kind, file, row))
        except UnreadableSource as error:
            faults += error.faults
    versions.sort(key=lambda v: (v.object_id, v.registered_at, v.number))
    found: list[Reading] = []
    for _, group in groupby(versions, key=lambda v: v.object_id):
        for version, draft in _drafts(list(group), kind.groups[0]):
            reading = Reading(
                type=kind,
                object_id=version.object_id,
                draft=draft,
                digest=draft_digest(version.object_id, draft),
            )
            faults += model_faults(reading, file, version.line)
            found.append(reading)
    if faults:
        raise UnreadableSource(sorted(faults, key=lambda fault: fault.line))
    return found


def _drafts(versions: Sequence[Version], group: str) -> Iterator[tuple[Version, Draft]]:
    """The assertions of one object in order of registration."""
    asserted: list[Assertion] = []
    events = [(v.registered_at, 0, v.number, v) for v in versions]
    events += [(v.end_registered_at, 1, v.number, v) for v in _ended_alone(versions)]  # type: ignore[misc]  # filled
    events += [(v.withdrawn_at, 2, v.number, v) for v in versions if v.withdrawn_at]
    for moment, what, _, version in sorted(events, key=lambda event: event[:3]):
        if what == 0:
            draft = _registration(version, asserted, group)
        elif what == 1:
            draft = _ending(version, moment, asserted, group)
        else:
            draft = _withdrawal(version, moment, asserted, group)
        asserted.append(as_assertion(draft, len(asserted) + 1))
        yield version, draft


def _registration(version: Version, before: Sequence[Assertion], group: str) -> Draft:
    """[begin, open), or with its end when that was registered at the same moment.

    A version that was empty from the start is painted over by its successor at the same moment.
    """
    end = OPEN
    if version.end is not None and version.end_registered_at == version.registered_at:
        end = version.end if version.begin < version.end else OPEN
    return Draft(
        period=Period(version.begin, end),
        kind=_kind(version, before),
        content=version.content,
        group=group,
        begin_source=version.begin_source,
        source_registered_at=version.registered_at,
        source=version.source,
    )


def _kind(version: Version, before: Sequence[Assertion]) -> Kind:
    if not before:
        return Kind.REGISTRATION
    latest = max(assertion.period.begin for assertion in before)
    if version.begin > latest:
        return Kind.CHANGE
    return Kind.CORRECTION if version.begin == latest else Kind.INSERTION


def _ended_alone(versions: Sequence[Version]) -> list[Version]:
    """Versions whose end became known without a following version that paints over the rest."""
    return [
        version
        for version in versions
        if version.end is not None
        and version.end_registered_at is not None
        and (version.end_registered_at > version.registered_at or version.end <= version.begin)
        and not any(
            other.begin == version.end and other.registered_at <= version.end_registered_at
            for other in versions
            if other is not version
        )
    ]


def _ending(version: Version, moment: datetime, before: Sequence[Assertion], group: str) -> Draft:
    """From the end on nothing holds, as far as a later version does not begin."""
    assert version.end is not None  # noqa: S101  # chosen by _ended_alone; for the type checker
    later = [a.period.begin for a in before if a.period.begin > version.end]
    return Draft(
        period=Period(version.end, min(later, default=OPEN)),
        kind=Kind.CHANGE,
        content=None,
        group=group,
        source_registered_at=moment,
        source=version.source,
    )


def _withdrawal(
    version: Version, moment: datetime, before: Sequence[Assertion], group: str
) -> Draft:
    """The version never held; what held before it holds on."""
    known = Known(clock=Clock.SOURCE, moment=moment, number=len(before))
    line = Line(group=group, segments=segments(before, known))
    done = line.withdraw(version.begin)
    if isinstance(done, Refusal):
        return Draft(
            period=Period(version.begin),
            kind=Kind.WITHDRAWAL,
            content=None,
            group=group,
            source_registered_at=moment,
            source=version.source,
        )
    return replace(done[0], corrects=None, source_registered_at=moment, source=version.source)


def _version(kind: ObjectType, file: str, row: SourceRow) -> Version:
    """One row. Raises UnreadableSource with all its faults."""
    cells = _Cells(file, row)
    begin = cells.begin()
    end = cells.day("eindGeldigheid")
    end_registered_at = cells.moment("eindRegistratie")
    if (end is None) != (end_registered_at is None):
        cells.fault("eindRegistratie", "eindGeldigheid and eindRegistratie come together",
                    "Fill both, or neither.")  # fmt: skip
    content = cells.content(kind)
    registered_at = cells.moment("tijdstipRegistratie", required=True)
    number = cells.whole_number("voorkomenidentificatie")
    withdrawn_at = cells.moment("tijdstipInactief")
    if cells.faults or begin is None or registered_at is None:
        raise UnreadableSource(cells.faults)
    return Version(
        line=row.line,
        object_id=cells.text("identificatie"),
        number=number,
        begin=begin.lo,
        # Year 1 is how the BAG writes "unknown"; it counts as "always", and is kept as written.
        begin_source=begin if begin.year == 1 else None,
        end=end,
        registered_at=registered_at,
        end_registered_at=end_registered_at,
        withdrawn_at=withdrawn_at,
        content=content,
        source={"voorkomen": number, **cells.document()},
    )


class _Cells:
    """The cells of one row, read one by one; faults are gathered."""

    def __init__(self, file: str, row: SourceRow) -> None:
        self._file, self._row = file, row
        self.faults: list[RowFault] = []
        for column in (*_REQUIRED, *_ENDS):
            if column not in row.cells:
                self.fault(column, "this column is missing", "Use a file of BAG versions.")

    def fault(self, column: str, message: str, remedy: str) -> None:
        self.faults.append(
            RowFault(
                file=self._file,
                line=self._row.line,
                column=column,
                message=message,
                remedy=remedy,
            )
        )

    def text(self, column: str) -> str:
        return str(self._row.cells.get(column) or "")

    def begin(self) -> IncompleteDate | None:
        text = self.text("beginGeldigheid")
        try:
            return IncompleteDate.parse(text)
        except InvalidValue as error:
            self.fault("beginGeldigheid", str(error), "Correct the date.")
            return None

    def day(self, column: str) -> date | None:
        text = self.text(column)
        try:
            return parse_day(text) if text else None
        except InvalidValue as error:
            self.fault(column, str(error), "Correct the date.")
            return None

    def moment(self, column: str, *, required: bool = False) -> datetime | None:
        text = self.text(column)
        if not text:
            if required and column in self._row.cells:
                self.fault(column, "is empty", "A version was registered at some moment.")
            return None
        try:
            return parse_moment(text)
        except InvalidValue as error:
            self.fault(column, str(error), "Correct the moment.")
            return None

    def whole_number(self, column: str) -> int:
        text = self.text(column)
        if text.isascii() and text.isdigit():
            return int(text)
        self.fault(column, "is not a whole number", "Correct the number.")
        return 0

    def content(self, kind: ObjectType) -> dict[str, JsonValue]:
        content: dict[str, JsonValue] = {}
        for prop in kind.content_properties():
            if prop.geometry:
                content |= self._geometry(prop)
                continue
            if prop.name not in self._row.cells:
                self.fault(prop.name, "this column is missing", f"{kind.key} has this property.")
                continue
            value = self._value(prop)
            if value is not None or "null" in _types(prop):
                content[prop.name] = value
        return content

    def _geometry(self, prop: Property) -> dict[str, JsonValue]:
        """Well-known text of the CSV; of the XML an object, or what was wrong with it."""
        value = self._row.cells.get(prop.name)
        if isinstance(value, str) and value:
            found = geometry_in(value)
            if found is None:
                self.fault(prop.name, value[:200], "Correct the geometry.")
            return {prop.name: found} if found else {}
        return {prop.name: value} if isinstance(value, Mapping) else {}

    def document(self) -> dict[str, JsonValue]:
        return {column: self.text(column) for column in _DOCUMENT if self.text(column)}

    def _value(self, prop: Property) -> JsonValue:
        text, types = self.text(prop.name), _types(prop)
        if "array" in types:
            return list(text.split(_LIST_SEPARATOR)) if text else []
        if not text:
            return None
        if "integer" in types:
            return self.whole_number(prop.name)
        if "boolean" in types:
            return {"J": True, "N": False}.get(text, text)
        return text


def _types(prop: Property) -> Sequence[JsonValue]:
    wanted = prop.schema["type"]
    return wanted if isinstance(wanted, list) else [wanted]
