# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the console: emergency access, persons who ask what is known, data breaches."""

from __future__ import annotations

from datetime import timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, shown
from landschap.console.council.store.incidents import incidents_between
from landschap.console.officers.store import asked_between
from landschap.console.store import emergencies_between


async def emergency_reasons(asked: Asked, most: timedelta) -> Found:
    """Every use of emergency access has a reason, and another judged it within ``most``.

    It is only taken in the console, so that no use written down means that there was none.
    """
    used = await emergencies_between(await asked.pool("console"), asked.since, asked.until)
    late = sum((each.reviewed_at or asked.now) > each.until + most for each in used)
    bare = sum(not each.reason.strip() for each in used)
    wrong = sum(each.was_right is False for each in used)
    facts: Facts = {
        "uses": len(used),
        "judgedLate": late,
        "withoutReason": bare,
        "judgedWrong": wrong,
    }
    if late or bare:
        words = f"{late} of {len(used)} uses not judged in time, {bare} without a reason"
        return failed(words, **facts)
    if not used:
        return shown("emergency access was not used", **facts)
    words = f"{len(used)} uses, each with a reason; {wrong} were judged to be wrong"
    return shown(words, **facts)


async def access_in_time(asked: Asked, _most: timedelta) -> Found:
    """Every question of a person (AVG art. 15) was decided on within a month."""
    every = await asked_between(await asked.pool("console"), asked.since, asked.until)
    late = sum((each.decided_at or asked.now) > each.until for each in every)
    waiting = sum(each.decided_at is None for each in every)
    facts: Facts = {"questions": len(every), "late": late, "open": waiting}
    if late:
        return failed(f"{late} of {len(every)} questions were not decided in a month", **facts)
    if not every:
        return missing("no question is in the console; those asked elsewhere are not seen", **facts)
    words = f"{len(every)} questions, {waiting} open, none longer than a month"
    return shown(words, **facts)


async def breaches_in_time(asked: Asked, _most: timedelta) -> Found:
    """Each data breach that was noted was told to the authority, or closed, within 72 hours.

    Source: AVG art. 33 lid 1; why one need not be told stands where it was closed (lid 5).
    """
    every = await incidents_between(await asked.pool("console"), asked.since, asked.until)
    late = sum(each.is_late(asked.now) for each in every)
    told = sum(each.authority_at is not None for each in every)
    facts: Facts = {"breaches": len(every), "toldToAuthority": told, "late": late}
    if late:
        return failed(f"{late} of {len(every)} breaches were not dealt with in 72 hours", **facts)
    if not every:
        return missing("no data breach was noted here; those kept elsewhere are not seen", **facts)
    words = f"{len(every)} breaches, {told} told to the authority, none later than 72 hours"
    return shown(words, **facts)
