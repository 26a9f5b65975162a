# SPDX-License-Identifier: EUPL-1.2
"""Our own certificate, key and Group, read from the files that the settings name."""

from __future__ import annotations

from datetime import UTC, datetime

from landschap.fsc.certificates import peer_certificate
from landschap.fsc.hashes import Profile
from landschap.fsc.keys import private_key
from landschap.fsc.own import OwnPeer
from landschap.platform.credentials import Credentials, read_credentials
from landschap.platform.settings import Settings


def own_peer(settings: Settings) -> OwnPeer:
    """Who we are towards peers, as the files are now.

    Raises Trouble when a file can not be read, InvalidValue when a certificate can not be used.
    """
    return own_peer_of(settings, read_credentials(settings, datetime.now(UTC)))


def own_peer_of(settings: Settings, credentials: Credentials) -> OwnPeer:
    """Who we are towards peers. Raises InvalidValue when a certificate can not be used."""
    leaf, *chain = credentials.chain
    return OwnPeer(
        certificate=peer_certificate(leaf),
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
    )
