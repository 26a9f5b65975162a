# SPDX-License-Identifier: EUPL-1.2
"""The closed list of conversions: what ``zet_om`` may hold, and what each does.

Nothing else can be written in a declaration, so a privacy officer can read one to the end. A
value that can not be converted is reported by name, never dropped and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from landschap.registers.periods import IncompleteDate
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue


class Untranslatable(ValueError):
    """A value its conversion does not know. The message holds the conversion, not the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One step: a name of the closed list and its argument."""

    name: str
    bounds: tuple[int, int] = (0, 0)
    texts: tuple[str, ...] = ()
    codes: Mapping[str, str] | None = None
    otherwise: str | None = None


# What a step leaves behind, for the description of the interface.
RESULT_TYPES: Mapping[str, str] = {
    "geheel_getal": "integer",
    "getal": "number",
    "tekst": "string",
    "leeg_is_niets": "",
    "niets_bij": "",
    "datum": "date",
    "onvolledige_datum": "onvolledige-datum",
    "jaar": "integer",
    "ja_nee": "boolean",
    "deel": "string",
    "code": "string",
    "splits": "array",
}
SIMPLE = (
    "geheel_getal", "getal", "tekst", "leeg_is_niets", "datum", "onvolledige_datum", "jaar",
    "ja_nee",
)  # fmt: skip
WITH_ARGUMENT = ("deel", "code", "codelijst", "niets_bij", "splits")

_YEAR = re.compile(r"([0-9]{4})(?:-?[0-9]{2}-?[0-9]{2})?")
YES = ("j", "ja", "true", "1")
NO = ("n", "nee", "false", "0")
_YES_NO: Mapping[str, bool] = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}


def convert(value: JsonValue, steps: tuple[Conversion, ...]) -> JsonValue:
    """Apply the steps in order; nothing (None) stays nothing. Raises Untranslatable."""
    for step in steps:
        if value is None:
            return None
        value = _apply(step, value)
    return value


def _apply(step: Conversion, value: JsonValue) -> JsonValue:
    match step.name:
        case "deel":
            first, last = step.bounds
            return _text(value)[first - 1 : last] or None
        case "code":
            return _code(step, _text(value))
        case "niets_bij":
            return None if _text(value) in step.texts else value
        case "splits":
            parts = [part for part in _text(value).split(step.texts[0]) if part]
            return parts or None
    return _SIMPLE_STEPS[step.name](value)


def _code(step: Conversion, text: str) -> str:
    found = (step.codes or {}).get(text, step.otherwise)
    if found is None:
        raise Untranslatable("code")
    return found


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Untranslatable("tekst")


def _integer(value: JsonValue) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    text = _text(value).strip()
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise Untranslatable("geheel_getal")
    return int(text)


def _number(value: JsonValue) -> float | int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = _text(value).strip()
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?", text):
        raise Untranslatable("getal")
    return float(text) if "." in text else int(text)


def _empty_is_nothing(value: JsonValue) -> JsonValue:
    return None if isinstance(value, str) and not value.strip() else value


def _day(value: JsonValue) -> str | None:
    text = _text(value).strip()
    if not text:
        return None
    written = f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"[0-9]{8}", text) else text
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            return date.fromisoformat(written).isoformat()
    except ValueError:
        pass
    raise Untranslatable("datum")


def _incomplete_day(value: JsonValue) -> str | None:
    """A day with zeros for what is not known of it. Source: Logisch Ontwerp BRP."""
    text = _text(value).strip()
    try:
        return str(IncompleteDate.parse(text)) if text else None
    except InvalidValue:
        raise Untranslatable("onvolledige_datum") from None


def _year(value: JsonValue) -> int | None:
    text = _text(value).strip()
    if not text:
        return None
    match = _YEAR.fullmatch(text)
    if match is None or match[1] == "0000":
        raise Untranslatable("jaar")
    return int(match[1])


def _yes_no(value: JsonValue) -> bool | None:
    text = _text(value).strip().lower()
    if not text:
        return None
    if text not in _YES_NO:
        raise Untranslatable("ja_nee")
    return _YES_NO[text]


_SIMPLE_STEPS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "geheel_getal": _integer,
    "getal": _number,
    "tekst": _text,
    "leeg_is_niets": _empty_is_nothing,
    "datum": _day,
    "onvolledige_datum": _incomplete_day,
    "jaar": _year,
    "ja_nee": _yes_no,
}
