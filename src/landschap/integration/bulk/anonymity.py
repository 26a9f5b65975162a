# SPDX-License-Identifier: EUPL-1.2
"""How anonymous an extract is: how many rows share what could point at one person.

Rows that are alike in all quasi-identifiers (what others may know of somebody: postcode, year of
birth) make a group. k is the size of the smallest group; l the least number of different values of
a sensitive field in one group: where all of a group have the same, who is in it is known.
Source: WP29, Opinion 05/2014 on anonymisation techniques, 3.2; Sweeney, "k-anonymity" (2002).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.integration.bulk.dialects import DUCKDB
from landschap.integration.bulk.extracts import Form
from landschap.vocabulary.ijson import JsonValue

SHOWN = 10
"""So many of the smallest groups are told."""
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


class InvalidQuestion(ValueError):
    """What was asked about an extract can not be answered; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked at. ``each`` is a list of which every item counts as a row, empty for rows."""

    quasi: tuple[str, ...]
    sensitive: str = ""
    each: str = ""
    least: int = 0

    def check(self) -> None:
        """Raises InvalidQuestion."""
        if not self.quasi:
            raise InvalidQuestion("no quasi-identifiers were named")
        named = [*self.quasi, *filter(None, (self.sensitive, self.each))]
        if wrong := next((name for name in named if not _PATH.fullmatch(name)), ""):
            raise InvalidQuestion(f"{wrong[:80]!r} is no name of a field")


DECLARED = "anonimiteit"


def declaration_of(question: Question, k: int) -> dict[str, JsonValue]:
    """What a manifest says of it."""
    quasi, least = list(question.quasi), question.least
    return {"quasi": quasi, "per": question.each, "minstens": least, "k": k}


def declared_in(manifest: JsonValue) -> Question:
    """What a manifest declares; no quasi-identifiers when it does not."""
    told = manifest.get(DECLARED) if isinstance(manifest, Mapping) else None
    found = told if isinstance(told, Mapping) else {}
    quasi, least = found.get("quasi"), found.get("minstens")
    return Question(
        quasi=tuple(str(name) for name in quasi) if isinstance(quasi, list) else (),
        each=str(found.get("per") or ""),
        least=least if isinstance(least, int) else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How anonymous it is. ``k`` is 0 for no rows; ``diversity`` is 0 without a sensitive field.

    ``smallest`` are the values and sizes of the smallest groups.
    """

    question: Question
    rows: int
    groups: int
    k: int
    diversity: int
    rows_below: int
    groups_below: int
    smallest: Sequence[tuple[Mapping[str, JsonValue], int, int]]

    @property
    def holds(self) -> bool:
        """True when no group is smaller than was declared."""
        return self.k >= self.question.least or not self.rows

    def as_json(self) -> dict[str, JsonValue]:
        """The report as JSON."""
        body: dict[str, JsonValue] = {
            "quasi": list(self.question.quasi),
            "rijen": self.rows,
            "groepen": self.groups,
            "k": self.k,
            "minstens": self.question.least,
            "voldoet": self.holds,
            "rijenOnder": self.rows_below,
            "groepenOnder": self.groups_below,
            "kleinste": [
                {"waarden": dict(values), "aantal": size, **self._diverse(different)}
                for values, size, different in self.smallest
            ],
        }
        return {**body, "gevoelig": self.question.sensitive, **self._diverse(self.diversity)}

    def _diverse(self, different: int) -> dict[str, JsonValue]:
        return {"l": different} if self.question.sensitive else {}


def queries(question: Question, form: Form, file: str) -> dict[str, str]:
    """The queries of the embedded engine over a file. Raises InvalidQuestion."""
    question.check()
    rows = _rows(question, form, file)
    names = [f"q{place}" for place in range(len(question.quasi))]
    listed = ", ".join(names)
    counted = f"SELECT {listed}, count(*) AS n, count(DISTINCT s) AS l FROM ({rows}) r"
    groups = f"{counted} GROUP BY {listed}"
    filled = ", ".join(f"count({name})" for name in (*names, "s"))
    below = f"n < {question.least}"
    return {
        "filled": f"SELECT {filled} FROM ({rows}) r",
        "whole": f"SELECT count(*), coalesce(sum(n), 0)::BIGINT, coalesce(min(n), 0), "
        f"coalesce(min(l), 0), coalesce(sum(n) FILTER ({below}), 0)::BIGINT, "
        f"count(*) FILTER ({below}) FROM ({groups}) g",
        "smallest": f"SELECT {listed}, n, l FROM ({groups}) g ORDER BY n, {listed} LIMIT {SHOWN}",
    }


def report(question: Question, told: Mapping[str, Sequence[Sequence[JsonValue]]]) -> Report:
    """The report from the answers to `queries`. Raises InvalidQuestion for a field that no row has:
    a name that is spelt wrong would make any file look anonymous.
    """
    groups, rows, k, diversity, rows_below, groups_below = map(_whole, told["whole"][0])
    names = [*question.quasi, *([question.sensitive] if question.sensitive else [])]
    for name, count in zip(names, told["filled"][0], strict=False):
        if rows and not count:
            raise InvalidQuestion(f"no row has a value of {name}")
    return Report(
        question=question, rows=rows, groups=groups, k=k, diversity=diversity,
        rows_below=rows_below, groups_below=groups_below,
        smallest=[
            (dict(zip(question.quasi, row, strict=False)), _whole(row[-2]), _whole(row[-1]))
            for row in told["smallest"]
        ],
    )  # fmt: skip


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0


def _rows(question: Question, form: Form, file: str) -> str:
    """A query with the quasi-identifiers as texts, and the sensitive field."""
    place, each = DUCKDB.text(file), question.each
    match form:
        case Form.PARQUET:
            source, item = f"read_parquet({place})", f'unnest("{each}")'
        case Form.CSV:
            form_of_it = "delim = ',', quote = '\"', escape = '\"'"
            source = f"read_csv({place}, header = true, all_varchar = true, {form_of_it})"
            item = f"unnest(CAST(\"{each}\" AS JSON)->'$[*]')"
        case Form.LINES:
            source, item = f"read_ndjson_objects({place})", f"unnest(json->'{_json_path(each)}[*]')"
        case _:
            raise InvalidQuestion("GeoJSON shows where somebody lives; look at another form of it")
    inner = f"SELECT *, {item} AS item FROM {source}" if each else f"SELECT * FROM {source}"
    columns = [_column(question, form, path) for path in question.quasi]
    told = ", ".join(f"CAST({sql} AS VARCHAR) AS q{number}" for number, sql in enumerate(columns))
    sensitive = _column(question, form, question.sensitive) if question.sensitive else "NULL"
    return f"SELECT {told}, CAST({sensitive} AS VARCHAR) AS s FROM ({inner}) f"


def _column(question: Question, form: Form, path: str) -> str:
    within = question.each and path.startswith(f"{question.each}.")
    rest = path.removeprefix(f"{question.each}.") if within else path
    if form is Form.PARQUET:
        return f'item."{rest}"' if within else f'"{path}"'
    if within:
        return f"item->>'{_json_path(rest)}'"
    return f"json->>'{_json_path(path)}'" if form is Form.LINES else f'"{path}"'


def _json_path(path: str) -> str:
    return "$." + path
