# SPDX-License-Identifier: EUPL-1.2
"""What a person can ask by their rights, per use of data, of all organisations together.

What can be asked of the organisation of the portal alone is told by its own register; what stops a
use can be asked of every organisation that uses data for that purpose.
Source: AVG art. 15 up to and with 22; `purposes.rights`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from landschap.purposes.choosing import Used
from landschap.purposes.model import Text
from landschap.purposes.rights import (
    Ground,
    Outcome,
    Registry,
    Right,
    Subject,
    Verdict,
    verdict_of,
)

EVERYTHING = "alles"
LONGEST, SHORTEST = 1000, 3
_FOR_ALL = (Right.ACCESS,)
_LOCAL = (Right.ACCESS, Right.ERASURE, Right.PORTABILITY, Right.HUMAN)


class ToldRight(Protocol):
    """Whether one can do this at another organisation."""

    @property
    def recht(self) -> str:
        """The right."""

    @property
    def uitkomst(self) -> str:
        """Possible, otherwise, or not."""


class ToldWords(Protocol):
    """The same words in both languages."""

    @property
    def nl(self) -> str:
        """In Dutch."""

    @property
    def en(self) -> str:
        """In English."""


class ToldUse(Protocol):
    """For what another organisation uses data."""

    @property
    def doel(self) -> str:
        """The purpose."""

    @property
    def naam(self) -> ToldWords:
        """Its name."""

    @property
    def rechten(self) -> Sequence[ToldRight]:
        """What one can do against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One use, and what one can do by one right."""

    purpose: str
    label: Text
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One right: what it comes to in all, and per use; or the ``verdict`` on all uses alike."""

    right: Right
    outcome: Outcome
    rows: tuple[Row, ...]
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A use against which a right can be used, and at which organisations."""

    purpose: str
    label: Text
    peers: tuple[str, ...]


_ORDER = (Outcome.POSSIBLE, Outcome.OTHER, Outcome.NOT)


def chapters_of(uses: Sequence[Used]) -> list[Chapter]:
    """Every right with what our own register says of it, per use."""
    made = []
    for right in Right:
        rows = tuple(
            Row(purpose=each.purpose.uri, label=each.purpose.label, verdict=each.verdicts[right])
            for each in uses
            if right in each.verdicts
        )
        outcomes = [each.verdict.outcome for each in rows]
        best = min(outcomes, key=_ORDER.index, default=Outcome.NOT)
        if right in _FOR_ALL:
            # Also who is nowhere known can ask whether that is so.
            best = Outcome.POSSIBLE
        made.append(Chapter(right=right, outcome=best, rows=rows))
    return made


def company_chapters() -> list[Chapter]:
    """The same for a company: these rights are of people. Whatever the ground, it is the same."""
    return [
        Chapter(right=right, outcome=verdict.outcome, rows=(), verdict=verdict)
        for right in Right
        for verdict in [verdict_of(right, Ground.PUBLIC_TASK, Registry.OWN, Subject.COMPANY)]
    ]


def targets_of(
    right: Right, me: str, uses: Sequence[Used], others: Mapping[str, Iterable[ToldUse]]
) -> list[Target]:
    """Against what a right can be used, in order of name, with the organisations it goes to."""
    labels: dict[str, Text] = {}
    peers: dict[str, list[str]] = {}
    for used in uses:
        verdict = used.verdicts.get(right)
        if verdict is not None and verdict.outcome is Outcome.POSSIBLE:
            labels[used.purpose.uri] = used.purpose.label
            peers.setdefault(used.purpose.uri, []).append(me)
    for peer, told in () if right in _LOCAL else sorted(others.items()):
        for use in told:
            can = any(
                each.recht == right.value and each.uitkomst == Outcome.POSSIBLE.value
                for each in use.rechten
            )
            if can:
                labels.setdefault(use.doel, Text(nl=use.naam.nl, en=use.naam.en))
                peers.setdefault(use.doel, []).append(peer)
    found = [
        Target(purpose=uri, label=label, peers=tuple(peers[uri])) for uri, label in labels.items()
    ]
    return sorted(found, key=lambda each: each.label.nl)
