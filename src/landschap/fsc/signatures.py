# SPDX-License-Identifier: EUPL-1.2
"""Signatures under contracts: accept, reject and revoke.

A signature is a compact JWS with the content hash, its type and the moment of signing. The steps
of the standard, and where they happen:

1. it parses, 2. its algorithm is listed             `read_signature`
3. the certificate is found by its thumbprint        the door (our memory, or the peer's key set)
4. the certificate leads to a trust anchor and is valid now
5. it is the submitting peer's
6. the signature verifies
8. the content hash in it is that of the contract
9. its type is that of the endpoint                  `verify_signature`

Step 7 (the hash in the address) and step 10 (the signer is a participant) come before all of
these, with the checks of the contract itself. Source: FSC Core, "Signatures".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from landschap.fsc import jws, keys
from landschap.fsc.certificates import PeerCertificate, Trust, check_trusted
from landschap.fsc.codes import Code, refused
from landschap.fsc.contracts import CLOCK_SKEW
from landschap.fsc.hashes import has_unknown_algorithm
from landschap.fsc.states import Kind, Signature
from landschap.vocabulary.identifiers import ContentHash, PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedSignature:
    """A signature that was read, and that nobody may believe yet."""

    text: str
    jws: jws.Jws
    content_hash: str
    kind: str
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the signature must say, and whose it must be."""

    content_hash: ContentHash
    kind: Kind
    signer: PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedCertificate:
    """A certificate with the intermediates that came with it."""

    leaf: PeerCertificate
    others: tuple[x509.Certificate, ...] = ()


def signature_payload(
    content_hash: ContentHash, kind: Kind, signed_at: datetime
) -> Mapping[str, JsonValue]:
    """What one signs. Source: FSC Core, "Signatures", table of payload fields."""
    return {
        "contract_content_hash": content_hash.value,
        "type": kind.value,
        "signed_at": int(signed_at.timestamp()),
    }


def read_signature(text: str) -> UnverifiedSignature | Refusal:
    """Steps 1 and 2. Refuses what is no JWS, an algorithm off the list, a wrong payload."""
    try:
        parsed = jws.parse(text)
    except InvalidValue as error:
        return refused(Code.SIGNATURE, str(error))
    if parsed.algorithm not in keys.ALGORITHMS:
        names = ", ".join(keys.ALGORITHMS)
        return refused(
            Code.SIGNATURE_ALGORITHM, f"alg {parsed.algorithm[:20]!r}; allowed are {names}"
        )
    if not parsed.thumbprint:
        return refused(Code.SIGNATURE, "the header has no usable x5t#S256")
    content_hash = parsed.payload.get("contract_content_hash")
    kind, moment = parsed.payload.get("type"), parsed.payload.get("signed_at")
    if not isinstance(content_hash, str) or not isinstance(kind, str):
        return refused(Code.SIGNATURE, "the payload lacks contract_content_hash or type")
    if not isinstance(moment, int) or isinstance(moment, bool) or not 0 <= moment < 2**35:
        return refused(Code.SIGNATURE, "signed_at is not a whole number of seconds")
    return UnverifiedSignature(
        text=text,
        jws=parsed,
        content_hash=content_hash,
        kind=kind,
        signed_at=datetime.fromtimestamp(moment, UTC),
    )


def verify_signature(
    read: UnverifiedSignature, certificate: ChainedCertificate, claim: Claim, trust: Trust
) -> Signature | Refusal:
    """Steps 4 to 9, in that order."""
    leaf = certificate.leaf
    if leaf.thumbprint != read.jws.thumbprint:
        return refused(Code.SIGNATURE, "this is not the certificate that x5t#S256 names")
    try:
        check_trusted(leaf.x509, certificate.others, trust)
    except InvalidValue as error:
        return refused(Code.SIGNATURE, str(error))
    if leaf.peer_id != claim.signer:
        return refused(Code.PEER_ID, f"signed by peer {leaf.peer_id}, sent by peer {claim.signer}")
    if not jws.verifies(read.jws, leaf.key):
        return refused(Code.SIGNATURE, "the signature does not verify with this certificate")
    return _about_this(read, claim, trust.now) or Signature(
        peer_id=leaf.peer_id,
        kind=claim.kind,
        jws=read.text,
        signed_at=read.signed_at,
        thumbprint=leaf.thumbprint,
        certificate_from=leaf.not_before,
        certificate_until=leaf.not_after,
    )


def _about_this(read: UnverifiedSignature, claim: Claim, now: datetime) -> Refusal | None:
    if has_unknown_algorithm(read.content_hash):
        return refused(Code.HASH_ALGORITHM, "contract_content_hash names another hash algorithm")
    if read.content_hash != claim.content_hash.value:
        return refused(Code.CONTENT_HASH, "contract_content_hash is not that of this contract")
    if read.kind != claim.kind.value:
        return refused(Code.SIGNATURE, f"type is {read.kind[:20]!r}, not {claim.kind.value}")
    if read.signed_at > now + CLOCK_SKEW:
        # A later signature replaces an earlier one; one from the future could never be replaced.
        return refused(Code.SIGNATURE, "signed_at lies in the future")
    return None
