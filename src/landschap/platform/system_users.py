# SPDX-License-Identifier: EUPL-1.2
"""Which system user our processes run as.

PostgreSQL refuses to run as root, and the other parts have no need of it. Started as root, we
hand the work to a system user; started as anyone else, there is nothing to choose.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landschap.platform.trouble import Trouble

_CANDIDATES = ("landschap", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user in the passwd file that is not root."""

    name: str
    uid: int
    gid: int

    def start_as(self) -> dict[str, Any]:
        """Arguments for subprocess.Popen."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give this user one file or folder."""
        os.chown(path, self.uid, self.gid)

    def may_enter(self, folder: Path) -> bool:
        """True when the mode bits let this user go through every folder down to ``folder``."""
        return all(self._has(each, stat.S_IXUSR) for each in _lineage(folder))

    def may_read(self, path: Path) -> bool:
        """True when the mode bits let this user read the file and reach it."""
        return self.may_enter(path.parent) and self._has(path, stat.S_IRUSR)

    def _has(self, path: Path, owner_bit: int) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & owner_bit)
        if found.st_gid == self.gid:
            return bool(found.st_mode & (owner_bit >> 3))
        return bool(found.st_mode & (owner_bit >> 6))


def choose(configured: str | None, *, owner_of: Path | None = None) -> SystemUser | None:
    """The user to hand work to, or None when we are not root and stay who we are.

    The owner of an existing folder wins over the first of the usual names, so that an upgrade
    never changes hands. Raises Trouble when the configured user does not exist.
    """
    if os.geteuid() != 0:
        _refuse_nameless()
        return None
    if configured is not None:
        found = _named(configured)
        if found is None or found.uid == 0:
            raise Trouble(
                f"processes.user names {configured!r}, which is no ordinary system user here",
                f"create it (useradd --system {configured}) or name another one",
            )
        return found
    if owner_of is not None and owner_of.exists() and (owner := _numbered(owner_of.stat().st_uid)):
        return owner
    for name in _CANDIDATES:
        if found := _named(name):
            return found
    raise Trouble(
        "started as root, and there is no system user to hand PostgreSQL to",
        "create one: useradd --system landschap",
    )


def _named(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _numbered(uid: int) -> SystemUser | None:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return SystemUser(entry.pw_name, uid, entry.pw_gid) if uid else None


def _refuse_nameless() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise Trouble(
            f"user id {os.geteuid()} has no name on this machine; PostgreSQL refuses to run so",
            "add a line for it to /etc/passwd, or configure postgres.dsn",
        ) from None


def _lineage(folder: Path) -> Iterator[Path]:
    resolved = folder.resolve()
    yield resolved
    yield from resolved.parents
