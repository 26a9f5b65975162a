# SPDX-License-Identifier: EUPL-1.2
"""Run the tests that take minutes and write their outcome to docs/long.md.

python tools/long.py            all of them
python tools/long.py -k kill    those whose name holds "kill"
"""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "long.md"


# Two at a time: most of the time of a long test is waiting too.
TOGETHER = ("--numprocesses", "2", "--dist", "loadscope", "--no-loadscope-reorder")


class Outcomes:
    """A pytest plugin that remembers each test's outcome and seconds."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, float]] = []
        self.notes: dict[str, list[tuple[str, str]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of the call, or of a set-up that failed or was skipped."""
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.split("tests/", 1)[-1]
            self.rows.append((name, report.outcome, report.duration))
            noted = [(str(k), str(v)) for k, v in report.user_properties if k != "case"]
            self.notes[name] = noted


def write_page(outcomes: Outcomes, seconds: float) -> None:
    """Write docs/long.md: when, where, and each test with what it noted."""
    failed = sum(outcome == "failed" for _, outcome, _ in outcomes.rows)
    lines = [
        "# The long tests",
        "",
        "Written by `make long`; do not edit.",
        "",
        f"{_when_and_where()}: {len(outcomes.rows)} tests in {seconds:.0f} s, {failed} failed.",
        "",
        "| Test | Outcome | Seconds | Noted |",
        "| --- | --- | --- | --- |",
    ]
    for name, outcome, duration in sorted(outcomes.rows):
        noted = "; ".join(f"{key} {value}" for key, value in outcomes.notes[name])
        lines.append(f"| `{name}` | {outcome} | {duration:.1f} | {noted} |")
    PAGE.write_text("\n".join(lines) + "\n")


def _when_and_where() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> int:
    """Run them; the exit code is pytest's."""
    outcomes = Outcomes()
    started = time.monotonic()
    code = pytest.main(["-q", "-m", "long", *TOGETHER, *sys.argv[1:]], plugins=[outcomes])
    if outcomes.rows and len(sys.argv) == 1:
        write_page(outcomes, time.monotonic() - started)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
