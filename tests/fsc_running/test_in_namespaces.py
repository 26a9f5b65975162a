# SPDX-License-Identifier: EUPL-1.2
"""The same cases with nothing shared between the organisations but a wire."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CANNOT = 75


@pytest.mark.long
def test_every_case_holds_between_network_namespaces(
    record_property: Callable[[str, object], None],
) -> None:
    command = [sys.executable, str(ROOT / "tools" / "namespaces.py"), "-q"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=900
    )
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    last = done.stdout.strip().splitlines()[-1]
    record_property("inside", last)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", last)
    assert passed is not None
    assert int(passed[1]) >= 84
    assert "failed" not in last
    assert "skipped" not in last
