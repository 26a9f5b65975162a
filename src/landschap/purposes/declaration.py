# SPDX-License-Identifier: EUPL-1.2
"""The declaration of purpose on the wire: header ``Purpose-Declaration``, a compact JWS.

An organisation declares, for one question, for which purpose and on which ground it asks. The
declaration is bound to the contract (grant hash), the service and the trace, lives at most two
minutes and is at most 2048 bytes. It is a claim by the asker, not proof of lawfulness: the
provider checks that it is consistent; the asker stays accountable for its truth.

Reading (`read`) checks form, type and algorithm before any signature work; the caller finds the
key by thumbprint in the peer's published keys; `verify` does the rest. Replay is the caller's to
remember, by `Declaration.replay_key`: the log does, for all deciders together.
Source: RFC 7515 (JWS), RFC 8725 (JWT best practices); house claims, "Purpose declaration".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

import msgspec

from landschap.purposes.jws import (
    ALGORITHMS,
    Algorithm,
    PrivateKey,
    PublicKey,
    sign_bytes,
    signature_holds,
)
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Fault, Refusal

HEADER = "Purpose-Declaration"
PLAIN_HEADER = "Doelbinding"
TYPE = "purpose+jwt"
MAX_BYTES = 2048
MAX_LIFETIME = timedelta(seconds=120)
SKEW = timedelta(seconds=60)
MAX_HOPS = 4
_HEADER_KEYS = {"typ", "alg", "x5t#S256"}
_CHAIN_CLAIMS = ("prv", "opu")
_ALGORITHMS: Mapping[str, Algorithm] = {name: name for name in ALGORITHMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an organisation declares.

    ``issuer`` and ``audience`` are OINs, ``trace`` the 16 bytes of the trace id, ``case`` an
    opaque reference that only the asker can resolve, ``loa`` the assurance of the person behind
    the question (``none`` for a machine), ``role`` a code and never a name. ``on_behalf_of`` is the
    OIN of the delegator when the issuer asks in another's name.
    """

    issuer: str
    audience: str
    issued_at: datetime
    expires_at: datetime
    jti: UUID
    purpose: str
    legal_bases: tuple[str, ...]
    action: str
    service: str
    grant_hash: str
    trace_id: bytes
    case: str = ""
    loa: str = ""
    role: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A well-formed declaration whose signature has not been checked. Nothing may be decided on it.

    ``thumbprint`` (``x5t#S256``) says which certificate of the peer is needed to `verify` it.
    """

    algorithm: Algorithm
    thumbprint: str
    claims: Claims
    signing_input: bytes
    signature: bytes
    compact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the connection itself says, against which the declaration is held.

    ``peer`` is the OIN in the client certificate, ``provider`` our own; ``plain`` the header
    ``Doelbinding``, empty when absent; ``on_behalf_of`` the delegator in the access token.
    """

    peer: str
    provider: str
    service: str
    grant_hash: str
    trace_id: bytes
    plain: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A declaration that holds: signed, fresh and about this very question."""

    claims: Claims
    compact: str

    def replay_key(self, span_id: bytes) -> tuple[str, UUID, bytes]:
        """What a provider remembers until ``expires_at`` plus the allowed difference of clocks.

        The same issuer and jti with another span is a replay; with the same span it is a retry.
        """
        return self.claims.issuer, self.claims.jti, span_id


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
    dep: Literal[0]
    cas: str = ""
    loa: str = ""
    rol: str = ""
    obo: str = ""


def signing_input(claims: Claims, algorithm: Algorithm, thumbprint: str) -> bytes:
    """The bytes that the organisation's key signs."""
    header = json.dumps(
        {"alg": algorithm, "typ": TYPE, "x5t#S256": thumbprint}, separators=(",", ":")
    )
    return f"{_encode(header.encode())}.{_encode(_payload_of(claims))}".encode("ascii")


def sign(claims: Claims, key: PrivateKey, thumbprint: str) -> str:
    """The declaration as header text: ES256 for a P-256 key, PS256 for an RSA key.

    Raises ValueError for another key, a life over 120 seconds, or a text over 2048 bytes.
    """
    if not timedelta(0) < claims.expires_at - claims.issued_at <= MAX_LIFETIME:
        raise ValueError("a declaration lives longer than nothing and at most 120 seconds")
    algorithm = key_algorithm(key)
    content = signing_input(claims, algorithm, thumbprint)
    compact = f"{content.decode('ascii')}.{_encode(sign_bytes(content, key))}"
    if len(compact) > MAX_BYTES:
        raise ValueError(f"declaration of {len(compact)} bytes; at most {MAX_BYTES} are read")
    return compact


def read(compact: str) -> Unverified | Refusal:
    """The declaration in this header, when its form is right; else the refusal."""
    if not compact:
        return _refuse("declaration_missing", "The question carries no declaration of purpose.")
    if len(compact) > MAX_BYTES:
        return _refuse("declaration_too_large", f"The declaration is over {MAX_BYTES} bytes.")
    try:
        return _read(compact)
    except _Malformed as error:
        return error.refusal


def verify(
    unverified: Unverified, key: PublicKey, expected: Expected, now: datetime
) -> Declaration | Refusal:
    """The declaration, when the key signed it and it is about this question, now.

    ``key`` is the key of the certificate that ``thumbprint`` names, and that certificate must be
    the peer's; the caller finds it. Times may differ by 60 seconds.
    """
    if not signature_holds(
        unverified.signing_input, unverified.signature, key, unverified.algorithm
    ):
        return _refuse("declaration_invalid", "The signature under the declaration does not hold.")
    refusal = _against(unverified.claims, expected) or _fresh(unverified.claims, now)
    return refusal or Declaration(claims=unverified.claims, compact=unverified.compact)


def replayed() -> Refusal:
    """The refusal for a declaration that was used before for another question."""
    return _refuse(
        "declaration_replayed", "This declaration was used before, for another question."
    )


def key_algorithm(key: PrivateKey) -> Algorithm:
    """The algorithm of a signing key. Raises ValueError for a key that may not sign."""
    for name, fits in ALGORITHMS.items():
        if fits(key.public_key()):
            return name
    raise ValueError(
        "declarations are signed with an EC P-256 key or an RSA key of 2048 bits or up"
    )


def _against(claims: Claims, expected: Expected) -> Refusal | None:
    if claims.issuer != expected.peer:
        return _refuse(
            "declaration_invalid", "The declaration is by another organisation than the client."
        )
    if claims.audience != expected.provider:
        return _refuse("declaration_audience", "The declaration is meant for another provider.")
    ties = {
        "grant hash": (claims.grant_hash, expected.grant_hash),
        "service": (claims.service, expected.service),
        "trace": (claims.trace_id, expected.trace_id),
    }
    for name, (declared, actual) in ties.items():
        if declared != actual:
            return _refuse(
                "declaration_binding", f"The {name} of the declaration is not that of the question."
            )
    if claims.on_behalf_of != expected.on_behalf_of:
        return _other_delegator(claims.on_behalf_of, expected.on_behalf_of)
    if expected.plain and expected.plain != claims.purpose:
        return _refuse(
            "purpose_mismatch", f"The header {PLAIN_HEADER} names another purpose than is signed."
        )
    return None


def _other_delegator(declared: str, agreed: str) -> Refusal:
    """Source: authorisation algorithm, R4: ``obo`` is the delegator in the token, and only it."""
    if not declared:
        return _refuse(
            "delegation_missing",
            f"The contract is for questions on behalf of {agreed}, the declaration names nobody.",
        )
    return _refuse(
        "delegation_mismatch",
        f"The declaration is on behalf of {declared}, the contract "
        f"{f'is for {agreed}' if agreed else 'is for the asker itself'}.",
    )


def _fresh(claims: Claims, now: datetime) -> Refusal | None:
    life = claims.expires_at - claims.issued_at
    if not timedelta(0) < life <= MAX_LIFETIME or claims.issued_at > now + SKEW:
        return _refuse("declaration_invalid", "The times of the declaration can not be right.")
    if now >= claims.expires_at + SKEW:
        return _refuse("declaration_expired", "The declaration has expired; make a new one.")
    return None


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
    _refuse_unsupported(payload)
    try:
        wire = msgspec.convert(payload, type=_Payload, strict=True)
        Oin.parse(wire.iss)
        Oin.parse(wire.aud)
        if wire.obo:
            Oin.parse(wire.obo)
        trace_id = bytes.fromhex(wire.trc)
        issued_at = datetime.fromtimestamp(wire.iat, UTC)
        expires_at = datetime.fromtimestamp(wire.exp, UTC)
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
    )


