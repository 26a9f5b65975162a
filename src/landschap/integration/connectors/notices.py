# SPDX-License-Identifier: EUPL-1.2
"""Reading which StUF notices are taken from the files in ``kennisgevingen``."""

from __future__ import annotations

from pathlib import Path

from landschap.integration.mistakes import DeclarationError
from landschap.integration.stuf.mapping import NoticeMapping, parse_mapping
from landschap.registers.models import Registers
from landschap.vocabulary.mistakes import Mistake

NOTICES_FOLDER = "kennisgevingen"


def read_mappings(folder: Path, registers: Registers) -> dict[str, NoticeMapping]:
    """All kinds of notices by name; none without a folder. Raises DeclarationError with the
    mistakes of all files.
    """
    found: dict[str, NoticeMapping] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            made = parse_mapping(path.read_text(encoding="utf-8"), str(path), registers)
        except DeclarationError as error:
            mistakes += error.mistakes
            continue
        if made.name in found:
            message = f"{made.name} stands in another file too"
            mistakes.append(Mistake(file=str(path), line=1, key="kennisgevingen", message=message))
        found[made.name] = made
    if mistakes:
        raise DeclarationError(mistakes)
    return found
