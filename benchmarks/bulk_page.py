# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501, ISC004 - the lines of a page, each a sentence
"""What was measured of extracts, as a page that says what it compares."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

# A scan by our plan takes at most so many times what the engine takes for SQL written by hand.
MOST = 1.2
# Ten times the rows take at most so many times the memory.
FLAT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Seconds of a joined scan by our plan and by hand: best, median; and processor seconds."""

    ours: tuple[float, float]
    by_hand: tuple[float, float]
    cpu: tuple[float, float]

    @property
    def ratio(self) -> float:
        """How many times as long ours takes, by the best of each."""
        return self.ours[0] / self.by_hand[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Rows per second into a file, and the most memory (MB) the engine had."""

    per_second: float
    peak_mb: float


@dataclass(slots=True)
class Measured:
    """What one run found: scans by what was scanned, exports by form and number of rows."""

    loads: list[float] = field(default_factory=list)
    scans: dict[str, Scan] = field(default_factory=dict)
    exports: dict[tuple[str, int], Export] = field(default_factory=dict)


def as_page(found: Measured, rounds: int) -> str:
    """The page `docs/performance-bulk.md`."""
    lines = [
        "# Performance of all objects at once",
        "",
        "Written by `make bench` (`benchmarks/bulk.py`). Three files of Parquet as one logical source, joined twice, five fields. Both ways run in",
        "turns in one engine with the same limits (2,048 MB, 2 threads): our plan, that also looks for keys that stand twice and says what is",
        "missing, and SQL written by hand that trusts the data. An export is the whole extract: gathered, joined, converted, written.",
        "",
        "| Joined scan | our plan, best | median | the engine directly, best | median | ours in times | of processor time |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_scan(name, each) for name, each in found.scans.items()),
        "",
        *(_judged(name, each) for name, each in found.scans.items()),
        "",
        "| Export | rows | rows per second | most memory of the engine |",
        "| --- | --- | --- | --- |",
        *(
            f"| {form} | {rows:,} | {each.per_second:,.0f} | {each.peak_mb:,.0f} MB |"
            for (form, rows), each in found.exports.items()
        ),
        "",
        *_memory(found),
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, load average "
        f"{min(found.loads):.1f} to {max(found.loads):.1f}. {rounds} rounds. DuckDB {version('duckdb')}, Python {platform.python_version()}.",
        "",
    ]
    return "\n".join(lines)


def _scan(name: str, each: Scan) -> str:
    seconds = " | ".join(f"{one * 1000:,.1f} ms" for one in (*each.ours, *each.by_hand))
    return f"| {name} | {seconds} | {each.ratio:.2f} | {each.cpu[0] / each.cpu[1]:.2f} |"


def _judged(name: str, each: Scan) -> str:
    return f"- {name}: {each.ratio:.2f} times the engine directly; at most {MOST}: **{_met(each.ratio <= MOST)}**."


def _memory(found: Measured) -> list[str]:
    """Whether ten times the rows take about the memory of one time."""
    told = []
    for form in dict.fromkeys(form for form, _ in found.exports):
        peaks = {rows: each.peak_mb for (name, rows), each in found.exports.items() if name == form}
        few, many = min(peaks), max(peaks)
        if few < many:
            times = peaks[many] / peaks[few]
            told.append(
                f"- {form}: {many / few:.0f} times the rows take {times:.2f} times the memory; at most {FLAT}: **{_met(times <= FLAT)}**."
            )
    return told


def _met(is_met: bool) -> str:
    return "met" if is_met else "not met"
