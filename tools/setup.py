# SPDX-License-Identifier: EUPL-1.2
"""Make .venv from pinned wheels, install the project, gather the front-end files.

Runs with the bare python3 of the machine, so: standard library only. Does nothing when nothing
changed since the last time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MARK = VENV / ".landschap-setup"
INPUTS = (
    "requirements.lock",
    "pyproject.toml",
    "frontend/package.json",
    "frontend/package-lock.json",
    "tools/setup.py",
    "tools/frontend.py",
)
LEAST = (3, 11)


def main() -> int:
    """Set up; returns the exit code."""
    problem = _what_is_missing()
    if problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 2
    wanted = _fingerprint()
    if MARK.exists() and MARK.read_text() == wanted:
        return 0
    MARK.unlink(missing_ok=True)
    started = time.monotonic()
    python = VENV / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps: list[tuple[str, list[str]]] = [
        ("making .venv", [sys.executable, "-m", "venv", str(VENV)]),
        (
            "installing pinned packages (nginx and PostgreSQL among them; a minute the first time)",
            [*pip, "--require-hashes", "-r", "requirements.lock"],
        ),
        ("installing landschap", [*pip, "--no-deps", "--no-build-isolation", "--editable", "."]),
        ("gathering front-end files", [str(python), "tools/frontend.py"]),
    ]
    if python.exists():
        steps = steps[1:]
    for number, (words, command) in enumerate(steps, start=1):
        print(f"setup {number}/{len(steps)}: {words}", file=sys.stderr, flush=True)
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode != 0:
            print(
                f"setup: '{words}' failed (exit {done.returncode}); the lines above say why. "
                "Run `make setup` again when it is mended; `make clean` starts from nothing.",
                file=sys.stderr,
            )
            return 1
    MARK.write_text(wanted)
    print(f"setup: ready in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


def _what_is_missing() -> str:
    if sys.version_info < LEAST:
        have = ".".join(map(str, sys.version_info[:3]))
        return (
            f"Python 3.11 or newer is needed, this is {have}. Install a newer one and run "
            "`make PYTHON=python3.12 setup` (with its name)."
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "this python3 has no venv. On Debian and Ubuntu: `apt-get install python3-venv`; "
            "then run the same command again."
        )
    if shutil.disk_usage(ROOT).free < 1_500_000_000:
        return "less than 1.5 GB is free on this disk; set-up needs about 1 GB. Make room first."
    if not os.access(ROOT, os.W_OK):
        return f"cannot write in {ROOT}; run this from a clone of your own."
    return ""


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in INPUTS:
        path = ROOT / name
        digest.update(name.encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
