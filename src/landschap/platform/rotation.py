# SPDX-License-Identifier: EUPL-1.2
"""nginx's log files, by the day and by their size: renamed, reopened, and dropped after a term.

A rename loses nothing: nginx writes on in the renamed file until it is told to open a new one,
and who follows the log reads renamed files to their end.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_FILES = ("access.json", "error.log")
_STAMP = "%Y%m%dT%H%M%S%f"


@dataclass(slots=True, kw_only=True)
class Rotation:
    """The log files of one nginx in ``folder``; the term counts from the last line of a file."""

    folder: Path
    largest_bytes: int
    keep: timedelta
    _day: dict[str, date] = field(default_factory=dict)

    def rotate(self, now: datetime) -> list[Path]:
        """Rename what is due and drop what is past its term; the new names.

        When there are any, nginx must be told to open its files again. Raises OSError.
        """
        renamed = []
        for name in _FILES:
            file = self.folder / name
            if self._is_due(file, now):
                target = file.with_name(f"{file.stem}-{now.strftime(_STAMP)}Z{file.suffix}")
                file.rename(target)
                renamed.append(target)
            self._drop_old(file, now)
        return renamed

    def _is_due(self, file: Path, now: datetime) -> bool:
        try:
            found = file.stat()
        except FileNotFoundError:
            return False
        last = datetime.fromtimestamp(found.st_mtime, UTC).date()
        began = self._day.setdefault(file.name, last)
        if not found.st_size:
            self._day[file.name] = now.date()
            return False
        due = found.st_size >= self.largest_bytes or began < now.date()
        if due:
            self._day[file.name] = now.date()
        return due

    def _drop_old(self, file: Path, now: datetime) -> None:
        for each in self.folder.glob(f"{file.stem}-*Z{file.suffix}"):
            with contextlib.suppress(FileNotFoundError):
                last = datetime.fromtimestamp(each.stat().st_mtime, UTC)
                if last < now - self.keep:
                    each.unlink()
