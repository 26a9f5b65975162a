# SPDX-License-Identifier: EUPL-1.2
"""See to a browser for the tests of pages: Chromium from the distribution, as root by apt.

An ordinary user without a browser gets skips with a reason; in CI (CI=true) its absence fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Install Chromium when it is absent and can be installed; returns the exit code."""
    if any(shutil.which(name) for name in NAMES):
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(
            "browser: no Chromium here; tests of pages are skipped. "
            "As root: `apt-get install chromium`.",
            file=sys.stderr,
        )
        return 0
    print("browser: installing Chromium (about 10 s, 100 MB)", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            print(f"browser: `{' '.join(command)}` failed", file=sys.stderr)
            return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
