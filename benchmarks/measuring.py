# SPDX-License-Identifier: EUPL-1.2
"""One cell: so many connections for so many seconds, and what it cost the processes behind it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_SECONDS = 0.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where is asked, by whom, and with which requests. Without ``name`` there is no TLS."""

    address: str
    requests: Path
    name: str = ""
    certificate: Path = Path()
    key: Path = Path()
    anchor: Path = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one run of the load generator measured. CPU is of all processes that serve."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


class WrongAnswersError(Exception):
    """Something else than 200 was answered: the figures would be those of something else."""


def measure(
    load: Path, target: Target, roots: Sequence[int], connections: int, seconds: float
) -> Cell:
    """Run one cell. ``roots`` are the processes that serve; their children count too.

    Raises WrongAnswersError when an answer was not 200 or a connection broke.
    """
    command = [
        str(load), "-address", target.address, "-requests", str(target.requests),
        "-connections", str(connections), "-warm", str(WARM_SECONDS), "-seconds", str(seconds),
    ]  # fmt: skip
    if target.name:
        command += [
            "-name", target.name, "-certificate", str(target.certificate), "-key", str(target.key),
            "-anchor", str(target.anchor),
        ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.readline()
        before = cpu_seconds(roots)
        told = process.stdout.readline()
        used = cpu_seconds(roots) - before
        rest = process.stderr.read().decode()
    if not told:
        raise WrongAnswersError(rest)
    found: dict[str, Any] = json.loads(told)
    if found["errors"] or set(found["statuses"]) != {"200"}:
        raise WrongAnswersError(f"{target.address}: {found['statuses']} {found['errors']}")
    count = found["requests"]
    return Cell(
        per_second=count / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        cpu_us=used / count * 1e6,
    )


def cpu_seconds(roots: Sequence[int]) -> float:
    """CPU that these processes and all below them have used so far. Linux."""
    times: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        process = int(path.parent.name)
        children.setdefault(int(words[1]), []).append(process)
        times[process] = (int(words[11]) + int(words[12])) / _TICKS
    waiting, total = list(roots), 0.0
    while waiting:
        process = waiting.pop()
        total += times.get(process, 0.0)
        waiting += children.get(process, [])
    return total


def median(cells: Sequence[Cell]) -> Cell:
    """The median of every figure over the rounds."""
    return Cell(
        per_second=statistics.median(cell.per_second for cell in cells),
        p50_ms=statistics.median(cell.p50_ms for cell in cells),
        p99_ms=statistics.median(cell.p99_ms for cell in cells),
        cpu_us=statistics.median(cell.cpu_us for cell in cells),
    )
