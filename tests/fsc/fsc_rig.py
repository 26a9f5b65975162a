# SPDX-License-Identifier: EUPL-1.2
"""Peers of a Group for tests: an anchor, certificates, contracts, signatures. All fictitious."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from landschap.fsc.certificates import PeerCertificate, peer_certificate
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.keys import PrivateKey
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.revocation import RevocationList, read_revocation_list

GROUP = "fsc-test-groep"
DOESBURG = "00000099000000000221"
WEESP = "00000099000000000457"
DIRECTORY = "00000099000000000001"
PROVINCE = "00000099000000000777"
TUSSEN = "00000099000000000888"
NAMES = {
    TUSSEN: "Dienst Tussen",
    DOESBURG: "Gemeente Doesburg",
    WEESP: "Gemeente Weesp",
    DIRECTORY: "Gids van de testgroep",
    PROVINCE: "Provincie Proefland",
}
HOSTS = {
    "00000099000000002000": "gevend.test",
    "00000099000000003000": "vragend.test",
    TUSSEN: "tussen.test",
    DOESBURG: "doesburg.test",
    WEESP: "weesp.test",
    DIRECTORY: "gids.test",
    PROVINCE: "proefland.test",
}
YEAR = timedelta(days=365)


def new_key(kind: str = "P-256") -> PrivateKey:
    """A fresh private key: P-256, P-384, P-521 or RSA."""
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


@dataclass(kw_only=True)
class Authority:
    """A certification authority: the trust anchor, or an intermediate below it."""

    name: str = "Testanker"
    key: PrivateKey = field(default_factory=new_key)
    parent: Authority | None = None
    path_length: int | None = None
    is_ca: bool = True
    begin: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))
    lifetime: timedelta = YEAR
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        issuer = self.parent or self
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        issuer_name = subject if self.parent is None else self.parent.certificate.subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begin)
            .not_valid_after(self.begin + self.lifetime)
            .add_extension(
                x509.BasicConstraints(ca=self.is_ca, path_length=self.path_length), critical=True
            )
        )
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    def issue(self, peer_id: str, **changes: Any) -> tuple[x509.Certificate, PrivateKey]:
        """An organisation certificate. Changes: name, key, hosts, begin, lifetime, serials."""
        key = changes.get("key") or new_key()
        begin = changes.get("begin") or datetime.now(UTC) - timedelta(hours=6)
        serials = changes.get("serials", [peer_id])
        hosts = changes.get("hosts") or [HOSTS.get(peer_id, "peer.test")]
        attributes = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(
                NameOID.ORGANIZATION_NAME, changes.get("name") or NAMES.get(peer_id, "Peer X")
            ),
            x509.NameAttribute(NameOID.COMMON_NAME, hosts[0]),
            *(x509.NameAttribute(NameOID.SERIAL_NUMBER, each) for each in serials),
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(attributes))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + changes.get("lifetime", YEAR))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(each) for each in hosts]), critical=False
            )
        )
        return builder.sign(self.key, hashes.SHA256()), key


def list_of(
    authority: Authority,
    *,
    revoked: Sequence[x509.Certificate] = (),
    begin: datetime | None = None,
    days: float = 30,
) -> RevocationList:
    """A revocation list that the authority signed."""
    begin = (begin or datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(begin)
        .next_update(begin + timedelta(days=days))
    )
    for each in revoked:
        entry = x509.RevokedCertificateBuilder(each.serial_number, begin)
        builder = builder.add_revoked_certificate(entry.build())
    pem = builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)
    return read_revocation_list(pem, [authority.certificate], begin)


def pem_key(key: PrivateKey) -> bytes:
    """The key as unencrypted PKCS #8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def own_peer(authority: Authority, peer_id: str, **changes: Any) -> OwnPeer:
    """A whole peer: certificate, key, addresses. ``key`` may be of any kind."""
    certificate, key = authority.issue(peer_id, **changes)
    host = HOSTS.get(peer_id, "peer.test")
    return OwnPeer(
        certificate=peer_certificate(certificate),
        chain=tuple(changes.get("chain", ())),
        key=key,
        anchors=(authority.certificate,) if authority.parent is None else tuple(changes["anchors"]),
        revocation=changes.get("revocation"),
        group_id=changes.get("group_id", GROUP),
        profile=changes.get("profile", Profile.FSC_2),
        manager_address=changes.get("manager_address", f"https://{host}:8443"),
        inway_address=f"https://{host}:443",
        is_directory=peer_id == DIRECTORY,
    )


