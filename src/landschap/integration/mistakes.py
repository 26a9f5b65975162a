# SPDX-License-Identifier: EUPL-1.2
"""Mistakes in a file, all at once: file, line, key, what is wrong, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to repair. ``nearest`` is the valid name that was probably meant, or empty."""

    file: str
    line: int
    key: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.file}:{self.line}: {self.key}: {self.message}{hint}"


class DeclarationError(Exception):
    """A file that can not be used, with every mistake in it, in order of line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.key)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


@dataclass(slots=True)
class Report:
    """Collects the mistakes of one file while it is read."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, line: int, key: str, message: str, nearest: str = "") -> None:
        """Note one mistake and go on reading."""
        self.mistakes.append(
            Mistake(file=self.file, line=line, key=key, message=message, nearest=nearest)
        )

    def unknown(self, line: int, key: str, what: str, name: str, valid: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest one that does."""
        names = sorted(valid)
        near = difflib.get_close_matches(name, names, n=1)
        listed = "" if near else f" Valid: {', '.join(names) or 'none'}."
        self.add(line, key, f"{what} {name!r} does not exist.{listed}", near[0] if near else "")

    def close(self) -> None:
        """Raise DeclarationError when anything was noted."""
        if self.mistakes:
            raise DeclarationError(self.mistakes)
