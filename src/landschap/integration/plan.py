# SPDX-License-Identifier: EUPL-1.2
"""From permitted fields to what is asked: which sources, by which key, in which stage, how little.

The plan is a value, made before any source is contacted and kept per set of fields. It is the
first of two locks: a column that no permitted field, link or log line needs stands in no question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from landschap.integration.model import Column, Declaration, Field, Link, ListGroup, Source


class UnknownField(ValueError):
    """A field that the logical source does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One source in the plan.

    ``link`` is None for the root; ``columns`` maps each column asked for to why it is needed:
    the paths of the fields it feeds, ``koppeling`` or ``logregel``. ``stage`` counts from 1.
    """

    source: Source
    link: Link | None
    by: str
    columns: Mapping[str, tuple[str, ...]]
    stage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """One list of the answer: its group, its fields, and the sources below its own source."""

    group: ListGroup
    fields: tuple[Field, ...]
    below: tuple[Ask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be asked for these fields.

    ``asks`` in order of stage, the root first; ``single`` are the asks outside any list.
    """

    declaration: Declaration
    fields: tuple[Field, ...]
    lists: tuple[ListPlan, ...]
    asks: tuple[Ask, ...]
    single: tuple[Ask, ...]
    paths: frozenset[str]

    @property
    def root(self) -> Ask:
        """The first question."""
        return self.asks[0]

    def below(self, source: str) -> tuple[Ask, ...]:
        """The asks that wait for the rows of this source."""
        return tuple(
            ask for ask in self.asks if ask.link is not None and ask.link.origin.source == source
        )


def make_plan(declaration: Declaration, paths: Collection[str]) -> Plan:
    """The plan for these fields; nothing else is asked. Raises UnknownField."""
    for path in sorted(paths):
        if path not in declaration.fields:
            raise UnknownField(path)
    # In the order of the file, so that answers read the same whatever the order of the question.
    fields = [field for path, field in declaration.fields.items() if path in paths]
    asks = _asks(declaration, fields)
    lists = tuple(
        _list_plan(declaration, group, fields, asks) for group in _groups(declaration, fields)
    )
    inside = {ask.source.name for part in lists for ask in part.below}
    inside |= {part.group.source for part in lists}
    return Plan(
        declaration=declaration,
        fields=tuple(field for field in fields if not field.within),
        lists=lists,
        asks=asks,
        single=tuple(ask for ask in asks if ask.source.name not in inside),
        paths=frozenset(paths),
    )


def _groups(declaration: Declaration, fields: list[Field]) -> Iterator[ListGroup]:
    used = {field.within for field in fields}
    return (group for path, group in declaration.lists.items() if path in used)


def _list_plan(
    declaration: Declaration, group: ListGroup, fields: list[Field], asks: tuple[Ask, ...]
) -> ListPlan:
    return ListPlan(
        group=group,
        fields=tuple(field for field in fields if field.within == group.path),
        below=tuple(
            ask
            for ask in asks
            if ask.source.name != group.source
            and group.source in declaration.chain(ask.source.name)
        ),
    )


def _asks(declaration: Declaration, fields: list[Field]) -> tuple[Ask, ...]:
    needs = _needs(declaration, fields)
    asks = [
        Ask(
            source=declaration.sources[name],
            link=declaration.links.get(name),
            by=_key_column(declaration, name),
            columns={column: tuple(why) for column, why in columns.items()},
            stage=len(declaration.chain(name)),
        )
        for name, columns in needs.items()
    ]
    return tuple(sorted(asks, key=lambda ask: ask.stage))


def _needs(declaration: Declaration, fields: list[Field]) -> dict[str, dict[str, list[str]]]:
    """Per source the columns and why; a source that nobody needs is not there."""
    needs: dict[str, dict[str, list[str]]] = {}

    def need(column: Column, why: str) -> None:
        for name in declaration.chain(column.source):
            _add(needs, name, _key_column(declaration, name), "koppeling")
            if name != declaration.root.source:
                origin = declaration.links[name].origin
                _add(needs, origin.source, origin.name, "koppeling")
        _add(needs, column.source, column.name, why)

    need(declaration.root, "koppeling")
    for field in fields:
        for column in field.columns:
            need(column, field.path)
    for path in {field.within for field in fields} - {""}:
        group = declaration.lists[path]
        if group.order:
            need(Column(source=group.source, name=group.order), "volgorde")
    if declaration.subject is not None:
        need(declaration.subject.column, "logregel")
    return needs


def _add(needs: dict[str, dict[str, list[str]]], source: str, column: str, why: str) -> None:
    reasons = needs.setdefault(source, {}).setdefault(column, [])
    if why not in reasons:
        reasons.append(why)


def _key_column(declaration: Declaration, source: str) -> str:
    if source == declaration.root.source:
        return declaration.root.name
    return declaration.links[source].target.name
