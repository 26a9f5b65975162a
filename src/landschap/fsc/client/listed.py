# SPDX-License-Identifier: EUPL-1.2
"""What the directory tells of a service that somebody offers."""

from __future__ import annotations

from collections.abc import Sequence

from landschap.fsc.client.manager import (
    Destination,
    ManagerClient,
    PeerRefused,
    PeerUnreachable,
)
from landschap.fsc.field_sets import NamedFieldSet, told_by
from landschap.fsc.own import OwnPeer
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import ProblemError, Refusal


async def listed_field_sets(
    settings: Settings, own: OwnPeer, provider: PeerId, service: str
) -> Sequence[NamedFieldSet]:
    """The field sets that the directory tells of a service; none without a directory.

    Raises ProblemError.
    """
    directory = settings.directory
    if directory is None:
        return []
    to = Destination(peer_id=directory.peer_id, address=directory.manager_address)
    try:
        async with ManagerClient(settings, own) as client:
            told = await client.service_properties(to, provider, service)
    except (PeerUnreachable, PeerRefused) as error:
        raise ProblemError(
            Refusal(
                code="directory_unreachable",
                status=502,
                title="The directory can not be asked",
                detail=f"the field sets of {service} are not known here: {error}",
                missing="the directory, or --field-set id@version=sha256-...",
                owner="the operator of the directory",
            )
        ) from None
    return told_by(told or {})
