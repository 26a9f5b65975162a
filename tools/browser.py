# SPDX-License-Identifier: EUPL-1.2
"""See to what tests need of the system: Chromium, SoftHSM for keys in a token, curl.

They come from the distribution, as root by apt. An ordinary user without them gets skips with a
reason; in CI (CI=true) their absence fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# package -> the programs by which one sees that it, or another like it, is here
NEEDED = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "softhsm2": ("softhsm2-util",),
    "curl": ("curl",),
}


def main() -> int:
    """Install what is absent and can be installed; returns the exit code."""
    absent = [name for name, programs in NEEDED.items() if not any(map(shutil.which, programs))]
    if not absent:
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(
            f"not here: {', '.join(absent)}; tests that need them are skipped. "
            f"As root: `apt-get install {' '.join(absent)}`.",
            file=sys.stderr,
        )
        return 0
    print(f"installing {', '.join(absent)} (about 10 s)", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *absent],
    ):
        done = subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            print(f"`{' '.join(command)}` failed", file=sys.stderr)
            return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
