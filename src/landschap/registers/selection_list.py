# SPDX-License-Identifier: EUPL-1.2
"""A selection list as it is published, and how the rules of a register follow it.

The list comes as a table (CSV or Excel) with a row per result of a process. Columns are found by
the names that are in use; terms are read as ISO 8601 (P10Y) or in words (10 jaar).
Source: Selectielijst gemeenten en intergemeentelijke organen 2020, columns nummer, resultaat,
waardering and bewaartermijn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from landschap.registers.retention import Rule, Value
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.problems import Refusal

MAX_ROWS = 10_000
_NAMES: Mapping[str, Sequence[str]] = {
    "category": ("nummer", "categorie", "categorienummer", "procestype en resultaat", "nr", "nr."),
    "name": ("naam", "resultaat", "naam resultaat", "omschrijving", "generiek resultaat"),
    "value": ("waardering", "archiefnominatie", "v/b", "bewaren/vernietigen"),
    "term": ("bewaartermijn", "termijn", "archiefactietermijn", "vernietigingstermijn"),
}
_NEEDED = ("category", "value", "term")
_VALUES = {
    "v": Value.DESTROY, "vernietigen": Value.DESTROY, "vernietigen na": Value.DESTROY,
    "b": Value.KEEP, "bewaren": Value.KEEP, "blijvend bewaren": Value.KEEP,
    "blijvend_bewaren": Value.KEEP,
}  # fmt: skip
_UNITS = {"jaar": "Y", "jaren": "Y", "maand": "M", "maanden": "M", "week": "W", "weken": "W",
          "dag": "D", "dagen": "D"}  # fmt: skip
_WORDS = re.compile(r"([0-9]{1,4})\s*(jaar|jaren|maanden|maand|weken|week|dagen|dag)")
_ISO = re.compile(r"P(?:[0-9]+[YMWD])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row: the number of the result, what becomes of it, and after how long."""

    line: int
    category: str
    name: str
    value: Value
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One row that says something that is not understood."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """How one rule follows the list: ``verdict`` is gelijk, afwijkend or onbekend."""

    rule: str
    category: str
    verdict: str
    message: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """As a report has it."""
        return {
            "regel": self.rule,
            "categorie": self.category,
            "oordeel": self.verdict,
            "toelichting": self.message,
        }


def read_list(
    header: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[list[Entry], list[Unread]] | Refusal:
    """The rows of a table, and those that could not be read; refused without needed columns."""
    places = _places(header)
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        wanted = "; ".join(f"{' or '.join(_NAMES[name])}" for name in missing)
        return _unusable(f"no column for: {wanted}. The first row reads {', '.join(header)[:200]}.")
    entries: list[Entry] = []
    unread: list[Unread] = []
    for line, row in enumerate(rows, start=2):
        if line > MAX_ROWS:
            return _unusable(f"more than {MAX_ROWS} rows; this is no selection list.")
        cells = {
            name: row[place].strip() if place < len(row) else "" for name, place in places.items()
        }
        if not any(cells.values()):
            continue
        entry = _entry(line, cells)
        if isinstance(entry, Unread):
            unread.append(entry)
        else:
            entries.append(entry)
    return entries, unread


def match(rules: Sequence[Rule], entries: Sequence[Entry]) -> list[Matched]:
    """How each rule follows the list."""
    known: dict[str, list[Entry]] = {}
    for entry in entries:
        known.setdefault(entry.category, []).append(entry)
    return [_matched(rule, known) for rule in rules]


def as_rows(entries: Sequence[Entry]) -> list[list[str]]:
    """The list in one plain form, header first: this is what is kept beside the models."""
    rows = [[e.category, e.name, e.value.value, e.term] for e in entries]
    return [["nummer", "resultaat", "waardering", "bewaartermijn"], *rows]


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower().lstrip("\ufeff") for name in header]
    found: dict[str, int] = {}
    for meaning, spellings in _NAMES.items():
        place = next((names.index(s) for s in spellings if s in names), None)
        if place is not None:
            found[meaning] = place
    return found


def _entry(line: int, cells: Mapping[str, str]) -> Entry | Unread:
    value = _VALUES.get(cells["value"].lower())
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", cells["category"]):
        return Unread(line=line, message=f"{cells['category'][:40]!r} is no number like 8.1")
    if value is None:
        near = did_you_mean(cells["value"].lower(), _VALUES)
        return Unread(line=line, message=f"waardering {cells['value'][:40]!r} is not known{near}")
    term = _term(cells["term"])
    if not term and value is Value.DESTROY:
        return Unread(
            line=line,
            message=f"bewaartermijn {cells['term'][:40]!r} is no term like P10Y or 10 jaar",
        )
    return Entry(
        line=line,
        category=cells["category"],
        name=cells.get("name", ""),
        value=value,
        term=term,
    )


def _term(text: str) -> str:
    if _ISO.fullmatch(text.upper()):
        return text.upper()
    if re.fullmatch(r"[0-9]{1,4}", text):
        return f"P{int(text)}Y"
    found = _WORDS.search(text.lower())
    return f"P{int(found[1])}{_UNITS[found[2]]}" if found else ""


def _matched(rule: Rule, known: Mapping[str, Sequence[Entry]]) -> Matched:
    there = known.get(rule.category, ())
    if not there:
        near = did_you_mean(rule.category, known)
        words = f"the list has no {rule.category}{near}"
        return Matched(rule=rule.id, category=rule.category, verdict="onbekend", message=words)
    alike = [e for e in there if e.value is rule.value and e.term in ("", rule.term)]
    if alike:
        return Matched(rule=rule.id, category=rule.category, verdict="gelijk")
    says = "; ".join(f"{e.value.value} {e.term}".strip() for e in there)
    words = f"the rule says {rule.value.value} {rule.term}, the list {says}"
    return Matched(rule=rule.id, category=rule.category, verdict="afwijkend", message=words)


def _unusable(detail: str) -> Refusal:
    return Refusal(
        code="selectielijst.onleesbaar",
        status=HTTPStatus.BAD_REQUEST,
        title="This is no selection list",
        detail=f"Nothing was kept: {detail}",
    )
