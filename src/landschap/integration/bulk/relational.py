# SPDX-License-Identifier: EUPL-1.2
"""A plan of fields as sets: which tables, joined how, with which fields and lists. A value.

A source that was read whole is a `Table`; of one that failed only the reason is left, and what
leans on it becomes a named gap. Only sources that a field leans on are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from landschap.integration.model import Declaration, Field, Link, Source
from landschap.integration.plan import Ask, ListPlan, Plan
from landschap.integration.rows import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: its place, the marks that stand in it, whether it has its own kind.

    ``leads``: it leads to rows of another source, so the table also holds its keys.
    """

    place: int
    marks: frozenset[str] = frozenset()
    native: bool = False
    leads: bool = False
    single: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one source as the engine sees them.

    Columns of ``name``: ``n`` (number of the row), ``key`` (text), ``id``, ``b`` (day
    on which it begins), ``c<place>`` and ``k<place>`` (text and mark of a cell), and ``o<place>``:
    the keys that a column leads to. ``unique``: no key stands twice. ``failure`` of a source that
    was not read.
    """

    source: str
    name: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    unique: bool = False
    failure: Reason | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One join: the source it leads to and the link that leads there."""

    source: Source
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list of the record: its place, the link to its rows, the joins below these, its fields."""

    path: str
    order: str
    step: Step
    below: tuple[Step, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relational:
    """The whole: the root, the joins in order, fields of the record, lists."""

    declaration: Declaration
    root: Source
    steps: tuple[Step, ...]
    fields: tuple[Field, ...]
    lists: tuple[ListOf, ...]

    @property
    def matched(self) -> frozenset[str]:
        """The sources that give at most one row, so that it matters whether a key stands twice."""
        steps = (*self.steps, *(step for each in self.lists for step in each.below))
        return frozenset(step.source.name for step in steps)


def relational(plan: Plan) -> Relational:
    """The plan of fields, as sets."""
    used = _sources_of(plan.declaration, plan.fields)
    for part in plan.lists:
        below = {ask.source.name for ask in part.below} | {part.group.source}
        used |= _sources_of(plan.declaration, part.fields) - below
        used |= set(plan.declaration.chain(plan.declaration.links[part.group.source].origin.source))
    return Relational(
        declaration=plan.declaration,
        root=plan.root.source,
        steps=_steps(plan.single, used),
        fields=plan.fields,
        lists=tuple(_list(plan, part) for part in plan.lists),
    )


def _list(plan: Plan, part: ListPlan) -> ListOf:
    used = _sources_of(plan.declaration, part.fields)
    own = plan.declaration.sources[part.group.source]
    return ListOf(
        path=part.group.path,
        order=part.group.order,
        step=Step(source=own, link=plan.declaration.links[part.group.source]),
        below=_steps(part.below, used),
        fields=part.fields,
    )


def _steps(asks: Sequence[Ask], used: set[str]) -> tuple[Step, ...]:
    return tuple(
        Step(source=ask.source, link=ask.link)
        for ask in asks
        if ask.link is not None and ask.source.name in used
    )


def _sources_of(declaration: Declaration, fields: Iterable[Field]) -> set[str]:
    """Every source that these fields lean on, those in between included."""
    return {
        name
        for each in fields
        for column in each.columns
        for name in declaration.chain(column.source)
    }
