# SPDX-License-Identifier: EUPL-1.2
"""The Inway: four steps, each of which needs the value of the one before.

    identify      certificate and token      -> Identified   who asks which service, by which grant
    bind_purpose  declaration                -> Purposed     for which purpose, on which ground
    authorise     register and contract      -> Permitted    which fields, under which policy
    record        `recording.permitted_at_inway`, made durable before the answer

None can be left out: the type is the pass. Every step may end in a `Refusal` that says which link
is missing and who can add it. Order of refusals: certificate, token (missing, invalid, expired,
Group, certificate, parties, audience), transaction id, service, contract, agreement behind a
delegation, method, body, purpose.

Who asks for another is the peer; the decision is about the other: `act` in the token, the
delegator in the contract and `obo` in the declaration are the same organisation.
Source: FSC Core, "Inway"; FSC Logging, "Inway"; authorisation algorithm R1 to R14.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec

from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.codes import Code, refused
from landschap.fsc.keys import PublicKey
from landschap.fsc.tokens import TokenClaims, check_claims, check_parties, verify_token
from landschap.gateway import refusals
from landschap.gateway.asked import Asked, Fresh, Query, Trace, is_lenient, query_of
from landschap.gateway.asked import transaction_id_of as read_transaction_id
from landschap.gateway.lifecycle import Phase, closed
from landschap.gateway.memory import Memory, digest
from landschap.gateway.municipal import confidentiality_of, consumer_of, without_variant
from landschap.gateway.refusals import Denied
from landschap.gateway.voices import VoiceWanted, wanted_of
from landschap.gateway.world import Connection, Offered, World
from landschap.logboek.declarations import UsedDeclaration
from landschap.purposes.chain import digest_of
from landschap.purposes.decision import Decision, Question
from landschap.purposes.declaration import (
    SKEW,
    Declaration,
    Expected,
    read,
    replayed,
    verify,
)
from landschap.purposes.model import FieldSet
from landschap.purposes.needs import Facts
from landschap.purposes.permit import LIFETIME, Permit, PermitTooLarge, Received, seal
from landschap.purposes.vetoes import Heard, judge, with_voice
from landschap.vocabulary.problems import Refusal

# A whole second more than a declaration is taken: moments in it are of whole seconds.
_KEPT_LONGER = SKEW + timedelta(seconds=1)
_LENGTH_DEMANDED = frozenset({"POST", "PUT", "PATCH"})


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a peer with a token of ours that belongs to its connection and a valid contract.

    ``consumer`` is what it says of its own processing.
    """

    peer: PeerCertificate
    claims: TokenClaims
    transaction_id: UUID
    offered: Offered
    connection: Connection
    action: str
    trace: Trace
    consumer: Mapping[str, str] = {}


class Purposed(msgspec.Struct, frozen=True, kw_only=True):
    """What it asks for: a signed declaration, a plain purpose where that is enough, or none."""

    identified: Identified
    purpose: str
    declaration: Declaration | None


class Permitted(msgspec.Struct, frozen=True, kw_only=True):
    """That it may: the decision with its fields; None where no purpose is asked for."""

    purposed: Purposed
    query: Query
    decision: Decision | None


class KeyWanted(msgspec.Struct, frozen=True):
    """A declaration is signed with a key of the peer that we do not hold yet."""

    peer_id: str
    thumbprint: str


def identify(
    asked: Asked, world: World, memory: Memory, fresh: Fresh, trace: Trace
) -> Identified | Refusal:
    """Certificate, token, transaction id, service, contract and method of this question."""
    peer = memory.certificate(asked.header("x-peer-cert"))
    if isinstance(peer, str):
        return refused(Code.CERTIFICATE, f"the client certificate can not be used: {peer}")
    claims = _claims(asked, world, memory, fresh, peer)
    if isinstance(claims, Refusal):
        return claims
    text = asked.header("fsc-transaction-id")
    transaction_id = read_transaction_id(text)
    if transaction_id is None:
        return refusals.transaction_id(text)
    offered = world.services.get(claims.service)
    if offered is None:
        return refusals.service_not_found(claims.service)
    ending = offered.service.lifecycle
    if ending is not None and ending.phase(fresh.now) is Phase.CLOSED:
        return closed(claims.service, ending)
    connection = world.incoming.get(claims.grant_hash.value)
    refusal = _contract_refusal(connection, claims, peer, fresh) or form_refusal(asked, offered)
    if refusal is not None or connection is None:
        return refusal or refusals.contract_not_valid("")
    return Identified(
        peer=peer,
        claims=claims,
        transaction_id=transaction_id,
        offered=offered,
        connection=connection,
        action=offered.service.methods[asked.method],
        trace=trace,
        consumer=consumer_of(asked),
    )


