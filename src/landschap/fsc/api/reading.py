# SPDX-License-Identifier: EUPL-1.2
"""What peers may read: their contracts, peers, services, keys, and their part of the log.

A peer sees only contracts and transactions in which it is named.
Source: FSC Core, "Manager"; FSC Logging, "GET /logs".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Request

from landschap.fsc import store
from landschap.fsc.api.deps import ManagerDeps, caller
from landschap.fsc.areas import AREA_NAME, Area
from landschap.fsc.codes import Code, refused
from landschap.fsc.grants import SERVICE_NAME, GrantType, MemberRole, Publication
from landschap.fsc.hashes import normal_grant_hash
from landschap.fsc.jwks import write_jwks
from landschap.fsc.paging import Page, read_page, several
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import State
from landschap.fsc.wire import PeerListing, asked_for, contracts_body, service_listing
from landschap.logboek.store import LogFilters, fsc_records
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue, ProblemError

PAGING = ("cursor", "limit", "sort_order")
CONTRACT_QUERY = (*PAGING, "grant_type", "grant_hash")
PEER_QUERY = (*PAGING, "peer_id", "peer_name")
SERVICE_QUERY = (*PAGING, "peer_id", "service_name")
MEMBER_QUERY = (*PAGING, "peer_id")
LOG_QUERY = (
    *PAGING, "after", "before", "grant_hash", "service_name", "transaction_ids",
    "grant_hash[]", "service_name[]", "transaction_ids[]",
)  # fmt: skip
# A search for nothing and the first page are what an absent parameter means too.
MAY_BE_EMPTY = frozenset({"cursor", "peer_name", "service_name"})
_MAX_LISTED = 1_000
_MAX_CHARACTERS = 1_024
_MAX_PEER_ID = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PUBLICATIONS = (GrantType.PUBLICATION.value, GrantType.DELEGATED_PUBLICATION.value)

AnyRequest = Request[Any, Any, Any]


async def contracts(deps: ManagerDeps, request: AnyRequest) -> bytes:
    """One page of the caller's contracts. Raises ProblemError."""
    peer = caller(request)
    grant_type = _one(request, "grant_type")
    if grant_type and grant_type not in set(GrantType):
        raise _invalid(f"grant_type is not one of {', '.join(GrantType)}")
    try:
        hashes = [normal_grant_hash(each).value for each in _many(request, "grant_hash")]
        asked = store.ContractFilter(grant_type=grant_type or None, grant_hashes=hashes)
        found, cursor = await store.contracts_for(deps.pool, peer.peer_id, asked, page_of(request))
    except InvalidValue as error:
        raise _invalid(str(error)) from None
    return contracts_body(((each.contract, each.signatures) for each in found), cursor)


async def peers(deps: ManagerDeps, request: AnyRequest) -> dict[str, JsonValue]:
    """One page of the peers that announced themselves or negotiated with us."""
    caller(request)
    asked = store.PeerFilter(
        name=_one(request, "peer_name"), peer_ids=_many(request, "peer_id")[:_MAX_LISTED]
    )
    found, cursor = await store.peers(deps.pool, asked, page_of(request))
    listed = [_listing(each).body() for each in found]
    return {"peers": listed, "pagination": {"next_cursor": cursor}}


async def services(deps: ManagerDeps, request: AnyRequest) -> dict[str, JsonValue]:
    """One page of the services with a valid publication, by peer and name."""
    caller(request)
    page, now = page_of(request), datetime.now(UTC)
    peer_id, name = _one(request, "peer_id"), _one(request, "service_name")
    names = await store.peer_names(deps.pool)
    stored = await store.contracts(deps.pool, grant_types=_PUBLICATIONS)
    grants = [
        grant
        for each in stored
        if each.state(now) is State.VALID
        for _, grant in each.contract.publications
        if asked_for(grant, peer_id, name)
    ]
    chosen, cursor = _services_page(grants, page)
    providers = await _providers(deps, {grant.service.peer_id for grant in chosen})
    listed = [
        service_listing(
            grant, providers[grant.service.peer_id], _name(names, deps, grant.service.delegator)
        )
        for grant in chosen
        if grant.service.peer_id in providers
    ]
    return {"services": listed, "pagination": {"next_cursor": cursor}}


