# SPDX-License-Identifier: EUPL-1.2
"""What comparing a copy writes into the log, and what the log says of who still reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.gateway.usage.store import Rooms
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter, lanes, stretches, uses_between
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.store import activity_at

_AT_ONCE = 500
_LINE = "Kopie vergelijken met de bron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What is the same in the lines: the kind of number, under which activity, of what."""

    kind: str
    activity: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who asked a logical source for which purpose, how often, and when last."""

    who: str
    purpose: str
    questions: int
    last: datetime


async def require_activity(rooms: Rooms, activity: str, now: datetime) -> None:
    """Raises Trouble when there is no such processing activity."""
    if await activity_at(rooms.purposes, activity, now) is None:
        raise Trouble(
            f"there is no processing activity {activity}",
            "`landschap purpose list --json` names them",
        )


async def write_lines(
    settings: Settings, looked: Looked, numbers: Sequence[str], now: datetime
) -> None:
    """A line per person that was read. Raises LogUnavailable: no line, nothing is shown."""
    keys = pseudonym_keys(settings)
    newest, trace, oin = max(keys), new_trace_id(), settings.organisation.oin
    writer = LogWriter(settings, "operator")
    await writer.start()
    try:
        for begin in range(0, len(numbers), _AT_ONCE):
            lines = [
                LineEntry(
                    trace_id=trace, span_id=new_span_id(), name=_LINE, started_at=now, ended_at=now,
                    controller=oin.value, outcome=Outcome.DELIVERED,
                    system="landschap source compare", activity=looked.activity,
                    subject=subject_pseudonym(keys[newest], oin, looked.kind, each),
                    subject_type=f"{pseudonym_space(settings)}/{looked.kind}/{newest}",
                    key_id=newest, data_groups=(looked.name,),
                )
                for each in numbers[begin : begin + _AT_ONCE]
            ]  # fmt: skip
            await writer.append([line_draft(each, now=now) for each in lines])
    finally:
        await writer.close()


async def readers_of(rooms: Rooms, service: str, since: datetime, until: datetime) -> list[Reading]:
    """Who asked this logical source in ``[since, until)``, most questions first."""
    found: dict[tuple[str, str], Reading] = {}
    every = await lanes(rooms.log)
    for begin, end in stretches(since, until):
        for each in await uses_between(rooms.log, every, begin, end):
            if each.what != "question" or each.service != service:
                continue
            place = each.who, each.purpose
            known = found.get(place)
            found[place] = Reading(
                who=each.who,
                purpose=each.purpose,
                questions=each.asked + (known.questions if known else 0),
                last=max(each.last, known.last) if known else each.last,
            )
    return sorted(found.values(), key=lambda one: (-one.questions, one.who, one.purpose))
