# SPDX-License-Identifier: EUPL-1.2
"""Pid files of a killed server that nobody waited for.

Such a process holds its number until its parent looks, and in a container without an init nobody
ever does. PostgreSQL then takes it for alive and refuses to start. The files stay, with a number
that no process can have: PostgreSQL goes on to look whether shared memory is still in use, which
is what guards the data.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

# One more than the highest number that Linux gives to a process (PID_MAX_LIMIT).
_NOBODY = str(2**22 + 1)


def renumber_dead(*files: Path) -> None:
    """Where a file names a process that ended but still has its number, name nobody instead."""
    for file in files:
        with contextlib.suppress(OSError):
            first, end, rest = file.read_bytes().partition(b"\n")
            # A lock of the socket begins with the number, that of the data folder as well; the
            # first of a single-user server has a minus before it.
            pid = first.decode("ascii", "replace").strip().lstrip("-")
            if pid.isdecimal() and _ended(int(pid)):
                file.write_bytes(_NOBODY.encode("ascii") + end + rest)


def _ended(pid: int) -> bool:
    """True when the process ended and only its number is left; False where that cannot be read."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return told.rpartition(")")[2].split()[:1] == ["Z"]
