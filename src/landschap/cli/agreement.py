# SPDX-License-Identifier: EUPL-1.2
"""Contracts as the command line shows them: a sentence, a state, who must still sign, what waits.

One look gathers all that is needed for any number of contracts, so that a list costs the same few
statements as a single one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from landschap.fsc import store
from landschap.fsc.client import own_peer
from landschap.fsc.connections import HeldToken
from landschap.fsc.contracts import Contract, HashedGrant
from landschap.fsc.delegation import Delegation, delegations_of
from landschap.fsc.grants import Connection, Publication, Registration
from landschap.fsc.own import OwnPeer
from landschap.fsc.sentences import LANGUAGES, Names, all_words_of, checks_of, words_of
from landschap.fsc.states import Kind, missing_accepts
from landschap.gateway.plan import peer_upstream_name
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.platform.sockets import ask
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

FICTITIOUS = "verzonnen organisatie"
_UPSTREAM = re.compile(r"^\s*upstream (peer-\S+) \{", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a command on contracts works with."""

    settings: Settings
    own: OwnPeer
    fsc: asyncpg.Pool
    gateway: asyncpg.Pool
    snapshot: Snapshot
    names: Names
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the use of our own connections is: tokens held, errors, Inways nginx can reach."""

    tokens: Mapping[str, HeldToken]
    troubles: Mapping[str, str]
    carried: frozenset[str]


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """The database is there, and everything a command needs is read. Raises Trouble."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        pools: dict[str, asyncpg.Pool] = {}
        for room in ("fsc", "gateway", "purposes"):
            pools[room] = await postgres.pool(settings, room, size=2)
            stack.push_async_callback(pools[room].close)
        own = own_peer(settings)
        snapshot, _ = await current_snapshot(pools["purposes"])
        peers = await store.peer_names(pools["fsc"]) | {own.peer_id.value: own.name}
        purposes = {uri: each.purpose.label.nl for uri, each in snapshot.purposes.items()}
        english = {uri: each.purpose.label.en for uri, each in snapshot.purposes.items()}
        yield Desk(
            settings=settings,
            own=own,
            fsc=pools["fsc"],
            gateway=pools["gateway"],
            snapshot=snapshot,
            names=Names(peers=peers, purposes=purposes, english=english),
            now=datetime.now(UTC),
        )


async def reach(desk: Desk) -> Reach:
    """How far our own connections are."""
    held = await store.tokens(desk.fsc)
    troubles = await store.troubles(desk.fsc)
    return Reach(
        tokens={each.grant_hash.value: each for each in held},
        troubles={each.grant_hash.value: each.error for each in troubles},
        carried=await _carried(desk.settings),
    )


async def _carried(settings: Settings) -> frozenset[str]:
    """The upstreams of peers in the configuration that nginx runs now; none when it does not run.

    The file may be newer than what runs, so the running version must stand in it.
    """
    run = settings.paths.run
    answer = await ask(run / "carrier.sock", "/version")
    text = _text(run / "nginx.conf")
    version = answer.rpartition(b"\r\n\r\n")[2].decode("ascii", "replace") if answer else ""
    if not version or version not in text:
        return frozenset()
    return frozenset(_UPSTREAM.findall(text))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def both_languages(contract: Contract, names: Names) -> str:
    """The sentences in each language, one under the other: what a person reads before signing."""
    words, checks = all_words_of(contract, names), checks_of(contract, names)
    lines = []
    for language in LANGUAGES:
        lines.append(words[language])
        lines += [f"  [ ] {each}" for each in checks[language]]
    return "\n".join(lines)


def as_json(desk: Desk, stored: store.StoredContract, reached: Reach) -> dict[str, JsonValue]:
    """A contract as JSON for programs, with the same sentence people read."""
    contract = stored.contract
    waiting = missing_accepts(contract, stored.signatures, desk.now)
    return {
        "contentHash": contract.hash.value,
        "state": stored.state(desk.now).value,
        "words": words_of(contract, desk.names),
        "sentences": {**all_words_of(contract, desk.names)},
        "mustCheck": {**checks_of(contract, desk.names)},
        "proposedHere": stored.own,
        "fictitious": desk.settings.organisation.fictitious,
        "createdAt": as_utc_text(contract.created_at),
        "notBefore": as_utc_text(contract.not_before),
        "notAfter": as_utc_text(contract.not_after),
        "participants": [_participant(desk, stored, each) for each in contract.participants],
        "waitingFor": [desk.names.peer(each) for each in waiting],
        "grants": [_grant(desk, each, reached) for each in contract.grants],
    }


def _participant(desk: Desk, stored: store.StoredContract, peer_id: PeerId) -> dict[str, JsonValue]:
    signed: dict[str, JsonValue] = {}
    for kind in Kind:
        placed = stored.signature_of(peer_id, kind)
        if placed is not None:
            signed[kind.value] = as_utc_text(placed.signed_at)
    return {"peerId": peer_id.value, "name": desk.names.peer(peer_id), "signed": signed}


def _grant(desk: Desk, hashed: HashedGrant, reached: Reach) -> dict[str, JsonValue]:
    grant = hashed.grant
    told: dict[str, JsonValue] = {
        "grantHash": hashed.hash.value,
        "type": grant.type.value,
        "properties": grant.properties,
        "delegations": [_delegation(desk, each) for each in delegations_of(grant)],
    }
    if not isinstance(grant, Registration):
        told["service"] = grant.service.name
        told["providerPeerId"] = grant.service.peer_id.value
    match grant:
        case Registration():
            told["memberPeerId"] = grant.member.value
            told["role"] = grant.role.value
            told["administratorPeerId"] = grant.administrator.value
            told["regulatedArea"] = grant.area
        case Publication():
            told["directoryPeerId"] = grant.directory.value
        case Connection():
            told["outwayPeerId"] = grant.outway.peer_id.value
            if grant.outway.peer_id == desk.own.peer_id:
                told |= _readiness(hashed.hash.value, reached, desk.now)
    return told


