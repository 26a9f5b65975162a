# SPDX-License-Identifier: EUPL-1.2
"""Reading what is asked of a register: the day, the moment, the fields, the search key.

Everything that is wrong comes back at once. A time parameter that is not understood is refused:
silence would hand over today's data for history.
Source: API strategy, temporal extension; NL GOV REST API Design Rules 2.2, "invalid input".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TypeVar

from landschap.registers.geometry_crs import CRS84, Crs
from landschap.registers.models import Dialect, ObjectType
from landschap.registers.periods import BEGINNING, OPEN, Period
from landschap.registers.questions import MAX_OBJECTS, Match
from landschap.registers.refusals import closed_fields, invalid_body
from landschap.registers.timeline import Clock, Uncertainty
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.problems import ERRORS_PAGE, Refusal
from landschap.vocabulary.times import AMSTERDAM, amsterdam_day, parse_day, parse_moment

# The last line can not be answered here; they are read so that the refusal can say why.
QUERY_KEYS = (
    "fields", "expand", "geldigOp", "beschikbaarOp", "historie", "klok", "onzekerheid",
    "volgnummer", "huidig", "geldigVan", "geldigTot", "inWerkingOp",
)  # fmt: skip
# Source: DSO API strategy 1.1, section 2.6.7: the endings of these types.
_TYPES = {
    "tijd.toekomst": "ToekomstNietOndersteund",
    "tijd.niet-ondersteund": "TijdreizenNietOndersteund",
}
_IN_FORCE = "InWerkingTredingNietOndersteund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as read; ``moment`` None is now, ``number`` bounds our own order of knowledge."""

    valid_on: date
    moment: datetime | None
    clock: Clock
    uncertainty: Uncertainty
    number: int | None
    wants_history: bool
    fields: frozenset[str] | None
    within: Period | None = None
    crs: Crs = CRS84


@dataclass(slots=True)
class Faults:
    """What is wrong with a question; the first one gives the refusal its code."""

    found: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, code: str, name: str, detail: str) -> None:
        """One more fault, of the parameter of this name."""
        self.found.append((code, name, detail))

    def flag(self, query: Mapping[str, str], name: str) -> bool:
        """A parameter that is true or false; absent is false."""
        text = query.get(name, "false")
        if text not in ("true", "false"):
            self.add("parameter.ongeldig", name, "must be true or false")
        return text == "true"

    def refusal(self, dialect: Dialect = Dialect.STANDARD) -> Refusal | None:
        """All of it as one refusal; None when nothing is wrong."""
        if not self.found:
            return None
        code, name, detail = self.found[0]
        ending = _IN_FORCE if name == "inWerkingOp" else _TYPES.get(code)
        extra: dict[str, JsonValue] = {
            "errors": [
                {"in": "query", "location": {"name": where}, "code": each, "detail": words}
                for each, where, words in self.found
            ]
        }
        if ending:
            extra["type"] = f"{ERRORS_PAGE}/parameter/{ending}"
        return Refusal(
            code=code,
            status=_status_of(code, dialect),
            title="The question is not valid",
            detail=f"{name}: {detail}.",
            extra=extra,
        )


def read_query(
    kind: ObjectType,
    query: Mapping[str, str],
    now: datetime,
    wrong: Faults,
    *,
    strict: bool = False,
    offers_period: bool = False,
) -> Asked:
    """A question from a query string; what is wrong with it goes to ``wrong``.

    ``strict`` refuses a local moment in the hour that autumn repeats; else it is the first one.
    ``offers_period`` where an answer can be about more than one day.
    """
    _check_combinations(query, wrong)
    within = _period(query, wrong, offered=offers_period)
    _check_axes(kind, query, wrong)
    return Asked(
        valid_on=_valid_on(query, now, wrong),
        moment=_moment(query, now, wrong, strict=strict),
        clock=_choice(query, "klok", Clock, kind.clock, wrong),
        uncertainty=_choice(query, "onzekerheid", Uncertainty, Uncertainty.SHOW, wrong),
        number=_number(query, wrong),
        wants_history=wrong.flag(query, "historie")
        or not {"geldigOp", "beschikbaarOp"}.isdisjoint(query),
        fields=_fields(kind, query, wrong),
        within=within,
    )


def read_key(kind: ObjectType, body: bytes) -> Match | Refusal:
    """The search key of a ``_zoek``: one searchable property with a value, or a list of them."""
    try:
        given = loads(body, max_bytes=100_000, storable=True)
    except InvalidJson as error:
        return _body_fault("", str(error))
    if not isinstance(given, Mapping) or len(given) != 1:
        paths = ", ".join(kind.searchable_paths())
        return _body_fault("", f"write an object with one search key: {paths}")
    ((path, value),) = given.items()
    if path not in kind.searchable_paths():
        hint = did_you_mean(path, kind.searchable_paths())
        return _body_fault(f"/{path[:80]}", f"is no search key of {kind.collection}{hint}")
    values = value if isinstance(value, list) else [value]
    if not 1 <= len(values) <= MAX_OBJECTS or not all(isinstance(v, str) for v in values):
        return _body_fault(f"/{path}", f"must be a text, or 1 to {MAX_OBJECTS} texts")
    if kind.properties[path].subject_kind == "bsn":
        try:
            values = [Bsn.parse(str(v)).value for v in values]
        except InvalidValue as error:
            return _body_fault(f"/{path}", str(error))
    return Match(path, [str(v) for v in values])