async def members(deps: ManagerDeps, request: AnyRequest, name: str) -> dict[str, JsonValue]:
    """One page of the members of an area that we administer; with ``peer_id`` only those, all.

    Raises ProblemError. Source: FSC Regulated Area 0.0.1, "Members".
    """
    caller(request)
    if not AREA_NAME.fullmatch(name):
        raise _invalid("the name of the Regulated Area is malformed")
    page, wanted = page_of(request), _many(request, "peer_id")[:_MAX_LISTED]
    every = await store.members(deps.pool, Area(administrator=deps.own.peer_id, name=name))
    ordered = sorted((each.value for each in every), reverse=not page.ascending)
    if page.position:
        after = page.position[0]
        ordered = [each for each in ordered if each != after and (each > after) == page.ascending]
    chosen = [each for each in ordered if each in wanted] if wanted else ordered[: page.limit]
    more = not wanted and len(ordered) > page.limit
    validated_by = {"membership_administrator_peer_id": deps.own.peer_id.value}
    listed: list[JsonValue] = []
    for peer_id in chosen:
        role = every[PeerId(peer_id)]
        peer: dict[str, JsonValue] = {"id": peer_id, "role": role.value}
        if role is MemberRole.MEMBER:
            peer["validated_by"] = {**validated_by}
        listed.append({"peer": peer})
    cursor = page.cursor_after(chosen[-1]) if more else ""
    return {"members": listed, "pagination": {"next_cursor": cursor}}


def own_listing(deps: ManagerDeps) -> PeerListing:
    """Ourselves, as others list us."""
    own = deps.own
    return PeerListing(peer_id=own.peer_id, name=own.name, manager_address=own.manager_address)


async def key_set(deps: ManagerDeps) -> dict[str, JsonValue]:
    """The certificates we sign with, and those we signed with and that have not expired."""
    own = deps.own
    # With a key in a token also the certificate for TLS: a peer may meet that one first.
    current = [ChainedCertificate(leaf=own.signer.certificate, others=own.signer.chain)]
    if own.kept is not None:
        current.append(ChainedCertificate(leaf=own.certificate, others=own.chain))
    kept = await store.certificates_of(deps.pool, own.peer_id, datetime.now(UTC))
    older = [each for each in kept if each.leaf.thumbprint not in own.proof]
    return write_jwks([*current, *older])


async def logs(deps: ManagerDeps, request: AnyRequest) -> dict[str, JsonValue]:
    """One page of the transactions in which the caller is named. Raises ProblemError."""
    peer = caller(request)
    try:
        filters = _log_filters(request)
    except (InvalidValue, ValueError, OverflowError) as error:
        raise _invalid(str(error)) from None
    page = await fsc_records(
        deps.log_pool, peer.peer_id.value, filters, own_peer_id=deps.own.peer_id.value
    )
    records: list[JsonValue] = [each.content()["fsc"] for each in page.records]
    cursor = "" if page.next_cursor is None else str(page.next_cursor)
    return {"records": records, "pagination": {"next_cursor": cursor}}


def _log_filters(request: AnyRequest) -> LogFilters:
    plain = read_page(
        cursor="", limit=_one(request, "limit"), sort_order=_one(request, "sort_order")
    )
    cursor = _one(request, "cursor")
    return LogFilters(
        limit=plain.limit,
        cursor=_uuid(cursor) if cursor else None,
        ascending=plain.ascending,
        after=_moment(request, "after"),
        before=_moment(request, "before"),
        grant_hashes=tuple(normal_grant_hash(e).value for e in _array(request, "grant_hash")),
        service_names=tuple(_service_name(each) for each in _array(request, "service_name")),
        transaction_ids=tuple(_uuid(each) for each in _array(request, "transaction_ids")),
    )


