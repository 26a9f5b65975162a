# SPDX-License-Identifier: EUPL-1.2
"""What a decision of the log rests on, gathered from the rooms that keep it: then and elsewhere.

Registers, contracts and what stood against persons are read once and remembered, so that a period
with many decisions costs little more than reading its records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.fsc import store as fsc_store
from landschap.fsc.connections import ConnectionGrant, connections_of
from landschap.fsc.delegation import first_refusal
from landschap.fsc.states import State
from landschap.gateway import store as gateway_store
from landschap.gateway.services import Service
from landschap.gateway.world import veto_of, why_blocked
from landschap.purposes import store as purpose_store
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.model import Register
from landschap.purposes.needs import CASE, CONSENT, FOUR_EYES
from landschap.purposes.past import store as past
from landschap.purposes.past.recorded import Door, Recorded, map_of, text_of
from landschap.purposes.past.taking import Agreed, Circumstances, Closed, KnownFacts, Taken, take
from landschap.purposes.replay import Marks
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import GrantHash, InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

_SNAPSHOTS_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """A pool of each room that is asked, each in that room's own role."""

    purposes: asyncpg.Pool
    fsc: asyncpg.Pool
    gateway: asyncpg.Pool


@dataclass(frozen=True, slots=True)
class Other:
    """The moment to compare with; ``is_now``: rules of a service are those of now."""

    moment: datetime
    is_now: bool


