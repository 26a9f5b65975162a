# SPDX-License-Identifier: EUPL-1.2
"""The carrier's tests once more, on the nginx of the system: other version, other build.

The packaged nginx is what every other run uses; operators on Linux mostly have this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEM = Path("/usr/sbin/nginx")
HERE = Path(__file__).parent
FILES = ("inway", "outway", "life", "routing", "streaming", "access")


@pytest.mark.long
@pytest.mark.case("S-26")
@pytest.mark.parametrize("name", FILES)
def test_carrier_holds_on_the_nginx_of_the_system(name: str) -> None:
    if not SYSTEM.exists():
        pytest.skip("no nginx of the system here")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""),
            HERE / f"test_carrier_{name}.py",
        ],
        env={**os.environ, "LANDSCHAP_TEST_NGINX": str(SYSTEM)},
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
