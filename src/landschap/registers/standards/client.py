# SPDX-License-Identifier: EUPL-1.2
"""The list of standards from its file, with that of the organisation."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from landschap.registers.standards.reading import Standards, read_standards

FILE = "standaarden.toml"


def standards_of(folder: Path) -> Standards:
    """The standards, with what stands in ``standaarden.toml`` of the organisation's folder.

    Raises WrongStandards; OSError when the file is there and can not be read.
    """
    own = folder / FILE
    packaged = files("landschap.registers.standards") / "standards.toml"
    return read_standards(
        packaged.read_text(encoding="utf-8"),
        own.read_text(encoding="utf-8") if own.exists() else "",
    )
