# SPDX-License-Identifier: EUPL-1.2
"""Organisation certificates: who a peer is, and whether we may believe it.

The Peer ID is the one ``serialNumber`` of the subject (in the Dutch profile the OIN; not the
certificate's own serial number), the name is its ``organizationName``.

A chain is built by our own few rules instead of the Web PKI profile, because government chains do
not follow that profile: every link is signed by the next, every issuer is a CA that may sign
certificates, its path length is kept, every certificate is valid now, and the last one is signed
by (or is) a trust anchor of the Group.
Source: FSC Core, "Trust Anchor" and "Peer ID"; RFC 5280, 6.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from landschap.fsc.keys import PublicKey, public_key
from landschap.fsc.thumbprints import certificate_thumbprint, public_key_thumbprint
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.revocation import Revocation

MAX_CHAIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCertificate:
    """A usable organisation certificate with what FSC needs of it."""

    der: bytes
    peer_id: PeerId
    name: str
    key: PublicKey
    thumbprint: str
    key_thumbprint: str
    dns_names: frozenset[str]
    not_before: datetime
    not_after: datetime
    x509: x509.Certificate

    def valid_at(self, now: datetime) -> bool:
        """True inside the certificate's own period."""
        return self.not_before <= now < self.not_after


def read_pem(pem: bytes) -> PeerCertificate:
    """Read one PEM certificate. Raises InvalidValue."""
    try:
        return peer_certificate(x509.load_pem_x509_certificate(pem))
    except ValueError as error:
        raise _unusable(error) from None


def read_der(der: bytes) -> PeerCertificate:
    """Read one DER certificate. Raises InvalidValue."""
    try:
        return peer_certificate(x509.load_der_x509_certificate(der))
    except ValueError as error:
        raise _unusable(error) from None


def peer_certificate(certificate: x509.Certificate) -> PeerCertificate:
    """Take out what FSC needs. Raises InvalidValue when the subject or key can not be used."""
    try:
        key = public_key(certificate.public_key())
        der = certificate.public_bytes(Encoding.DER)
        names = _dns_names(certificate)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable(error) from None
    return PeerCertificate(
        der=der,
        peer_id=PeerId.parse(_one(certificate, NameOID.SERIAL_NUMBER, "serialNumber")),
        name=_one(certificate, NameOID.ORGANIZATION_NAME, "organizationName"),
        key=key,
        thumbprint=certificate_thumbprint(der),
        key_thumbprint=public_key_thumbprint(key),
        dns_names=names,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        x509=certificate,
    )


def check_chain(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Iterable[x509.Certificate],
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    """The way from ``leaf`` to an anchor through ``others``, without the anchor itself.

    ``others`` may come in any order and hold more than is needed, at most five are looked at.
    Raises InvalidValue with the why.
    """
    roots = list(anchors)
    pool = [each for each in others[:MAX_CHAIN] if each != leaf]
    current = leaf
    way = [leaf]
    _check_period(current, now)
    for below in range(MAX_CHAIN):
        root = _issuer_of(current, roots, below)
        if root is not None:
            _check_period(root, now)
            return tuple(way)
        issuer = _issuer_of(current, pool, below)
        if issuer is None:
            raise InvalidValue("the certificate does not lead to a trust anchor of this Group")
        _check_period(issuer, now)
        pool.remove(issuer)
        way.append(issuer)
        current = issuer
    raise InvalidValue(f"the chain is longer than {MAX_CHAIN} certificates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a certificate is held against; ``revocation`` None where the Group has no lists."""

    anchors: Sequence[x509.Certificate]
    revocation: Revocation | None
    now: datetime


def check_trusted(leaf: x509.Certificate, others: Sequence[x509.Certificate], trust: Trust) -> None:
    """Check the chain to an anchor, and that nothing in it was revoked. Raises InvalidValue."""
    way = check_chain(leaf, others, trust.anchors, trust.now)
    if trust.revocation is not None:
        trust.revocation.check(way, trust.now)


def _issuer_of(
    certificate: x509.Certificate, candidates: Iterable[x509.Certificate], below: int
) -> x509.Certificate | None:
    """The candidate that signed this certificate and may do so with ``below`` CAs under it."""
    for each in candidates:
        if each.subject != certificate.issuer or not _may_sign(each, below):
            continue
        try:
            certificate.verify_directly_issued_by(each)
        except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
            continue
        return each
    return None


def _may_sign(issuer: x509.Certificate, below: int) -> bool:
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    short_enough = basic.path_length is None or below <= basic.path_length
    return basic.ca and short_enough and (usage is None or usage.key_cert_sign)


def _check_period(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        subject = certificate.subject.rfc4514_string()
        raise InvalidValue(f"the certificate of {subject[:120]} is not valid at this moment")


def _one(certificate: x509.Certificate, oid: x509.ObjectIdentifier, word: str) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    if len(values) != 1 or not isinstance(values[0].value, str):
        raise InvalidValue(f"the certificate's subject has {len(values)} {word}, not exactly one")
    return values[0].value


def _dns_names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))


def _unusable(error: Exception) -> InvalidValue:
    if isinstance(error, InvalidValue):
        return error
    return InvalidValue(f"the certificate can not be read: {error}")