def bind_purpose(
    identified: Identified, asked: Asked, world: World, memory: Memory, fresh: Fresh
) -> Purposed | Refusal | KeyWanted:
    """The purpose of this question. Source: authorisation algorithm, R1."""
    rule = identified.offered.service.declaration
    if rule == "none":
        return Purposed(identified=identified, purpose="", declaration=None)
    compact = asked.header("purpose-declaration")
    plain = asked.header("doelbinding")
    if not compact and plain and rule == "unsigned":
        return Purposed(identified=identified, purpose=plain, declaration=None)
    unverified = read(compact)
    if isinstance(unverified, Refusal):
        return unverified
    key = _declaration_key(identified.peer, unverified.thumbprint, memory, fresh)
    if key is None:
        return KeyWanted(identified.peer.peer_id.value, unverified.thumbprint)
    expected = Expected(
        peer=identified.peer.peer_id.value,
        provider=world.me,
        service=identified.claims.service,
        grant_hash=identified.connection.hash,
        trace_id=identified.trace.trace_id,
        plain=plain,
        on_behalf_of=identified.connection.delegator,
    )
    declaration = verify(unverified, key, expected, fresh.now)
    if isinstance(declaration, Refusal):
        return declaration
    if declaration.claims.action != identified.action:
        return refusals.action_mismatch(identified.action)
    used = used_by(declaration, identified.trace)
    if memory.replays.is_replay(used, fresh.now.timestamp()):
        return replayed()
    return Purposed(
        identified=identified, purpose=declaration.claims.purpose, declaration=declaration
    )


def authorise(
    purposed: Purposed, asked: Asked, world: World, fresh: Fresh, heard: Heard | None = None
) -> Permitted | Refusal | Denied | VoiceWanted:
    """May it, and which fields? Source: authorisation algorithm, R2 to R15.

    ``heard`` is what the other decision point of this service said, when it was asked.
    """
    identified = purposed.identified
    if identified.offered.blocked:
        return refusals.service_blocked(identified.offered.blocked)
    query = query_of(asked.target)
    if isinstance(query, Refusal):
        return query
    confidential = confidentiality_of(asked)
    if isinstance(confidential, Refusal):
        return confidential
    if identified.offered.service.declaration == "none":
        if confidential:
            asker = identified.connection.delegator or identified.peer.peer_id.value
            return without_variant(identified.claims.service, asker, world.me)
        return Permitted(purposed=purposed, query=query, decision=None)
    if identified.connection.bound_refusal is not None:
        return identified.connection.bound_refusal
    question = _question(purposed, query, asked, world, confidential=confidential)
    decision = judge(question, world.snapshot, fresh.now, identified.offered.veto)
    voice = identified.offered.service.voice
    if voice is not None and decision.allow:
        wanted = wanted_of(voice, question, world.me, identified.trace.onward())
        if heard is None or heard.about != wanted.about:
            return wanted
        decision = with_voice(decision, heard)
    if decision.allow:
        return Permitted(purposed=purposed, query=query, decision=decision)
    return Denied(decision.refusal(), decision)


def sealed_permit(
    permitted: Permitted, asked: Asked, world: World, fresh: Fresh, key: bytes
) -> str | Refusal:
    """The Permit for the service, empty for one that gets none."""
    service = permitted.purposed.identified.offered.service
    if not service.permit:
        decision = permitted.decision
        if decision is None or not decision.only_by_ours:
            return ""
        if decision.rows:
            return refusals.rows_not_obeyed(service.name)
        return refusals.duties_not_obeyed(service.name)
    permit = permit_of(permitted, asked, world, fresh)
    try:
        return seal(permit, key, field_set=field_set_of(permitted, world))
    except PermitTooLarge:
        return refusals.permit_too_large()


def permit_of(permitted: Permitted, asked: Asked, world: World, fresh: Fresh) -> Permit:
    """What the service may do for this question."""
    identified, decision = permitted.purposed.identified, permitted.decision
    service = identified.offered.service
    declaration = permitted.purposed.declaration
    activity = decision.activity if decision else None
    return Permit(
        transaction_id=identified.transaction_id,
        service=service.name,
        method=asked.method,
        target=service.base + asked.target,
        peer=identified.peer.peer_id.value,
        purpose=decision.purpose if decision else "",
        policy=decision.policy if decision else "",
        snapshot=world.snapshot.version,
        activity=activity.uri if activity else "",
        activity_version=activity.version if activity else 0,
        fields=tuple(decision.visible) if decision else (),
        searchable=tuple(decision.searchable) if decision else (),
        expires_at=fresh.now + LIFETIME,
        grant_hash=identified.connection.hash,
        declaration=str(declaration.claims.jti) if declaration else "",
        delegator=identified.connection.delegator,
        publication_delegator=identified.connection.publication_delegator,
        history=decision.history if decision else (),
        rows=decision.rows if decision else (),
        checks=decision.checks if decision else (),
        obligations=decision.obligations if decision else (),
        mark=decision.mark if decision else None,
        third_party=decision.third_party if decision else False,
        received=received_of(declaration) if declaration else None,
    )


