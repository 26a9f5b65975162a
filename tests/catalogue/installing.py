# SPDX-License-Identifier: EUPL-1.2
"""Programs that a long test measures us with: installed once, pinned, beside the packages of Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))
_PIP, _NPM = ("requirements.txt",), ("package.json", "package-lock.json")
_SECONDS = 600


def from_npm(pinned: Path, name: str) -> Path:
    """The folder of the programs that a folder pins with its lock file."""
    home = Path(sys.prefix) / name
    _install(pinned, home, _NPM, [
        str(SCRIPTS / "npm"), "ci", "--ignore-scripts", "--loglevel=error",
    ])  # fmt: skip
    return home / "node_modules" / ".bin"


def from_pip(pinned: Path, name: str) -> Path:
    """The folder of the packages that a folder pins with their digests."""
    home = Path(sys.prefix) / name
    _install(pinned, home, _PIP, [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
        "--target", ".", "-r", *_PIP,
    ])  # fmt: skip
    return home


def _install(pinned: Path, home: Path, names: Sequence[str], command: Sequence[str]) -> None:
    mark = home / "installed"
    if mark.exists() and all(_same(pinned / name, home / name) for name in names):
        return
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in names:
        shutil.copy(pinned / name, home / name)
    done = subprocess.run(
        command, cwd=home, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    mark.touch()


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()
