# SPDX-License-Identifier: EUPL-1.2
"""A draft looked through before it is published: what the rules find, and what it breaks.

Lines are those of the text as it came: what was filled in beside it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landschap.catalogue.beside import Beside, with_beside
from landschap.catalogue.changes import Change, Weight
from landschap.catalogue.changes.comparing import changes_between
from landschap.catalogue.documents import Document, read_document
from landschap.catalogue.findings import Finding
from landschap.catalogue.scoring import score_of

Check = Callable[[Document], Sequence[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found. ``came`` is the text as it came, ``whole`` with what was filled in."""

    came: Document
    whole: Document
    text: bytes
    findings: Sequence[Finding]
    score: int
    changes: Sequence[Change]
    is_new: bool

    @property
    def breaks(self) -> bool:
        """True when who calls the API now would be broken by it."""
        return any(each.weight is Weight.BREAKING for each in self.changes)


def examine(raw: bytes, beside: Beside, before: bytes | None, check: Check) -> Examined:
    """Look a draft through; ``before`` is the text that holds now. Raises UnreadableDocument."""
    came = read_document(raw)
    text, whole = with_beside(raw, came, beside)
    found = check(whole)
    if whole is not came:
        left = {(each.code, each.path) for each in found}
        known = [each for each in check(came) if (each.code, each.path) in left]
        told = {(each.code, each.path) for each in known}
        found = [*known, *(each for each in found if (each.code, each.path) not in told)]
    changes = changes_between(read_document(before), whole) if before is not None else []
    return Examined(
        came=came,
        whole=whole,
        text=text,
        findings=found,
        score=score_of(found),
        changes=changes,
        is_new=before is None,
    )
