# SPDX-License-Identifier: EUPL-1.2
"""The members of the areas that we administer: valid contracts with a registration, at us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from landschap.fsc.areas import Area
from landschap.fsc.grants import GrantType, MemberRole, Registration
from landschap.fsc.states import State
from landschap.fsc.store.contract_rows import contracts
from landschap.fsc.store.rows import Source
from landschap.vocabulary.identifiers import PeerId


async def members(source: Source, area: Area) -> Mapping[PeerId, MemberRole]:
    """Member -> role, of an area of our own, at this moment; in the order of the Peer IDs."""
    now = datetime.now(UTC)
    found: dict[PeerId, MemberRole] = {}
    for each in await contracts(source, grant_types=(GrantType.REGISTRATION.value,)):
        if each.state(now) is not State.VALID:
            continue
        for hashed in each.contract.grants:
            grant = hashed.grant
            if isinstance(grant, Registration) and (grant.administrator, grant.area) == (
                area.administrator,
                area.name,
            ):
                found[grant.member] = grant.role
    return dict(sorted(found.items(), key=lambda pair: pair[0].value))
