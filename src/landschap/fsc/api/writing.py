# SPDX-License-Identifier: EUPL-1.2
"""What peers bring: announcements, contracts, signatures.

Submission and the three kinds of signature walk the same road: read the body, read the contract,
hold it against the address, the Group and the participants, and only then look for a
certificate. Nothing is stored before all of it holds.
Source: FSC Core, "Manager", and "Signatures".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from litestar import Request

from landschap.fsc import store
from landschap.fsc.api.areas import check_contract_members
from landschap.fsc.api.deps import ManagerDeps, caller, manager_address
from landschap.fsc.autosign import AutoSign
from landschap.fsc.certificates import PeerCertificate, check_chain
from landschap.fsc.client import Destination, PeerRefused, PeerUnreachable
from landschap.fsc.codes import Code, refused
from landschap.fsc.contracts import (
    Contract,
    Receiver,
    check_contract,
    check_path,
    check_times,
    read_contract,
)
from landschap.fsc.signatures import (
    ChainedCertificate,
    Claim,
    UnverifiedSignature,
    read_signature,
    verify_signature,
)
from landschap.fsc.states import Kind
from landschap.fsc.wire import read_submission
from landschap.vocabulary.problems import InvalidValue, ProblemError, Refusal

JSON = "application/json"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """Who brings something, from where, and when."""

    peer: PeerCertificate
    address: str
    now: datetime

    def record(self, *, announced: bool = False) -> store.Peer:
        return store.Peer(
            peer_id=self.peer.peer_id,
            name=self.peer.name,
            manager_address=self.address,
            announced_at=self.now if announced else None,
            seen_at=self.now,
        )


async def announce(deps: ManagerDeps, request: Request[Any, Any, Any]) -> None:
    """Remember who a peer is and where its Manager answers. Raises ProblemError."""
    await store.save_peer(deps.pool, _visit(request).record(announced=True))


async def take_signature(
    deps: ManagerDeps, request: Request[Any, Any, Any], kind: Kind, path_hash: str | None
) -> None:
    """Take a contract with a signature of the calling peer; ``path_hash`` None for a submission.

    Raises ProblemError with the code of the first rule that does not hold.
    """
    visit = _visit(request)
    _refuse(_media_type(request))
    submission = _held(read_submission(await request.body()))
    contract = _held(read_contract(submission.content, deps.own.profile))
    _check(deps, contract, visit.peer, path_hash)
    known = await store.contract(deps.pool, contract.hash.value)
    if known is None:
        _refuse(check_times(contract, visit.now))
    if kind is Kind.ACCEPT:
        _refuse(await check_contract_members(deps, contract))
    read = _held(read_signature(submission.signature))
    certificate = await _certificate(deps, read, visit)
    claim = Claim(content_hash=contract.hash, kind=kind, signer=visit.peer.peer_id)
    signature = _held(verify_signature(read, certificate, claim, deps.own.trust(visit.now)))
    received = store.Received(
        contract=contract, signature=signature, certificate=certificate, sender=visit.record()
    )
    policy = AutoSign(
        own=deps.own.peer_id, grant_types=deps.auto_sign, offered=await _offered(deps)
    )
    async with deps.pool.acquire() as connection, connection.transaction():
        await store.receive(connection, deps.own, received, policy)


def _media_type(request: Request[Any, Any, Any]) -> Refusal | None:
    """None when the body is told to be JSON: a form or a text of a browser never gets here."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() == JSON:
        return None
    return refused(Code.MEDIA_TYPE, f"the content type must be {JSON}")


def _visit(request: Request[Any, Any, Any]) -> _Visit:
    return _Visit(peer=caller(request), address=manager_address(request), now=datetime.now(UTC))


def _check(
    deps: ManagerDeps, contract: Contract, peer: PeerCertificate, path_hash: str | None
) -> None:
    if path_hash is not None:
        _refuse(check_path(contract, path_hash))
    receiver = Receiver(
        peer_id=deps.own.peer_id, group_id=deps.own.group_id, profile=deps.own.profile
    )
    _refuse(check_contract(contract, receiver, peer.peer_id))


async def _certificate(
    deps: ManagerDeps, read: UnverifiedSignature, visit: _Visit
) -> ChainedCertificate:
    """The certificate that a signature names: known, that of the connection, or fetched."""
    thumbprint = read.jws.thumbprint
    known = await store.certificate(deps.pool, thumbprint)
    if known is not None:
        return known
    if visit.peer.thumbprint == thumbprint and _leads_to_anchor(deps, visit):
        return ChainedCertificate(leaf=visit.peer)
    asked = Destination(peer_id=visit.peer.peer_id, address=visit.address)
    try:
        found = await deps.client.certificate(asked, thumbprint)
    except (PeerUnreachable, PeerRefused) as error:
        raise ProblemError(_key_set_unreachable(str(error))) from None
    if found is None:
        raise ProblemError(
            refused(
                Code.SIGNATURE,
                "the certificate that x5t#S256 names is not in your key set",
                missing="the certificate in /.well-known/jwks.json",
                owner=visit.peer.name,
            )
        )
    return found


def _leads_to_anchor(deps: ManagerDeps, visit: _Visit) -> bool:
    """True when the certificate of the connection needs no intermediate to be believed."""
    try:
        check_chain(visit.peer.x509, (), deps.own.anchors, visit.now)
    except InvalidValue:
        return False
    return True


def _key_set_unreachable(why: str) -> Refusal:
    """Not the peer's fault for good: 503 lets it try again, where 422 would end the delivery."""
    base = refused(Code.SIGNATURE, f"your key set can not be read: {why}")
    return Refusal(
        code=base.code, status=503, title=base.title, detail=base.detail, fault=base.fault
    )


async def _offered(deps: ManagerDeps) -> frozenset[str]:
    return await deps.offered() if deps.auto_sign else frozenset()


def _held(value: _T | Refusal) -> _T:
    if isinstance(value, Refusal):
        raise ProblemError(value)
    return value


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise ProblemError(refusal)
