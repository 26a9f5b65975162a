# SPDX-License-Identifier: EUPL-1.2
"""Who we are towards peers: certificate, key and Group, and what we sign with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from landschap.fsc import jws
from landschap.fsc.certificates import PeerCertificate, Trust
from landschap.fsc.contracts import Contract
from landschap.fsc.hashes import Profile
from landschap.fsc.keys import PrivateKey, SigningKey
from landschap.fsc.signatures import signature_payload
from landschap.fsc.states import Kind, Signature
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.revocation import Revocation


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signer:
    """What we sign with: a key, its certificate and the intermediates, without the root."""

    certificate: PeerCertificate
    chain: tuple[x509.Certificate, ...]
    key: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OwnPeer:
    """Our own organisation as a peer; ``chain`` holds the intermediates, without the root.

    ``former`` are certificates that were replaced a moment ago: tokens signed with them still
    count, and connections made with them still end as they began. ``kept`` is what we sign with
    when that is another key than the one for TLS: one in a PKCS #11 token.
    """

    certificate: PeerCertificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKey
    anchors: tuple[x509.Certificate, ...]
    revocation: Revocation | None
    group_id: str
    profile: Profile
    manager_address: str
    inway_address: str
    is_directory: bool = False
    former: tuple[PeerCertificate, ...] = ()
    kept: Signer | None = None

    def __repr__(self) -> str:
        return f"OwnPeer({self.peer_id}, {self.name!r})"

    @property
    def signer(self) -> Signer:
        """What contracts, tokens, declarations and anchors are signed with."""
        if self.kept is not None:
            return self.kept
        return Signer(certificate=self.certificate, chain=self.chain, key=self.key)

    @property
    def proof(self) -> tuple[str, str]:
        """The certificates that we show and that we sign with, by thumbprint."""
        return self.certificate.thumbprint, self.signer.certificate.thumbprint

    @property
    def peer_id(self) -> PeerId:
        """Our Peer ID, from our own certificate."""
        return self.certificate.peer_id

    @property
    def name(self) -> str:
        """Our name, from our own certificate."""
        return self.certificate.name

    def trust(self, now: datetime) -> Trust:
        """What other peers' certificates are held against."""
        return Trust(anchors=self.anchors, revocation=self.revocation, now=now)

    def sign(self, contract: Contract, kind: Kind, now: datetime) -> Signature:
        """Our signature under a contract."""
        payload = signature_payload(contract.hash, kind, now)
        signer = self.signer
        return Signature(
            peer_id=self.peer_id,
            kind=kind,
            jws=jws.sign(payload, signer.key, signer.certificate.thumbprint),
            signed_at=now.replace(microsecond=0),
            thumbprint=signer.certificate.thumbprint,
            certificate_from=signer.certificate.not_before,
            certificate_until=signer.certificate.not_after,
        )
