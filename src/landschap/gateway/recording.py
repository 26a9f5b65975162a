# SPDX-License-Identifier: EUPL-1.2
"""What the log is told of a question at a door: one record, permitted or refused.

A permitted question is one record with the transaction (FSC) and the decision (ADL); a refused one
is a decision without transaction. At the Outway the record holds the user: it stays in our own
log. No path and no body is recorded: a person's number may stand there.
Source: FSC Logging, "Log record"; Authorization Decision Log, "Record".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from landschap.fsc.external import logged_with
from landschap.gateway import inway, outway
from landschap.gateway.asked import Asked, Query, Trace
from landschap.gateway.world import Connection
from landschap.logboek.drafts import permitted_draft, refused_draft
from landschap.logboek.payloads import AdlEntry, FscEntry
from landschap.logboek.records import Draft
from landschap.purposes.decision import CONFIDENTIAL, Decision
from landschap.purposes.vetoes import vetoes_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

_MAX_HEADER = 2048
Words = dict[str, JsonValue]


EXPLAINED = "landschap.explain"
"""Our own attribute of a decision that was asked for by itself, and not carried out."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal with what was known when it fell.

    ``request`` is what was asked, as far as it was read; ``peer`` and ``service`` find the record
    again.
    """

    refusal: Refusal
    request: Words
    transaction_id: UUID | None = None
    peer: str | None = None
    service: str | None = None
    decision: Decision | None = None
    bare: bool = False


def permitted_at_inway(
    permitted: inway.Permitted, trace: Trace, snapshot: str, now: datetime
) -> Draft:
    """The record of a question that goes on to our service."""
    identified = permitted.purposed.identified
    claims = identified.claims
    fsc = FscEntry(
        transaction_id=identified.transaction_id,
        direction="incoming",
        grant_hash=identified.connection.hash,
        outway_peer_id=claims.subject.value,
        service_peer_id=claims.issuer.value,
        service_name=claims.service,
        created_at=now,
        source_delegator=claims.delegator.value if claims.delegator else None,
        destination_delegator=(
            claims.publication_delegator.value if claims.publication_delegator else None
        ),
        additional_data=logged_with(identified.connection.grant.properties),
    )
    adl = _entry(
        trace,
        now,
        identified.transaction_id,
        inway_request(
            permitted.purposed,
            permitted.query,
            lenient=permitted.decision is not None and permitted.decision.question.lenient,
            confidential=permitted.decision is not None
            and permitted.decision.question.confidential,
        ),
        permission(permitted.decision),
        snapshot,
    )
    return permitted_draft(fsc, adl)


def permitted_at_outway(
    outgoing: outway.Outgoing, trace: Trace, snapshot: str, now: datetime, case: str
) -> Draft:
    """The record of a question that leaves the house."""
    allowed = outgoing.allowed
    bound = allowed.bound
    grant = bound.connection.grant
    fsc = FscEntry(
        transaction_id=bound.transaction_id,
        direction="outgoing",
        grant_hash=bound.connection.hash,
        outway_peer_id=grant.outway_peer_id.value,
        service_peer_id=grant.service_peer_id.value,
        service_name=grant.service_name,
        created_at=now,
        source_delegator=grant.delegator_peer_id.value if grant.delegator_peer_id else None,
        destination_delegator=(
            grant.service_delegator_peer_id.value if grant.service_delegator_peer_id else None
        ),
        additional_data=logged_with(grant.properties),
    )
    lenient = allowed.decision.question.lenient
    request = outway_request(bound, allowed.query, case, lenient=lenient)
    request["context"] = {
        **_mapping(request["context"]),
        "declaration": outgoing.declaration,
        "declaration_jti": str(outgoing.declaration_id),
    }
    response = permission(allowed.decision)
    return permitted_draft(
        fsc, _entry(trace, now, bound.transaction_id, request, response, snapshot)
    )


def refused_at_door(refused: Refused, trace: Trace, snapshot: str, now: datetime) -> Draft:
    """The record of a refusal. ``failed`` only when no decision could be made at all."""
    response: Words = {"decision": False, "context": _reason(refused)}
    entry = _entry(trace, now, refused.transaction_id, refused.request, response, snapshot)
    if refused.refusal.code == "internal_error":
        entry = msgspec.structs.replace(entry, failed=True)
    return refused_draft(entry, peer=refused.peer, service=refused.service)


def explained_at_door(
    request: Words, decision: Decision | None, refusal: Refusal | None, place: Place
) -> Draft:
    """The record of a decision that nothing follows on: no transaction, and marked as such."""
    response = permission(decision)
    if refusal is not None:
        refused = Refused(refusal=refusal, request=request, decision=decision)
        response = {"decision": False, "context": _reason(refused)}
    trace, now = place.trace, place.now
    entry = _entry(trace, now, place.transaction_id, request, response, place.snapshot)
    entry = msgspec.structs.replace(entry, references={**entry.references, EXPLAINED: True})
    return refused_draft(entry, peer=place.peer, service=place.service)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when a decision was asked for, and of which register."""

    trace: Trace
    now: datetime
    snapshot: str
    transaction_id: UUID
    peer: str
    service: str


