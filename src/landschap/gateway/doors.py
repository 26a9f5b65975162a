# SPDX-License-Identifier: EUPL-1.2
"""The walk through a door: the steps in order, and at the end one answer with its record.

A walk never waits. What it lacks (a peer's key, a token, the issuer's keys) it returns as a value;
who can fetch it does so and walks again. A `Verdict` may be sent only when its record is durable.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from joserfc.jwk import KeySet

from landschap.gateway import answers, inway, outway, recording, refusals
from landschap.gateway.asked import (
    NO_QUERY,
    Asked,
    Fresh,
    Query,
    Trace,
    explained_by,
    is_lenient,
    query_of,
    trace_of,
)
from landschap.gateway.asked import transaction_id_of as read_transaction_id
from landschap.gateway.explaining import explained_at_inway, explained_at_outway
from landschap.gateway.following import followed
from landschap.gateway.inway import KeyWanted
from landschap.gateway.memory import Memory
from landschap.gateway.municipal import is_confidential
from landschap.gateway.outway import Signing, TokenWanted, UserKeysWanted
from landschap.gateway.recall import Recall
from landschap.gateway.recording import Place, Refused
from landschap.gateway.refusals import Denied
from landschap.gateway.voices import VoiceWanted
from landschap.gateway.world import World
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.forms import Ready
from landschap.logboek.records import Draft
from landschap.purposes.decision import Decision
from landschap.purposes.vetoes import Heard
from landschap.vocabulary.problems import Refusal

__all__ = [
    "KeyWanted", "Secrets", "TokenWanted", "UserKeysWanted", "Verdict", "VoiceWanted", "walk",
]  # fmt: skip

Wanted = KeyWanted | TokenWanted | UserKeysWanted | VoiceWanted


class Verdict(msgspec.Struct, frozen=True):
    """The answer for the carrier, the record that must be durable first, and the code.

    ``code`` is empty for a permitted question, ``reason`` says in words what was refused. ``used``
    is the declaration that the record claims for this question.
    """

    answer: bytes
    draft: Draft | Ready
    code: str
    reason: str = ""
    used: UsedDeclaration | None = None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the doors seal and sign with.

    ``permits`` are the keys that open permits while one takes over from another; else ``permit``.
    """

    permit: bytes
    signing: Signing
    permits: tuple[bytes, ...] = ()


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk may look into: the world, the memory, the secrets, the issuer's keys.

    ``unobtainable`` names what was wanted in an earlier walk of this question and not found;
    ``heard`` is what another decision point said of this question.
    """

    world: World
    memory: Memory
    secrets: Secrets
    user_keys: KeySet | None = None
    unobtainable: bool = False
    heard: Heard | None = None
    recall: Recall = msgspec.field(default_factory=Recall)


def walk(door: str, asked: Asked, holdings: Holdings, fresh: Fresh) -> Verdict | Wanted:
    """The verdict on one question at ``inway`` or ``outway``."""
    trace = trace_of(asked, fresh)
    if not asked.target.startswith("/"):
        early = Refused(refusal=refusals.target(), request={})
        return _refused(door, early, holdings, trace, fresh)
    if door == "inway":
        return _inway(asked, holdings, fresh, trace)
    return _outway(asked, holdings, fresh, trace)


def failed(door: str, asked: Asked, holdings: Holdings, fresh: Fresh) -> Verdict:
    """The verdict when deciding itself went wrong: refused, and recorded as an error."""
    return _unread(door, asked, holdings, fresh, refusals.deciding_failed())


def not_loggable(door: str, asked: Asked, holdings: Holdings, fresh: Fresh) -> Verdict:
    """The verdict when the log may not hold what was asked: refused, nothing of it recorded."""
    return _unread(door, asked, holdings, fresh, refusals.not_loggable())


def _unread(door: str, asked: Asked, holdings: Holdings, fresh: Fresh, refusal: Refusal) -> Verdict:
    given = read_transaction_id(asked.header("fsc-transaction-id"))
    own = fresh.transaction_id if door == "outway" else None
    refused = Refused(refusal=refusal, request={}, transaction_id=given or own, bare=True)
    return _refused(door, refused, holdings, trace_of(asked, fresh), fresh)


def _inway(
    asked: Asked, holdings: Holdings, fresh: Fresh, trace: Trace
) -> Verdict | KeyWanted | VoiceWanted:
    world, memory = holdings.world, holdings.memory
    key = holdings.secrets.permit
    again = holdings.recall.answer(asked, world, memory, fresh, trace, key)
    if again is not None:
        return Verdict(again.answer, again.ready, "", used=again.used)
    identified = inway.identify(asked, world, memory, fresh, trace)
    if isinstance(identified, Refusal):
        return _early(asked, identified, holdings, fresh, trace)
    purposed = inway.bind_purpose(identified, asked, world, memory, fresh)
    if isinstance(purposed, KeyWanted):
        if not holdings.unobtainable:
            return purposed
        purposed = refusals.declaration_key_unknown()
    if isinstance(purposed, Refusal):
        return _unpurposed(identified, purposed, asked, holdings, fresh)
    found = inway.authorise(purposed, asked, world, fresh, holdings.heard)
    if isinstance(found, VoiceWanted):
        return found
    if not isinstance(found, inway.Permitted):
        if explained_by(asked):
            return _explained_inway(purposed, found, asked, holdings, fresh)
        return _unpermitted(purposed, found, asked, holdings, fresh)
    permit = inway.sealed_permit(found, asked, world, fresh, key)
    if explained_by(asked):
        told = permit if isinstance(permit, Refusal) else found
        return _explained_inway(purposed, told, asked, holdings, fresh)
    if isinstance(permit, Refusal):
        return _unpermitted(purposed, permit, asked, holdings, fresh)
    holdings.recall.learn(found, asked, world, fresh, trace)
    snapshot = world.snapshot.version
    draft = recording.permitted_at_inway(found, trace, snapshot, fresh.now)
    answer = answers.permitted_inway(found, asked, trace, snapshot, permit)
    return Verdict(answer, draft, "", used=_used(purposed))


def _explained_inway(
    purposed: inway.Purposed,
    found: inway.Permitted | Refusal | Denied,
    asked: Asked,
    holdings: Holdings,
    fresh: Fresh,
) -> Verdict:
    identified = purposed.identified
    place = Place(
        trace=identified.trace,
        now=fresh.now,
        snapshot=holdings.world.snapshot.version,
        transaction_id=identified.transaction_id,
        peer=identified.peer.peer_id.value,
        service=identified.claims.service,
    )
    answer, draft, code = explained_at_inway(purposed, _query(asked), found, asked, place)
    return Verdict(answer, draft, code, used=_used(purposed))


def _early(
    asked: Asked, refusal: Refusal, holdings: Holdings, fresh: Fresh, trace: Trace
) -> Verdict:
    """Refused before the token was believed: only the certificate is certain."""
    peer = holdings.memory.certificate(asked.header("x-peer-cert"))
    peer_id = None if isinstance(peer, str) else peer.peer_id.value
    refused = Refused(
        refusal=refusal,
        request=recording.bare_request(asked, peer_id),
        transaction_id=read_transaction_id(asked.header("fsc-transaction-id")),
        peer=peer_id,
    )
    return _refused("inway", refused, holdings, trace, fresh)


def _unpurposed(
    identified: inway.Identified,
    refusal: Refusal,
    asked: Asked,
    holdings: Holdings,
    fresh: Fresh,
) -> Verdict:
    peer = identified.peer.peer_id.value
    refused = Refused(
        refusal=refusal,
        request=recording.bare_request(asked, peer, identified.connection),
        transaction_id=identified.transaction_id,
        peer=peer,
        service=identified.claims.service,
    )
    return _refused("inway", refused, holdings, identified.trace, fresh)


def _unpermitted(
    purposed: inway.Purposed,
    found: Refusal | Denied,
    asked: Asked,
    holdings: Holdings,
    fresh: Fresh,
) -> Verdict:
    identified = purposed.identified
    refusal, decision = _reasons(found)
    refused = Refused(
        refusal=refusal,
        request=recording.inway_request(
            purposed,
            _query(asked),
            lenient=is_lenient(asked),
            confidential=is_confidential(asked),
        ),
        transaction_id=identified.transaction_id,
        peer=identified.peer.peer_id.value,
        service=identified.claims.service,
        decision=decision,
    )
    verdict = _refused("inway", refused, holdings, identified.trace, fresh)
    return msgspec.structs.replace(verdict, used=_used(purposed))


def _query(asked: Asked) -> Query:
    """What was asked, for the record of its refusal: it must be possible to decide it again."""
    query = query_of(asked.target)
    return NO_QUERY if isinstance(query, Refusal) else query


def _used(purposed: inway.Purposed) -> UsedDeclaration | None:
    declaration = purposed.declaration
    return inway.used_by(declaration, purposed.identified.trace) if declaration else None


def _reasons(found: Refusal | Denied) -> tuple[Refusal, Decision | None]:
    return (found.refusal, found.decision) if isinstance(found, Denied) else (found, None)


def _outway(
    asked: Asked, holdings: Holdings, fresh: Fresh, trace: Trace
) -> Verdict | TokenWanted | UserKeysWanted | VoiceWanted:
    world = holdings.world
    caller = outway.identify(asked, world, holdings.memory, fresh, holdings.user_keys)
    if isinstance(caller, UserKeysWanted):
        if not holdings.unobtainable:
            return caller
        caller = refusals.user_keys_unavailable()
    given = read_transaction_id(asked.header("fsc-transaction-id")) or fresh.transaction_id
    if isinstance(caller, Refusal):
        return _refused("outway", _unbound(caller, asked, given), holdings, trace, fresh)
    secrets = holdings.secrets
    follows = followed(asked, world, fresh, secrets.permits or (secrets.permit,))
    bound = (
        follows
        if isinstance(follows, Refusal)
        else outway.bind_purpose(caller, asked, world, fresh, trace, follows)
    )
    if isinstance(bound, Refusal):
        refused = _unbound(bound, asked, given, caller)
        return _refused("outway", refused, holdings, trace, fresh)
    allowed = outway.authorise(bound, asked, world, fresh, holdings.heard)
    if isinstance(allowed, VoiceWanted):
        return allowed
    if explained_by(asked) == "own":
        return _explained(bound, allowed, asked, holdings, trace, fresh)
    if not isinstance(allowed, outway.Allowed):
        return _refused("outway", _of_bound(bound, asked, allowed), holdings, trace, fresh)
    outgoing = outway.declare(allowed, asked, world, fresh, secrets.signing)
    if isinstance(outgoing, TokenWanted):
        if not holdings.unobtainable:
            return outgoing
        refused = _of_bound(bound, asked, refusals.token_unavailable())
        return _refused("outway", refused, holdings, trace, fresh)
    snapshot = world.snapshot.version
    draft = recording.permitted_at_outway(
        outgoing, trace, snapshot, fresh.now, asked.header("zaak")
    )
    return Verdict(answers.permitted_outway(outgoing, trace), draft, "")


def _unbound(
    found: Refusal, asked: Asked, given: UUID, caller: outway.Caller | None = None
) -> Refused:
    """A question refused before it was bound to a contract; by whom, when that is known."""
    request = recording.bare_request(asked, None)
    if caller is not None:
        request["subject"] = recording.caller_words(caller)
    return Refused(refusal=found, request=request, transaction_id=given)


def _explained(
    bound: outway.Bound,
    found: outway.Allowed | Refusal | Denied,
    asked: Asked,
    holdings: Holdings,
    trace: Trace,
    fresh: Fresh,
) -> Verdict:
    """What this Outway would decide, instead of a question that is carried out."""
    place = Place(
        trace=trace,
        now=fresh.now,
        snapshot=holdings.world.snapshot.version,
        transaction_id=bound.transaction_id,
        peer=bound.connection.provider,
        service=bound.connection.grant.service_name,
    )
    return Verdict(*explained_at_outway(bound, _query(asked), found, asked, place))


def _of_bound(bound: outway.Bound, asked: Asked, found: Refusal | Denied) -> Refused:
    refusal, decision = _reasons(found)
    return Refused(
        refusal=refusal,
        request=recording.outway_request(
            bound, _query(asked), asked.header("zaak"), lenient=is_lenient(asked)
        ),
        transaction_id=bound.transaction_id,
        peer=bound.connection.provider,
        service=bound.connection.grant.service_name,
        decision=decision,
    )


def _refused(
    door: str, refused: Refused, holdings: Holdings, trace: Trace, fresh: Fresh
) -> Verdict:
    snapshot = holdings.world.snapshot.version
    return Verdict(
        answers.refused(refused.refusal, door, refused.transaction_id, trace),
        recording.refused_at_door(refused, trace, snapshot, fresh.now),
        refused.refusal.code,
        refused.refusal.detail,
    )
