# SPDX-License-Identifier: EUPL-1.2
"""The content of contracts that we propose ourselves.

A new content names its version and identifies an outway by the key of its certificate, the
strongest of the two ways. Source: FSC Core, "Contract".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from landschap.fsc.grants import (
    BY_THUMBPRINT,
    DELEGATED_SERVICE,
    PROTOCOLS,
    SERVICE,
    GrantType,
    MemberRole,
)
from landschap.fsc.hashes import HASH_ALGORITHM, Profile
from landschap.fsc.wire import FSC_VERSIONS
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a proposal is, apart from its grants. ``iv`` is fresh for every proposal."""

    profile: Profile
    group_id: str
    iv: UUID
    created_at: datetime
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionAsked:
    """A connection that is asked for: an outway, a service.

    ``delegator`` is for whom the outway will ask, ``service_delegator`` for whom the provider
    offers the service; both may be set.
    """

    outway: PeerId
    key_thumbprint: str
    provider: PeerId
    service: str
    delegator: PeerId | None = None
    service_delegator: PeerId | None = None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationAsked:
    """A publication that is asked for: a service, a directory; ``delegator``: offered for whom."""

    provider: PeerId
    service: str
    directory: PeerId
    delegator: PeerId | None = None
    protocol: str = PROTOCOLS[0]
    properties: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipAsked:
    """A membership of a Regulated Area that is asked for. Source: FSC Regulated Area 0.0.1."""

    member: PeerId
    role: MemberRole
    administrator: PeerId
    area: str
    properties: Mapping[str, JsonValue] = field(default_factory=dict)


Asked = ConnectionAsked | PublicationAsked | MembershipAsked


def proposed_content(terms: Terms, asked: Asked) -> dict[str, JsonValue]:
    """The content of a contract with one grant."""
    match asked:
        case MembershipAsked():
            data: dict[str, JsonValue] = {
                "type": GrantType.REGISTRATION.value,
                "member": {**_peer(asked.member), "role": asked.role.value},
                "membership_administrator": {
                    **_peer(asked.administrator),
                    "regulated_area_name": asked.area,
                },
            }
        case ConnectionAsked():
            data = _connection(asked, terms.profile)
        case PublicationAsked():
            data = _publication(asked)
    if asked.properties:
        data["properties"] = asked.properties
    content: dict[str, JsonValue] = {
        "iv": str(terms.iv),
        "group_id": terms.group_id,
        "validity": {
            "not_before": int(terms.not_before.timestamp()),
            "not_after": int(terms.not_after.timestamp()),
        },
        "grants": [{"data": data}],
        "hash_algorithm": HASH_ALGORITHM,
        "created_at": int(terms.created_at.timestamp()),
    }
    if terms.profile is Profile.FSC_2:
        content["fsc_version"] = FSC_VERSIONS[terms.profile]
    return content


def _connection(asked: ConnectionAsked, profile: Profile) -> dict[str, JsonValue]:
    known_by: dict[str, JsonValue] = {"public_key_thumbprint": asked.key_thumbprint}
    if profile is Profile.FSC_2:
        known_by = {"identification": {"type": BY_THUMBPRINT, **known_by}}
    service: dict[str, JsonValue] = {
        "type": SERVICE,
        "peer_id": asked.provider.value,
        "name": asked.service,
    }
    if asked.service_delegator is not None:
        service |= {"type": DELEGATED_SERVICE, "delegator": _peer(asked.service_delegator)}
    data: dict[str, JsonValue] = {
        "type": GrantType.CONNECTION.value,
        "outway": {"peer_id": asked.outway.value, **known_by},
        "service": service,
    }
    if asked.delegator is not None:
        data |= {
            "type": GrantType.DELEGATED_CONNECTION.value,
            "delegator": _peer(asked.delegator),
        }
    return data


def _publication(asked: PublicationAsked) -> dict[str, JsonValue]:
    data: dict[str, JsonValue] = {
        "type": GrantType.PUBLICATION.value,
        "directory": _peer(asked.directory),
        "service": {
            "peer_id": asked.provider.value,
            "name": asked.service,
            "protocol": asked.protocol,
        },
    }
    if asked.delegator is not None:
        data |= {
            "type": GrantType.DELEGATED_PUBLICATION.value,
            "delegator": _peer(asked.delegator),
        }
    return data


def _peer(peer_id: PeerId) -> dict[str, JsonValue]:
    return {"peer_id": peer_id.value}
