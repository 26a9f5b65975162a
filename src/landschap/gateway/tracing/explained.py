# SPDX-License-Identifier: EUPL-1.2
"""What `landschap explain` tells: one value, in words and as JSON. No values of persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from landschap.fsc.contracts import Contract
from landschap.fsc.delegation import delegations_of
from landschap.fsc.grants import Connection
from landschap.fsc.states import Signature
from landschap.logboek.records import Kind, Record
from landschap.purposes.bound import Bound
from landschap.purposes.model import ProcessingActivity, Purpose
from landschap.purposes.replay import Replay
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

Words = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedContract:
    """The contract a grant stands in, and what it is worth now."""

    grant_hash: str
    content_hash: str
    state: str
    not_before: datetime
    not_after: datetime
    connection: Connection | None
    bound: Bound | None
    signatures: tuple[Signature, ...]

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        link = self.connection
        return {
            "grantHash": self.grant_hash,
            "contentHash": self.content_hash,
            "stateNow": self.state,
            "notBefore": as_utc_text(self.not_before),
            "notAfter": as_utc_text(self.not_after),
            "outwayPeer": link.outway.peer_id.value if link else None,
            "outwayKeyThumbprint": link.outway.public_key_thumbprint if link else None,
            "servicePeer": link.service.peer_id.value if link else None,
            "service": link.service.name if link else None,
            "purposeBound": self.bound.as_property() if self.bound else None,
            "signatures": [
                {
                    "peer": each.peer_id.value,
                    "kind": each.kind.value,
                    "at": as_utc_text(each.signed_at),
                    "certificateThumbprint": each.thumbprint,
                }
                for each in self.signatures
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedDecision:
    """A recorded decision, the register it rested on, and the same decision taken again."""

    record_id: str
    request: Words
    response: Words
    version: str
    snapshot: Snapshot | None
    replay: Replay | None

    @property
    def context(self) -> Words:
        """What the answer said beside yes or no."""
        return _map(self.response.get("context"))

    @property
    def allowed(self) -> bool:
        """True when the question was permitted."""
        return self.response.get("decision") is True

    def purpose(self) -> Purpose | None:
        """The purpose as it was in the register at that time."""
        uri = self.context.get("purpose") or _map(self.request.get("context")).get("purpose")
        known = self.snapshot.purposes.get(str(uri)) if self.snapshot else None
        return known.purpose if known else None

    def grounds(self) -> list[str]:
        """Our own ground in law for what was permitted, by the activity of that version."""
        uri = str(self.context.get("activity", ""))
        activity = self.snapshot.activities.get(uri) if self.snapshot else None
        if self.snapshot is None or activity is None:
            return []
        return [
            f"{each.law_name}, artikel {each.article} ({each.code}, {each.law})"
            for each in self.snapshot.register.legal_bases
            if each.id in activity.legal_bases
        ]

    def asked(self) -> list[str] | None:
        """The fields that were asked; None when the choice was left to us."""
        fields = _map(_map(self.request.get("resource")).get("properties")).get("fields")
        return [str(each) for each in fields] if isinstance(fields, list) else None

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        purpose = self.purpose()
        steps = self.replay.decision.steps if self.replay else ()
        return {
            "record": self.record_id,
            "allowed": self.allowed,
            "request": self.request,
            "response": self.response,
            "snapshot": self.version,
            "purpose": purpose.uri if purpose else None,
            "purposeVersion": purpose.version if purpose else None,
            "purposeText": purpose.definition.nl if purpose else None,
            "grounds": list(self.grounds()),
            "fieldsAsked": self.asked(),
            "steps": [step._asdict() for step in steps],
            "replayed": self.replay is not None,
            "replayDiffers": list(self.replay.differences) if self.replay else [],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRecord:
    """A record; ``proved`` when leaf, path, root and head of its batch were recomputed equal."""

    record: Record
    proved: bool

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        columns = self.record.columns
        return {
            "record": str(self.record.record_id),
            "kind": Kind(columns.kind).name.lower(),
            "recordedAt": as_utc_text(self.record.recorded_at),
            "lane": self.record.lane,
            "batch": self.record.batch,
            "position": self.record.position,
            "proved": self.proved,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A line, with the activity in the words that held at its moment."""

    record: Record
    activity: ProcessingActivity | None

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        own = _map(self.record.content().get("landschap"))
        return {
            "record": str(self.record.record_id),
            "at": as_utc_text(self.record.columns.at),
            "aboutAPerson": self.record.columns.subject is not None,
            "activity": self.record.columns.activity,
            "activityVersion": self.activity.version if self.activity else None,
            "what": self.activity.what.nl if self.activity else None,
            "why": self.activity.why.nl if self.activity else None,
            "ground": self.activity.ground.nl if self.activity else None,
            "outcome": own.get("outcome"),
            "dataGroups": own.get("data_groups"),
            # What reshaped question and answer at the door, as name@version.
            "steps": own.get("steps"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One transaction as this organisation holds it."""

    identifier: str
    trace_id: str
    names: Mapping[str, str]
    contracts: tuple[ExplainedContract, ...]
    decisions: tuple[ExplainedDecision, ...]
    records: tuple[ExplainedRecord, ...]
    lines: tuple[ExplainedLine, ...]

    def named(self, names: Mapping[str, str]) -> Explained:
        """The same, with these names of organisations."""
        return replace(self, names=names)

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "id": self.identifier,
            "traceId": self.trace_id,
            "contracts": [each.as_json() for each in self.contracts],
            "decisions": [each.as_json() for each in self.decisions],
            "records": [each.as_json() for each in self.records],
            "lines": [each.as_json() for each in self.lines],
        }


def connection_of(contract: Contract, grant_hash: str) -> Connection | None:
    """The connection grant with this hash."""
    for known, connection in contract.connections:
        if known.value == grant_hash:
            return connection
    return None


def decision_parts(content: Mapping[str, Any]) -> tuple[Words, Words, str]:
    """Request, response and register version of a recorded decision."""
    adl = _map(content.get("adl"))
    body, attributes = _map(adl.get("body")), _map(adl.get("attributes"))
    policies = _map(attributes.get("adl.core.policies"))
    return (
        _map(body.get("adl.core.request")),
        _map(body.get("adl.core.response")),
        str(policies.get("landschap", "")),
    )


def grant_of(record: Record) -> str:
    """The grant a record is about; a refusal has it in what was asked. Empty: none."""
    if record.columns.grant_hash:
        return record.columns.grant_hash
    request, _, _ = decision_parts(record.content())
    grant = _map(request.get("context")).get("grant_hash")
    return grant if isinstance(grant, str) else ""


def words_of(explained: Explained) -> Iterator[str]:
    """The explanation for people, from certificate to line."""
    yield f"Transaction {explained.identifier}"
    yield f"  trace {explained.trace_id}"
    for contract in explained.contracts:
        yield from _contract_words(contract, explained.names)
    for decision in explained.decisions:
        yield from _decision_words(decision)
    yield "\nRecords in our log"
    for each in explained.records:
        record = each.record
        proof = "proved" if each.proved else "NOT PROVED: run `landschap verify`"
        yield (
            f"  {record.record_id} {Kind(record.columns.kind).name.lower()}, lane {record.lane}, "
            f"batch {record.batch}, position {record.position}: {proof}"
        )
    yield from _line_words(explained)


def _contract_words(contract: ExplainedContract, names: Mapping[str, str]) -> Iterator[str]:
    link = contract.connection
    if link is not None:
        asker, provider = link.outway.peer_id.value, link.service.peer_id.value
        yield "\nCertificate"
        yield f"  {_name(asker, names)}"
        if link.outway.public_key_thumbprint:
            yield f"  key thumbprint {link.outway.public_key_thumbprint}"
        yield "\nContract"
        yield (f"  {_name(asker, names)} may call {link.service.name} of {_name(provider, names)}")
        for acting in delegations_of(link):
            told = acting.agreement
            under = f'{told.role}, agreement "{told.reference}"' if told else "no agreement"
            yield (
                f"  {_name(acting.delegatee.value, names)} acts for "
                f"{_name(acting.delegator.value, names)} ({under})"
            )
    else:
        yield "\nContract"
    yield (
        f"  now: {contract.state}; from {as_utc_text(contract.not_before)} "
        f"until {as_utc_text(contract.not_after)}"
    )
    yield f"  grant {contract.grant_hash}"
    if contract.bound is not None:
        yield f"  for the purposes: {', '.join(contract.bound.purposes)}"
        yield f"  on the grounds: {', '.join(contract.bound.legal_bases)}"
        yield f"  fields at most: {contract.bound.field_set or 'as the policy says'}"
    for each in contract.signatures:
        who = _name(each.peer_id.value, names)
        yield f"  {each.kind.value} by {who} at {as_utc_text(each.signed_at)}"


def _decision_words(decision: ExplainedDecision) -> Iterator[str]:
    context = decision.context
    purpose = decision.purpose()
    if purpose is not None:
        yield f"\nPurpose: {purpose.label.nl} (version {purpose.version})"
        yield f"  {purpose.definition.nl}"
        yield from (f"  our ground: {ground}" for ground in decision.grounds())
    if decision.allowed:
        yield f"\nDecision: permitted, by {context.get('policy') or 'the contract alone'}"
    else:
        yield f"\nDecision: refused, {context.get('code')}"
        yield from (
            f"  {label}: {context[key]}"
            for key, label in (
                ("detail", "why"),
                ("missing", "missing"),
                ("owner", "who can add it"),
            )
            if context.get(key)
        )
    asked_for = _map(decision.request.get("context"))
    for key, label in (("delegator", "asked for"), ("publication_delegator", "answered for")):
        if asked_for.get(key):
            yield f"  {label}: {asked_for[key]}"
    yield f"  register {decision.version}"
    asked = decision.asked()
    yield f"  asked: {'(left to us)' if asked is None else ', '.join(asked)}"
    for key in ("visible", "withheld"):
        fields = context.get(key)
        if isinstance(fields, list) and fields:
            yield f"  {key}: {', '.join(str(field) for field in fields)}"
    yield from _replay_words(decision.replay)


def _replay_words(again: Replay | None) -> Iterator[str]:
    if again is None:
        yield "  steps: not decided on its purpose, or its register is not here"
        return
    yield "  steps, taken again on that register:"
    for step in again.decision.steps:
        detail = f": {step.detail}" if step.detail else ""
        yield f"    {step.rule} {step.outcome:4} {step.subject}{detail}"
    if again.differences:
        yield f"  DIFFERS from what was recorded: {'; '.join(again.differences)}"


def _line_words(explained: Explained) -> Iterator[str]:
    yield f"\nLines: {len(explained.lines)}"
    for line in explained.lines:
        told = line.as_json()
        groups = told["dataGroups"]
        shown = ", ".join(str(each) for each in groups) if isinstance(groups, list) else "-"
        yield f"  {told['record']} {told['outcome']}: {shown}"
        if isinstance(steps := told["steps"], list):
            yield f"    reshaped by {', '.join(str(each) for each in steps)}"
        if line.activity is not None:
            yield f"    {line.activity.what.nl} {line.activity.why.nl} {line.activity.ground.nl}"


def _name(peer: str, names: Mapping[str, str]) -> str:
    return f"{names[peer]} ({peer})" if peer in names else peer


def _map(value: object) -> Words:
    return value if isinstance(value, Mapping) else {}