def choose_fields(
    kind: ObjectType, asked: Asked, permitted: Sequence[str], *, lenient: bool
) -> tuple[frozenset[str], frozenset[str]] | Refusal:
    """The leaves to deliver and those left out: what was asked for and may be seen.

    A field that may not be seen is a refusal, unless the caller is lenient.
    """
    allowed = frozenset(leaf for path in permitted for leaf in kind.leaves(path))
    wanted = allowed if asked.fields is None else asked.fields
    hidden = wanted - allowed
    if (hidden and not lenient) or not wanted & allowed:
        names = hidden or {f"any field of {kind.collection}"}
        return closed_fields(names, ". Ask less, or send Prefer: handling=lenient.")
    return wanted & allowed, hidden


def is_repeated_hour(text: str) -> bool:
    """True for a local moment without offset in the hour that autumn repeats."""
    if text[-1:] in "Zz" or text[-6:-5] in ("+", "-"):
        return False
    first = parse_moment(text)
    return first.astimezone(AMSTERDAM).replace(fold=1).astimezone(UTC) != first


def history_asked(query: Mapping[str, str], asked: Asked, today: date) -> tuple[str, str]:
    """The parameter that asks for another day, and the one that asks for another knowledge.

    Source: history digest, "Permissions".
    """
    days = [name for name in ("geldigVan", "geldigTot") if name in query]
    if asked.valid_on != today:
        days.append("geldigOp")
    moments = [name for name in ("beschikbaarOp", "volgnummer") if name in query]
    return next(iter(days), ""), next(iter(moments), "")


def _status_of(code: str, dialect: Dialect) -> int:
    if code == "tijd.niet-ondersteund" and dialect is Dialect.DSO:
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.BAD_REQUEST


def _check_combinations(query: Mapping[str, str], wrong: Faults) -> None:
    times = {"geldigOp", "beschikbaarOp", "geldigVan", "geldigTot"} & set(query)
    period = {"geldigVan", "geldigTot"} & set(query)
    if "huidig" in query and times:
        wrong.add("tijd.combinatie", "huidig", "does not go with a day or a moment")
    elif "huidig" in query:
        wrong.add("parameter.niet-ondersteund", "huidig", "is not offered here; ask for a status")
    if "geldigOp" in query and period:
        wrong.add("tijd.combinatie", "geldigOp", "does not go with a period")
    if "inWerkingOp" in query:
        wrong.add("tijd.niet-ondersteund", "inWerkingOp", "is for rules and decisions only")


def _period(query: Mapping[str, str], wrong: Faults, *, offered: bool) -> Period | None:
    given = [name for name in ("geldigVan", "geldigTot") if name in query]
    if not given or "geldigOp" in query:
        return None
    days = {name: _day(query, name, wrong) for name in given}
    begin, end = days.get("geldigVan") or BEGINNING, days.get("geldigTot") or OPEN
    if end <= begin:
        wrong.add("tijd.periode-leeg", "geldigTot", "must lie after geldigVan")
        return None
    if not offered:
        why = "is not offered here; ask for one day, or for the voorkomens of an object"
        wrong.add("tijd.niet-ondersteund", given[0], why)
    return Period(begin, end)


def _check_axes(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> None:
    content = list(kind.content_properties())
    if "geldigOp" in query and not any(p.has_validity for p in content):
        wrong.add("tijd.niet-ondersteund", "geldigOp", f"{kind.collection} do not change in time")
    if "beschikbaarOp" in query and not any(p.has_registration for p in content):
        wrong.add(
            "tijd.niet-ondersteund", "beschikbaarOp", f"{kind.collection} keep no corrections"
        )


def _day(query: Mapping[str, str], name: str, wrong: Faults) -> date | None:
    if name not in query:
        return None
    try:
        return parse_day(query[name])
    except InvalidValue as error:
        wrong.add("tijd.datum-ongeldig", name, str(error))
        return None


def _valid_on(query: Mapping[str, str], now: datetime, wrong: Faults) -> date:
    return _day(query, "geldigOp", wrong) or amsterdam_day(now)


def _moment(
    query: Mapping[str, str], now: datetime, wrong: Faults, *, strict: bool
) -> datetime | None:
    text = query.get("beschikbaarOp")
    if text is None:
        return None
    try:
        moment = parse_moment(text)
    except InvalidValue as error:
        wrong.add("tijd.tijdstip-ongeldig", "beschikbaarOp", str(error))
        return None
    if strict and is_repeated_hour(text):
        wrong.add("tijd.tijdstip-ongeldig", "beschikbaarOp",
                  "this hour was there twice; write the offset")  # fmt: skip
    if moment > now:
        wrong.add("tijd.toekomst", "beschikbaarOp", "what will be known later is not known now")
    return moment


_Choice = TypeVar("_Choice", Clock, Uncertainty)


def _choice(
    query: Mapping[str, str],
    name: str,
    choices: type[_Choice],
    default: _Choice,
    wrong: Faults,
) -> _Choice:
    text = query.get(name)
    if text is None:
        return default
    if text in {choice.value for choice in choices}:
        return choices(text)
    allowed = ", ".join(choice.value for choice in choices)
    wrong.add("parameter.ongeldig", name, f"must be one of {allowed}")
    return default


def _number(query: Mapping[str, str], wrong: Faults) -> int | None:
    text = query.get("volgnummer")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        wrong.add("parameter.ongeldig", "volgnummer", "must be a whole number")
        return None
    return int(text)


def _fields(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> frozenset[str] | None:
    if "fields" not in query:
        return None
    chosen: set[str] = set()
    for path in query["fields"].split(","):
        leaves = kind.leaves(path)
        if not leaves:
            hint = did_you_mean(path, kind.paths())
            wrong.add("parameter.ongeldig", "fields", f"there is no field {path[:80]}{hint}")
        chosen |= leaves
    return frozenset(chosen)


def _body_fault(pointer: str, detail: str) -> Refusal:
    return invalid_body(
        [(pointer, detail)],
        code="zoek.sleutel",
        title="The search key is not valid",
        told="",
    )
