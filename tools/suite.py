# SPDX-License-Identifier: EUPL-1.2
"""Run the whole suite; give the file of a failed test a second run, alone.

python tools/suite.py            what `make test` runs
python tools/suite.py -k kill    with more arguments for pytest

Most tests stand on parts that really run (nginx, PostgreSQL, browsers), three files at a time on
few cores. What only fails there and passes by itself has judged by the speed of the machine: it is
named at the end as a test to mend, and does not fail the run. More than a few failures are no
chance, and fail at once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST_SECOND_RUNS = 5
_TOGETHER = ("--numprocesses", "3", "--dist", "loadscope", "--no-loadscope-reorder")


class Failures:
    """A pytest plugin that remembers which tests failed, in call, set-up or clean-up."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.errors = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the name of a test that failed."""
        if report.failed and report.nodeid not in self.tests:
            self.tests.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not even be read: that is never chance."""
        self.errors += report.failed

    @property
    def files(self) -> list[str]:
        """The files they are in, each once, in the order in which they failed."""
        return list(dict.fromkeys(test.split("::", 1)[0] for test in self.tests))


def second_run_helps(code: int, failures: Failures) -> bool:
    """True when tests failed, few of them, and nothing else was wrong."""
    few = 0 < len(failures.files) <= MOST_SECOND_RUNS
    return code == pytest.ExitCode.TESTS_FAILED and few and not failures.errors


def main() -> int:
    """Run, and once more where that helps; the exit code is pytest's."""
    chosen = ["-m", "not long", *sys.argv[1:]]
    failures = Failures()
    code = int(pytest.main([*chosen, *_TOGETHER], plugins=[failures]))
    if not second_run_helps(code, failures):
        return code
    names = "".join(f"  {name}\n" for name in failures.tests)
    print(f"\nOnce more, alone, the files of:\n{names}", flush=True)
    # A process of its own: nothing that the first run left behind counts.
    again = [sys.executable, "-m", "pytest", *chosen, *failures.files]
    code = subprocess.run(again, cwd=ROOT, check=False).returncode
    if code == 0:
        print(f"\nPassed alone, failed beside others; tests to mend:\n{names}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