def connection_grant(
    outway: str, provider: str, thumbprint: str, **changes: Any
) -> dict[str, JsonValue]:
    """A service connection grant. Changes: service, delegator, service_delegator, properties."""
    service: dict[str, JsonValue] = {
        "type": "SERVICE_TYPE_SERVICE",
        "peer_id": provider,
        "name": changes.get("service", "bijstand"),
    }
    if "service_delegator" in changes:
        service |= {
            "type": "SERVICE_TYPE_DELEGATED_SERVICE",
            "delegator": {"peer_id": changes["service_delegator"]},
        }
    data: dict[str, JsonValue] = {
        "type": "GRANT_TYPE_SERVICE_CONNECTION",
        "outway": {
            "peer_id": outway,
            "identification": {
                "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                "public_key_thumbprint": thumbprint,
            },
        },
        "service": service,
    }
    if "delegator" in changes:
        data |= {
            "type": "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION",
            "delegator": {"peer_id": changes["delegator"]},
        }
    if "properties" in changes:
        data["properties"] = changes["properties"]
    return {"data": data}


def publication_grant(provider: str, directory: str, **changes: Any) -> dict[str, JsonValue]:
    """A service publication grant. Changes: service, delegator, properties."""
    data: dict[str, JsonValue] = {
        "type": "GRANT_TYPE_SERVICE_PUBLICATION",
        "directory": {"peer_id": directory},
        "service": {
            "peer_id": provider,
            "name": changes.get("service", "bijstand"),
            "protocol": "PROTOCOL_TCP_HTTP_1.1",
        },
    }
    if "delegator" in changes:
        data |= {
            "type": "GRANT_TYPE_DELEGATED_SERVICE_PUBLICATION",
            "delegator": {"peer_id": changes["delegator"]},
        }
    if "properties" in changes:
        data["properties"] = changes["properties"]
    return {"data": data}


def agreement(*sides: str, **changes: JsonValue) -> dict[str, JsonValue]:
    """The properties with an agreement for these sides: ``connection``, ``publication``."""
    value: dict[str, JsonValue] = {
        "v": 1,
        "role": "processor",
        "reference": "VWO-2026-17",
        "until": "2126-01-01",
    }
    return {f"delegation.{side}.agreement": value | changes for side in sides}


def content(*grants: JsonValue, **changes: JsonValue) -> dict[str, JsonValue]:
    """A contract content around these grants, valid for a year from an hour ago."""
    now = int(datetime.now(UTC).timestamp())
    tree: dict[str, JsonValue] = {
        "fsc_version": "2.0.0",
        "iv": str(uuid.uuid4()),
        "group_id": GROUP,
        "validity": {"not_before": now - 3600, "not_after": now + 31_536_000},
        "grants": list(grants),
        "hash_algorithm": "HASH_ALGORITHM_SHA3_512",
        "created_at": now - 3600,
    }
    return copy.deepcopy(tree | changes)


def contract(tree: JsonValue) -> Contract:
    """The contract of a tree that must be readable."""
    read = read_contract(tree, Profile.FSC_2)
    assert not isinstance(read, Refusal), read
    return read


def accept(peer: OwnPeer, tree: JsonValue, kind: Kind = Kind.ACCEPT) -> str:
    """A peer's signature under a tree, as compact JWS."""
    return peer.sign(contract(tree), kind, datetime.now(UTC)).jws


def cert_of(peer: OwnPeer) -> PeerCertificate:
    """The peer's own certificate."""
    return peer.certificate
