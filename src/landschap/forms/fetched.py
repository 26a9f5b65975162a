# SPDX-License-Identifier: EUPL-1.2
"""What was fetched for a form: per field the value, from which source, who keeps it, since when.

It goes with the form, sealed, so that it need not be kept here and nobody can change what it says.
Source: the OpenAPI document of a logical source (``herkomst``, ``ontbreekt``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from landschap.forms.application import LONGEST, SOURCES, Typed
from landschap.vocabulary.ijson import JsonValue

ASKED = ("naam.voornamen", "naam.voorvoegsel", "naam.geslachtsnaam", *SOURCES.values())
"""The paths the form asks for."""

_NAME = ("naam.voornamen", "naam.voorvoegsel", "naam.geslachtsnaam")
_LONGEST_WORD = 200
_MOST_MISSING = 10


class Outcome(StrEnum):
    """How fetching went; each is told in words of its own."""

    FETCHED = "fetched"
    WITHOUT = "without"
    NOBODY = "nobody"
    AWAY = "away"
    REFUSED = "refused"


class Value(msgspec.Struct, frozen=True):
    """One value that was fetched: as it stands in the field, its source and who keeps that."""

    text: str
    source: str
    holder: str
    since: str = ""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What was fetched for one form.

    ``missing`` are the names of sources that gave nothing now; ``code`` is why it was refused;
    ``transaction`` is by which the question is found in the log.
    """

    outcome: Outcome
    values: dict[str, Value] = {}  # msgspec makes a new one for each
    missing: tuple[str, ...] = ()
    at: str = ""
    code: str = ""
    transaction: str = ""

    def typed(self) -> Typed:
        """The fields as they are filled in."""
        return Typed({name: each.text for name, each in self.values.items()})

    def unchanged(self, typed: Typed) -> list[str]:
        """The fields that were fetched and left as they were."""
        return [name for name, each in self.values.items() if typed[name] == each.text]

    def __repr__(self) -> str:
        return f"Fetched(outcome={self.outcome.value!r})"


def fetched_of(answer: JsonValue, at: str, transaction: str = "") -> Fetched:
    """What an answer holds for the form; what it does not hold is left to be typed.

    A value that does not fit its field is left out: it is never cut.
    """
    told = _table(answer)
    found = told.get("resultaten")
    first = found[0] if isinstance(found, Sequence) and not isinstance(found, str) and found else {}
    missing = _missing(told.get("ontbreekt"))
    sources = _table(told.get("herkomst"))
    values: dict[str, Value] = {}
    name = " ".join(filter(None, (_text(_at(first, path)) for path in _NAME)))
    given = {"naam": (name, _NAME[-1])}
    given |= {field: (_text(_at(first, path)), path) for field, path in SOURCES.items()}
    for field, (text, path) in given.items():
        if text and len(text) <= LONGEST[field]:
            values[field] = _value(text, _table(sources.get(f"/0/{path.replace('.', '/')}")))
    outcome = Outcome.FETCHED if values or missing else Outcome.NOBODY
    return Fetched(
        outcome=outcome,
        values=values,
        missing=missing,
        at=at,
        transaction=transaction[:_LONGEST_WORD],
    )


def _value(text: str, source: Mapping[str, JsonValue]) -> Value:
    return Value(
        text=text,
        source=_word(source.get("bron")),
        holder=_word(source.get("bronhouder")),
        since=_word(source.get("beginGeldigheid")),
    )


def _missing(told: JsonValue) -> tuple[str, ...]:
    every = told if isinstance(told, list) else []
    names = (_word(_table(each).get("bron")) for each in every)
    return tuple(dict.fromkeys(filter(None, names)))[:_MOST_MISSING]


def _table(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}


def _at(value: JsonValue, path: str) -> JsonValue:
    for step in path.split("."):
        value = _table(value).get(step)
    return value


def _text(value: JsonValue) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _word(value: JsonValue) -> str:
    """A name or moment that is only told."""
    return _text(value)[:_LONGEST_WORD]
