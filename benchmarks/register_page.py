# SPDX-License-Identifier: EUPL-1.2
"""What was measured of registers, as a page that says what it compares and on what."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from table import versions

if TYPE_CHECKING:
    import argparse

    from registers import Measured, Size

WORDS = {
    "now": "a person by id, today, known now, with a line in the log",
    "past": "a person by id, a past day, known at a past moment, with a line",
    "page": "the first 100 permits of one kind",
    "expand": "a permit with the person that holds it, with a line for that person",
}
OF_PLAIN, OF_DATASETTE, GROWTH = 0.5, 10.0, 1.3


def as_page(found: Measured, wanted: argparse.Namespace) -> str:
    """The page `docs/performance-registers.md`."""
    parts = [
        PAGE_BEGINS,
        _loading(found),
        *(_in_process(size) for size in found.sizes),
        *(_over_http(size) for size in found.sizes if size.http),
        _growth(found.sizes),
        *found.notes,
        _circumstances(wanted),
        PAGE_ENDS,
    ]
    return "\n\n".join(part for part in parts if part)


def _loading(found: Measured) -> str:
    first = found.sizes[0].objects
    told = (
        f"Loading {first:,} objects of three versions through the loading path (contents checked, "
        f"numbered, timelines derived): **{found.load_rows / 3:,.0f}** objects/s, "
        f"{found.load_rows:,.0f} rows/s."
    )
    if found.grow_rows:
        told += (
            f" The rest up to {found.sizes[-1].objects:,} objects is written by SQL into the same "
            f"tables, indexes and checks, at {found.grow_rows:,.0f} rows/s."
        )
    return told


def _in_process(size: Size) -> str:
    lines = [
        f"## In process, {size.objects:,} objects",
        "",
        "| | ours /s (CPU) | plain SQL /s (CPU) | of plain SQL | by CPU |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = {WORDS[name]: rates for name, rates in size.rates.items()}
    rows["export of the permits as they are now, rows"] = size.export
    for words, rates in rows.items():
        ratio = rates["ours"] / rates["plain"]
        cost = {name: f" ({rates[f'{name} us']:,.0f} us)" for name in ("ours", "plain")}
        lines.append(
            f"| {words} | **{rates['ours']:,.0f}**{cost['ours']} | "
            f"{rates['plain']:,.0f}{cost['plain']} | {ratio:.2f} ({_met(ratio, OF_PLAIN)}) | "
            f"{rates['plain us'] / rates['ours us']:.2f} |"
        )
    return "\n".join(lines)


def _over_http(size: Size) -> str:
    lines = [
        f"## Over HTTP, {size.objects:,} objects",
        "",
        "| | ours /s (CPU) | Datasette /s (CPU) | times Datasette |",
        "| --- | --- | --- | --- |",
    ]
    for name, rates in size.http.items():
        ratio = rates["ours"] / rates["datasette"]
        lines.append(
            f"| {WORDS[name]} | **{rates['ours']:,.0f}** ({rates['ours us']:,.0f} us) | "
            f"{rates['datasette']:,.0f} ({rates['datasette us']:,.0f} us) | "
            f"{ratio:.1f} ({_met(ratio, OF_DATASETTE)}) |"
        )
    return "\n".join(lines)


def _growth(sizes: Sequence[Size]) -> str:
    if len(sizes) < 2:
        return ""
    small, large = sizes[0], sizes[-1]
    told = []
    for name in ("now", "past"):
        times = {way: large.rates[name][way] / small.rates[name][way] for way in _COSTS}
        met = "met" if times["ours us"] <= GROWTH else "NOT MET"
        told.append(
            f"{WORDS[name]}: {times['ours us']:.2f} times the CPU ({met}; plain SQL "
            f"{times['plain us']:.2f}), {1 / times['ours']:.2f} times the time (plain SQL "
            f"{1 / times['plain']:.2f})"
        )
    return (
        f"What a lookup costs at {large.objects:,} objects against {small.objects:,}, goal at most "
        f"{GROWTH:g} times: {'; '.join(told)}."
    )


_COSTS = ("ours us", "plain us", "ours", "plain")


def _met(ratio: float, goal: float) -> str:
    return "met" if ratio >= goal else f"goal {goal:g} NOT MET"


def _circumstances(wanted: argparse.Namespace) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f}; whoever asks shares these cores. Medians of "
        f"{wanted.rounds} rounds in turns, 16 questions at the same time. {versions()}"
    )


PAGE_BEGINS = """# Performance of registers

Written by `make bench` (`benchmarks/registers.py`); compare figures of one run only."""

PAGE_ENDS = """## What is compared

- *The register*: half persons, half permits that name a person; three versions of each, each
  registered by an act of its own. Persons have numbers of the range of test persons.
- *Ours*: the whole application in this process, from request to answer: the permit opened and held
  against the question, the times and fields read, the answer of the projection (known now) or of
  the assertions (known then), cut to the permitted fields, with its ETag, and before it goes a line
  per person in the log, committed with fsync. Permits are made beforehand, as the door does; all
  of a round are alike but for what is new in each question, as within a second of one asker. What
  is asked at the same time is read in one statement, and committed in one.
- *Export* of ours is a whole delivery as JSON lines: the permit, the fields cut, the file with its
  seal, the digest of the file and that of what it says; of the plain one a cursor, whose rows are
  not written anywhere.
- *CPU* is that of Python and of all processes of PostgreSQL, per question. Neighbours change it
  less than the rate, and growth is judged by it.
- *Plain SQL*: a statement by hand on the same rows and the same pool of connections, which gives
  JSON text. It checks nothing, cuts nothing and records nothing. Nothing found stops the run.
- *Datasette* (pinned in `benchmarks/datasette.txt`, in an environment of its own) has the same rows
  in an immutable SQLite file with an index for each question, and is asked by SQL in the address.
  It checks no permit and records nothing. Our process is served by the server and with the options
  of the web process; both have one process, and are asked by the same generator.
- Doors are not in this: what a question costs there stands in [Performance](performance.md).
  What was tried for lookups stands in [ADR 18](adr/0018-what-a-lookup-costs.md)."""
