# SPDX-License-Identifier: EUPL-1.2
"""The token endpoint: a short-lived token for a connection grant of a valid contract.

Source: FSC Core, "Access token"; RFC 6749, 4.4 and 5.2; RFC 8705, 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from landschap.fsc import store
from landschap.fsc.api.areas import check_token_members
from landschap.fsc.api.deps import ManagerDeps, caller
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.codes import OAuth, oauth_refused
from landschap.fsc.contracts import HashedGrant
from landschap.fsc.delegation import delegations_of, first_refusal
from landschap.fsc.grants import Connection, GrantType, Outway
from landschap.fsc.hashes import normal_grant_hash
from landschap.fsc.states import State, missing_accepts
from landschap.fsc.tokens import issue
from landschap.vocabulary.identifiers import GrantHash
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue, ProblemError

_FORM = "application/x-www-form-urlencoded"
_MAX_SCOPE = 1_024
_MAX_FORM_BYTES = 8_192


async def give_token(deps: ManagerDeps, request: Request[Any, Any, Any]) -> dict[str, JsonValue]:
    """A token bound to the certificate of this connection. Raises ProblemError (OAuth codes)."""
    peer = caller(request)
    form = await _form(request)
    if _field(form, "grant_type") != "client_credentials":
        raise _no(OAuth.UNSUPPORTED_GRANT_TYPE, "grant_type must be client_credentials")
    grant_hash = _scope(_field(form, "scope"))
    if _field(form, "client_id") != peer.peer_id.value:
        raise _no(OAuth.INVALID_CLIENT, "client_id is not the Peer ID of the client certificate")
    now = datetime.now(UTC)
    _refuse_revoked(deps, peer, now)
    granted = await _granted(deps, grant_hash, peer, now)
    await _check_grant(deps, granted, peer, now)
    audience = await _inway(deps, granted)
    token = issue(deps.own, granted, peer, now, deps.token_ttl, audience=audience)
    return {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": int(deps.token_ttl.total_seconds()),
    }


def _refuse_revoked(deps: ManagerDeps, peer: PeerCertificate, now: datetime) -> None:
    """The carrier has asked the lists already, unless one has ended and is kept to all the same."""
    if deps.own.revocation is None:
        return
    try:
        deps.own.revocation.check((peer.x509,), now)
    except InvalidValue as error:
        raise _no(OAuth.INVALID_CLIENT, str(error)) from None


async def _form(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _FORM:
        raise _no(OAuth.INVALID_REQUEST, f"the content type must be {_FORM}")
    body = await request.body()
    if len(body) > _MAX_FORM_BYTES:
        raise _no(OAuth.INVALID_REQUEST, f"a form of more than {_MAX_FORM_BYTES} bytes")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=20
        )
    except ValueError as error:
        raise _no(OAuth.INVALID_REQUEST, f"the form can not be read: {error}") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise _no(OAuth.INVALID_REQUEST, "a field stands in the form twice")
    return dict(pairs)


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise _no(OAuth.INVALID_REQUEST, f"{name} is missing", missing=name)
    return value


def _scope(text: str) -> GrantHash:
    if len(text) > _MAX_SCOPE:
        raise _no(OAuth.INVALID_REQUEST, f"a scope of more than {_MAX_SCOPE} characters")
    try:
        return normal_grant_hash(text)
    except InvalidValue as error:
        raise _no(OAuth.INVALID_REQUEST, f"scope: {error}") from None


async def _granted(
    deps: ManagerDeps, grant_hash: GrantHash, peer: PeerCertificate, now: datetime
) -> HashedGrant:
    """The grant, when its contract is valid now. Strangers do not learn why it is not."""
    stored = await store.contract_of_grant(deps.pool, grant_hash)
    if stored is None:
        raise _no(OAuth.INVALID_GRANT, "no contract with this grant is known here")
    state = stored.state(now)
    if state is not State.VALID and peer.peer_id not in stored.contract.participants:
        raise _no(OAuth.INVALID_GRANT, "no contract with this grant is known here")
    if state is not State.VALID:
        waiting = ", ".join(
            each.value for each in missing_accepts(stored.contract, stored.signatures, now)
        )
        raise _no(
            OAuth.INVALID_GRANT,
            f"the contract of this grant is {state}, not valid",
            missing="an accept of every participant" if waiting else "",
            owner=waiting,
        )
    return next(each for each in stored.contract.grants if each.hash == grant_hash)


async def _inway(deps: ManagerDeps, granted: HashedGrant) -> str:
    """The Inway that this token is for. Source: FSC Core, "Access token" (``aud``)."""
    grant = granted.grant
    if deps.inway_of is None or not isinstance(grant, Connection):
        return deps.own.inway_address
    return await deps.inway_of(grant.service.name)


async def _check_grant(
    deps: ManagerDeps, granted: HashedGrant, peer: PeerCertificate, now: datetime
) -> None:
    grant = granted.grant
    if not isinstance(grant, Connection):
        raise _no(OAuth.INVALID_SCOPE, "this is a publication; tokens are for connections")
    if grant.outway.peer_id != peer.peer_id:
        raise _no(OAuth.UNAUTHORIZED_CLIENT, "the grant is for the outway of another peer")
    if not _is_outway(grant.outway, peer):
        raise _no(
            OAuth.UNAUTHORIZED_CLIENT,
            "the grant is for an outway with another key",
            missing="a contract for the key of this certificate",
            owner=peer.name,
        )
    if grant.service.peer_id != deps.own.peer_id:
        raise _no(OAuth.INVALID_SCOPE, "the service is of another peer; ask its Manager")
    if grant.service.name not in await deps.offered():
        raise _no(
            OAuth.INVALID_SCOPE,
            f"no Inway here offers the service {grant.service.name}",
            missing="the service",
            owner=deps.own.name,
        )
    _check_agreements(grant, now)
    await _check_publication(deps, grant, now)
    await check_token_members(deps, grant)


async def _check_publication(deps: ManagerDeps, grant: Connection, now: datetime) -> None:
    """A service is offered for another while that other has it listed so.

    One revoke of the listing ends the tokens of every connection. Source: FSC Core, "Access token"
    (``pdi``).
    """
    delegator = grant.service.delegator
    if delegator is None:
        return
    kinds = (GrantType.DELEGATED_PUBLICATION.value,)
    for each in await store.contracts(deps.pool, grant_types=kinds):
        listed = (publication.service for _, publication in each.contract.publications)
        if grant.service in listed and each.state(now) is State.VALID:
            return
    raise _no(
        OAuth.INVALID_GRANT,
        f"the service {grant.service.name} is not published here on behalf of {delegator} now",
        missing="a valid publication on behalf of the delegator",
        owner=f"{delegator} and {deps.own.name}",
    )


def _check_agreements(grant: Connection, now: datetime) -> None:
    """Nobody acts for another without an agreement that still holds. Source: GDPR art. 26, 28."""
    refusal = first_refusal(delegations_of(grant), now)
    if refusal is not None:
        # OAuth has room for one sentence only, so code, missing link and owner stand in it.
        words = f"{refusal.code}: {refusal.detail} Missing: {refusal.missing}; who can add it: "
        raise _no(
            OAuth.INVALID_GRANT,
            f"{words}{refusal.owner}",
            missing=refusal.missing,
            owner=refusal.owner,
        )


def _is_outway(outway: Outway, peer: PeerCertificate) -> bool:
    """True when the certificate fits: by its key, or by an exact DNS name in it."""
    if outway.public_key_thumbprint is not None:
        return outway.public_key_thumbprint == peer.key_thumbprint
    return outway.domain_name in peer.dns_names


def _no(error: OAuth, detail: str, *, missing: str = "", owner: str = "") -> ProblemError:
    return ProblemError(oauth_refused(error, detail, missing=missing, owner=owner))
