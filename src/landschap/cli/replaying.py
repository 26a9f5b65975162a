# SPDX-License-Identifier: EUPL-1.2
"""Taking decisions of the log again, and telling where the outcome is not what was recorded.

A decision at a door is taken on what held then and, where that is asked, on what holds at another
moment. What a service decided afterwards about a person is looked up again for that person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from landschap.cli.grounds import Grounds
from landschap.cli.replayed import Replayed, Status
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Kind, Record, leaf_of
from landschap.purposes.past import store as past
from landschap.purposes.past.differing import between
from landschap.purposes.past.recorded import Door, Recorded, decisions_in, map_of, text_of
from landschap.purposes.past.taking import (
    Agreed,
    Circumstances,
    Taken,
    differences_of,
    not_repeated,
    take,
)
from landschap.purposes.snapshot import Snapshot

# A statement may have come between the moment of a decision and its record; clocks differ.
_SLACK = timedelta(seconds=1)
_PERSONAL = frozenset(
    {"consent_missing", "consent_withdrawn", "objection_upheld", "processing_restricted"}
)
"""Codes of a service about a person, that follow from what was said of that person."""


class Replaying:
    """Takes decisions again. Reads only."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds

    def looks_at_persons(self, record: Record) -> bool:
        """True when the lines of its transaction are needed to take its decision again."""
        every = decisions_in(record.content(), at=record.columns.at, written_at=record.recorded_at)
        return self._grounds.looks_at_persons or any(
            each.door is Door.SERVICE or bool(each.context.get("checks")) for each in every
        )

    async def of_record(
        self, record: Record, together: Sequence[Record], *, with_causes: bool
    ) -> list[Replayed]:
        """The decisions of one record; ``together`` are the records of its transaction."""
        decisions = decisions_in(
            record.content(), at=record.columns.at, written_at=record.recorded_at
        )
        changed = leaf_of(record.columns, record.salt, record.payload) != record.leaf
        found = []
        for recorded in decisions:
            replayed = Replayed(record=record, recorded=recorded, status=Status.SAME)
            if changed:
                why = "the record is not what was sealed: run `landschap verify`"
                found.append(dataclasses.replace(replayed, status=Status.DIFFERS, reason=why))
            elif recorded.door is Door.SERVICE:
                found.append(await self._of_service(replayed, together))
            else:
                found.append(await self._of_door(replayed, together, with_causes=with_causes))
        return found

    async def _of_door(
        self, replayed: Replayed, together: Sequence[Record], *, with_causes: bool
    ) -> Replayed:
        recorded = replayed.recorded
        if not recorded.is_decided:
            return dataclasses.replace(
                replayed, status=Status.NOT_DECIDED, reason=_why_not_decided(recorded)
            )
        snapshot = await self._grounds.snapshot(recorded.version)
        if snapshot is None:
            return _impossible(replayed, f"the register {recorded.version} is not kept here")
        if snapshot.version != recorded.version:
            why = f"what is kept as register {recorded.version} is {snapshot.version}"
            return dataclasses.replace(replayed, status=Status.DIFFERS, reason=why)
        asks_contract = recorded.door in (Door.INWAY, Door.OUTWAY)
        agreed = await self._grounds.agreed_then(recorded) if asks_contract else None
        if asks_contract and agreed is None:
            return _impossible(replayed, "its contract is not kept here")
        then = self._then(recorded, snapshot, agreed)
        if then is None:
            return _impossible(replayed, "what was asked can not be read from the record")
        taken, differences = then
        if differences and recorded.lacks_fields:
            return _impossible(replayed, "it is of before the fields of a refusal were recorded")
        now = await self._grounds.at_other(recorded)
        taken, now = await self._with_persons(taken, now, together)
        differences = (*differences, *await self._wrongly_delivered(taken, together))
        return dataclasses.replace(
            replayed,
            status=Status.DIFFERS if differences else Status.SAME,
            differences=differences,
            then=taken,
            now=now,
            compared=between(taken, now) if now is not None and with_causes else None,
            not_repeated=not_repeated(recorded),
        )

    def _then(
        self, recorded: Recorded, snapshot: Snapshot, agreed: Agreed | None
    ) -> tuple[Taken, tuple[str, ...]] | None:
        """The outcome in the circumstances of then, and where it differs from the record."""
        found: tuple[Taken, tuple[str, ...]] | None = None
        before = None
        for moment in (recorded.at, recorded.written_at + _SLACK):
            marked = {} if recorded.door is Door.OUTWAY else self._grounds.marks_at(moment)
            if marked == before:
                break
            before = marked
            circumstances = Circumstances(
                at=recorded.at,
                snapshot=snapshot,
                agreed=agreed,
                marked=marked,
            )
            taken = take(recorded, circumstances)
            if taken is None:
                return None
            differences = differences_of(taken, recorded)
            found = found if found is not None and differences else (taken, differences)
            if not differences:
                break
        return found

    async def _with_persons(
        self, then: Taken, now: Taken | None, together: Sequence[Record]
    ) -> tuple[Taken, Taken | None]:
        """Both outcomes, after what the service looks up of the persons of this transaction."""
        sides = [each for each in (then, now) if each is not None and each.decision is not None]
        if not any(each.decision and each.decision.checks for each in sides):
            return then, now
        persons = sorted({s for each in together if (s := each.columns.subject) is not None})
        if not persons:
            return then, now
        pool = self._grounds.rooms.purposes
        told_then = await past.said_until(pool, persons, then.circumstances.at)
        found = then.about(told_then)
        if now is None:
            return found, None
        return found, now.about(await past.said_until(pool, persons, now.circumstances.at))

    async def _of_service(self, replayed: Replayed, together: Sequence[Record]) -> Replayed:
        """What a service decided after the door, of the person."""
        recorded = replayed.recorded
        if recorded.code not in _PERSONAL:
            why = "the service decided it on what its answer held, not on the register of purposes"
            return dataclasses.replace(replayed, status=Status.NOT_DECIDED, reason=why)
        door = await self._door_of(together)
        if door is None or door.then is None:
            return _impossible(replayed, "the decision at the door is not kept here")
        if not door.then.circumstances.persons:
            return _impossible(replayed, "the lines about the person are not kept here")
        codes = set(door.then.stopped.values())
        late = await self._later(door.then, recorded.written_at)
        codes |= set(late.stopped.values())
        differences: tuple[str, ...] = ()
        if recorded.code not in codes:
            told = ", ".join(sorted(codes)) or "nothing"
            differences = (f"of the person: {recorded.code} -> {told}",)
        return dataclasses.replace(
            replayed,
            status=Status.DIFFERS if differences else Status.SAME,
            differences=differences,
            then=door.then,
            now=door.now,
            compared=between(door.then, door.now) if door.now is not None else None,
        )

    async def _door_of(self, together: Sequence[Record]) -> Replayed | None:
        """The decision at the door by which the service was asked."""
        for record in together:
            if record.columns.kind == Kind.LINE or _is_of_service(record):
                continue
            for each in await self.of_record(record, together, with_causes=False):
                if each.recorded.allowed and each.then is not None:
                    return each
        return None

    async def _wrongly_delivered(self, taken: Taken, together: Sequence[Record]) -> tuple[str, ...]:
        """An alarm of its own: something was delivered of somebody who could not be used then."""
        lines = [each for each in together if each.columns.subject in taken.stopped]
        delivered = {
            person: each
            for each in lines
            if (person := each.columns.subject) is not None and _is_delivered(each)
        }
        codes = set()
        for person, line in delivered.items():
            late = await self._later(taken, line.recorded_at)
            codes |= {late.stopped[person]} if person in late.stopped else set()
        return tuple(f"of a person: delivered -> {code}" for code in sorted(codes))

    async def _later(self, taken: Taken, moment: datetime) -> Taken:
        """The same outcome with what had been said of its persons by a later moment."""
        persons = list(taken.circumstances.persons)
        pool = self._grounds.rooms.purposes
        return taken.about(await past.said_until(pool, persons, moment + _SLACK))


def _why_not_decided(recorded: Recorded) -> str:
    if recorded.kind.startswith("search_"):
        return "a search asks for no decision in particular"
    if recorded.allowed:
        by = text_of(recorded.context.get("by"))
        return f"permitted without a decision on a purpose ({by or 'as recorded'})"
    if not recorded.code:
        return "refused because the question could not be understood"
    return f"refused by {recorded.code}, before anything was decided on its purpose"


def _is_of_service(record: Record) -> bool:
    every = decisions_in(record.content(), at=record.columns.at, written_at=record.recorded_at)
    return any(each.door is Door.SERVICE for each in every)


def _is_delivered(line: Record) -> bool:
    outcome = map_of(line.content().get("landschap")).get("outcome")
    return outcome in (Outcome.DELIVERED.value, Outcome.PARTIAL.value)


def _impossible(replayed: Replayed, why: str) -> Replayed:
    return dataclasses.replace(replayed, status=Status.IMPOSSIBLE, reason=why)
