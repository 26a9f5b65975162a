# SPDX-License-Identifier: EUPL-1.2
"""Mistakes in a declaration, gathered while it is read and told all at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from landschap.vocabulary.mistakes import Mistake, MistakesError


def nearest(name: str, valid: Iterable[str]) -> list[str]:
    """The valid name that was probably meant; none when nothing is near."""
    return difflib.get_close_matches(name, sorted(valid), n=1)


class DeclarationError(MistakesError):
    """A declaration that can not be used, with every mistake in it."""


@dataclass(slots=True)
class Report:
    """Collects the mistakes of one file while it is read."""

    file: str
    # Reads a file that stands beside this one. Raises OSError.
    beside: Callable[[str], str] | None = None
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, line: int, key: str, message: str, nearest: str = "") -> None:
        """Note one mistake and go on reading."""
        self.mistakes.append(
            Mistake(file=self.file, line=line, key=key, message=message, nearest=nearest)
        )

    def unknown(self, line: int, key: str, what: str, name: str, valid: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest one that does."""
        names = sorted(valid)
        near = nearest(name, names)
        listed = "" if near else f" Valid: {', '.join(names) or 'none'}."
        self.add(line, key, f"{what} {name!r} does not exist.{listed}", near[0] if near else "")

    def close(self) -> None:
        """Raise DeclarationError when anything was noted."""
        if self.mistakes:
            raise DeclarationError(self.mistakes)
