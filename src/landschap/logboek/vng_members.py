# SPDX-License-Identifier: EUPL-1.2
"""Reading what an application says by the older municipal standard, strictly and as a whole.

    read_action    the body of a POST     -> VngAction
    read_change    the body of a PATCH    -> Change

Every mistake is told at once. What the log has no place for is read and not kept: the employee, the
source of the data, the role of a person, the names of step and processing (those are in the
register). The employee is not even looked at.
Source: VNG, "Logging van verwerkingen", bewerking API 0.9.0, `Verwerkingsactie`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from landschap.logboek.disclosure import Level
from landschap.logboek.given import MAX_LINES, InvalidLine
from landschap.logboek.ingest import ACTIVITY, PROCESSOR, SUBJECT, SUBJECT_TYPE
from landschap.logboek.vng_action import Consumer, VngAction, VngObject
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.times import parse_moment

MAX_BODY_BYTES = 1_000_000
MAX_OBJECTS = MAX_LINES // 2
MAX_NAME = 242
MAX_TERM_YEARS = 30
_MAX_DEPTH = 8
_MAX_GROUPS = 50
_MAX_GROUP = 100
_MAX_ADDRESS = 490
_MAX_FOREIGN_ADDRESS = 2042
_MAX_IDENTIFIER = 40
_TERM = re.compile(
    r"P(?=[0-9])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_DAYS_IN = (365, 30, 7, 1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_READ_ONLY = frozenset({"url", "actieId", "tijdstipRegistratie"})
_DROPPED = ("handelingNaam", "verwerkingNaam", "gegevensbron")
_CONSUMER = (
    "verwerkingsactiviteitIdAfnemer", "verwerkingsactiviteitUrlAfnemer", "verwerkingIdAfnemer",
)  # fmt: skip
_MEMBERS = frozenset({
    "actieNaam", *_DROPPED, "verwerkingId", "verwerkingsactiviteitId", "verwerkingsactiviteitUrl",
    "vertrouwelijkheid", "bewaartermijn", "uitvoerder", "systeem", "gebruiker", "soortAfnemerId",
    "afnemerId", *_CONSUMER, "tijdstip", "verwerkteObjecten",
})  # fmt: skip
# The standard has the one who logs give an object its address and number as well.
_OBJECT_DROPPED = ("url", "verwerktObjectId", "betrokkenheid")
_OBJECT_MEMBERS = frozenset({
    *_OBJECT_DROPPED, "objecttype", "soortObjectId", "objectId", "verwerkteSoortenGegevens",
})  # fmt: skip
# An employee is nobody's concern here, objects are looked through by themselves, and what comes
# after the seconds of a moment can look like the number of a person.
_NOT_SEARCHED = frozenset({"gebruiker", "verwerkteObjecten", "tijdstip"})
_CHANGED = frozenset({"bewaartermijn", "vertrouwelijkheid"})
# What our own names for it are called here.
_PLACES = {
    ACTIVITY: "verwerkingsactiviteitUrl",
    SUBJECT: "objectId",
    SUBJECT_TYPE: "soortObjectId",
    PROCESSOR: "afnemerId",
    "nl.landschap.peer_oin": "afnemerId",
    "nl.landschap.data_groups": "verwerkteSoortenGegevens",
    "nl.landschap.processing_id": "verwerkingId",
    "start_time": "tijdstip",
}
_WORDS = {
    "person_number": "a burgerservicenummer stands in the clear; only objectId may hold one",
    "subject": "not a number of this kind",
    "subject_type": "known kinds are BSN, KVK, RSIN, VESTIGING, A-NUMMER and V-NUMMER",
    "line": "tijdstip is over 60 seconds in the future, or the line can not be kept",
}


class InvalidAction(Exception):
    """An action that can not be taken, with every mistake; no word of what was given is in it."""

    def __init__(self, mistakes: list[InvalidLine]) -> None:
        super().__init__(f"{len(mistakes)} mistakes")
        self.mistakes = tuple(mistakes)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed of all actions of a processing."""

    term: str | None
    level: Level | None


def read_action(body: bytes, controller: str) -> VngAction:
    """The action in a body; ``controller`` is our OIN. Raises InvalidAction."""
    found, value = _Reading(), _object_in(body)
    found.known(value, _MEMBERS, _READ_ONLY, "")
    for name in _DROPPED:
        found.text(value, name, MAX_NAME)
    found.text(value, "gebruiker", _MAX_IDENTIFIER)
    found.executor(value, controller)
    objects = found.objects(value)
    at = found.moment(value, "tijdstip")
    made = VngAction(
        name=found.text(value, "actieNaam", MAX_NAME) or "",
        processing_id=found.uuid(value, "verwerkingId"),
        activity_id=found.uuid(value, "verwerkingsactiviteitId"),
        activity=found.address(value, "verwerkingsactiviteitUrl"),
        level=found.level(value),
        term=found.term(value),
        system=found.text(value, "systeem", MAX_NAME),
        consumer=found.consumer(value),
        at=at,
        objects=objects,
        rest={name: item for name, item in value.items() if name not in _NOT_SEARCHED},
    )
    named = ("verwerkingsactiviteitUrl", "verwerkingsactiviteitId")
    if objects and not any(value.get(each) for each in named):
        found.wrong("activity_missing", "verwerkingsactiviteitUrl",
                    "an action about a person names its processing activity")  # fmt: skip
    if found.mistakes:
        raise InvalidAction(found.mistakes)
    return made


