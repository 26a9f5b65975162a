# SPDX-License-Identifier: EUPL-1.2
"""Tables on the command line: whatever the width, nothing in them is cut off.

A number that a person has to copy is worth nothing when it ends in dots. On a narrow terminal a
cell goes on below itself; into a pipe or a file a row is one line, so that ``grep`` finds it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from landschap.vocabulary.ijson import JsonValue

_WIDE = 1_000


def table_of(*columns: str, whole: str = "", title: str | None = None) -> Table:
    """An empty table with these columns; the one that is kept ``whole`` gives way last."""
    made = Table(title=title)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column == whole)
    return made


def without_coordinates(value: JsonValue) -> JsonValue:
    """A value for people: of a geometry its kind and how many positions it has."""
    if not isinstance(value, Mapping):
        return value
    if "coordinates" in value:
        return f"{value.get('type')}, {_positions(value['coordinates'])} positions"
    return {name: without_coordinates(each) for name, each in value.items()}


def _positions(value: JsonValue) -> int:
    parts = value if isinstance(value, list) else []
    return sum(map(_positions, parts)) if parts and isinstance(parts[0], list) else 1


def _width() -> int | None:
    """None lets the terminal say it; a user's COLUMNS counts everywhere."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE


answer = Console(width=_width())
