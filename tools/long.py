# SPDX-License-Identifier: EUPL-1.2
"""Run the tests that take minutes and write their outcome to docs/long.md.

python tools/long.py                  all of them
python tools/long.py tests/fsc        those of a folder or file
python tools/long.py -k kill          those whose name holds "kill"
python tools/long.py --since 2026-11-30T18:00
                                      those that did not pass since then: after a run that was cut

A row says when its test ran. A run of some renews their rows and leaves the others; a row of a test
that is gone is dropped. The page is written every minute, so that a run that is cut loses little.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "long.md"
_EVERY_SECONDS = 60
_ROW = re.compile(r"\| `(?P<name>.+?)` \| (\w+) \| ([\d.]+) \| ([\d: -]{16}) \| (.*) \|")

# Two at a time: most of the time of a long test is waiting too.
TOGETHER = ("--numprocesses", "2", "--dist", "loadscope", "--no-loadscope-reorder")


class Row(NamedTuple):
    """How one test ended, after how many seconds, at which minute (UTC), and what it noted."""

    outcome: str
    seconds: float
    at: str
    noted: str


class Outcomes:
    """A pytest plugin that remembers each test's outcome and keeps the page."""

    def __init__(self, kept: dict[str, Row]) -> None:
        self.rows = dict(kept)
        self._written = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of the call, or of a set-up that failed or was skipped."""
        if report.when != "call" and report.outcome == "passed":
            return
        noted = [f"{key} {value}" for key, value in report.user_properties if key != "case"]
        self.rows[_name(report.nodeid)] = Row(
            str(report.outcome),
            report.duration,
            f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
            "; ".join(noted).replace("|", "/").replace("\n", " "),
        )
        if time.monotonic() - self._written > _EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Write docs/long.md: where, and each test with when it ran and what it noted."""
        self._written = time.monotonic()
        rows = sorted(self.rows.items())
        failed = sum(row.outcome == "failed" for _, row in rows)
        seconds = sum(row.seconds for _, row in rows)
        cores = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        lines = [
            "# The long tests",
            "",
            "Written by `make long`; do not edit. Times are UTC.",
            "",
            f"{len(rows)} tests of {seconds:.0f} s together, {failed} failed; {cores}.",
            "",
            "| Test | Outcome | Seconds | Ran at | Noted |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{name}` | {row.outcome} | {row.seconds:.1f} | {row.at} | {row.noted} |"
            for name, row in rows
        ]
        PAGE.write_text("\n".join(lines) + "\n")


def _name(nodeid: str) -> str:
    return nodeid.split("tests/", 1)[-1]


def read_page(text: str) -> dict[str, Row]:
    """The rows of a page that was written before; what is no row of this form is left out."""
    found = {}
    for line in text.splitlines():
        match = _ROW.fullmatch(line)
        if match:
            name, outcome, seconds, at, noted = match.groups()
            found[name] = Row(outcome, float(seconds), at, noted)
    return found


def still_there(name: str) -> bool:
    """True when the file of a test exists and holds a function of its name."""
    place, _, function = name.partition("::")
    file = ROOT / "tests" / place
    function = function.rsplit("::", 1)[-1].partition("[")[0]
    return file.is_file() and f"def {function}(" in file.read_text()


def main() -> int:
    """Run them; the exit code is pytest's."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--since", default="", metavar="MOMENT")
    wanted, rest = parser.parse_known_args()
    since = wanted.since.replace("T", " ")
    written = read_page(PAGE.read_text()) if PAGE.exists() else {}
    kept = {name: row for name, row in written.items() if still_there(name)}
    passed = [
        f"--deselect=tests/{name}"
        for name, row in kept.items()
        if since and row.outcome == "passed" and row.at >= since
    ]
    outcomes = Outcomes(kept)
    code = pytest.main(["-q", "-m", "long", *TOGETHER, *passed, *rest], plugins=[outcomes])
    outcomes.write()
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