def once(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The members of a query, each given once. Raises InvalidAction."""
    found: dict[str, str] = {}
    for name, value in items:
        if name in found:
            raise InvalidAction([InvalidLine("twice", "this is given twice", name[:80])])
        found[name] = value
    return found


def read_change(query: Mapping[str, str], body: bytes) -> tuple[UUID, Change]:
    """Of which processing what is changed. Raises InvalidAction."""
    found, value = _Reading(), _object_in(body)
    processing = found.uuid(query, "verwerkingId")
    if processing is None and not found.mistakes:
        found.wrong("processing_missing", "verwerkingId", "name a processing in the query")
    found.known(value, _CHANGED, frozenset(), "")
    is_level_given = value.get("vertrouwelijkheid") not in (None, "")
    change = Change(term=found.term(value), level=found.level(value) if is_level_given else None)
    if change.term is None and change.level is None:
        found.wrong("nothing_changed", "bewaartermijn", "say what is to be changed")
    if found.mistakes or processing is None:
        raise InvalidAction(found.mistakes)
    return processing, change


def in_words(place: int, mistake: InvalidLine, lines: int) -> InvalidLine:
    """A mistake in a line, told of the action: ``place`` is that of the line, of so many."""
    about = place - 1 if lines > 1 else 0
    name = _PLACES.get(mistake.place, mistake.place)
    if mistake.place in (SUBJECT, SUBJECT_TYPE):
        name = f"verwerkteObjecten[{about}].{name}"
    return InvalidLine(mistake.rule, _WORDS.get(mistake.rule, mistake.detail), name)


def _object_in(body: bytes) -> Mapping[str, JsonValue]:
    try:
        value = loads(body, max_bytes=MAX_BODY_BYTES, max_depth=_MAX_DEPTH, storable=True)
    except InvalidJson as error:
        raise InvalidAction([InvalidLine("not_json", str(error))]) from None
    if not isinstance(value, Mapping):
        raise InvalidAction([InvalidLine("not_an_object", "a body is a JSON object")])
    return value


def read_level(text: str) -> Level | None:
    """A degree of confidentiality in any case, None for another word."""
    try:
        return Level(text.lower())
    except ValueError:
        return None


def read_term(text: str) -> str | None:
    """An ISO 8601 duration of 1 day to thirty years, None for another text."""
    match = _TERM.fullmatch(text)
    if match is None:
        return None
    numbers = [int(each or 0) for each in match.groups()]
    days = sum(number * size for number, size in zip(numbers, _DAYS_IN, strict=True))
    return text if 0 < days <= MAX_TERM_YEARS * 365 else None


class _Reading:
    """Reads members and keeps every mistake; what is absent, null or empty is not given."""

    def __init__(self) -> None:
        self.mistakes: list[InvalidLine] = []

    def wrong(self, rule: str, place: str, detail: str) -> None:
        self.mistakes.append(InvalidLine(rule, detail, place))

    def known(
        self,
        value: Mapping[str, JsonValue],
        members: frozenset[str],
        read_only: frozenset[str],
        before: str,
    ) -> None:
        for name, item in value.items():
            place = f"{before}{name[:80]}"
            if name in read_only:
                if item not in (None, ""):
                    self.wrong("read_only", place, "this is given by the log")
            elif name not in members:
                self.wrong("member_unknown", place, "this member is not known here")

    def text(
        self, value: Mapping[str, JsonValue], name: str, most: int, before: str = ""
    ) -> str | None:
        found = value.get(name)
        if found is None or found == "":
            return None
        if not isinstance(found, str) or len(found) > most:
            self.wrong("not_a_text", f"{before}{name}", f"a text of at most {most} characters")
            return None
        return found

    def uuid(self, value: Mapping[str, JsonValue], name: str) -> UUID | None:
        text = self.text(value, name, _MAX_IDENTIFIER)
        try:
            return UUID(text) if text else None
        except ValueError:
            self.wrong("not_a_uuid", name, "a UUID")
            return None

    def address(
        self, value: Mapping[str, JsonValue], name: str, most: int = _MAX_ADDRESS
    ) -> str | None:
        text = self.text(value, name, most)
        if text is not None and not _ADDRESS.fullmatch(text):
            self.wrong("not_an_address", name, "a whole address (URI)")
            return None
        return text

    def oin(self, value: Mapping[str, JsonValue], name: str) -> str | None:
        text = self.text(value, name, _MAX_IDENTIFIER)
        try:
            return Oin.parse(text).value if text else None
        except InvalidValue:
            self.wrong("oin", name, "an OIN of twenty digits")
            return None

    def moment(self, value: Mapping[str, JsonValue], name: str) -> datetime:
        text = self.text(value, name, MAX_NAME)
        try:
            return parse_moment(text or "")
        except InvalidValue:
            self.wrong("moment", name, "a moment with its zone, such as 2026-11-24T12:00:00Z")
            return _NEVER

    def level(self, value: Mapping[str, JsonValue]) -> Level:
        text = self.text(value, "vertrouwelijkheid", MAX_NAME)
        found = read_level(text) if text else Level.NORMAL
        if found is None:
            self.wrong("level", "vertrouwelijkheid", f"one of {', '.join(Level)}")
        return found or Level.HELD

    def term(self, value: Mapping[str, JsonValue]) -> str | None:
        text = self.text(value, "bewaartermijn", MAX_NAME)
        if text is not None and read_term(text) is None:
            self.wrong("term", "bewaartermijn", TERM_WORDS)
        return text

    def executor(self, value: Mapping[str, JsonValue], controller: str) -> None:
        found = self.oin(value, "uitvoerder")
        if found is not None and found != controller:
            self.wrong("executor", "uitvoerder", "this log is about our own processing alone")

    def consumer(self, value: Mapping[str, JsonValue]) -> Consumer:
        kind = self.text(value, "soortAfnemerId", MAX_NAME)
        oin = None
        if kind is not None and kind.upper() != "OIN":
            self.wrong("consumer", "soortAfnemerId", "a consumer is an organisation, by its OIN")
        elif kind is None and value.get("afnemerId") not in (None, ""):
            self.wrong("consumer", "soortAfnemerId", "a consumer needs its kind: OIN")
        elif kind is not None:
            oin = self.oin(value, "afnemerId")
        return Consumer(
            oin=oin,
            activity_id=self.uuid(value, "verwerkingsactiviteitIdAfnemer"),
            activity=self.address(value, "verwerkingsactiviteitUrlAfnemer", _MAX_FOREIGN_ADDRESS),
            processing=self.uuid(value, "verwerkingIdAfnemer"),
        )

    def objects(self, value: Mapping[str, JsonValue]) -> tuple[VngObject, ...]:
        found = value.get("verwerkteObjecten")
        if not isinstance(found, list) or len(found) > MAX_OBJECTS:
            self.wrong("objects", "verwerkteObjecten", f"a list of at most {MAX_OBJECTS} objects")
            return ()
        return tuple(self._objects(found))

    def _objects(self, values: list[JsonValue]) -> Iterator[VngObject]:
        for place, each in enumerate(values):
            before = f"verwerkteObjecten[{place}]"
            if not isinstance(each, Mapping):
                self.wrong("not_an_object", before, "an object")
                continue
            self.known(each, _OBJECT_MEMBERS, frozenset(), f"{before}.")
            yield self._object(each, f"{before}.")

    def _object(self, value: Mapping[str, JsonValue], before: str) -> VngObject:
        kind = self.text(value, "objecttype", MAX_NAME, before)
        if kind is None or kind.lower() != "persoon":
            self.wrong("object_type", f"{before}objecttype", "the type of object is persoon")
        for name in _OBJECT_DROPPED:
            self.text(value, name, _MAX_FOREIGN_ADDRESS, before)
        names = ("soortObjectId", "objectId")
        texts = [self.text(value, name, _MAX_IDENTIFIER, before) for name in names]
        for name, text in zip(names, texts, strict=True):
            if text is None and isinstance(value.get(name), str | None):
                self.wrong("object_id", f"{before}{name}", "an object is named by number and kind")
        return VngObject(
            kind=texts[0] or "",
            number=texts[1] or "",
            groups=self._groups(value, before),
            rest={k: v for k, v in value.items() if k != "objectId"},
        )

    def _groups(self, value: Mapping[str, JsonValue], before: str) -> tuple[str, ...]:
        place = f"{before}verwerkteSoortenGegevens"
        given = value.get("verwerkteSoortenGegevens") or []
        if not isinstance(given, list) or len(given) > _MAX_GROUPS:
            self.wrong("data_groups", place, f"a list of at most {_MAX_GROUPS} kinds of data")
            return ()
        found = [each.get("soortGegeven") if isinstance(each, Mapping) else None for each in given]
        texts = [each for each in found if isinstance(each, str) and 0 < len(each) <= _MAX_GROUP]
        unknown = [e for e in given if isinstance(e, Mapping) and set(e) - {"soortGegeven"}]
        if len(texts) < len(found) or unknown:
            self.wrong("data_groups", place, "each is an object with soortGegeven, a text")
        return tuple(texts)


TERM_WORDS = f"a duration such as P10Y or P6M, of at most {MAX_TERM_YEARS} years"
