# SPDX-License-Identifier: EUPL-1.2
"""Taking anchors from peers that we witness for, and giving each its own back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Request

from landschap.fsc.api.deps import ManagerDeps, caller
from landschap.fsc.api.reading import PAGING, page_of
from landschap.fsc.api.writing import JSON
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.codes import Code, refused
from landschap.fsc.witnesses import store
from landschap.fsc.witnesses.comparing import contradiction
from landschap.fsc.witnesses.wire import check_signer, read_sent
from landschap.logboek.anchors import Statement, read_anchor
from landschap.vocabulary.ijson import JsonValue, loads
from landschap.vocabulary.problems import InvalidJson, InvalidValue, ProblemError

log = structlog.get_logger(__name__)
ANCHOR_QUERY = PAGING
AnyRequest = Request[Any, Any, Any]


async def take_anchor(deps: ManagerDeps, request: AnyRequest) -> None:
    """Keep an anchor of the calling peer's own log. Raises ProblemError.

    One that contradicts an earlier one is kept as well: it is the proof.
    """
    peer = _partner(deps, request)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
        raise ProblemError(refused(Code.MEDIA_TYPE, f"the content type must be {JSON}"))
    now = datetime.now(UTC)
    try:
        sent, statement = read_sent(loads(await request.body()))
        signer = check_signer(sent, statement, deps.own.trust(now))
    except InvalidJson as error:
        raise ProblemError(refused(Code.REQUEST_INVALID, str(error))) from None
    except InvalidValue as error:
        raise ProblemError(refused(Code.WITNESS_ANCHOR, str(error))) from None
    if signer.peer_id != peer.peer_id:
        detail = f"the anchor is of peer {signer.peer_id}; each brings its own"
        raise ProblemError(refused(Code.WITNESS_ANCHOR, detail))
    await _tell_contradiction(deps, peer, statement)
    await store.keep(deps.pool, peer.peer_id, sent, now)


async def given_back(deps: ManagerDeps, request: AnyRequest) -> dict[str, JsonValue]:
    """One page of what we keep of the calling peer, newest first. Raises ProblemError."""
    peer = _partner(deps, request)
    page = page_of(request)
    try:
        kept, cursor = await store.kept_of(deps.pool, peer.peer_id, page)
    except InvalidValue as error:
        raise ProblemError(refused(Code.REQUEST_INVALID, str(error))) from None
    return {"anchors": [each.body() for each in kept], "pagination": {"next_cursor": cursor}}


def _partner(deps: ManagerDeps, request: AnyRequest) -> PeerCertificate:
    """The calling peer, when we agreed to witness for it. Raises ProblemError."""
    peer = caller(request)
    if peer.peer_id in deps.witnesses:
        return peer
    raise ProblemError(
        refused(
            Code.WITNESS,
            "we keep no ends of your log: that was not agreed",
            missing="your Peer ID in witness.peers of this organisation",
            owner=deps.own.name,
        )
    )


async def _tell_contradiction(
    deps: ManagerDeps, peer: PeerCertificate, statement: Statement
) -> None:
    newest = await store.newest_of(deps.pool, peer.peer_id)
    earlier = None if newest is None else read_anchor(newest.sent.anchor)
    if earlier is None:
        return
    pair = (earlier, statement) if earlier.at <= statement.at else (statement, earlier)
    why = contradiction(*pair)
    if why:
        log.warning("a peer's log is not what it was", peer=peer.peer_id.value, why=why)
