# SPDX-License-Identifier: EUPL-1.2
"""Our own certificate, key and Group, read from the files that the settings name."""

from __future__ import annotations

from cryptography import x509

from landschap.fsc.certificates import peer_certificate
from landschap.fsc.hashes import Profile
from landschap.fsc.keys import private_key
from landschap.fsc.own import OwnPeer
from landschap.platform.identity import read_certificates
from landschap.platform.keys import organisation_key, own_chain
from landschap.platform.settings import Settings


def own_peer(settings: Settings) -> OwnPeer:
    """Who we are towards peers.

    Raises Trouble when a file can not be read, InvalidValue when a certificate can not be used.
    """
    leaf, *chain = own_chain(settings)
    identity = settings.identity
    anchors = [c for path in identity.trust_anchors for c in read_certificates(path)]
    crl = None
    if identity.crl is not None:
        crl = x509.load_pem_x509_crl(identity.crl.read_bytes())
    return OwnPeer(
        certificate=peer_certificate(leaf),
        # The root is each peer's own; sending it along would prove nothing.
        chain=tuple(each for each in chain if each.issuer != each.subject),
        key=private_key(organisation_key(settings)),
        anchors=tuple(anchors),
        crl=crl,
        group_id=settings.organisation.group_id,
        profile=Profile(settings.fsc.profile),
        manager_address=settings.addresses.manager,
        inway_address=settings.addresses.inway,
        is_directory=settings.roles.directory,
    )