class Grounds:
    """Reads what decisions rest on, and keeps what was read. ``other``: the moment to compare."""

    def __init__(self, rooms: Rooms, owner: str, other: Other | None) -> None:
        self.rooms = rooms
        self._other = other
        self._snapshots: dict[str, Snapshot | None] = {}
        # By the hash of the grant.
        self._agreed_then: dict[str, Agreed | None] = {}
        self._agreed_now_by_grant: dict[str, Agreed | None] = {}
        self._marks: past.MarksThroughTime | None = None
        # Before the first register, one on which every decision denies.
        self._in_force = Snapshot(Register(owner=owner))
        self._services: Mapping[str, Service] = {}
        # True when at the other moment something may stand against persons.
        self.looks_at_persons = False

    async def begin(self) -> None:
        """Read what every decision needs. Comes before anything else."""
        self._marks = await past.marks_through_time(self.rooms.purposes)
        if self._other is None:
            return
        adopted = await past.in_force(self.rooms.purposes, self._other.moment)
        found = await self.snapshot(adopted.version) if adopted is not None else None
        self._in_force = found or self._in_force
        policies = self._in_force.register.policies
        self.looks_at_persons = bool(self._marks.at(self._other.moment)) or any(
            CONSENT in each.needs for each in policies
        )
        if self._other.is_now:
            services = await gateway_store.services(self.rooms.gateway)
            self._services = {each.name: each for each in services}

    async def at_other(self, recorded: Recorded) -> Taken | None:
        """The outcome in the circumstances of the other moment; None without one."""
        other, snapshot = self._other, self._in_force
        if other is None:
            return None
        service = self._services.get(text_of(map_of(recorded.request.get("resource")).get("id")))
        ours = recorded.door is Door.INWAY or (recorded.door is Door.POINT and service is not None)
        veto = veto_of(service, snapshot) if service is not None and ours else None
        closed = None
        if other.is_now and ours:
            closed = _closed(service, snapshot, veto if isinstance(veto, str) else "")
        asks_contract = recorded.door in (Door.INWAY, Door.OUTWAY)
        return take(
            recorded,
            Circumstances(
                at=other.moment,
                snapshot=snapshot,
                agreed=await self._agreed_now(recorded, other.moment) if asks_contract else None,
                marked={} if recorded.door is Door.OUTWAY else self.marks_at(other.moment),
                facts=await self._facts(recorded, snapshot, other.moment),
                veto=None if isinstance(veto, str) else veto,
                closed=closed,
                from_record=not (other.is_now and ours),
            ),
        )

    async def _facts(
        self, recorded: Recorded, snapshot: Snapshot, moment: datetime
    ) -> KnownFacts | None:
        """Case and approver at that moment, where a policy asks for them and we know them."""
        needs = {need for policy in snapshot.register.policies for need in policy.needs}
        if needs.isdisjoint((CASE, FOUR_EYES)) or recorded.door is Door.INWAY:
            return None
        context = map_of(recorded.request.get("context"))
        case = text_of(context.get("case")) or text_of(context.get("zaak"))
        known = map_of(recorded.context.get("facts")).get("caseOpen")
        if recorded.door is Door.POINT and known is None:
            return None
        pool = self.rooms.purposes
        user = text_of(_said_of_asker(recorded).get("user"))
        purpose = text_of(context.get("purpose"))
        return KnownFacts(
            case_open=await past.case_open_at(pool, case, moment) if case else None,
            approver=(
                await past.approver_at(pool, purpose, case, user, moment)
                if user and recorded.door is Door.OUTWAY
                else ""
            ),
        )

    def marks_at(self, moment: datetime) -> Marks:
        """The activities against which something of somebody stood at a moment."""
        return self._marks.at(moment) if self._marks is not None else {}

    async def snapshot(self, version: str) -> Snapshot | None:
        """The register of this version, None when it is not kept here."""
        if version not in self._snapshots:
            if len(self._snapshots) >= _SNAPSHOTS_KEPT:
                # A period goes forward: the one that was read first is needed least.
                self._snapshots.pop(next(iter(self._snapshots)))
            self._snapshots[version] = await purpose_store.snapshot_by_version(
                self.rooms.purposes, version
            )
        return self._snapshots[version]

    async def agreed_then(self, recorded: Recorded) -> Agreed | None:
        """What the contract binds to. It was valid, or this would not have been decided.

        None where no contract is asked for, and where it is not kept here.
        """
        if recorded.grant not in self._agreed_then:
            grant = await self._grant(recorded, recorded.at)
            self._agreed_then[recorded.grant] = agreed_at(grant, recorded.at, was_valid=True)
        return self._agreed_then[recorded.grant]

    async def _agreed_now(self, recorded: Recorded, moment: datetime) -> Agreed | None:
        """What the contract is worth at the other moment."""
        if recorded.grant not in self._agreed_now_by_grant:
            grant = await self._grant(recorded, moment)
            self._agreed_now_by_grant[recorded.grant] = agreed_at(grant, moment)
        return self._agreed_now_by_grant[recorded.grant]

    async def _grant(self, recorded: Recorded, at: datetime) -> ConnectionGrant | None:
        """The grant under which was asked, with the signatures that stood under it."""
        try:
            named = GrantHash.parse(recorded.grant)
        except InvalidValue:
            return None
        stored = await fsc_store.contract_of_grant(self.rooms.fsc, named)
        if stored is None:
            return None
        placed = [each for each in stored.signatures if each.signed_at <= at]
        every = connections_of(stored.contract, placed, at)
        return next((each for each in every if each.grant_hash.value == recorded.grant), None)


def agreed_at(
    grant: ConnectionGrant | None, at: datetime, *, was_valid: bool = False
) -> Agreed | None:
    """What a grant is worth at a moment; ``was_valid``: it was, as a decision rests on it."""
    if grant is None:
        return None
    bound = read_bound(grant.properties)
    refusal = bound.code if isinstance(bound, Refusal) else ""
    ended = None if was_valid else first_refusal(grant.delegations(), at)
    is_valid = was_valid or grant.valid_at(at)
    state = State.VALID.value if is_valid else grant.state.value
    if grant.state is State.VALID and not is_valid:
        state = State.EXPIRED.value
    return Agreed(
        state=state,
        is_valid=is_valid,
        bound=bound if isinstance(bound, Bound) else None,
        refusal=refusal or (ended.code if ended else ""),
    )


def _closed(service: Service | None, snapshot: Snapshot, veto: str) -> Closed | None:
    if service is None:
        return Closed("ERROR_CODE_SERVICE_NOT_FOUND", "it is not offered any more")
    why = why_blocked(service, snapshot) or veto
    return Closed("service_misconfigured", why) if why else None


def _said_of_asker(recorded: Recorded) -> Mapping[str, JsonValue]:
    return map_of(map_of(recorded.request.get("subject")).get("properties"))
