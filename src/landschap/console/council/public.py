# SPDX-License-Identifier: EUPL-1.2
"""What anybody may read of a quarterly report: the same figures, without what is confidential.

Left out is every activity that is held back now, whatever it was when the report was made, and
every one that the register in force does not know: who can not tell whether it is public, tells
nothing of it. How much is held back is left out too, and names of rules.
Source: Logboek Dataverwerkingen digest, "Transparency for board and public", rules H1 and H5.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import msgspec

from landschap.console.council.figures import NUMBERS, QuarterReport

RESERVED = frozenset(
    name for name in NUMBERS if name.startswith(("held_back", "disclosure_holds", "retention_"))
)
"""Numbers that tell how much is held back."""


def public_of(report: QuarterReport, public: AbstractSet[str]) -> QuarterReport:
    """The report as anybody may read it; ``public`` are the activities that may be told of now."""
    return msgspec.structs.replace(
        report,
        numbers={name: each for name, each in report.numbers.items() if name not in RESERVED},
        before={name: each for name, each in report.before.items() if name not in RESERVED},
        receivers=tuple(each for each in report.receivers if each.activity in public),
        unused=(),
        standards=(),
    )