def _delegation(desk: Desk, delegation: Delegation) -> dict[str, JsonValue]:
    """Who acts for whom, under which agreement, and whether that carries questions now."""
    agreement = delegation.agreement
    refusal = delegation.refusal_at(desk.now)
    return {
        "side": delegation.side.value,
        "delegatorPeerId": delegation.delegator.value,
        "delegateePeerId": delegation.delegatee.value,
        "state": delegation.state_at(desk.now),
        "role": agreement.role.value if agreement else None,
        "reference": agreement.reference if agreement else None,
        "until": agreement.until.isoformat() if agreement else None,
        "trouble": "" if refusal is None else f"{refusal.detail} {refusal.owner} can add it.",
    }


def decision_json(decision: store.Decision) -> dict[str, JsonValue]:
    """What was decided about a contract, how, and by whom."""
    return {
        "at": as_utc_text(decision.at) if decision.at else None,
        "way": decision.way.value,
        "outcome": decision.outcome,
        "decidedBy": decision.decided_by,
        "reason": decision.reason,
    }


def decision_words(decision: store.Decision) -> str:
    """The same in one line."""
    by = f" by {decision.decided_by}" if decision.decided_by else ""
    why = f": {decision.reason}" if decision.reason else ""
    at = f"{decision.at:%Y-%m-%d %H:%M} " if decision.at else ""
    return f"  {at}{decision.outcome} ({decision.way}{by}){why}"


def _readiness(grant_hash: str, reached: Reach, now: datetime) -> dict[str, JsonValue]:
    """Ready to call: a token that still holds, for an Inway that nginx can reach."""
    held = reached.tokens.get(grant_hash)
    trouble = reached.troubles.get(grant_hash, "")
    if held is None or held.expires_at <= now:
        return {"ready": False, "trouble": trouble or "no token yet"}
    host, _, port = held.inway_address.removeprefix("https://").rpartition(":")
    if peer_upstream_name(host, int(port)) not in reached.carried:
        return {"ready": False, "trouble": trouble or "nginx does not reach that Inway yet"}
    return {"ready": True, "trouble": trouble, "inwayAddress": held.inway_address}


def delivery_json(desk: Desk, delivery: store.Delivery) -> dict[str, JsonValue]:
    """A delivery as JSON."""
    again = delivery.next_attempt_at
    return {
        "target": delivery.errand.target.value,
        "name": desk.names.peer(delivery.errand.target),
        "task": delivery.errand.task,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "lastError": delivery.last_error,
        "waitingSince": as_utc_text(delivery.waiting_since),
        "nextAttemptAt": as_utc_text(again) if again else None,
    }


def printed(
    desk: Desk, told: Mapping[str, JsonValue], deliveries: Sequence[store.Delivery]
) -> list[str]:
    """One contract in words, line by line."""
    sentences = told["sentences"]
    lines = [str(each) for each in sentences.values()] if isinstance(sentences, Mapping) else []
    if desk.settings.organisation.fictitious:
        lines.append(f"({FICTITIOUS}: this contract is a demonstration)")
    waiting = told["waitingFor"]
    lines.append(f"state: {told['state']}")
    if told["state"] == "proposed" and isinstance(waiting, Sequence) and waiting:
        lines.append(f"waiting for: {', '.join(str(each) for each in waiting)}")
    lines += [f"from {told['notBefore']} until {told['notAfter']}", f"{told['contentHash']}"]
    grants = told["grants"]
    for each in grants if isinstance(grants, Sequence) else ():
        if isinstance(each, Mapping):
            lines += _grant_lines(each)
    for delivery in deliveries:
        lines.append(f"  {delivery_words(desk, delivery)}")
    return lines


def delivery_words(desk: Desk, delivery: store.Delivery) -> str:
    """A delivery in words: what waits for whom since when, why, and when it is tried again."""
    name = desk.names.peer(delivery.errand.target)
    if delivery.state != "waiting":
        why = f" ({delivery.last_error})" if delivery.last_error else ""
        return f"{delivery.errand.task} to {name}: {delivery.state}{why}"
    parts = [f"waiting for {name} since {as_utc_text(delivery.waiting_since)}"]
    if delivery.attempts:
        parts.append(f"last error after {delivery.attempts} attempts: {delivery.last_error}")
    again = delivery.next_attempt_at
    parts.append(f"next try {as_utc_text(again)}" if again else "not tried again by itself")
    return f"{delivery.errand.task}: {', '.join(parts)}"


def _grant_lines(grant: Mapping[str, JsonValue]) -> list[str]:
    lines = [f"  grant {grant['grantHash']}"]
    delegations = grant["delegations"]
    for each in delegations if isinstance(delegations, Sequence) else ():
        if isinstance(each, Mapping):
            state = each["trouble"] or f"agreement {each['reference']} holds until {each['until']}"
            lines.append(
                f"    {each['delegateePeerId']} acts for {each['delegatorPeerId']}: {state}"
            )
    if "ready" in grant:
        lines.append(f"    ready to call: {'yes' if grant['ready'] else grant['trouble']}")
    return lines
