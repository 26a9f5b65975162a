# SPDX-License-Identifier: EUPL-1.2
"""What stops a part from starting or running, in words for the person who must mend it."""

from __future__ import annotations


class Trouble(Exception):
    """Something outside the program must change first: ``what`` is wrong and the ``remedy``."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n  What to do: {remedy}")
        self.what = what
        self.remedy = remedy
