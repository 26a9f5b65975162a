# SPDX-License-Identifier: EUPL-1.2
"""Rows in memory as a source: what the examples beside a declaration are run on.

It obeys a question like any other door: by key, as of a day, the asked columns only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from landschap.integration.rows import Question, Reason, Row, SourceFailed, key_text
from landschap.vocabulary.ijson import JsonValue


class MemoryConnector:
    """A source whose rows are given, or that is down when ``failing`` says so."""

    def __init__(self, rows: Sequence[Row] = (), *, failing: Reason | None = None) -> None:
        self._rows = tuple(rows)
        self._failing = failing

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows by key that hold on the day. Raises SourceFailed when told to fail."""
        if self._failing is not None:
            raise SourceFailed(self._failing)
        day = question.moment.valid_on.isoformat()
        wanted = set(question.keys)
        return [
            replace(row, values=_only(row, question.columns))
            for row in self._rows
            if key_text(row.values.get(question.by)) in wanted and _holds(row, day)
        ]


def _holds(row: Row, day: str) -> bool:
    return (row.begin or "") <= day and (row.end is None or day < row.end)


def _only(row: Row, columns: Sequence[str]) -> dict[str, JsonValue]:
    return {column: row.values[column] for column in columns if column in row.values}
