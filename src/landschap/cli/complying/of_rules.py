# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the register of purposes and from the contracts with other organisations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, named, shown
from landschap.cli.verify import LOG_READER
from landschap.fsc.states import Kind, State
from landschap.fsc.store import connection_grants, contracts
from landschap.logboek.disclosure import undecided
from landschap.logboek.store.holds import holds
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.model import ProcessingActivity
from landschap.purposes.past.store import adopted_between, in_force
from landschap.purposes.public import is_confidential
from landschap.purposes.store import snapshot_by_version
from landschap.purposes.versions import version_at
from landschap.vocabulary.times import amsterdam_day, as_utc_text

_NO_REGISTER = "no register of processing activities was in force"
_Versions = Mapping[str, tuple[ProcessingActivity, ...]]


async def activities_with_ground(asked: Asked, _most: timedelta) -> Found:
    """Every activity of the register in force at the end of the period names a legal basis."""
    return await _activities(asked, "a legal basis", lambda each: bool(each.legal_bases))


async def activities_with_dpia(asked: Asked, _most: timedelta) -> Found:
    """Every activity says which DPIA was made, or in the same field why none is needed."""
    return await _activities(asked, "a DPIA", lambda each: bool(each.dpia))


async def activities_with_retention(asked: Asked, _most: timedelta) -> Found:
    """Every activity says how long data is kept, and how long its log is."""
    return await _activities(
        asked, "terms", lambda each: bool(each.retention and each.log_retention)
    )


async def held_back_reviewed(asked: Asked, _most: timedelta) -> Found:
    """What is held back was decided by two people, and looked at again in time."""
    versions = await _versions(asked)
    if not versions:
        return missing(_NO_REGISTER)
    confidential = [uri for uri, every in versions.items() if is_confidential(every)]
    found = await holds(await asked.pool("logboek", role=LOG_READER), asked.moment)
    standing = [each for each in found if each.stands]
    late = [each for each in standing if each.is_overdue(amsterdam_day(asked.moment))]
    bare = undecided(confidential, found)
    facts: Facts = {
        "activities": len(versions),
        "heldBack": len({each.activity for each in standing if each.activity} | set(confidential)),
        "casesHeldBack": sum(bool(each.case) for each in standing),
        "overdue": len(late),
        "undecided": len(bare),
    }
    if late:
        numbers = [str(each.hold_id) for each in late]
        return failed(f"not looked at again in time: {named(numbers)}", **facts)
    if bare:
        return missing(f"{len(bare)} activities are held back without a decision", **facts)
    if not standing:
        return shown("nothing is held back from residents", **facts)
    last = min(each.review_at for each in standing)
    words = f"{len(standing)} holds by two persons, looked at again in time; the next on {last}"
    return shown(words, **facts)


async def register_four_eyes(asked: Asked, _most: timedelta) -> Found:
    """Each change of the register in the period had an author and another who approved."""
    pool = await asked.pool("purposes")
    if await in_force(pool, asked.moment) is None:
        return missing(_NO_REGISTER)
    every = await adopted_between(pool, asked.since, asked.until)
    changes = [each for each in every if each.adopted_at >= asked.since]
    one = [e.version for e in changes if e.author.casefold() == e.approver.casefold()]
    facts: Facts = {"changes": len(changes), "byOnePerson": len(one)}
    if one:
        return failed(f"one person wrote and approved {named(one)}", **facts)
    if not changes:
        return missing("the register was not changed in the period", **facts)
    last = as_utc_text(changes[-1].adopted_at)
    return shown(f"{len(changes)} changes, each by two persons; the last of {last}", **facts)


async def contracts_in_force(asked: Asked, _most: timedelta) -> Found:
    """There are contracts in force; which ended or were withdrawn in the period is counted."""
    found = await contracts(await asked.pool("fsc"))
    valid = sum(each.state(asked.moment) is State.VALID for each in found)
    ended = sum(asked.since <= each.contract.not_after < asked.moment for each in found)
    revoked = sum(
        any(s.kind is Kind.REVOKE and asked.since <= s.signed_at < asked.until
            for s in each.signatures)
        for each in found
    )  # fmt: skip
    facts: Facts = {"inForce": valid, "ended": ended, "revoked": revoked}
    if not valid:
        return missing("no contract was in force at the end of the period", **facts)
    words = f"{valid} contracts in force, {ended} ended and {revoked} revoked in the period"
    return shown(words, **facts)


async def contracts_with_purpose(asked: Asked, _most: timedelta) -> Found:
    """Every connection in force is bound to purposes."""
    grants = await connection_grants(await asked.pool("fsc"), asked.moment)
    valid = [each for each in grants if each.valid_at(asked.moment)]
    if not valid:
        return missing("no connection was in force at the end of the period")
    bare = []
    for each in valid:
        bound = read_bound(each.properties)
        if not isinstance(bound, Bound) or not bound.purposes:
            bare.append(f"{each.service_name} ({each.grant_hash!s:.16})")
    facts: Facts = {"connections": len(valid), "withoutPurpose": len(bare)}
    if bare:
        return failed(f"not bound to a purpose: {named(bare)}", **facts)
    return shown(f"{len(valid)} connections, each bound to purposes", **facts)


async def _versions(asked: Asked) -> _Versions:
    pool = await asked.pool("purposes")
    adopted = await in_force(pool, asked.moment)
    snapshot = await snapshot_by_version(pool, adopted.version) if adopted else None
    return snapshot.activity_versions if snapshot else {}


async def _activities(asked: Asked, what: str, has: Callable[[ProcessingActivity], bool]) -> Found:
    """Hold each activity that held at the end of the period against a rule."""
    found = [version_at(every, asked.moment) for every in (await _versions(asked)).values()]
    there = [each for each in found if each is not None]
    if not there:
        return missing(_NO_REGISTER)
    without = sorted(each.uri.rpartition("/")[2] for each in there if not has(each))
    facts: Facts = {"activities": len(there), "without": len(without)}
    if without:
        return failed(f"without {what}: {named(without)}", **facts)
    return shown(f"{len(there)} activities, each with {what}", **facts)
