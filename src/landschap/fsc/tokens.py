# SPDX-License-Identifier: EUPL-1.2
"""Access tokens: issued by the provider's Manager, verified by its own Inway.

`verify_token` is on the path of every question, so it does one signature check and nothing twice:
the header of our own tokens is the same for each certificate and read once; the payload is parsed
only after the signature proved that we wrote it ourselves. Who keeps verified claims calls
`check_claims` again for each connection: a token is bound to one client certificate.
Source: FSC Core, "Access token"; RFC 8705, 3.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from landschap.fsc import jws, keys
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.codes import Code, refused
from landschap.fsc.contracts import HashedGrant
from landschap.fsc.grants import Connection
from landschap.fsc.own import OwnPeer
from landschap.fsc.thumbprints import normal_certificate_thumbprint
from landschap.vocabulary.identifiers import GrantHash, PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue, Refusal

LEEWAY_SECONDS = 5
BEARER = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a verified token says.

    ``subject`` is the peer of the outway, ``delegator`` the peer it acts for (``act.sub``),
    ``publication_delegator`` the peer the service is offered for (``pdi``). ``expires_at`` and
    ``not_before`` are Unix seconds; ``properties`` are those of the grant (``prp``).
    """

    grant_hash: GrantHash
    group_id: str
    subject: PeerId
    issuer: PeerId
    service: str
    audience: str
    not_before: int
    expires_at: int
    certificate_thumbprint: str
    delegator: PeerId | None
    publication_delegator: PeerId | None
    properties: Mapping[str, JsonValue]


def issue(
    own: OwnPeer,
    granted: HashedGrant,
    client: PeerCertificate,
    now: datetime,
    ttl: timedelta,
    *,
    audience: str = "",
) -> str:
    """A token for a connection grant, bound to the client certificate of this request.

    ``audience`` is the Inway that it is for; our own when there is but one.
    Raises InvalidValue for a grant that is no connection.
    """
    grant = granted.grant
    if not isinstance(grant, Connection):
        raise InvalidValue("tokens are issued for connection grants only")
    begin = int(now.timestamp())
    claims: dict[str, JsonValue] = {
        "gth": granted.hash.value,
        "gid": own.group_id,
        "sub": grant.outway.peer_id.value,
        "iss": own.peer_id.value,
        "svc": grant.service.name,
        "aud": audience or own.inway_address,
        "nbf": begin,
        "exp": begin + max(1, int(ttl.total_seconds())),
        "cnf": {"x5t#S256": client.thumbprint},
        "add": {},
    }
    if grant.delegator is not None:
        claims["act"] = {"sub": grant.delegator.value}
    if grant.service.delegator is not None:
        claims["pdi"] = grant.service.delegator.value
    if "properties" in grant.data:
        claims["prp"] = grant.properties
    signer = own.signer
    return jws.sign(claims, signer.key, signer.certificate.thumbprint)


def verify_token(
    token: str,
    own_keys: Mapping[str, keys.PublicKey],
    now: datetime,
    group_id: str,
    client_certificate_thumbprint: str,
) -> TokenClaims | Refusal:
    """The claims of a token that one of our own keys signed and that belongs to this connection.

    ``own_keys`` maps certificate thumbprints (base64url) to keys. ``token`` may carry ``Bearer``.
    The order of refusals: missing, invalid, expired, wrong Group, other certificate.
    """
    text = token.removeprefix(BEARER).strip()
    if not text:
        return refused(
            Code.TOKEN_MISSING,
            "send the access token in Fsc-Authorization",
            missing="access token",
            owner="the calling Outway",
        )
    payload = _own_payload(text, own_keys)
    if payload is None:
        return refused(Code.TOKEN_INVALID, "the token was not signed by this peer")
    claims = _claims(payload)
    if claims is None:
        return refused(Code.TOKEN_INVALID, "the token lacks a claim or has one of the wrong type")
    return check_claims(claims, now, group_id, client_certificate_thumbprint) or claims


def check_claims(
    claims: TokenClaims, now: datetime, group_id: str, client_certificate_thumbprint: str
) -> Refusal | None:
    """None when claims that were verified before still hold for this moment and connection."""
    seconds = now.timestamp()
    if seconds + LEEWAY_SECONDS < claims.not_before:
        return refused(Code.TOKEN_INVALID, "the token is not valid yet")
    if seconds >= claims.expires_at:
        return refused(
            Code.TOKEN_EXPIRED,
            "the token has expired; ask the provider's Manager for a new one",
            missing="a fresh access token",
            owner="the calling Outway",
        )
    if claims.group_id != group_id:
        return refused(Code.TOKEN_GROUP, f"the token is of Group {claims.group_id[:100]}")
    if claims.certificate_thumbprint != client_certificate_thumbprint:
        return refused(
            Code.TOKEN_INVALID, "the token is bound to another certificate than this connection's"
        )
    return None


