# SPDX-License-Identifier: EUPL-1.2
"""What can be wrong with a recorded test of compatibility although each line is well formed.

Source: AVG art. 6 lid 4; house decision: a test is approved by a second person.
"""

from __future__ import annotations

from collections.abc import Iterator

from landschap.purposes.model import Compatibility
from landschap.purposes.snapshot import Snapshot

_ONE_OF = (
    "name either where the test of AVG art. 6 lid 4 is kept (toets), or the ground in law that it "
    "rests on (grondslag)"
)


def faults_of(test: Compatibility, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Key and message of everything wrong with one test."""
    if bool(test.test) == bool(test.legal_basis):
        yield "toets", _ONE_OF
    if _same(test.author, test.approver):
        yield "goedgekeurd_door", "must be another person than opgesteld_door"
    target = snapshot.purposes.get(snapshot.equivalents.get(test.target, test.target))
    origin = snapshot.equivalents.get(test.origin, test.origin)
    if target is not None and origin in target.ancestors:
        yield "naar", "is equal to van or narrower, so no test is needed; take it away"


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
