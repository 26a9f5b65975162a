# SPDX-License-Identifier: EUPL-1.2
"""Placing signatures: those that come in, and our own.

One transaction holds the contract, the signature, the raised epoch and the errands that bring
our own signature to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from landschap.fsc.autosign import AutoSign, Way, may_sign
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, Signature, State
from landschap.fsc.store import contract_rows, errands, peer_rows
from landschap.fsc.store.decisions import Decision, note_decision
from landschap.fsc.store.rows import Connection, StoredContract
from landschap.vocabulary.problems import Fault, ProblemError, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A contract that passed its checks, with one verified signature and who brought it."""

    contract: Contract
    signature: Signature
    certificate: ChainedCertificate
    sender: peer_rows.Peer


async def receive(
    connection: Connection, own: OwnPeer, received: Received, policy: AutoSign
) -> bool:
    """Keep what a peer brought, and accept at once what needs no person; True when it was new.

    A signature may come before the submission it belongs to: the contract is kept all the same.
    Raises ProblemError.
    """
    now = received.sender.seen_at
    contract = received.contract
    arrival = contract_rows.Arrival(profile=own.profile, own=False, at=now)
    await contract_rows.save_contract(connection, contract, arrival)
    await contract_rows.save_certificate(connection, received.certificate)
    changed = await contract_rows.save_signature(connection, contract.hash, received.signature, now)
    await peer_rows.save_peer(connection, received.sender)
    if may_sign(contract, policy):
        await _accept_unseen(connection, own, contract, now)
    return changed


async def propose(connection: Connection, own: OwnPeer, contract: Contract, now: datetime) -> None:
    """Keep a contract of our own with our accept, and bring it to the other participants.

    Once: a contract that is there already with our signature is left as it is.
    Raises ProblemError.
    """
    arrival = contract_rows.Arrival(profile=own.profile, own=True, at=now)
    if not await contract_rows.save_contract(connection, contract, arrival):
        stored = await contract_rows.contract(connection, contract.hash.value)
        if stored is not None and stored.signature_of(own.peer_id, Kind.ACCEPT) is not None:
            return
    await _place(connection, own, contract, Kind.ACCEPT, now)


async def sign(
    connection: Connection,
    own: OwnPeer,
    stored: StoredContract,
    kind: Kind,
    now: datetime,
    decision: Decision | None = None,
) -> None:
    """Place our own signature and bring it to the other participants.

    ``decision`` says who decided so; a person when it is left out.
    Raises ProblemError when the contract has ended, when we already said so, or when we are no
    participant.
    """
    contract = stored.contract
    await contract_rows.save_contract(
        connection, contract, contract_rows.Arrival(profile=own.profile, own=stored.own, at=now)
    )
    fresh = await contract_rows.contract(connection, contract.hash.value)
    refusal = None if fresh is None else _not_now(fresh, own, kind, now)
    if refusal is not None:
        raise ProblemError(refusal)
    await _place(connection, own, contract, kind, now)
    made = decision or Decision(way=Way.MANUAL, outcome=kind.value)
    await note_decision(connection, contract.hash, made, now)


def _not_now(stored: StoredContract, own: OwnPeer, kind: Kind, now: datetime) -> Refusal | None:
    state = stored.state(now)
    placed = stored.signature_of(own.peer_id, kind)
    if own.peer_id not in stored.contract.participants:
        return _refusal("contract_not_ours", f"we stand in none of its grants ({own.peer_id})")
    if state in (State.REVOKED, State.REJECTED, State.EXPIRED):
        return _refusal("contract_ended", f"the contract is {state}")
    if placed is not None and (kind is not Kind.ACCEPT or _is_current(placed, own)):
        return _refusal("contract_signed", f"our {kind} already stands under it")
    if kind is Kind.REVOKE and stored.signature_of(own.peer_id, Kind.ACCEPT) is None:
        return _refusal("contract_not_accepted", "what we never accepted is rejected, not revoked")
    return None


def _is_current(placed: Signature, own: OwnPeer) -> bool:
    return placed.thumbprint == own.signer.certificate.thumbprint


def _refusal(code: str, detail: str) -> Refusal:
    return Refusal(
        code=code, status=409, title="This can not be signed", detail=detail, fault=Fault.INPUT
    )


async def _accept_unseen(
    connection: Connection, own: OwnPeer, contract: Contract, now: datetime
) -> None:
    stored = await contract_rows.contract(connection, contract.hash.value)
    if stored is None or stored.state(now) is not State.PROPOSED:
        return
    placed = stored.signature_of(own.peer_id, Kind.ACCEPT)
    if placed is None or not _is_current(placed, own):
        await _place(connection, own, contract, Kind.ACCEPT, now)
        made = Decision(way=Way.AUTO, outcome=Kind.ACCEPT.value, decided_by="fsc.sign")
        await note_decision(connection, contract.hash, made, now)


async def _place(
    connection: Connection, own: OwnPeer, contract: Contract, kind: Kind, now: datetime
) -> None:
    signature = own.sign(contract, kind, now)
    signer = own.signer
    chained = ChainedCertificate(leaf=signer.certificate, others=signer.chain)
    await contract_rows.save_certificate(connection, chained)
    await contract_rows.save_signature(connection, contract.hash, signature, now)
    stored = await contract_rows.contract(connection, contract.hash.value)
    first = stored is not None and stored.own and kind is Kind.ACCEPT
    task = errands.SUBMIT if first else kind.value
    await errands.queue_errands(connection, contract, own.peer_id, task, now, signature.jws)
