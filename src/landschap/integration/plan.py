# SPDX-License-Identifier: EUPL-1.2
"""From permitted fields to what is asked: which sources, by which key, in which stage, how little.

The plan is a value, made before any source is contacted and kept per set of fields. It is the
first of two locks: a column that no permitted field, link or log line needs stands in no question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from landschap.integration.model import Column, Declaration, Field, Link, ListGroup, Source
from landschap.registers.deriving import Derivations, inputs_of


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

    def is_told(self, paths: Collection[str]) -> bool:
        """True when one of its fields was chosen, and not only what follows from it."""
        return any(field.path in paths for field in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be asked for these fields.

    ``asks`` in order of stage, the root first; ``single`` are the asks outside any list. ``paths``
    are the fields that were chosen; ``fields`` and ``lists`` also hold what a derived one of these
    follows from (``hidden``), which goes no further than the merge.
    """

    declaration: Declaration
    fields: tuple[Field, ...]
    lists: tuple[ListPlan, ...]
    asks: tuple[Ask, ...]
    single: tuple[Ask, ...]
    paths: frozenset[str]
    derived: Derivations
    hidden: frozenset[str]

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
    rules = declaration.derived
    hidden = inputs_of(rules, paths) - frozenset(paths)
    read = {*paths, *hidden}
    # In the order of the file, so that answers read the same whatever the order of the question.
    fields = [
        field
        for path, field in declaration.fields.items()
        if path in read and field.derived is None
    ]
    asks = _asks(declaration, _Needed(fields, frozenset(paths), hidden))
    lists = tuple(
        _list_plan(declaration, group, fields, asks)
        for group in _groups(declaration, fields, hidden)
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
        derived={path: rule for path, rule in rules.items() if path in read},
        hidden=hidden,
    )


class _Needed(NamedTuple):
    """The fields that are read: those that were chosen, and what these follow from."""

    fields: list[Field]
    chosen: frozenset[str]
    hidden: frozenset[str]

    def why(self, declaration: Declaration, path: str) -> tuple[str, ...]:
        """For which chosen fields a path is read."""
        if path in self.chosen:
            return (path,)
        rules = declaration.derived
        return tuple(
            name for name in rules if path in inputs_of(rules, [name]) and name in self.chosen
        )


def _groups(
    declaration: Declaration, fields: list[Field], hidden: frozenset[str]
) -> Iterator[ListGroup]:
    used = {field.within for field in fields} | hidden
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


def _asks(declaration: Declaration, needed: _Needed) -> tuple[Ask, ...]:
    needs = _needs(declaration, needed)
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


def _needs(declaration: Declaration, needed: _Needed) -> dict[str, dict[str, list[str]]]:
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
    for field in needed.fields:
        for column in field.columns:
            for why in needed.why(declaration, field.path):
                need(column, why)
    for path in needed.hidden & declaration.lists.keys():
        source = declaration.lists[path].source
        for why in needed.why(declaration, path):
            need(Column(source=source, name=_key_column(declaration, source)), why)
    for path in {field.within for field in needed.fields} - {""}:
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
