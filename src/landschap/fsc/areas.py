# SPDX-License-Identifier: EUPL-1.2
"""Regulated Areas: services of a Group that only members may offer or ask.

A membership is a contract with one peer registration grant, signed by the member and by the
membership administrator. Grants for services in an area say so in two properties, and all grants
of one contract name the same area or none.

| who | looks at | when |
| --- | --- | --- |
| provider | the peer of the outway, and for whom it asks | a connection comes in; each token |
| directory | who offers the service, and for whom | a publication comes in |

Source: FSC Regulated Area 0.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from landschap.fsc.grants import Connection, Grant, Publication, Registration
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

ADMINISTRATOR = "membership_administrator_peer_id"
NAME = "regulated_area_name"
NOT_A_MEMBER = "Peer is not a member of the Regulated Area"
"""The words of the standard at the token endpoint."""
AREA_NAME = re.compile(r"[a-zA-Z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A Regulated Area, as one of its administrators keeps it."""

    administrator: PeerId
    name: str

    @classmethod
    def of(cls, *, administrator: str, name: str) -> Area:
        """The area in these texts. Raises InvalidValue."""
        if not AREA_NAME.fullmatch(name):
            raise InvalidValue(f"{NAME} has 1 to 100 of the characters a-z A-Z 0-9 - . _")
        return cls(administrator=PeerId.parse(administrator), name=name)

    def as_properties(self) -> dict[str, JsonValue]:
        """The two grant properties."""
        return {ADMINISTRATOR: self.administrator.value, NAME: self.name}


def area_of(properties: Mapping[str, JsonValue]) -> Area | None:
    """The area of a grant, None for a service outside any. Raises InvalidValue for half of one."""
    administrator, name = properties.get(ADMINISTRATOR), properties.get(NAME)
    if administrator is None and name is None:
        return None
    if not isinstance(administrator, str) or not isinstance(name, str):
        raise InvalidValue(f"a Regulated Area is named with both {ADMINISTRATOR} and {NAME}")
    return Area.of(administrator=administrator, name=name)


def areas_of(grants: Iterable[Grant]) -> frozenset[Area | None]:
    """The areas that the service grants of one contract name; more than one may not be mixed.

    Raises InvalidValue.
    """
    return frozenset(
        area_of(each.properties) for each in grants if not isinstance(each, Registration)
    )


def who_must_be_members(grant: Grant, own: PeerId) -> tuple[Area, tuple[PeerId, ...]] | None:
    """The area and the peers that we look at as provider or directory; None when at nobody."""
    match grant:
        case Connection():
            ours = grant.service.peer_id == own
            peers = (grant.outway.peer_id, grant.delegator)
        case Publication():
            ours = grant.directory == own
            peers = (grant.service.peer_id, grant.service.delegator)
        case Registration():
            return None
    area = area_of(grant.properties)
    if area is None or not ours:
        return None
    return area, tuple(each for each in peers if each is not None)
