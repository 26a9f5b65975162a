# SPDX-License-Identifier: EUPL-1.2
"""Run the tests that carry a numbered case; print one line per id; write docs/conformance.md.

The ids and what is expected stand in tests/cases/*.toml. A case passes when it has at least one
test and all its tests pass. Absent, skipped and failing all count as fail.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Literal

import pytest

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
PAGE = ROOT / "docs" / "conformance.md"

# As `make test` does: most of the time of a test is waiting.
TOGETHER = ("--numprocesses", "3", "--dist", "loadscope", "--no-loadscope-reorder")

Outcome = Literal["pass", "fail", "skipped", "absent"]


class CaseCollector:
    """A pytest plugin that remembers how each case went, whichever process ran its tests.

    The ids travel with the reports, as properties that `tests/conftest.py` adds.
    """

    def __init__(self) -> None:
        self._outcomes: dict[str, list[Outcome]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note each test's outcome; a failing set-up counts as a failing test."""
        for name, case in report.user_properties:
            if name != "case":
                continue
            if report.failed:
                self._outcomes[str(case)].append("fail")
            elif report.skipped:
                self._outcomes[str(case)].append("skipped")
            elif report.when == "call":
                self._outcomes[str(case)].append("pass")

    def outcome(self, case: str) -> Outcome:
        """The worst outcome of a case's tests, ``absent`` when it has none."""
        seen = self._outcomes.get(case)
        if not seen:
            return "absent"
        for worst in ("fail", "skipped"):
            if worst in seen:
                return worst
        return "pass"

    def unknown(self, known: set[str]) -> set[str]:
        """Ids that a test carries and no list has: a typing error, or a list to extend."""
        return set(self._outcomes) - known


def read_lists() -> dict[str, dict[str, str]]:
    """The lists of cases: file name without ending -> id -> expected, in the lists' own order."""
    lists: dict[str, dict[str, str]] = {}
    for path in sorted(CASES.glob("*.toml")):
        lists[path.stem] = tomllib.loads(path.read_text())["cases"]
    return lists


def write_page(lists: dict[str, dict[str, str]], outcomes: dict[str, Outcome]) -> None:
    """Write docs/conformance.md: the totals per list and one row per id."""
    lines = [
        "# Conformance",
        "",
        "Written by `make conformance`; do not edit. A case passes when it has a test and all its",
        "tests pass; absent and skipped count as fail.",
        "",
        "| List | pass | of |",
        "| --- | --- | --- |",
    ]
    for name, cases in lists.items():
        passed = sum(outcomes[case] == "pass" for case in cases)
        lines.append(f"| {name} | {passed} | {len(cases)} |")
    for name, cases in lists.items():
        lines += ["", f"## {name}", "", "| Case | Outcome | Expected |", "| --- | --- | --- |"]
        for case, expected in cases.items():
            outcome = outcomes[case]
            shown = outcome if outcome in ("pass", "fail") else f"fail ({outcome})"
            lines.append(f"| `{case}` | {shown} | {expected.replace('|', '&#124;')} |")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines) + "\n")


def main() -> int:
    """Run, print, write. Exit 1 when a test of a case failed or a test names an unknown case."""
    lists = read_lists()
    known = {case for cases in lists.values() for case in cases}
    collector = CaseCollector()
    arguments = ["-q", "--no-header", "--tb=short", "-m", "case", *TOGETHER, *sys.argv[1:]]
    code = pytest.main(arguments, plugins=[collector])
    outcomes = {case: collector.outcome(case) for case in known}
    for cases in lists.values():
        for case in cases:
            print(case, "pass" if outcomes[case] == "pass" else "fail")
    passed = sum(outcome == "pass" for outcome in outcomes.values())
    unknown = collector.unknown(known)
    if unknown:
        print(f"not in any list: {', '.join(sorted(unknown))}", file=sys.stderr)
    write_page(lists, outcomes)
    print(f"{passed} of {len(known)} cases pass; see docs/conformance.md", file=sys.stderr)
    return 1 if unknown or code not in (0, 5) else 0


if __name__ == "__main__":
    sys.exit(main())
