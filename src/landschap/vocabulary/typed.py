# SPDX-License-Identifier: EUPL-1.2
"""What people type in forms, as it can be kept and shown."""

from __future__ import annotations

import unicodedata


def clean(value: object, longest: int, *, lines: bool = False) -> str:
    """A typed text without what no register and no screen can keep, and not longer than this.

    ``lines``: line ends may stay; each is one character.
    """
    text = str(value or "").replace("\r\n", "\n")
    kept = "".join(
        each for each in text if (each == "\n" and lines) or unicodedata.category(each)[0] != "C"
    )
    return kept.strip()[:longest]