def inway_request(
    purposed: inway.Purposed, query: Query, *, lenient: bool = False, confidential: bool = False
) -> Words:
    """What a peer asked, in the form of an access evaluation.

    ``lenient``: it preferred trimming over a refusal, ``confidential``: it said that its processing
    is; without these a decision can not be repeated.
    """
    identified = purposed.identified
    context: Words = {"purpose": purposed.purpose, "grant_hash": identified.connection.hash}
    subject: Words = {"type": "fsc-peer", "id": identified.peer.peer_id.value}
    declaration = purposed.declaration
    if declaration is not None:
        claims = declaration.claims
        context["declaration"] = declaration.compact
        context["declaration_jti"] = str(claims.jti)
        subject["properties"] = {"loa": claims.loa, "role": claims.role}
    elif purposed.purpose:
        context["declaration"] = "unsigned"
    _add_delegators(context, identified.connection)
    if lenient:
        context["handling"] = "lenient"
    if confidential:
        context["confidentiality"] = CONFIDENTIAL
    if identified.consumer:
        context["consumer"] = dict(identified.consumer)
    _add_times(context, query)
    return {
        "subject": subject,
        "action": {"name": identified.action},
        "resource": _resource(identified.claims.service, "", query),
        "context": context,
    }


def outway_request(bound: outway.Bound, query: Query, case: str, *, lenient: bool = False) -> Words:
    """What one of ours asked. The person stands here and nowhere outside."""
    context: Words = {"purpose": bound.purpose, "grant_hash": bound.connection.hash}
    _add_delegators(context, bound.connection)
    if case:
        context["case"] = case[:200]
    if lenient:
        context["handling"] = "lenient"
    _add_times(context, query)
    if bound.follows is not None:
        context["follows"] = bound.follows.recorded()
    return {
        "subject": caller_words(bound.caller),
        "action": {"name": bound.action},
        "resource": _resource(
            bound.connection.grant.service_name, bound.connection.provider, query
        ),
        "context": context,
    }


def caller_words(caller: outway.Caller) -> Words:
    """The application, and the person behind it."""
    properties: Words = {}
    if caller.user is not None:
        user = caller.user
        properties = {"user": user.subject, "roles": list(user.roles), "loa": user.level}
    return {"type": "application", "id": caller.application.name, "properties": properties}


def bare_request(asked: Asked, peer: str | None, connection: Connection | None = None) -> Words:
    """What was said by one who was refused before anything of it was believed.

    ``connection`` is the one that the token proved, when it came that far.
    """
    context: Words = {}
    if connection is not None:
        _add_delegators(context, connection)
    said = {
        "purpose": asked.header("doelbinding"),
        "declaration": asked.header("purpose-declaration"),
        "grant_hash": asked.header("fsc-grant-hash"),
        "grant_alias": asked.header("fsc-grant-alias"),
    }
    for name, text in said.items():
        if text and len(text) <= _MAX_HEADER and text.isascii() and text.isprintable():
            context[name] = text
    request: Words = {"context": context}
    if peer is not None:
        request["subject"] = {"type": "fsc-peer", "id": peer}
    return request


def permission(decision: Decision | None) -> Words:
    """The answer to a permitted question; without purpose the contract alone permits."""
    if decision is None:
        return {"decision": True, "context": {"by": "contract"}}
    activity = decision.activity
    said = vetoes_of(decision)
    return {
        "decision": True,
        "context": {
            **({"vetoes": said} if said else {}),
            **_beside(decision),
            "policy": decision.policy,
            "purpose": decision.purpose,
            "purposeVersion": decision.purpose_version,
            "activity": activity.uri if activity else "",
            "activityVersion": activity.version if activity else 0,
            "fieldSet": decision.field_set,
            "legalBases": list(decision.legal_bases),
            "visible": sorted(decision.visible),
            "withheld": sorted(decision.withheld),
        },
    }


def _beside(decision: Decision) -> Words:
    """What the decision rested on or asked for beside fields; most have nothing of it."""
    words: Words = {}
    if decision.checks:
        words["checks"] = list(decision.checks)
    if decision.obligations:
        words["obligations"] = [[o.kind, o.path, o.value] for o in decision.obligations]
    if facts := decision.question.facts.recorded():
        words["facts"] = facts
    return words


def _reason(refused: Refused) -> Words:
    refusal = refused.refusal
    reason: Words = {
        "code": refusal.code,
        "status": refusal.status,
        "missing": refusal.missing,
        "owner": refusal.owner,
    }
    if not refused.bare:
        reason["detail"] = refusal.detail
        if refused.decision is not None:
            reason.update(refused.decision.for_auditor())
            if said := vetoes_of(refused.decision):
                reason["vetoes"] = said
    return reason


def _entry(
    trace: Trace,
    now: datetime,
    transaction_id: UUID | None,
    request: Words,
    response: Words,
    snapshot: str,
) -> AdlEntry:
    return AdlEntry(
        trace_id=trace.trace_id,
        span_id=trace.span_id,
        at=now,
        parent_span_id=trace.parent,
        transaction_id=transaction_id,
        references={"adl.core.policies": {"landschap": snapshot}},
        body={"adl.core.request": request, "adl.core.response": response},
    )


def _resource(service: str, provider: str, query: Query) -> Words:
    resource: Words = {"type": "service", "id": service}
    properties: Words = {}
    if provider:
        properties["provider"] = provider
    if query.fields is not None:
        properties["fields"] = list(query.fields)
    if query.expand:
        properties["expand"] = list(query.expand)
    if properties:
        resource["properties"] = properties
    return resource


def _add_delegators(context: Words, connection: Connection) -> None:
    """For whom is asked and for whom is offered, in FSC or by an agreement outside it."""
    context.update(logged_with(connection.grant.properties))
    if connection.delegator:
        context["delegator"] = connection.delegator
    if connection.publication_delegator:
        context["publication_delegator"] = connection.publication_delegator


def _add_times(context: Words, query: Query) -> None:
    if query.valid_on:
        context["geldigOp"] = query.valid_on
    if query.known_at:
        context["beschikbaarOp"] = query.known_at


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}
