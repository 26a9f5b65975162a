# SPDX-License-Identifier: EUPL-1.2
"""The files in which logical sources are declared, as they lie in the folder at this moment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from landschap.console.sources import Checked, checked
from landschap.integration.connectors.opening import EXAMPLES_SUFFIX, SUFFIX
from landschap.integration.yamltree import MAX_CHARACTERS
from landschap.registers.models import Registers

MAX_FILES = 200
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One declaration as it lies there: its name without ending, its text, that of its examples."""

    stem: str
    text: str
    examples: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return f"{self.stem}{SUFFIX}"

    @property
    def examples_name(self) -> str:
        """The name of the file with its examples."""
        return f"{self.stem}{EXAMPLES_SUFFIX}"


@dataclass(frozen=True, slots=True)
class Library:
    """The folder of declarations; nothing is ever written in it."""

    folder: Path
    registers: Registers

    async def every(self) -> Sequence[SourceFile]:
        """All declarations, in order of name; at most `MAX_FILES`."""
        return await asyncio.to_thread(self._every)

    async def one(self, stem: str) -> SourceFile | None:
        """One of them; None for a name that is not there."""
        found = await self.every() if is_stem(stem) else ()
        return next((each for each in found if each.stem == stem), None)

    async def check(self, text: str, file: str) -> Checked:
        """What a text says, and what is wrong with it, beside the other files of the folder.

        Reading a long text takes its time; others are answered meanwhile.
        """
        return await asyncio.to_thread(checked, text, file, self.registers, self._beside())

    def _every(self) -> Sequence[SourceFile]:
        found = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}"))[: 2 * MAX_FILES]:
            stem = path.name.removesuffix(SUFFIX)
            if path.name.endswith(EXAMPLES_SUFFIX) or not is_stem(stem):
                continue
            beside = path.with_name(f"{stem}{EXAMPLES_SUFFIX}")
            found.append(SourceFile(stem=stem, text=_text_of(path), examples=_text_of(beside)))
        return found[:MAX_FILES]

    def _beside(self) -> Callable[[str], str]:
        def read(name: str) -> str:
            return (self.folder / name).read_text(encoding="utf-8-sig")

        return read


def is_stem(name: str) -> bool:
    """True for the name of a file that may lie in the folder: never a way out of it."""
    return _STEM.fullmatch(name) is not None and ".." not in name


def _text_of(path: Path) -> str:
    """The text of a file, its lines ended as in a form; of one that is not there or no text: empty.

    Of one that is too long there is one character too many, so that whoever reads it says so.
    """
    try:
        with path.open(encoding="utf-8") as opened:
            return opened.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError):
        return ""
