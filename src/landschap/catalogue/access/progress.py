# SPDX-License-Identifier: EUPL-1.2
"""How far a request is: what happened, whose turn it is, since when, and what comes next.

All of it follows from the contract: its signatures, and what of ours was brought to the other.
Source: FSC Core, "Contract states"; house decision: nobody waits without knowing for whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from landschap.fsc.contracts import Contract
from landschap.fsc.states import Kind, Signature, State, missing_accepts, state_of
from landschap.vocabulary.identifiers import PeerId

RENEW_BEFORE = timedelta(days=60)
"""So long before the end it is told that a request can be renewed."""


class Stage(StrEnum):
    """Where a request stands, for people."""

    SENDING = "onderweg"
    AWAY = "onbereikbaar"
    REFUSED = "geweigerd"
    THEIRS = "bij_hen"
    OURS = "bij_ons"
    AGREED = "geldig"
    LATER = "later"
    REJECTED = "afgewezen"
    ENDED = "ingetrokken"
    OVER = "verlopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """How far something of ours is on its way: ``waiting``, ``delivered`` or ``refused``."""

    peer: PeerId
    state: str
    attempts: int
    last_error: str
    waiting_since: datetime
    next_attempt_at: datetime | None
    updated_at: datetime


class Happened(StrEnum):
    """One thing that happened."""

    ASKED = "gevraagd"
    ACCEPTED = "geaccepteerd"
    REJECTED = "afgewezen"
    REVOKED = "ingetrokken"
    BROUGHT = "gebracht"
    FAILED = "niet_gebracht"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened when, and by whom or to whom; ``detail`` is in the words of a machine."""

    what: Happened
    at: datetime
    peer: PeerId
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a request stands.

    ``peer`` is whose turn it is, or who ended it. ``since`` is from when; ``again`` is when it is
    brought again to who was not there, ``why`` what went wrong.
    """

    stage: Stage
    peer: PeerId
    since: datetime
    again: datetime | None = None
    why: str = ""

    @property
    def can_withdraw(self) -> bool:
        """True while it is not over."""
        over = {Stage.REJECTED, Stage.ENDED, Stage.OVER}
        return self.stage not in over


def progress_of(
    contract: Contract,
    signatures: Sequence[Signature],
    bringing: Sequence[Bringing],
    own: PeerId,
    now: datetime,
) -> Progress:
    """Where a request of ours stands at a moment."""
    state = state_of(contract, signatures, now)
    if state in {State.REJECTED, State.REVOKED}:
        kind = Kind.REJECT if state is State.REJECTED else Kind.REVOKE
        by = min((s for s in signatures if s.kind is kind), key=lambda one: one.signed_at)
        stage = Stage.REJECTED if state is State.REJECTED else Stage.ENDED
        return Progress(stage=stage, peer=by.peer_id, since=by.signed_at)
    if state is State.EXPIRED:
        return Progress(stage=Stage.OVER, peer=own, since=contract.not_after)
    accepted = max((s.signed_at for s in signatures if s.kind is Kind.ACCEPT), default=now)
    if state is State.VALID:
        return Progress(stage=Stage.AGREED, peer=own, since=accepted)
    missing = missing_accepts(contract, signatures, now)
    if not missing:
        return Progress(stage=Stage.LATER, peer=own, since=accepted)
    if own in missing:
        return Progress(stage=Stage.OURS, peer=own, since=accepted)
    return _with(missing[0], bringing, accepted)


def history_of(
    contract: Contract, signatures: Sequence[Signature], bringing: Sequence[Bringing], own: PeerId
) -> list[Event]:
    """What happened, oldest first."""
    found = [Event(what=Happened.ASKED, at=contract.created_at, peer=own)]
    words = {
        Kind.ACCEPT: Happened.ACCEPTED,
        Kind.REJECT: Happened.REJECTED,
        Kind.REVOKE: Happened.REVOKED,
    }
    found += [
        Event(what=words[each.kind], at=each.signed_at, peer=each.peer_id)
        for each in signatures
        if (each.peer_id, each.kind) != (own, Kind.ACCEPT)
    ]
    for each in bringing:
        if each.state == "delivered":
            found.append(Event(what=Happened.BROUGHT, at=each.updated_at, peer=each.peer))
        elif each.last_error:
            found.append(
                Event(
                    what=Happened.FAILED,
                    at=each.updated_at,
                    peer=each.peer,
                    detail=each.last_error,
                )
            )
    return sorted(found, key=lambda one: one.at)


def may_renew(contract: Contract, progress: Progress, now: datetime) -> bool:
    """True when the end of what holds is near, or past: then it is asked again in good time."""
    return progress.stage in {Stage.AGREED, Stage.OVER} and now >= contract.not_after - RENEW_BEFORE


def _with(peer: PeerId, bringing: Sequence[Bringing], accepted: datetime) -> Progress:
    """Where it stands while another has not signed."""
    brought = [each for each in bringing if each.peer == peer]
    if not brought:
        return Progress(stage=Stage.THEIRS, peer=peer, since=accepted)
    last = max(brought, key=lambda one: one.updated_at)
    if last.state == "refused":
        return Progress(stage=Stage.REFUSED, peer=peer, since=last.updated_at, why=last.last_error)
    if last.state == "waiting":
        stage = Stage.AWAY if last.attempts else Stage.SENDING
        return Progress(
            stage=stage,
            peer=peer,
            since=last.waiting_since,
            again=last.next_attempt_at,
            why=last.last_error,
        )
    return Progress(stage=Stage.THEIRS, peer=peer, since=last.updated_at)
