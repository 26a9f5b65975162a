# SPDX-License-Identifier: EUPL-1.2
"""Contracts that wait for our validator: asked one by one, signed or left to a person.

A contract is put to the validator once. Its yes places our accept, its no our reject; anything else
leaves the contract to a person. What was decided, how and why is kept beside the contract.
Source: FSC Core, "Contract management"; FSC External Contract Reference (audit of decisions).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec
import structlog

from landschap.fsc import store
from landschap.fsc.autosign import AutoSign, Way, callout_types, grant_types, way_of
from landschap.fsc.client.callout import Verdict, ask_validator
from landschap.fsc.own import OwnPeer
from landschap.fsc.sentences import Names, all_words_of, checks_of
from landschap.fsc.states import Kind
from landschap.platform.fsc_settings import CalloutSettings
from landschap.platform.settings import Settings
from landschap.vocabulary.ijson import loads
from landschap.vocabulary.problems import ProblemError

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 2.0
_AFTER_ERROR_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class Decider:
    """What deciding needs; ``pool`` is of role ``landschap_fsc``, ``own`` gives who we are now."""

    settings: Settings
    pool: asyncpg.Pool
    own: Callable[[], OwnPeer]
    offered: Callable[[], Awaitable[frozenset[str]]]


async def keep_deciding(decider: Decider, stop: asyncio.Event) -> None:
    """Put every contract that waits for it to the validator, until ``stop``; none without one."""
    callout = decider.settings.fsc.callout
    if callout is None:
        return
    while not stop.is_set():
        pause = _LOOK_SECONDS
        try:
            await decide_waiting(decider, callout)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.warning("contracts can not be put to the validator now", error=str(error))
            pause = _AFTER_ERROR_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def decide_waiting(decider: Decider, callout: CalloutSettings) -> None:
    """Put each contract that nobody decided on to the validator."""
    fsc, own = decider.settings.fsc, decider.own()
    now = datetime.now(UTC)
    policy = AutoSign(
        own=own.peer_id,
        grant_types=grant_types(fsc.auto_sign, is_directory=own.is_directory, ways=fsc.sign.ways()),
        offered=await decider.offered(),
        callout=callout_types(fsc.sign.ways()),
    )
    names = Names(
        peers=await store.peer_names(decider.pool) | {own.peer_id.value: own.name}, purposes={}
    )
    for stored in await store.undecided(decider.pool, own.peer_id, now):
        if way_of(stored.contract, policy) is Way.CALLOUT:
            verdict = await ask_validator(callout, question_about(stored, own, names))
        else:
            # Said once, so that the next look does not read it again.
            verdict = Verdict(outcome="manual", reason="not a contract for the validator")
        await _carry_out(decider, own, stored, verdict)


def question_about(stored: store.StoredContract, own: OwnPeer, names: Names) -> bytes:
    """What the validator gets: the contract as it was signed, in words, and what to look at."""
    contract = stored.contract
    accepted = [s.peer_id.value for s in stored.signatures if s.kind is Kind.ACCEPT]
    return msgspec.json.encode(
        {
            "contentHash": contract.hash.value,
            "ownPeerId": own.peer_id.value,
            "content": loads(contract.canonical),
            "grants": [
                {"grantHash": each.hash.value, "type": each.grant.type.value}
                for each in contract.grants
            ],
            "participants": {each.value: names.peer(each) for each in contract.participants},
            "acceptedBy": accepted,
            "sentences": all_words_of(contract, names),
            "mustCheck": checks_of(contract, names),
        }
    )


async def _carry_out(
    decider: Decider, own: OwnPeer, stored: store.StoredContract, verdict: Verdict
) -> None:
    now = datetime.now(UTC)
    decision = store.Decision(
        way=Way.CALLOUT, outcome=verdict.outcome, reason=verdict.reason, decided_by="validator"
    )
    told = log.bind(contract=stored.contract.hash.value, outcome=verdict.outcome)
    try:
        async with decider.pool.acquire() as connection, connection.transaction():
            if verdict.outcome == "manual":
                await store.note_decision(connection, stored.contract.hash, decision, now)
            else:
                kind = Kind(verdict.outcome)
                await store.sign(connection, own, stored, kind, now, decision)
    except ProblemError as error:
        # A person was faster, or the contract ended while the validator thought.
        told.info("the verdict came too late", code=error.refusal.code)
        return
    told.info("contract decided by the validator", reason=verdict.reason)
