# SPDX-License-Identifier: EUPL-1.2
"""Whose a pseudonym is: found by who holds the key, by trying all values, with a record.

A pseudonym can not be turned round. Who holds the key makes those of all values that the source has
and compares; who does not hold it has nothing to try with. The reason and the person stand in the
log before anything is told, also when nothing was found.
Source: AVG art. 4 lid 5, art. 5 lid 2; WP29, Opinion 05/2014, 4.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from landschap.integration.bulk.assembling import Leaving
from landschap.integration.bulk.extracts import Form, columns_of
from landschap.integration.connectors.bulk.engine import Limits
from landschap.integration.connectors.bulk.extracting import EngineFailed, Places, opened_extract
from landschap.integration.connectors.bulk.office import Office, Wish, decided
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.lines import SYSTEM
from landschap.integration.plan import make_plan
from landschap.integration.rows import Connector, key_text
from landschap.logboek.drafts import line_draft, refused_draft
from landschap.logboek.payloads import AdlEntry, LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.platform.ids import new_span_id, uuid7
from landschap.platform.trouble import Trouble
from landschap.purposes.decision import Decision
from landschap.purposes.duties import NO_DUTIES, Duties, pseudonym_of
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

ACTION = "herleiden"
NAME = "Herleiden van een pseudoniem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which pseudonym, of which field; why, and who says so."""

    pseudonym: str
    field: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What the pseudonym stands for, and by which of our keys it was made."""

    value: JsonValue
    key_id: int


class Reidentification:
    """Finding whose a pseudonym is. ``keys`` are the living keys by number."""

    def __init__(self, office: Office, wish: Wish, keys: Mapping[int, bytes], work: Path) -> None:
        self.office, self.wish, self.keys, self.work = office, wish, keys, work
        self._trace = uuid7().bytes

    async def run(
        self, search: Search, around: Surroundings, doors: Mapping[str, Connector], limits: Limits
    ) -> Hit | None:
        """The value, after the log has it. Raises Trouble, ProblemError and NoBegin."""
        if search.field not in self.wish.declaration.fields:
            raise Trouble(
                f"{self.wish.declaration.name} has no field {search.field}",
                "give the field that the pseudonym stood in",
            )
        now = datetime.now(UTC)
        decision = await decided(self.office, self.wish, now)
        if not decision.allow:
            await self.office.log.append([self._decision(search, decision, now)])
            raise ProblemError(decision.refusal())
        leaving = self._leaving(search)
        try:
            places = Places(work=self.work, out=self.work)
            async with opened_extract(
                leaving, self.wish.moment, around, doors, places=places, limits=limits
            ) as extract:
                await extract.look()
                outputs = extract.statement().outputs
                columns = columns_of(leaving.plan, outputs, leaving.chosen, NO_DUTIES)
                file = extract.folder / "waarden.jsonl"
                await extract.write(columns, Form.LINES, file)
                found = self._found(search, decision, file)
        except EngineFailed as failed:
            raise Trouble(f"not looked: {failed}", "see the log") from None
        drafts = [self._decision(search, decision, now)]
        if found is not None:
            drafts.append(self._line(decision, found, now))
        await self.office.log.append(drafts)
        return found

    def _leaving(self, search: Search) -> Leaving:
        chosen = frozenset({search.field})
        plan = make_plan(self.wish.declaration, chosen)
        day = self.wish.moment.valid_on
        return Leaving(plan=plan, chosen=chosen, day=day, rows=(), duties=NO_DUTIES)

    def _found(self, search: Search, decision: Decision, file: Path) -> Hit | None:
        duties = Duties(receiver=self.wish.receiver, purpose=decision.purpose)
        tried: set[str] = set()
        for value in _values(file, search.field):
            if value is None or str(value) in tried:
                continue
            tried.add(str(value))
            for number, secret in self.keys.items():
                made = pseudonym_of(replace(duties, secret=secret), search.field, value)
                if made == search.pseudonym:
                    return Hit(value=value, key_id=number)
        return None

    def _decision(self, search: Search, decision: Decision, now: datetime) -> Draft:
        """Who asked, and why. The pseudonym itself stays out: it is of somebody."""
        context: dict[str, JsonValue] = {
            "purpose": self.wish.purpose,
            "receiver": self.wish.receiver,
            "field": search.field,
            "reason": search.reason,
            "by": search.by,
        }
        entry = AdlEntry(
            trace_id=self._trace,
            span_id=new_span_id(),
            at=now,
            references={"adl.core.policies": {"purposes": decision.snapshot}},
            body={
                "adl.core.request": {
                    "subject": {"type": "organisation", "id": self.office.controller.value},
                    "action": {"name": ACTION},
                    "resource": {"type": "service", "id": self.wish.service},
                    "context": context,
                },
                "adl.core.response": {"decision": decision.allow, "context": {}},
            },
        )
        return refused_draft(entry, peer=self.office.controller.value, service=self.wish.service)

    def _line(self, decision: Decision, found: Hit, now: datetime) -> Draft:
        """The line that the person finds."""
        declaration, office, activity = self.wish.declaration, self.office, decision.activity
        kind = declaration.subject.kind if declaration.subject else "bsn"
        try:
            subject = subject_pseudonym(
                office.line_key, office.controller, kind, key_text(found.value)
            )
        except InvalidValue:
            raise Trouble(
                "what was found is no number of a person, so nobody could be told of it",
                f"only pseudonyms of {kind} are found back",
            ) from None
        entry = LineEntry(
            trace_id=self._trace,
            span_id=new_span_id(),
            name=NAME,
            started_at=now,
            ended_at=max(datetime.now(UTC), now),
            controller=office.controller.value,
            outcome=Outcome.DELIVERED,
            system=SYSTEM,
            activity=activity.uri if activity else None,
            activity_version=activity.version if activity else None,
            subject=subject,
            subject_type=f"{office.pseudonym_space}/{kind}/{office.key_id}",
            key_id=office.key_id,
            purpose=decision.purpose,
            data_groups=(declaration.data_group(declaration.key),),
        )
        return line_draft(entry, now=entry.ended_at, service=self.wish.service)


def _values(file: Path, path: str) -> Iterator[JsonValue]:
    """All values of a field in a file of records."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield from _at(json.loads(line), path.split("."))


def _at(value: JsonValue, steps: list[str]) -> Iterator[JsonValue]:
    if isinstance(value, list):
        for each in value:
            yield from _at(each, steps)
    elif not steps:
        yield value
    elif isinstance(value, Mapping):
        yield from _at(value.get(steps[0]), steps[1:])
