# SPDX-License-Identifier: EUPL-1.2
"""The question of the older municipal standard for what was done with somebody's data.

Asked in the query string, as that standard has it, or as JSON, so that no number of a person stands
in an address. Source: VNG, "Logging van verwerkingen", inzage API 0.9.0, `/verwerkte-objecten`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

import msgspec

from landschap.logboek.disclosure import Level
from landschap.logboek.given import InvalidLine
from landschap.logboek.vng_members import InvalidAction, read_level
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.times import AMSTERDAM, parse_day

MAX_BODY_BYTES = 4_096
ASKED = (
    "objecttype", "soortObjectId", "objectId", "beginDatum", "eindDatum",
    "verwerkingsactiviteitId", "vertrouwelijkheid", "beperkteSet",
)  # fmt: skip
_NEEDED = ASKED[:5]
_MAX_TEXT = 242


class VngQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Whose uses, in ``[since, until)``, of which activity, and how confidential they may be.

    ``full`` asks for what is told to nobody.
    """

    kind: str
    number: str
    since: datetime
    until: datetime
    activity_id: UUID | None
    levels: frozenset[Level]
    full: bool


def read_asked(body: bytes) -> Mapping[str, str]:
    """The members of a question in a body. Raises InvalidAction."""
    try:
        value = loads(body, max_bytes=MAX_BODY_BYTES, max_depth=2, storable=True)
    except InvalidJson as error:
        raise InvalidAction([InvalidLine("not_json", str(error))]) from None
    if not isinstance(value, Mapping):
        raise InvalidAction([InvalidLine("not_an_object", "a question is a JSON object")])
    wrong = [_not_asked(name, item) for name, item in value.items()]
    mistakes = [each for each in wrong if each is not None]
    if mistakes:
        raise InvalidAction(mistakes)
    return {name: str(item) for name, item in value.items()}


def read_question(asked: Mapping[str, str]) -> VngQuestion:
    """The question. Raises InvalidAction with every mistake."""
    mistakes = [
        InvalidLine("missing", "this is needed", name) for name in _NEEDED if not asked.get(name)
    ]
    mistakes += [
        InvalidLine("not_a_text", f"a text of at most {_MAX_TEXT} characters", name)
        for name in ASKED
        if len(asked.get(name, "")) > _MAX_TEXT
    ]
    if mistakes:
        raise InvalidAction(mistakes)
    if asked["objecttype"].lower() != "persoon":
        mistakes.append(InvalidLine("object_type", "the type of object is persoon", "objecttype"))
    begin = _day(asked, "beginDatum", mistakes)
    end = _day(asked, "eindDatum", mistakes)
    if begin and end and end <= begin:
        mistakes.append(InvalidLine("period", "the period ends before it begins", "eindDatum"))
    activity_id = _uuid(asked, "verwerkingsactiviteitId", mistakes)
    levels = _levels(asked.get("vertrouwelijkheid", ""), mistakes)
    if mistakes or begin is None or end is None:
        raise InvalidAction(mistakes)
    return VngQuestion(
        kind=asked["soortObjectId"],
        number=asked["objectId"],
        since=_midnight(begin),
        until=_midnight(end),
        activity_id=activity_id,
        levels=levels,
        full=asked.get("beperkteSet", "true").lower() != "true",
    )


def _not_asked(name: str, item: JsonValue) -> InvalidLine | None:
    if name not in ASKED:
        return InvalidLine("member_unknown", "this member is not known here", name[:80])
    if not isinstance(item, str):
        return InvalidLine("not_a_text", "a text", name)
    return None


def _day(asked: Mapping[str, str], name: str, mistakes: list[InvalidLine]) -> date | None:
    try:
        return parse_day(asked[name])
    except InvalidValue as error:
        mistakes.append(InvalidLine("day", str(error), name))
        return None


def _uuid(asked: Mapping[str, str], name: str, mistakes: list[InvalidLine]) -> UUID | None:
    text = asked.get(name)
    try:
        return UUID(text) if text else None
    except ValueError:
        mistakes.append(InvalidLine("not_a_uuid", "a UUID", name))
        return None


def _levels(text: str, mistakes: list[InvalidLine]) -> frozenset[Level]:
    """The degrees that are asked, divided by commas; all of them when none is."""
    if not text:
        return frozenset(Level)
    found = [read_level(part.strip()) for part in text.split(",")]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        words = f"one or more of {', '.join(Level)}"
        mistakes.append(InvalidLine("level", words, "vertrouwelijkheid"))
    return frozenset(known)


def _midnight(day: date) -> datetime:
    """The begin of a Dutch day."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)
