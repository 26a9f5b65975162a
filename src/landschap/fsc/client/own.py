# SPDX-License-Identifier: EUPL-1.2
"""Our own certificate, key and Group, read from the files that the settings name."""

from __future__ import annotations

from datetime import UTC, datetime

from landschap.fsc.certificates import PeerCertificate, peer_certificate
from landschap.fsc.hashes import Profile
from landschap.fsc.keys import private_key
from landschap.fsc.own import OwnPeer, Signer
from landschap.platform.credentials import Credentials, read_credentials
from landschap.platform.pkcs11 import token_key
from landschap.platform.settings import Settings
from landschap.vocabulary.problems import InvalidValue


def own_peer(settings: Settings) -> OwnPeer:
    """Who we are towards peers, as the files are now.

    Raises Trouble when a file or the token can not be read, InvalidValue when a certificate can
    not be used.
    """
    return own_peer_of(settings, read_credentials(settings, datetime.now(UTC)))


def own_peer_of(settings: Settings, credentials: Credentials) -> OwnPeer:
    """Who we are towards peers. Raises InvalidValue when a certificate can not be used, and
    Trouble when the token with our key does not answer.
    """
    leaf, *chain = credentials.chain
    own = peer_certificate(leaf)
    return OwnPeer(
        certificate=own,
        # The root is each peer's own; sending it along would prove nothing.
        chain=tuple(each for each in chain if each.issuer != each.subject),
        key=private_key(credentials.key),
        anchors=credentials.anchors,
        revocation=credentials.revocation,
        group_id=settings.organisation.group_id,
        profile=Profile(settings.fsc.profile),
        manager_address=settings.addresses.manager,
        inway_address=settings.addresses.inway,
        is_directory=settings.roles.directory,
        kept=_kept(settings, credentials, own),
    )


def _kept(settings: Settings, credentials: Credentials, own: PeerCertificate) -> Signer | None:
    """What we sign with when that key is in a token."""
    given = settings.identity.pkcs11
    if given is None:
        return None
    leaf, *chain = credentials.signing_chain
    certificate = peer_certificate(leaf)
    if certificate.peer_id != own.peer_id:
        raise InvalidValue(f"{given.certificate} is of peer {certificate.peer_id}, not of us")
    return Signer(
        certificate=certificate,
        chain=tuple(each for each in chain if each.issuer != each.subject),
        key=token_key(given, certificate.key),
    )
