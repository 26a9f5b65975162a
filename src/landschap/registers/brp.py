# SPDX-License-Identifier: EUPL-1.2
"""Reading person lists of the BRP as assertions: incomplete days, wrong rows, doubt.

A category of a list is a stack of rows, the newest first. Each row holds from its day of validity
on, and was recorded on a day; there is no end, the next row paints over it. A row that turned out
wrong (``onjuist``) was known until the next row was recorded, and is taken back then. What is being
investigated is doubt over the days of its row.

No address holds a person's number: ``identify`` makes the key of a person from it.
Source: Logisch Ontwerp BRP, "Actualisering", "Historie" (84.10, 85.10, 86.10), "Onderzoek".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft, Line
from landschap.registers.periods import BEGINNING, IncompleteDate, Period
from landschap.registers.sources import (
    Reading,
    RowFault,
    SourceRow,
    UnreadableSource,
    as_assertion,
    draft_digest,
    model_faults,
)
from landschap.registers.timeline import (
    DOUBT_PREFIX,
    Assertion,
    Clock,
    Kind,
    Known,
    segments,
)
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import AMSTERDAM

BSN = "bsn_persoonslijst"
# Before it there was no recording by this system; a row without a day counts from then.
_FIRST_RECORDING = datetime(1994, 10, 1, tzinfo=AMSTERDAM).astimezone(UTC)
NOT_LIVING_THERE = "verblijftNietOpAdres"

Identify = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Category:
    """One file: the group it fills, its columns by property, where its begin stands."""

    group: str
    columns: Mapping[str, str]
    begins: tuple[str, ...]


CATEGORIES: Mapping[str, Category] = {
    "01-persoon.csv": Category(
        "persoon",
        {
            "burgerservicenummer": "bsn",
            "voornamen": "voornamen",
            "voorvoegsel": "voorvoegsel",
            "geslachtsnaam": "geslachtsnaam",
            "geboortedatum": "geboortedatum",
            "geboorteplaats": "geboorteplaats",
            "geboorteland": "geboorteland",
            "geslacht": "geslacht",
        },
        ("ingangsdatum_geldigheid",),
    ),
    "06-overlijden.csv": Category(
        "overlijden", {"overleden": "datum_overlijden"}, ("ingangsdatum_geldigheid",)
    ),
    "07-inschrijving.csv": Category(
        "inschrijving",
        {"geheimhouding": "geheimhouding", "opschorting": "reden_opschorting"},
        ("datum_eerste_inschrijving",),
    ),
    "08-verblijfplaats.csv": Category(
        "verblijf",
        {
            "gemeente": "gemeente_van_inschrijving",
            "functieAdres": "functie_adres",
            "straat": "straatnaam",
            "huisnummer": "huisnummer",
            "huisletter": "huisletter",
            "huisnummertoevoeging": "huisnummertoevoeging",
            "postcode": "postcode",
            "woonplaats": "woonplaatsnaam",
            "nummeraanduiding": "identificatie_nummeraanduiding",
            "landBuitenland": "land_buitenland",
        },
        (
            "datum_aanvang_adreshouding",
            "datum_aanvang_adres_buitenland",
            "ingangsdatum_geldigheid",
        ),
    ),
}
_DAYS = {"geboortedatum", "overleden"}
_NUMBERS = {"huisnummer", "geheimhouding"}
_ADDRESS = (
    "straat", "huisnummer", "huisletter", "huisnummertoevoeging", "postcode", "woonplaats",
    "nummeraanduiding",
)  # fmt: skip
# What is investigated, by category, group and element; history has the category plus 50.
_IN_DOUBT: Mapping[str, tuple[str, ...]] = {
    "010200": ("voornamen", "voorvoegsel", "geslachtsnaam"),
    "010210": ("voornamen",),
    "010230": ("voorvoegsel",),
    "010240": ("geslachtsnaam",),
    "010300": ("geboortedatum", "geboorteplaats", "geboorteland"),
    "010310": ("geboortedatum",),
    "010320": ("geboorteplaats",),
    "010330": ("geboorteland",),
    "010410": ("geslacht",),
    "080910": ("gemeente",),
    "081000": ("functieAdres", "beginGeldigheid"),
    "081010": ("functieAdres",),
    "081030": ("beginGeldigheid",),
    "081100": _ADDRESS,
    "081110": ("straat",),
    "081120": ("huisnummer",),
    "081160": ("postcode",),
    "081170": ("woonplaats",),
    "081300": ("landBuitenland",),
    "081310": ("landBuitenland",),
    "089999": (NOT_LIVING_THERE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    place: int
    begin: IncompleteDate
    recorded_at: datetime
    wrong: bool
    content: Mapping[str, JsonValue]
    doubt: tuple[str, ...]
    doubted_at: datetime | None
    doubt_ended_at: datetime | None


def readings(
    kind: ObjectType, file: str, rows: Sequence[SourceRow], identify: Identify
) -> list[Reading]:
    """All assertions of one category. Raises UnreadableSource with everything that is wrong."""
    category = CATEGORIES[file]
    people: dict[str, list[_Row]] = {}
    wrong: list[RowFault] = []
    for row in rows:
        if _is_mark(row):
            continue
        try:
            people.setdefault(str(row.cells[BSN]), []).append(_row(kind, category, row))
        except (InvalidValue, KeyError, ValueError) as error:
            wrong.append(_fault(file, row.line, str(error)))
    found: list[Reading] = []
    for bsn, stack in people.items():
        object_id = identify(bsn)
        for line, draft in _drafts(category.group, stack):
            digest = draft_digest(object_id, draft)
            made = Reading(type=kind, object_id=object_id, draft=draft, digest=digest)
            wrong += model_faults(made, file, line)
            found.append(made)
    if wrong:
        raise UnreadableSource(wrong)
    return found


def _is_mark(row: SourceRow) -> bool:
    """True for what is left of a mark that says what the next row is: two digits, alone."""
    keys = {BSN, "stapel_nr", "volg_nr"}
    filled = [str(value) for name, value in row.cells.items() if value and name not in keys]
    return len(filled) == 1 and len(filled[0]) == 2 and filled[0].isdigit()


def gba_date(text: str) -> IncompleteDate:
    """A day as person lists write it; what can not be a day is unknown from there on.

    ``19660013`` has no month, so its day says nothing; ``1994031`` lacks a digit of its day.
    Raises InvalidValue for what is no day at all.
    """
    if not text.strip("0"):
        return IncompleteDate(0, 0, 0)
    whole = f"{text[:6]}00" if len(text) == 7 else text
    if len(whole) == 8 and whole[4:6] == "00":
        whole = f"{whole[:4]}0000"
    return IncompleteDate.parse(whole)


def _row(kind: ObjectType, category: Category, row: SourceRow) -> _Row:
    cells = {name: str(value or "") for name, value in row.cells.items()}
    begin = next((cells[name] for name in category.begins if cells.get(name)), "00000000")
    about = cells.get("aanduiding_in_onderzoek", "")
    return _Row(
        line=row.line,
        place=int(cells["volg_nr"]),
        begin=gba_date(begin),
        recorded_at=_moment(cells.get("datum_van_opneming", "")) or _FIRST_RECORDING,
        wrong=cells.get("onjuist") == "O",
        content={
            name: value
            for name, column in category.columns.items()
            if (value := _value(name, cells[column])) is not None
        },
        doubt=_paths(kind, category, about),
        doubted_at=_moment(cells.get("datum_ingang_onderzoek", "")) if about else None,
        doubt_ended_at=_moment(cells.get("datum_einde_onderzoek", "")) if about else None,
    )


def _value(name: str, text: str) -> JsonValue:
    if not text:
        return None
    if name in _NUMBERS:
        return int(text)
    return str(gba_date(text)) if name in _DAYS else text


def _paths(kind: ObjectType, category: Category, about: str) -> tuple[str, ...]:
    if not about:
        return ()
    number = f"{int(about[:2]) % 50:02}{about[2:]}"
    if number.endswith("0000"):
        return tuple(name for name in category.columns if name in kind.properties)
    return _IN_DOUBT.get(number, ())


def _moment(text: str) -> datetime | None:
    """The first moment of a day, or of the first day it can be; None for a wholly unknown one."""
    day = gba_date(text).lo
    if day == BEGINNING:
        return None
    return datetime.combine(day, time(), tzinfo=AMSTERDAM).astimezone(UTC)


def _drafts(group: str, stack: Sequence[_Row]) -> Iterator[tuple[int, Draft]]:
    """The assertions of one stack, in order of recording: oldest row first."""
    rows = sorted(stack, key=lambda row: -row.place)
    asserted: list[Assertion] = []
    recorded = datetime.min.replace(tzinfo=UTC)
    last_wrong: _Row | None = None

    def keep(draft: Draft) -> Draft:
        asserted.append(as_assertion(draft, len(asserted) + 1))
        return draft

    for row in rows:
        # A stack is in order; a day that says otherwise, or none, can not be earlier.
        recorded = max(recorded, row.recorded_at)
        if last_wrong is not None:
            taken_back = _taken_back(group, last_wrong, asserted, recorded)
            if taken_back is not None:
                yield row.line, keep(taken_back)
        kind = Kind.REGISTRATION if not asserted else Kind.CHANGE
        if last_wrong is not None:
            kind = Kind.CORRECTION
        yield row.line, keep(_draft(row, group, kind, recorded))
        last_wrong = row if row.wrong else None
    if last_wrong is not None:
        taken_back = _taken_back(group, last_wrong, asserted, recorded)
        if taken_back is not None:
            yield last_wrong.line, keep(taken_back)
    for row in rows:
        yield from _doubts(row, group)


def _draft(row: _Row, group: str, kind: Kind, recorded: datetime) -> Draft:
    return Draft(
        period=Period(row.begin.lo),
        kind=kind,
        content=row.content,
        group=group,
        begin_source=None if row.begin.complete else row.begin,
        source_registered_at=recorded,
        source={"volgnummer": row.place},
    )


def _taken_back(
    group: str, wrong: _Row, asserted: Sequence[Assertion], recorded: datetime
) -> Draft | None:
    """The wrong row never held; what held before it holds on."""
    known = Known(clock=Clock.SOURCE, moment=recorded, number=len(asserted))
    done = Line(group=group, segments=segments(asserted, known)).withdraw(wrong.begin.lo)
    if isinstance(done, Refusal):
        return None
    (draft,) = done
    return Draft(
        period=draft.period,
        kind=draft.kind,
        content=draft.content,
        group=group,
        source_registered_at=recorded,
        source={"volgnummer": wrong.place, "onjuist": True},
    )


def _doubts(row: _Row, group: str) -> Iterator[tuple[int, Draft]]:
    if not row.doubt:
        return
    begun = max(row.doubted_at or row.recorded_at, row.recorded_at)
    names: list[JsonValue] = list(row.doubt)
    moments = [(begun, names)]
    if row.doubt_ended_at is not None and row.doubt_ended_at > begun:
        moments.append((row.doubt_ended_at, []))
    elif row.doubt_ended_at is not None:
        return  # over before the row was recorded: never doubt about it
    for moment, paths in moments:
        yield (
            row.line,
            Draft(
                period=Period(row.begin.lo),
                kind=Kind.DOUBT,
                content={"kenmerken": paths} if paths else None,
                group=DOUBT_PREFIX + group,
                source_registered_at=moment,
                source={"volgnummer": row.place},
            ),
        )


def _fault(file: str, line: int, message: str) -> RowFault:
    remedy = "Give the long form: a CSV per category."
    return RowFault(file=file, line=line, column="", message=message, remedy=remedy)
