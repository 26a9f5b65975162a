# SPDX-License-Identifier: EUPL-1.2
"""Tables on the command line: whatever the width, nothing in them is cut off.

A number that a person has to copy is worth nothing when it ends in dots. On a narrow terminal a
cell goes on below itself; into a pipe or a file a row is one line, so that ``grep`` finds it.
"""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.table import Table

_WIDE = 1_000


def table_of(*columns: str, whole: str = "", title: str | None = None) -> Table:
    """An empty table with these columns; the one that is kept ``whole`` gives way last."""
    made = Table(title=title)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column == whole)
    return made


def _width() -> int | None:
    """None lets the terminal say it; a user's COLUMNS counts everywhere."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE


answer = Console(width=_width())
