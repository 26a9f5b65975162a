# SPDX-License-Identifier: EUPL-1.2
"""A document of facts, charts and tables, apart from the form it takes: page, CSV, ODS or PDF.

All words are in the language of the document already. A value is a word, a number, or None where
there is none to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Value = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars: one per label, with its number. What it shows stands in the table of its part too."""

    words: str
    bars: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading with one table under it.

    ``brief`` is how many rows stand on the first page, all of them when it is 0; ``note`` says what
    must be known to read it right. ``rest`` says what to do for the rows that are left out there.
    The last ``numbers`` columns hold numbers; a ``wide`` part takes the width of the page.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    chart: Chart | None = None
    brief: int = 0
    rest: str = ""
    empty: str = ""
    numbers: int = 0
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that is told, and what the words mean.

    ``lines`` stand under the title; ``definitions`` are printed along in each form.
    """

    title: str
    language: str
    author: str
    lines: tuple[str, ...]
    parts: tuple[Part, ...]
    definitions_title: str
    definitions: tuple[tuple[str, str], ...] = field(default_factory=tuple)
