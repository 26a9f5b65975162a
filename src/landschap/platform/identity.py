# SPDX-License-Identifier: EUPL-1.2
"""Who we are to others: making test certificates, reading our own, and checking that it holds.

An organisation certificate carries the OIN as `serialNumber` of its subject and the name as
`organizationName`; its host names stand in the SAN. Keys are ECDSA on P-256.
Source: FSC Core, "Peer" and "TLS configuration"; OIN-Stelsel 2.2.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import Oin

# Clocks of peers differ a little; a certificate made now must hold on all of them.
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key, as made here."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when to when a certificate holds."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def of_days(cls, now: datetime, days: int) -> Validity:
        """From now (less a little, for other clocks) for a number of days."""
        return cls(not_before=now - _CLOCK_SKEW, not_after=now + timedelta(days=days))


def make_anchor(name: str, validity: Validity) -> Issued:
    """A certificate authority that trusts itself: a Group's test anchor, or an internal CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = _builder(subject, subject, key.public_key(), validity)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    builder = builder.add_extension(_key_usage(ca=True), critical=True)
    return Issued(builder.sign(key, hashes.SHA256()), key)


def issue_organisation(
    anchor: Issued,
    *,
    oin: Oin,
    name: str,
    hosts: Sequence[str],
    validity: Validity,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    """A certificate for an organisation's Manager, Inway and Outway, valid for ``hosts``.

    With a ``key`` it renews: connection contracts that name the key stay good.
    """
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, oin.value),
            # X.520 allows 64 characters in a common name; clients look at the SAN anyway.
            x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64]),
        ]
    )
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    san = [_general_name(host) for host in hosts]
    return _issue(anchor, subject, usages, san, validity, key)


def issue_application(ca: Issued, *, name: str, validity: Validity) -> Issued:
    """A client certificate with which an application of our own proves itself at the Outway."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    san = [x509.UniformResourceIdentifier(f"urn:landschap:application:{name}")]
    return _issue(ca, subject, [ExtendedKeyUsageOID.CLIENT_AUTH], san, validity)


def revocation_list(
    anchor: Issued, revoked: Sequence[x509.Certificate], *, now: datetime, days: int
) -> bytes:
    """A certificate revocation list (PEM). An expired one makes nginx refuse every client."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(anchor.certificate.subject)
    builder = builder.last_update(now - _CLOCK_SKEW).next_update(now + timedelta(days=days))
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
    return builder.sign(anchor.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_issued(certificate: Path, key: Path) -> Issued:
    """A certificate authority from its two files. Raises Trouble."""
    return Issued(read_certificates(certificate)[0], read_ecdsa_key(key))


def read_ecdsa_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A key of the kind that is made here. Raises Trouble."""
    read = read_key(path)
    if not isinstance(read, ec.EllipticCurvePrivateKey):
        raise Trouble(f"{path} is not an ECDSA key", "make one with `landschap identity anchor`")
    return read


def read_certificates(path: Path) -> list[x509.Certificate]:
    """All certificates in a PEM file, the first one first. Raises Trouble."""
    return certificates_in(read_file(path, "certificate"), path)


def certificates_in(content: bytes, path: Path) -> list[x509.Certificate]:
    """The certificates in what was read from a file. Raises Trouble."""
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise Trouble(
            f"{path} holds no certificate: {error}", "save it as PEM (-----BEGIN CERTIFICATE-----)"
        ) from None


def read_key(path: Path) -> PrivateKeyTypes:
    """An unencrypted private key in PEM. Raises Trouble."""
    return key_in(read_file(path, "private key"), path)


def key_in(content: bytes, path: Path) -> PrivateKeyTypes:
    """The key in what was read from a file. Raises Trouble."""
    try:
        return serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise Trouble(
            f"{path} holds no private key that can be used: {error}",
            "save it as PEM without a password, readable by our user only",
        ) from None


def oin_of(certificate: x509.Certificate) -> str:
    """The subject's serialNumber, or '' when there is not exactly one."""
    found = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(found[0].value) if len(found) == 1 else ""


def organisation_of(certificate: x509.Certificate) -> str:
    """The subject's organizationName, or '' when there is none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """The host names and addresses in the SAN."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    names = san.get_values_for_type(x509.DNSName)
    return [*names, *(str(each) for each in san.get_values_for_type(x509.IPAddress))]


def _issue(
    ca: Issued,
    subject: x509.Name,
    usages: Sequence[x509.ObjectIdentifier],
    san: Sequence[x509.GeneralName],
    validity: Validity,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Issued:
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(subject, ca.certificate.subject, key.public_key(), validity)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_key_usage(ca=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return Issued(builder.sign(ca.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, validity: Validity
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def read_file(path: Path, what: str) -> bytes:
    """The bytes of a file of the identity. Raises Trouble."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        remedy = "put it there, or make a test identity with `landschap identity issue`"
        if what == "private key":
            remedy += (
                ". Lost for good? Ask for a new key and certificate (docs/how-to/rotate-keys.md);"
                " what was signed before stays proved without the key: `landschap verify`"
            )
        raise Trouble(f"the {what} {path} does not exist", remedy) from None
    except OSError as error:
        raise Trouble(
            f"the {what} {path} cannot be read: {error.strerror}",
            "let the user that runs landschap read it",
        ) from None
