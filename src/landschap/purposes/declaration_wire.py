# SPDX-License-Identifier: EUPL-1.2
"""The form of a declaration of purpose: a compact JWS, its header and its claims by wire name.

What is read is strict: one form for each value, every claim known, a chain whole or not at all.
Source: RFC 7515 (JWS), RFC 8725 (JWT best practices); house claims, "Purpose declaration".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from landschap.purposes.chain import MAX_HOPS, Followed
from landschap.purposes.declared import MAX_BYTES, TYPE, Claims, Unverified, refuse, too_deep
from landschap.purposes.jws import ALGORITHMS, Algorithm
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal

_HEADER_KEYS = {"typ", "alg", "x5t#S256"}
_ALGORITHMS: Mapping[str, Algorithm] = {name: name for name in ALGORITHMS}
_HASH_BYTES = 32


class _Previous(msgspec.Struct, forbid_unknown_fields=True):
    """The declaration of the hop before: by whom, its name, its hash and its purpose."""

    iss: str
    jti: UUID
    h: str
    pur: str


class _Payload(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The claims under their wire names."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: UUID
    pur: str
    lgb: list[str]
    act: str
    svc: str
    gth: str
    trc: str
    dep: int
    cas: str = ""
    loa: str = ""
    rol: str = ""
    obo: str = ""
    prv: _Previous | None = None
    opu: str = ""


def signing_input(claims: Claims, algorithm: Algorithm, thumbprint: str) -> bytes:
    """The bytes that the organisation's key signs."""
    header = json.dumps(
        {"alg": algorithm, "typ": TYPE, "x5t#S256": thumbprint}, separators=(",", ":")
    )
    return f"{encode(header.encode())}.{encode(_payload_of(claims))}".encode("ascii")


def read_compact(compact: str) -> Unverified | Refusal:
    """The declaration in a text that is not empty and not too long, when its form is right."""
    try:
        return _read(compact)
    except _Malformed as error:
        return error.refusal


class _Malformed(ValueError):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def _read(compact: str) -> Unverified:
    parts = compact.split(".")
    if len(parts) != 3:
        raise _invalid("it is not a compact JWS of three parts")
    algorithm, thumbprint = _header(parts[0])
    return Unverified(
        algorithm=algorithm,
        thumbprint=thumbprint,
        claims=_claims_of(_object(parts[1], "payload")),
        signing_input=f"{parts[0]}.{parts[1]}".encode("ascii"),
        signature=_decode(parts[2]),
        compact=compact,
    )


@lru_cache(maxsize=256)
def _header(part: str) -> tuple[Algorithm, str]:
    """Algorithm and thumbprint; a peer's declarations have one header per certificate."""
    header = _object(part, "header")
    if header.get("typ") != TYPE:
        raise _invalid(f"typ must be {TYPE}")
    algorithm = _ALGORITHMS.get(str(header.get("alg")))
    if algorithm is None:
        raise _invalid("alg must be ES256 or PS256")
    thumbprint = header.get("x5t#S256")
    if set(header) != _HEADER_KEYS or not isinstance(thumbprint, str):
        raise _invalid("the header must hold typ, alg and x5t#S256 and nothing else")
    return algorithm, thumbprint


def _claims_of(payload: Mapping[str, JsonValue]) -> Claims:
    hops = payload.get("dep")
    if isinstance(hops, int) and hops > MAX_HOPS:
        raise _Malformed(too_deep())
    try:
        wire = msgspec.convert(payload, type=_Payload, strict=True)
        Oin.parse(wire.iss)
        Oin.parse(wire.aud)
        if wire.obo:
            Oin.parse(wire.obo)
        trace_id = bytes.fromhex(wire.trc)
        issued_at = datetime.fromtimestamp(wire.iat, UTC)
        expires_at = datetime.fromtimestamp(wire.exp, UTC)
        follows = _followed(wire)
    except _Malformed:
        raise
    except (msgspec.ValidationError, InvalidValue, ValueError, OverflowError, OSError) as error:
        raise _invalid(_harmless(error)) from None
    if len(trace_id) != 16 or not (wire.pur and wire.lgb and wire.svc and wire.gth):
        raise _invalid("pur, lgb, svc, gth and a trc of 16 bytes must be there")
    return Claims(
        issuer=wire.iss,
        audience=wire.aud,
        issued_at=issued_at,
        expires_at=expires_at,
        jti=wire.jti,
        purpose=wire.pur,
        legal_bases=tuple(wire.lgb),
        action=wire.act,
        service=wire.svc,
        grant_hash=wire.gth,
        trace_id=trace_id,
        case=wire.cas,
        loa=wire.loa,
        role=wire.rol,
        on_behalf_of=wire.obo,
        follows=follows,
    )


def _followed(wire: _Payload) -> Followed | None:
    """The hop before: all of it, or nothing at the origin."""
    before = wire.prv
    if wire.dep == 0 and before is None and not wire.opu:
        return None
    if wire.dep < 1 or before is None or not (wire.opu and before.pur):
        raise _invalid("dep, prv and opu belong together: all at a later hop, none at the origin")
    if wire.dep == 1 and before.pur != wire.opu:
        raise _invalid("the hop before is the origin, and opu is another purpose than it declared")
    Oin.parse(before.iss)
    if len(_decode(before.h)) != _HASH_BYTES:
        raise _invalid("prv.h is no SHA-256")
    return Followed(
        issuer=before.iss,
        jti=before.jti,
        digest=before.h,
        purpose=before.pur,
        origin=wire.opu,
        depth=wire.dep,
    )


def _payload_of(claims: Claims) -> bytes:
    before = claims.follows
    return msgspec.json.encode(
        _Payload(
            iss=claims.issuer,
            aud=claims.audience,
            iat=int(claims.issued_at.timestamp()),
            exp=int(claims.expires_at.timestamp()),
            jti=claims.jti,
            pur=claims.purpose,
            lgb=list(claims.legal_bases),
            act=claims.action,
            svc=claims.service,
            gth=claims.grant_hash,
            trc=claims.trace_id.hex(),
            dep=before.depth if before else 0,
            cas=claims.case,
            loa=claims.loa,
            rol=claims.role,
            obo=claims.on_behalf_of,
            prv=_Previous(before.issuer, before.jti, before.digest, before.purpose)
            if before
            else None,
            opu=before.origin if before else "",
        )
    )


def _object(part: str, name: str) -> Mapping[str, JsonValue]:
    try:
        value = loads(_decode(part), max_bytes=MAX_BYTES, max_depth=4)
    except InvalidJson:
        raise _invalid(f"its {name} is not strict JSON") from None
    if not isinstance(value, Mapping):
        raise _invalid(f"its {name} is not an object")
    return value


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("a part is not base64url") from None
    # One text per value: stray bits at the end would give a declaration a second face.
    if encode(raw) != text:
        raise _invalid("a part is not base64url in its one form")
    return raw


def _harmless(error: Exception) -> str:
    """The words of an error without the value that caused it."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "a claim has no valid form"


def _invalid(why: str) -> _Malformed:
    return _Malformed(refuse("declaration_invalid", f"The declaration can not be read: {why}."))
