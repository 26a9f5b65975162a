# SPDX-License-Identifier: EUPL-1.2
"""The documentation is under test: what it says exists, and what exists is said."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools import conformance, reference

from landschap.cli import COMMANDS, roof

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
# Written by a make target; a fresh clone has the committed ones.
WRITTEN = {
    *("conformance.md", "long.md"),
    *("performance.md", "performance-agreements.md", "performance-registers.md"),
    *("performance-decisions.md", "performance-logbook.md", "performance-catalogue.md"),
    *("performance-integration.md", "performance-bulk.md"),
}


def test_reference_pages_are_what_the_program_says() -> None:
    assert (DOCS / "reference" / "settings.md").read_text() == reference.settings_page()
    # In a process of its own: a command that was run by itself remembers its help as it was then.
    told = subprocess.run(
        [sys.executable, "-c", "from tools import reference; print(end=reference.commands_page())"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert (DOCS / "reference" / "commands.md").read_text() == told.stdout
    models = (DOCS / "reference" / "information-models.md").read_text()
    assert models == reference.annotations_page()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_within_the_manual_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    broken = [
        target
        for target in targets
        if "://" not in target
        and not (page.parent / target).exists()
        and Path(target).name not in WRITTEN
    ]
    assert not broken, broken


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_tells_what_it_does(name: str) -> None:
    done = CliRunner().invoke(roof, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert COMMANDS[name][2]
    assert len(done.output.splitlines()) > 4


def test_every_case_that_a_test_carries_stands_in_a_list() -> None:
    known = {case for cases in conformance.read_lists().values() for case in cases}
    carried = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for marks in re.findall(r"mark\.case\(([^)]*)\)", path.read_text()):
            carried |= set(re.findall(r'"([^"{}]+)"', marks))
    assert carried, sys.path
    assert not carried - known, sorted(carried - known)