def check_parties(claims: TokenClaims, own: PeerId, client: PeerId) -> Refusal | None:
    """None when we issued the token ourselves, for the peer at the other end.

    Not asked by the standard; it follows from the other rules unless a certificate is shared.
    """
    if claims.issuer != own:
        return refused(Code.TOKEN_INVALID, "the token was issued by another peer")
    if claims.subject != client:
        return refused(Code.TOKEN_INVALID, "the token was issued to another peer")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedToken:
    """What an outway must know of a token from another Manager; its signature is not ours."""

    group_id: str
    grant_hash: str
    issuer: str
    audience: str
    expires_at: int


def read_received(token: str) -> ReceivedToken:
    """Read the claims an outway acts on. Raises InvalidValue.

    The outway trusts the TLS connection to the Manager that issued it; the Inway verifies.
    """
    payload = jws.parse(token).payload
    texts = [payload.get(name) for name in ("gid", "gth", "iss", "aud")]
    expires_at = payload.get("exp")
    if not isinstance(expires_at, int) or isinstance(expires_at, bool):
        raise InvalidValue("the token has no usable exp")
    group_id, grant_hash, issuer, audience = (t if isinstance(t, str) else "" for t in texts)
    return ReceivedToken(
        group_id=group_id,
        grant_hash=grant_hash,
        issuer=issuer,
        audience=audience,
        expires_at=expires_at,
    )


def bound_certificate(token: str) -> str:
    """The thumbprint of the certificate that a received token is bound to; empty without one.

    Its signature is the issuer's own matter: we only ask under which certificate it can be used.
    """
    parts = token.split(".")
    try:
        payload = json.loads(_decode(parts[1]))
        return normal_certificate_thumbprint(payload["cnf"]["x5t#S256"]) or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


@lru_cache(maxsize=64)
def _header(part: str) -> tuple[str, str]:
    """Algorithm and thumbprint of a header; our own tokens have one header per certificate."""
    try:
        header = json.loads(_decode(part))
    except ValueError:
        return "", ""
    if not isinstance(header, dict) or "crit" in header:
        return "", ""
    thumbprint = normal_certificate_thumbprint(header.get("x5t#S256")) or ""
    return str(header.get("alg")), thumbprint


def _own_payload(text: str, own_keys: Mapping[str, keys.PublicKey]) -> object:
    """The payload when the signature is ours, else None."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > jws.MAX_CHARACTERS:
        return None
    name, thumbprint = _header(parts[0])
    algorithm, key = keys.ALGORITHMS.get(name), own_keys.get(thumbprint)
    if algorithm is None or key is None:
        return None
    try:
        signature = _decode(parts[2])
        message = text[: len(parts[0]) + 1 + len(parts[1])].encode("ascii")
        if not keys.verifies(signature, message, key, algorithm):
            return None
        return json.loads(_decode(parts[1]))
    except ValueError:
        return None


def _claims(payload: object) -> TokenClaims | None:
    if not isinstance(payload, dict):
        return None
    try:
        cnf = normal_certificate_thumbprint(payload["cnf"]["x5t#S256"])
        if cnf is None:
            return None
        actor, publisher = payload.get("act"), payload.get("pdi")
        return TokenClaims(
            grant_hash=GrantHash.parse(payload["gth"]),
            group_id=str(payload["gid"]),
            subject=PeerId.parse(payload["sub"]),
            issuer=PeerId.parse(payload["iss"]),
            service=str(payload["svc"]),
            audience=str(payload["aud"]),
            not_before=_whole(payload["nbf"]),
            expires_at=_whole(payload["exp"]),
            certificate_thumbprint=cnf,
            delegator=None if actor is None else PeerId.parse(actor["sub"]),
            publication_delegator=None if publisher is None else PeerId.parse(publisher),
            properties=payload.get("prp") or {},
        )
    except (KeyError, TypeError, ValueError):
        return None


def _whole(value: object) -> int:
    """A moment as the token has it: a text or a truth that looks like a number is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue("a moment in the token is no whole number")
    return value


def _decode(part: str) -> bytes:
    if part.endswith("="):
        raise InvalidValue("base64url in a JWS has no padding")
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidValue(str(error)) from None
