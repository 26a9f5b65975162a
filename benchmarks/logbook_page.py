# SPDX-License-Identifier: EUPL-1.2
"""What was measured of the log, as a page that says what was met."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logbook_data import Read

TIMES, GOAL = 8, 50_000
"""At 64 writers: so many times one commit per record, and so many records per second."""
_AT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """At one number of writers: records per second, p99 in ms, one commit per record beside it."""

    writers: int
    rate: float
    p99_ms: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How many records were verified from the database, in how many seconds, and the outcome."""

    records: int
    seconds: float
    intact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run. ``lines`` were encoded when they were written, ``formed`` filled a form."""

    large: int
    uses: int
    lines: Sequence[Row]
    formed: Sequence[Row]
    verified: Verified
    generated_s: float
    read: Read


def as_page(found: Measured) -> str:
    """The page `docs/performance-logbook.md`."""
    return f"""# Performance of the log

Written by `make bench` (`benchmarks/logbook.py`). PostgreSQL with fsync, on this machine; one
process that writes, in one lane. Beside each row, in turns of half a second: the same records one
by one on one connection, each in a transaction of its own, without tree, chain or form.

| records | writers | records/s | p99 wait, ms | one commit per record, records/s | times |
| --- | --- | --- | --- | --- | --- |
{_rows("lines", found.lines)}
{_rows("transactions by a form", found.formed)}

A line is encoded, checked and sealed while it is written. A transaction by a form is what a decider
writes of a permitted question: made and checked beforehand, sealed while it is written.

{_goals(found)}

| reading | | |
| --- | --- | --- |
{_reading(found)}

A process for each core verifies. The log that is read in is generated ({found.generated_s:,.0f} s):
{found.large:,} records over twenty years, half of them questions, half lines about 200,000 persons.
A tenth of the questions is on the grant of the breach; the list that came out was exact, to the
person, the use and the field.

{_where()}
"""


def _rows(kind: str, rows: Sequence[Row]) -> str:
    return "\n".join(
        f"| {kind} | {row.writers} | {row.rate:,.0f} | {row.p99_ms:.1f} | {row.alone:,.0f} "
        f"| {row.rate / row.alone:.1f} |"
        for row in rows
    )


def _goals(found: Measured) -> str:
    told = []
    for kind, rows in (("Lines", found.lines), ("Transactions by a form", found.formed)):
        at = next(row for row in rows if row.writers == _AT)
        told.append(
            f"{kind}, at {_AT} writers, with Merkle tree and chain: at least {TIMES} times one "
            f"commit per record {_met(at.rate >= TIMES * at.alone)}; goal {GOAL:,} per second "
            f"{_met(at.rate >= GOAL)}."
        )
    return "\n".join(told)


def _reading(found: Measured) -> str:
    verified, read = found.verified, found.read
    outcome = "intact" if verified.intact else "NOT INTACT"
    of = f"of {found.large:,} records"
    rows = (
        (
            f"{verified.records:,} records verified from the database, {outcome}",
            f"{verified.seconds:.1f} s",
            f"goal 10 s {_met(verified.seconds < 10)}, limit 60 s {_met(verified.seconds < 60)}",
        ),
        (
            f"first page of one person's {found.uses:,} uses in twenty years, {of}",
            f"{read.page_ms:.1f} ms; the very first time {read.first_ms:.1f} ms",
            f"goal 150 ms {_met(read.page_ms < 150)}",
        ),
        (
            f"scope of a breach of {read.persons:,} persons in {read.questions:,} questions, {of}",
            f"{read.scope_s:.1f} s",
            f"limit 60 s {_met(read.scope_s < 60)}",
        ),
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _met(holds: bool) -> str:
    return "**met**" if holds else "**NOT MET**"


def _where() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f}. Python {platform.python_version()}."
    )