def _refuse_unsupported(payload: Mapping[str, JsonValue]) -> None:
    """A claim that makes the question follow from another is refused by name, never passed over."""
    hops = payload.get("dep")
    if isinstance(hops, int) and hops > MAX_HOPS:
        raise _Malformed(_refuse("chain_too_deep", f"The chain is deeper than {MAX_HOPS} hops."))
    if hops not in (0, None) or any(name in payload for name in _CHAIN_CLAIMS):
        raise _Malformed(
            _refuse("chain_not_supported", "A question that follows from another is not accepted.")
        )


def _payload_of(claims: Claims) -> bytes:
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
            dep=0,
            cas=claims.case,
            loa=claims.loa,
            rol=claims.role,
            obo=claims.on_behalf_of,
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


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("a part is not base64url") from None
    # One text per value: stray bits at the end would give a declaration a second face.
    if _encode(raw) != text:
        raise _invalid("a part is not base64url in its one form")
    return raw


def _harmless(error: Exception) -> str:
    """The words of an error without the value that caused it."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "a claim has no valid form"


def _invalid(why: str) -> _Malformed:
    return _Malformed(_refuse("declaration_invalid", f"The declaration can not be read: {why}."))


_STATUS = {
    "declaration_too_large": 400,
    "purpose_mismatch": 400,
    "chain_too_deep": 403,
    "chain_not_supported": 403,
    "delegation_missing": 403,
    "delegation_mismatch": 403,
}
CHALLENGE = "Purpose"
"""Value of ``WWW-Authenticate`` beside every 401 of a declaration."""


def _refuse(code: str, detail: str) -> Refusal:
    return Refusal(
        code=code,
        status=_STATUS.get(code, 401),
        title="No valid declaration of purpose",
        detail=detail,
        missing=f"a valid header {HEADER} for this question",
        owner="the organisation that asks, at its Outway",
        fault=Fault.PEER,
    )
