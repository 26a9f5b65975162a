# SPDX-License-Identifier: EUPL-1.2
"""Mistakes in files that people write, all at once: where, what, and the name that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean X`` for the nearest known name, empty when none is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}" if near else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to repair. ``nearest`` is the valid name that was probably meant, or empty."""

    file: str
    line: int
    key: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: {self.key}: "
        if not self.nearest:
            return place + self.message
        return f"{place}{self.message.removesuffix('.')}; did you mean {self.nearest}?"


class MistakesError(Exception):
    """A file that can not be used, with every mistake in it, in order of line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.key)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
