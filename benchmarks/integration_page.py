# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501, ISC004 - the lines of a page, each a sentence
"""What was measured of answers from several sources, as a page that says what it compares."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime

from table import versions

SOURCE_MS = 20.0
# At 1 question, and at 32 at the same time: at most so many times the slowest source alone.
MOST_AT_1, GOAL_AT_1, MOST_P50, MOST_P99 = 1.3, 1.1, 2.0, 3.0
OF_DUCKDB = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long answers took, and how many there were."""

    p50_ms: float
    p99_ms: float
    per_second: float


@dataclass(slots=True)
class Figures:
    """What one run found: by way and number at the same time, and the rates of the peer."""

    loads: list[float] = field(default_factory=list)
    cells: dict[tuple[str, int], Latency] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    note: str = ""


WORDS = {
    "alone": "the REST source alone",
    "fan-out": "three sources, merged, with provenance",
    "door": "**the same through the door**: permit, fields, durable line in the log",
}


def as_page(found: Figures, rounds: int, seconds: float) -> str:
    """The page `docs/performance-integration.md`."""
    lines = [
        "# Performance of answers from several sources",
        "",
        "Written by `make bench` (`benchmarks/integration.py`). An address from a file, its residents from a PostgreSQL table and its",
        f"building from a REST service that takes {SOURCE_MS:.0f} ms, as one answer. Everything runs on this machine, over loopback.",
        "",
        "| | p50, 1 at a time | p99 | p50, 32 at a time | p99 | answers/s at 32 |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(found, name) for name in WORDS),
        "",
        *_goals(found),
        "",
        _against_duckdb(found),
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, load average "
        f"{min(found.loads):.1f} to {max(found.loads):.1f} (sources, database and asker share these cores). "
        f"{rounds} rounds of {seconds:g} s per cell, in turns. {versions()}",
        "",
    ]
    return "\n".join(lines)


def _row(found: Figures, name: str) -> str:
    one, many = found.cells[name, 1], found.cells[name, 32]
    return (
        f"| {WORDS[name]} | {one.p50_ms:.1f} ms | {one.p99_ms:.1f} ms | {many.p50_ms:.1f} ms | "
        f"{many.p99_ms:.1f} ms | {many.per_second:,.0f} |"
    )


def _goals(found: Figures) -> list[str]:
    one = found.cells["door", 1].p50_ms / found.cells["alone", 1].p50_ms
    p50 = found.cells["door", 32].p50_ms / found.cells["alone", 32].p50_ms
    p99 = found.cells["door", 32].p99_ms / found.cells["alone", 32].p99_ms
    alone = found.cells["fan-out", 1].p50_ms / found.cells["alone", 1].p50_ms
    many = found.cells["fan-out", 32].p50_ms / found.cells["alone", 32].p50_ms
    return [
        f"- At 1 question {one:.2f} times the source alone; at most {MOST_AT_1}: **{_met(one <= MOST_AT_1)}**; goal {GOAL_AT_1}: "
        f"**{_met(one <= GOAL_AT_1)}**.",
        f"- At 32 questions {p50:.2f} times at p50; at most {MOST_P50}: **{_met(p50 <= MOST_P50)}**; {p99:.2f} times at p99; at most "
        f"{MOST_P99}: **{_met(p99 <= MOST_P99)}**.",
        f"- Without the door (no permit, no line in the log): {alone:.2f} times at 1 question, {many:.2f} times at 32.",
    ]


def _against_duckdb(found: Figures) -> str:
    ours = found.cells["quick", 32].per_second
    if not found.rates:
        return f"Fan-out of three sources without delay: {ours:,.0f} answers/s. {found.note}"
    theirs = statistics.median(found.rates)
    ratio = ours / theirs
    return (
        "The same three sources without delay, 32 questions at a time: our fan-out "
        f"**{ours:,.0f}** answers/s, DuckDB with PostgreSQL attached, the file as Parquet and the REST source by its own threads "
        f"{theirs:,.0f} (pinned in `benchmarks/duckdb.txt`, in an environment of its own): {ratio:.1f} times; at least {OF_DUCKDB:.0f}: "
        f"**{_met(ratio >= OF_DUCKDB)}**."
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "not met"