def received_of(declaration: Declaration) -> Received:
    """What a next question, asked to answer this one, has to say of it."""
    claims, before = declaration.claims, declaration.claims.follows
    return Received(
        digest=digest_of(declaration.compact),
        purpose=claims.purpose,
        origin=before.origin if before else claims.purpose,
        depth=before.depth if before else 0,
    )


def field_set_of(permitted: Permitted, world: World) -> FieldSet | None:
    """The set that a long list of fields is written as bits of."""
    decision = permitted.decision
    return world.snapshot.field_sets.get(decision.field_set) if decision else None


def _claims(
    asked: Asked, world: World, memory: Memory, fresh: Fresh, peer: PeerCertificate
) -> TokenClaims | Refusal:
    """The claims of the token. The signature is checked once, everything else every time."""
    text = asked.header("fsc-authorization")
    own = world.own
    key = digest(text)
    known = memory.tokens.get(key)
    if known is None:
        known_or = verify_token(text, world.own_keys, fresh.now, own.group_id, peer.thumbprint)
        if isinstance(known_or, Refusal):
            return known_or
        known = memory.tokens.keep(key, known_or)
    else:
        refusal = check_claims(known, fresh.now, own.group_id, peer.thumbprint)
        if refusal is not None:
            return refusal
    refusal = check_parties(known, own.peer_id, peer.peer_id)
    if refusal is None and known.audience != own.inway_address:
        refusal = refused(Code.TOKEN_INVALID, "the token is for an Inway at another address")
    return refusal or known


def _contract_refusal(
    connection: Connection | None, claims: TokenClaims, peer: PeerCertificate, fresh: Fresh
) -> Refusal | None:
    """A token lives on for minutes; our own memory of the contract says it sooner."""
    if connection is None or not connection.grant.valid_at(fresh.now):
        return refusals.contract_not_valid(connection.state_at(fresh.now) if connection else "")
    grant = connection.grant
    agreed = (
        grant.outway_peer_id,
        grant.service_name,
        grant.delegator_peer_id,
        grant.service_delegator_peer_id,
    )
    if agreed != (
        claims.subject,
        claims.service,
        claims.delegator,
        claims.publication_delegator,
    ):
        return refused(Code.TOKEN_INVALID, "the token says something else than its contract")
    if grant.outway_thumbprint is not None and grant.outway_thumbprint != peer.key_thumbprint:
        return refused(Code.TOKEN_INVALID, "the contract names another key than this connection's")
    return connection.delegation_refusal(fresh.now)


def form_refusal(asked: Asked, offered: Offered) -> Refusal | None:
    """Refused for its method, protocol or size of its body; None when these are right."""
    service = offered.service
    if asked.method not in service.methods:
        return refusals.method(asked.method, service.name, tuple(service.methods))
    # What the carrier saw in the question: a WebSocket, or a wish for server-sent events.
    wants = asked.header("x-wants")
    if wants and not (service.websocket if wants == "websocket" else service.events):
        return refusals.protocol(wants, service.name)
    limit = service.body_bytes
    if not limit:
        return None
    length = asked.header("x-body-length")
    if length.isdigit():
        return refusals.body_too_large(limit) if int(length) > limit else None
    if asked.header("x-body-encoding") or asked.method in _LENGTH_DEMANDED:
        return refusals.length_required(limit)
    return None


def _declaration_key(
    peer: PeerCertificate, thumbprint: str, memory: Memory, fresh: Fresh
) -> PublicKey | None:
    """The peer's key of that certificate: mostly the one of this very connection."""
    if thumbprint == peer.thumbprint:
        return peer.key
    known = memory.peer_certificates.get((peer.peer_id.value, thumbprint))
    return known.key if known is not None and known.valid_at(fresh.now) else None


def used_by(declaration: Declaration, trace: Trace) -> UsedDeclaration:
    """What the organisation remembers of a declaration: it counts for this question alone."""
    issuer, jti, span = declaration.replay_key(trace.parent or b"")
    return UsedDeclaration(issuer, jti, span, declaration.claims.expires_at + _KEPT_LONGER)


def _question(
    purposed: Purposed, query: Query, asked: Asked, world: World, *, confidential: bool
) -> Question:
    identified, declaration = purposed.identified, purposed.declaration
    claims = declaration.claims if declaration else None
    delegator, peer = identified.connection.delegator, identified.peer.peer_id.value
    return Question(
        purpose=purposed.purpose,
        organisation=delegator or peer,
        delegatee=peer if delegator else "",
        service=identified.claims.service,
        action=identified.action,
        fields=query.fields,
        legal_bases=claims.legal_bases if claims else None,
        roles=(claims.role,) if claims and claims.role else (),
        loa=claims.loa if claims else "",
        bound=identified.connection.bound,
        lenient=is_lenient(asked),
        # Whether the case is open only its own organisation knows; its Outway looked.
        facts=Facts(case=claims.case if claims else "", marked=world.marked),
        follows=claims.follows if claims else None,
        confidential=confidential,
    )
