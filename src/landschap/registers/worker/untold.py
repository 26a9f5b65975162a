# SPDX-License-Identifier: EUPL-1.2
"""Which notices are not told to a subscriber: those about a person whose data may not be used.

A notice says no more than that something changed, but of whom something changed is use of what is
kept about that person. So what a door names in a permit is looked up here too, before each
delivery: a restriction, an upheld objection, a consent that is needed. That an object was
destroyed is always told: whoever received it has to know.
Source: AVG art. 18, art. 19, art. 21.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from landschap.purposes.needs import against
from landschap.purposes.second_look import Persons
from landschap.registers.models import ObjectType, Registers
from landschap.registers.notices import Notice
from landschap.registers.store.closing import destroyed_of
from landschap.registers.store.rows import Connection
from landschap.registers.store.subjects import subjects_of
from landschap.registers.subscriptions import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is looked up about a person for one subscription, and for which activity."""

    checks: Sequence[str]
    activity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Looks up what may not be told.

    ``checked`` says what is to be looked up for a subscription, ``pseudonym`` makes what stands for
    a person from the kind of its number and the number.
    """

    pool: Connection
    registers: Registers
    checked: Callable[[Subscription], Awaitable[Checked]]
    persons: Persons
    pseudonym: Callable[[str, str], bytes]

    async def why_not(self, to: Subscription) -> str:
        """Why nothing can be told at all: of whom it would be can not be looked up."""
        if not (await self.checked(to)).checks:
            return ""
        for key in to.wanted.filters.type_keys:
            kind = self._type(key)
            if kind.holds_personal_data and kind.subject is None:
                return (
                    f"a person may not be used, and {kind.collection} do not say whom they are of"
                )
        return ""

    async def untold(self, to: Subscription, notices: Sequence[Notice]) -> frozenset[int]:
        """The numbers of the notices that may not be told to this subscriber."""
        checked = await self.checked(to)
        if not checked.checks:
            return frozenset()
        found: set[int] = set()
        for key in {each.type_key for each in notices}:
            kind = self._type(key)
            if kind.holds_personal_data:
                of_kind = [each for each in notices if each.type_key == key]
                ids = await self._stopped(kind, of_kind, to, checked)
                found.update(each.number for each in of_kind if each.object_id in ids)
        return frozenset(found)

    async def _stopped(
        self, kind: ObjectType, notices: Sequence[Notice], to: Subscription, checked: Checked
    ) -> set[str]:
        """The objects of one type that are about somebody who may not be used, or about nobody."""
        ids = sorted({each.object_id for each in notices})
        gone = {
            object_id
            for _, object_id in await destroyed_of(self.pool, [(kind.key, i) for i in ids])
        }
        whom = await subjects_of(self.pool, kind, ids)
        subject_kind = kind.subject.subject_kind if kind.subject else ""
        pseudonyms = {
            number: self.pseudonym(subject_kind, number)
            for number in frozenset[str]().union(*whom.values())
        }
        said = await self.persons(list(pseudonyms.values())) if pseudonyms else {}
        stopped = {
            number
            for number, pseudonym in pseudonyms.items()
            if against(
                checked.checks, said.get(pseudonym, ()),
                purpose=to.purpose, receiver=to.peer, activity=checked.activity,
            )
        }  # fmt: skip
        return {
            each
            for each in ids
            if each not in gone and (each not in whom or not stopped.isdisjoint(whom[each]))
        }

    def _type(self, key: str) -> ObjectType:
        register, _, name = key.partition(".")
        return self.registers.type(register, name)
