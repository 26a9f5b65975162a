# SPDX-License-Identifier: EUPL-1.2
"""A use of someone's data as that person sees it: who, what, why, when.

A line of the log has more than a resident may see. What leaves here never holds the employee, the
system, the source table or another person: those members are not even read.
Source: AVG art. 15 lid 1; Logboek Dataverwerkingen, "Inzage".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from landschap.gateway.uses.line import (
    GIVEN,
    LOOKS,
    SELF,
    Lookups,
    Party,
    Use,
    Who,
    use_of,
)
from landschap.logboek.payloads import Outcome
from landschap.portal.words import field_words, group_words
from landschap.vocabulary.times import amsterdam_day

__all__ = [
    "SELF", "FieldGroup", "Group", "Lookups", "Party", "Row", "Tally", "Use", "Who", "field_groups",
    "first_page", "grouped", "tally", "use_of",
]  # fmt: skip

_FOLDED_FROM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """Fields of one group in words; ``is_withheld``: asked, but not needed for the purpose."""

    group: str
    fields: tuple[str, ...]
    is_withheld: bool


def field_groups(visible: Iterable[str], withheld: Iterable[str]) -> list[FieldGroup]:
    """The fields that were allowed and withheld in one transaction, per group."""
    return [*_per_group(visible, False), *_per_group(withheld, True)]


def _per_group(paths: Iterable[str], is_withheld: bool) -> Iterator[FieldGroup]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        found = groups.setdefault(group_words(path), [])
        if "." in path:
            found.append(field_words(path))
    for group, fields in groups.items():
        yield FieldGroup(group=group, fields=tuple(fields), is_withheld=is_withheld)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the list: a use, or several alike on one day; ``newest`` speaks for them."""

    uses: tuple[Use, ...]

    @property
    def newest(self) -> Use:
        """The last of them."""
        return self.uses[0]

    @property
    def day(self) -> date:
        """The Dutch day they all were."""
        return amsterdam_day(self.newest.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The uses of one case at one organisation; an empty ``case`` holds those without one.

    ``recorder`` is the number of whose log told them: a number of a case is that organisation's.
    """

    case: str
    recorder: str
    rows: tuple[Row, ...]

    @property
    def uses(self) -> tuple[Use, ...]:
        """All uses in the group, newest first."""
        return tuple(use for row in self.rows for use in row.uses)

    @property
    def tally(self) -> Tally:
        """The counts of the group."""
        return tally(self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many uses gave data, were refused, gave nothing for another reason, or were own looks."""

    given: int
    refused: int
    nothing: int
    own: int


def tally(uses: Iterable[Use]) -> Tally:
    """The counts; looking at one's own page is no use by others."""
    all_uses = list(uses)
    outcomes = [use.outcome for use in all_uses if use.who is not Who.SELF]
    given = sum(outcome in GIVEN for outcome in outcomes)
    refused = outcomes.count(Outcome.REFUSED)
    return Tally(
        given=given,
        refused=refused,
        nothing=len(outcomes) - given - refused,
        own=len(all_uses) - len(outcomes),
    )


def grouped(uses: Sequence[Use], *, fold: bool) -> list[Group]:
    """The uses, newest first, per case; the case with the newest use first, without case last.

    With ``fold`` three or more uses without a case that differ only in their moment, on one day,
    share a row.
    """
    cases: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        recorder = use.recorders[0].number if use.case and use.recorders else ""
        cases.setdefault((use.case, recorder), []).append(use)
    order = sorted(cases, key=lambda key: key[0] == "")
    return [
        Group(case=case, recorder=by, rows=_rows(cases[case, by], fold=fold and case == ""))
        for case, by in order
    ]


def first_page(uses: Sequence[Use], *, fold: bool, rows: int) -> Sequence[Use]:
    """The newest uses that fill about this many rows, and at least as many uses.

    Rows are counted and not uses, so that someone's own looks do not push away the others.
    """
    size = rows
    while size < len(uses) and _row_count(uses[:size], fold=fold) < rows:
        size += rows
    return uses[:size]


def _row_count(uses: Sequence[Use], *, fold: bool) -> int:
    return sum(len(group.rows) for group in grouped(uses, fold=fold))


def _rows(uses: Sequence[Use], *, fold: bool) -> tuple[Row, ...]:
    if not fold:
        return tuple(Row(uses=(use,)) for use in uses)
    alike: dict[tuple[object, ...], list[Use]] = {}
    for use in uses:
        delegator = use.delegator.number if use.delegator else ""
        # A look is one row, whoever else was asked and wrote it down.
        by = () if use.who in LOOKS else use.recorders
        recorders = tuple(each.number for each in by)
        same = (amsterdam_day(use.at), use.actor_key, delegator, use.activity_uri, use.outcome)
        told = (use.who, use.groups, use.purpose_uri, recorders)
        alike.setdefault((*same, *told), []).append(use)
    rows = []
    for found in alike.values():
        together = len(found) >= _FOLDED_FROM
        rows += [Row(uses=tuple(found))] if together else [Row(uses=(use,)) for use in found]
    return tuple(sorted(rows, key=lambda row: row.newest.id, reverse=True))
