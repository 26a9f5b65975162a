# SPDX-License-Identifier: EUPL-1.2
"""Finding what is past its term: each object held against the rules, as known now."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from landschap.registers.disposal import Hold, Item
from landschap.registers.forgetting import KnowledgeRule, superseded
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import Due, Groups, Rule, Rules, judge, value_at
from landschap.registers.store.destroying import Pseudonyms
from landschap.registers.store.disposal import holds, objects
from landschap.registers.store.reading import history_of, known_at
from landschap.registers.store.rows import Pool
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One object: what its rules say, None when no term runs; and the holds on it."""

    type: ObjectType
    object_id: str
    last_number: int
    due: Due | None
    holds: Sequence[Hold]

    def is_due(self, day: date) -> bool:
        """True when its term is over on a day and nothing holds it."""
        return self.due is not None and self.due.due_on <= day and not self.holds

    def item(self) -> Item:
        """The object as a list names it, with the rule as it is now."""
        rule: dict[str, JsonValue] = {} if self.due is None else self.due.rule.as_json()
        return Item(
            type_key=self.type.key,
            object_id=self.object_id,
            last_number=self.last_number,
            rule=rule,
            since=self.due.since if self.due else None,
            due_on=self.due.due_on if self.due else None,
        )


async def judged(
    pool: Pool, register: Register, rules: Rules, now: datetime, pseudonyms: Pseudonyms
) -> AsyncGenerator[Judged, None]:
    """Every object of the types that have rules, in order of type and id, at flat memory."""
    known = await known_at(pool, register, now)
    standing = await holds(pool, register)
    for kind in register.types.values():
        of_kind = rules.of(kind)
        if not of_kind:
            continue
        async for object_id, groups in objects(pool, kind):
            there = await _at_other_ends(pool, of_kind, groups)
            due = judge(of_kind, groups, known, partial(_of, there))
            subjects = pseudonyms(kind, groups) if standing else ()
            rule_id = due.rule.id if due else ""
            yield Judged(
                type=kind,
                object_id=object_id,
                last_number=max(a.number for group in groups.values() for a in group),
                due=due,
                holds=[h for h in standing if h.covers(kind.key, object_id, rule_id, subjects)],
            )


def _of(there: Mapping[tuple[str, str], Groups], kind: ObjectType, object_id: str) -> Groups:
    return there[kind.key, object_id]


async def _at_other_ends(
    pool: Pool, rules: Sequence[Rule], groups: Groups
) -> dict[tuple[str, str], Groups]:
    """The histories of the objects that the rules look at through this one."""
    found: dict[tuple[str, str], Groups] = {}
    for rule in rules:
        if rule.person is None:
            continue
        for assertion in (a for group in groups.values() for a in group):
            named = value_at(assertion.content or {}, rule.via)
            if isinstance(named, str) and (rule.person.key, named) not in found:
                found[rule.person.key, named] = await history_of(pool, rule.person, named)
    return found


async def size_of(pool: Pool, register: Register, rules: Rules) -> int:
    """How many objects `judged` will look at, for a progress bar."""
    total = 0
    for kind in register.types.values():
        if rules.of(kind):
            total += await pool.fetchval(
                """SELECT count(DISTINCT a.object_id) FROM registers.assertion a
                   WHERE a.object_type = $1 AND NOT EXISTS (
                       SELECT FROM registers.disposal_record r
                       WHERE r.object_type = $1 AND r.object_id = a.object_id AND r.whole)""",
                kind.key,
            )
    return total


async def items_of(
    pool: Pool, kind: ObjectType, ids: Sequence[str], numbers: tuple[int, ...] | None
) -> list[Item]:
    """These objects as items of a list outside any term; those that are not there are left out."""
    return [
        Item(
            type_key=kind.key,
            object_id=object_id,
            last_number=max(a.number for group in groups.values() for a in group),
            numbers=numbers,
        )
        async for object_id, groups in objects(pool, kind, ids)
    ]


async def about(
    pool: Pool, register: Register, subject_kind: str, number: str
) -> dict[str, list[str]]:
    """The objects that were ever about a person, by name of type; nothing of their content."""
    found: dict[str, list[str]] = {}
    for kind in register.types.values():
        subject = kind.subject
        if subject is None or subject.subject_kind != subject_kind:
            continue
        rows = await pool.fetch(
            """SELECT DISTINCT object_id FROM registers.assertion
               WHERE object_type = $1 AND inhoud ->> $2 = $3 ORDER BY 1""",
            kind.key, subject.name, number,
        )  # fmt: skip
        if rows:
            found[kind.name] = [row["object_id"] for row in rows]
    return found


async def replaced(
    pool: Pool, register: Register, rule: KnowledgeRule, now: datetime, since: datetime
) -> AsyncGenerator[Item, None]:
    """What was replaced in the knowledge about a type before a moment, per object not held.

    ``since`` is the horizon: every question about knowledge from then on keeps its answer.
    """
    known = [await known_at(pool, register, now, since, clock=clock) for clock in Clock]
    standing = await holds(pool, register)
    async for object_id, groups in objects(pool, rule.type):
        # Replaced on both clocks: a question may be asked on either.
        both = [set(superseded(groups, each)) for each in known]
        numbers = sorted(both[0].intersection(*both[1:]))
        if numbers and not any(h.covers(rule.type.key, object_id, rule.id, ()) for h in standing):
            yield Item(
                type_key=rule.type.key,
                object_id=object_id,
                last_number=max(a.number for group in groups.values() for a in group),
                rule=rule.as_json(),
                due_on=amsterdam_day(now),
                numbers=tuple(numbers),
            )
