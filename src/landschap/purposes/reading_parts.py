# SPDX-License-Identifier: EUPL-1.2
"""What tables of many kinds have in common: names, addresses, field paths and a period."""

from __future__ import annotations

import re
from datetime import date

from landschap.purposes.model import Validity
from landschap.purposes.reading import Table

URI = r"https?://[^\s]+"
NAME = r"[a-z0-9][a-z0-9-]{0,79}"
PATH = re.compile(r"[a-z][A-Za-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)*")
"""A dotted path of field names."""


def validity_of(table: Table) -> Validity:
    """From ``geldig_vanaf`` up to ``geldig_tot``, that day itself not in it."""
    since = table.day("geldig_vanaf", required=True)
    until = table.day("geldig_tot")
    if since and until and since >= until:
        table.problem("geldig_tot", "must lie after geldig_vanaf; the last day itself is not in it")
    return Validity(since=since or date(2000, 1, 1), until=until)


def paths_of(table: Table, key: str, *, required: bool = False) -> tuple[str, ...]:
    """Field paths, listed one by one."""
    paths = table.texts(key, required=required)
    for path in paths:
        if "*" in path:
            table.problem(key, f"{path[:80]!r}: fields are listed one by one, without *")
        elif not PATH.fullmatch(path):
            table.problem(key, f"{path[:80]!r} is not a dotted path of field names")
    return paths
