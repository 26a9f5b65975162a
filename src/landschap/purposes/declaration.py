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

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from landschap.purposes.declaration_wire import encode, read_compact, signing_input
from landschap.purposes.declared import (
    CHALLENGE,
    HEADER,
    MAX_BYTES,
    MAX_LIFETIME,
    PLAIN_HEADER,
    SKEW,
    Claims,
    Unverified,
    refuse,
)
from landschap.purposes.jws import (
    ALGORITHMS,
    Algorithm,
    PrivateKey,
    PublicKey,
    sign_bytes,
    signature_holds,
)
from landschap.vocabulary.problems import Refusal

__all__ = [
    "CHALLENGE", "HEADER", "MAX_BYTES", "SKEW", "Claims", "Declaration", "Expected", "Unverified",
    "key_algorithm", "read", "replayed", "sign", "signing_input", "verify",
]  # fmt: skip


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


def sign(claims: Claims, key: PrivateKey, thumbprint: str) -> str:
    """The declaration as header text: ES256 for a P-256 key, PS256 for an RSA key.

    Raises ValueError for another key, a life over 120 seconds, or a text over 2048 bytes.
    """
    if not timedelta(0) < claims.expires_at - claims.issued_at <= MAX_LIFETIME:
        raise ValueError("a declaration lives longer than nothing and at most 120 seconds")
    algorithm = key_algorithm(key)
    content = signing_input(claims, algorithm, thumbprint)
    compact = f"{content.decode('ascii')}.{encode(sign_bytes(content, key))}"
    if len(compact) > MAX_BYTES:
        raise ValueError(f"declaration of {len(compact)} bytes; at most {MAX_BYTES} are read")
    return compact


def read(compact: str) -> Unverified | Refusal:
    """The declaration in this header, when its form is right; else the refusal."""
    if not compact:
        return refuse("declaration_missing", "The question carries no declaration of purpose.")
    if len(compact) > MAX_BYTES:
        return refuse("declaration_too_large", f"The declaration is over {MAX_BYTES} bytes.")
    return read_compact(compact)


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
        return refuse("declaration_invalid", "The signature under the declaration does not hold.")
    refusal = _against(unverified.claims, expected) or _fresh(unverified.claims, now)
    return refusal or Declaration(claims=unverified.claims, compact=unverified.compact)


def replayed() -> Refusal:
    """The refusal for a declaration that was used before for another question."""
    return refuse("declaration_replayed", "This declaration was used before, for another question.")


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
        return refuse(
            "declaration_invalid", "The declaration is by another organisation than the client."
        )
    if claims.audience != expected.provider:
        return refuse("declaration_audience", "The declaration is meant for another provider.")
    ties = {
        "grant hash": (claims.grant_hash, expected.grant_hash),
        "service": (claims.service, expected.service),
        "trace": (claims.trace_id, expected.trace_id),
    }
    for name, (declared, actual) in ties.items():
        if declared != actual:
            return refuse(
                "declaration_binding", f"The {name} of the declaration is not that of the question."
            )
    if claims.on_behalf_of != expected.on_behalf_of:
        return _other_delegator(claims.on_behalf_of, expected.on_behalf_of)
    if expected.plain and expected.plain != claims.purpose:
        return refuse(
            "purpose_mismatch", f"The header {PLAIN_HEADER} names another purpose than is signed."
        )
    return None


def _other_delegator(declared: str, agreed: str) -> Refusal:
    """Source: authorisation algorithm, R4: ``obo`` is the delegator in the token, and only it."""
    if not declared:
        return refuse(
            "delegation_missing",
            f"The contract is for questions on behalf of {agreed}, the declaration names nobody.",
        )
    return refuse(
        "delegation_mismatch",
        f"The declaration is on behalf of {declared}, the contract "
        f"{f'is for {agreed}' if agreed else 'is for the asker itself'}.",
    )


def _fresh(claims: Claims, now: datetime) -> Refusal | None:
    life = claims.expires_at - claims.issued_at
    if not timedelta(0) < life <= MAX_LIFETIME:
        seconds = MAX_LIFETIME.total_seconds()
        return refuse(
            "declaration_invalid",
            f"A declaration lives longer than nothing and at most {seconds:.0f} seconds.",
        )
    if claims.issued_at > now + SKEW:
        ahead = (claims.issued_at - now).total_seconds()
        return refuse(
            "declaration_invalid",
            f"The declaration is from the future: {ahead:.0f} seconds ahead of our clock, of which "
            f"{SKEW.total_seconds():.0f} are let pass; set the clock of the asker right.",
        )
    if now >= claims.expires_at + SKEW:
        return refuse("declaration_expired", "The declaration has expired; make a new one.")
    return None