def _moment(request: AnyRequest, key: str) -> datetime | None:
    text = _one(request, key)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise InvalidValue(f"{key} is not a whole number of Unix seconds")
    return datetime.fromtimestamp(int(text), UTC)


def _service_name(text: str) -> str:
    if not SERVICE_NAME.fullmatch(text):
        raise InvalidValue("service_name holds what no name of a service does")
    return text


def _uuid(text: str) -> UUID:
    if len(text) != 36:
        raise InvalidValue("a transaction id is a UUID of 36 characters")
    return UUID(text)


def _services_page(grants: Sequence[Publication], page: Page) -> tuple[list[Publication], str]:
    keyed = {(g.service.peer_id.value, g.service.name): g for g in grants}
    order = sorted(keyed, reverse=not page.ascending)
    if page.position:
        after = tuple(page.position)
        order = [key for key in order if (key > after if page.ascending else key < after)]
    chosen = order[: page.limit]
    cursor = page.cursor_after(*chosen[-1]) if len(order) > page.limit else ""
    return [keyed[key] for key in chosen], cursor


async def _providers(deps: ManagerDeps, wanted: set[PeerId]) -> dict[PeerId, PeerListing]:
    asked = store.PeerFilter(peer_ids=[each.value for each in wanted])
    found, _ = await store.peers(deps.pool, asked, Page())
    listed = {each.peer_id: _listing(each) for each in found}
    if deps.own.peer_id in wanted:
        listed[deps.own.peer_id] = own_listing(deps)
    return listed


def _name(names: dict[str, str], deps: ManagerDeps, peer_id: PeerId | None) -> str:
    if peer_id is None:
        return ""
    return deps.own.name if peer_id == deps.own.peer_id else names.get(peer_id.value, "")


def _listing(peer: store.Peer) -> PeerListing:
    return PeerListing(
        peer_id=peer.peer_id, name=peer.name, manager_address=peer.manager_address or ""
    )


def page_of(request: AnyRequest) -> Page:
    """The page that is asked for. Raises ProblemError."""
    try:
        return read_page(
            cursor=_one(request, "cursor"),
            limit=_one(request, "limit"),
            sort_order=_one(request, "sort_order"),
        )
    except InvalidValue as error:
        raise _invalid(str(error)) from None


def _one(request: AnyRequest, key: str) -> str:
    """The value of a parameter, "" when it is absent. Raises ProblemError when it comes twice."""
    values = request.query_params.getall(key, [])
    if len(values) > 1:
        raise _invalid(f"{key} is given {len(values)} times")
    value = str(values[0]) if values else ""
    if values and not value and key not in MAY_BE_EMPTY:
        raise _invalid(f"{key} is empty; leave it out instead")
    return _readable(key, value)


def _many(request: AnyRequest, key: str) -> tuple[str, ...]:
    """The values of an array parameter. Raises ProblemError when one is empty or too long."""
    given = request.query_params.getall(key, [])
    values = several(given)
    if any(not part for value in given for part in str(value).split(",")):
        raise _invalid(f"a value of {key} is empty")
    return tuple(_readable(key, each) for each in values)


def _readable(key: str, value: str) -> str:
    # Control characters mean nothing here, and PostgreSQL can not even hold one of them.
    most = _MAX_PEER_ID if key.startswith("peer_id") else _MAX_CHARACTERS
    if len(value) > most or _CONTROL.search(value):
        raise _invalid(f"{key} has over {most} characters, or a control character")
    return value


def _array(request: AnyRequest, key: str) -> tuple[str, ...]:
    """FSC Logging writes array parameters with brackets behind the name; both are read."""
    return (*_many(request, key), *_many(request, f"{key}[]"))


def _invalid(detail: str) -> ProblemError:
    return ProblemError(refused(Code.REQUEST_INVALID, detail))
