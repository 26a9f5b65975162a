# SPDX-License-Identifier: EUPL-1.2
"""Grants: one permission inside a contract, read strictly from the received tree.

| type | integer | hash type | who must accept |
| --- | --- | --- | --- |
| service publication | 1 | 2 | directory, service |
| service connection | 2 | 3 | outway, service (and the service's delegator) |
| delegated service connection | 3 | 4 | the same and the delegator |
| delegated service publication | 4 | 5 | directory, service, delegator |
| peer registration | 5 | 6 | member, membership administrator |

The last one is of the Regulated Area extension, which names neither its type nor its integer; ours
are by analogy.
The integers of grant types and of hash types differ by one, except where they do not: use the
table. Source: FSC Core, "Grants" and "Types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from landschap.fsc.thumbprints import is_public_key_thumbprint
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import InvalidValue

SERVICE_NAME = re.compile(r"[a-zA-Z0-9\-._]{1,100}")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
PROTOCOLS = ("PROTOCOL_TCP_HTTP_1.1", "PROTOCOL_TCP_HTTP_2")
SERVICE = "SERVICE_TYPE_SERVICE"
DELEGATED_SERVICE = "SERVICE_TYPE_DELEGATED_SERVICE"
BY_THUMBPRINT = "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT"
BY_DOMAIN = "OUTWAY_IDENTIFICATION_TYPE_DOMAIN_NAME"
# A token repeats the properties in a header; beyond this it no longer fits one.
MAX_CONNECTION_PROPERTIES_BYTES = 4_096
MAX_PROPERTIES_BYTES = 1_000_000


class GrantType(StrEnum):
    """The four grants of FSC Core, and the one of the Regulated Area extension."""

    PUBLICATION = "GRANT_TYPE_SERVICE_PUBLICATION"
    CONNECTION = "GRANT_TYPE_SERVICE_CONNECTION"
    DELEGATED_CONNECTION = "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"
    DELEGATED_PUBLICATION = "GRANT_TYPE_DELEGATED_SERVICE_PUBLICATION"
    REGISTRATION = "GRANT_TYPE_PEER_REGISTRATION"


GRANT_INTEGERS: Mapping[GrantType, int] = {
    GrantType.PUBLICATION: 1,
    GrantType.CONNECTION: 2,
    GrantType.DELEGATED_CONNECTION: 3,
    GrantType.DELEGATED_PUBLICATION: 4,
    GrantType.REGISTRATION: 5,
}
HASH_TYPES: Mapping[GrantType, int] = {
    GrantType.PUBLICATION: 2,
    GrantType.CONNECTION: 3,
    GrantType.DELEGATED_CONNECTION: 4,
    GrantType.DELEGATED_PUBLICATION: 5,
    GrantType.REGISTRATION: 6,
}


class MalformedThumbprint(InvalidValue):
    """A public key thumbprint that is not 64 hexadecimals; it has a code of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outway:
    """Who may call, and how it is known: by its key, or by a DNS name in its certificate."""

    peer_id: PeerId
    public_key_thumbprint: str | None = None
    domain_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a peer; ``delegator`` is set when the peer offers it on another's behalf."""

    peer_id: PeerId
    name: str
    delegator: PeerId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The permission to be listed in a directory."""

    type: GrantType
    directory: PeerId
    service: Service
    protocol: str
    properties: Mapping[str, JsonValue]
    data: Mapping[str, JsonValue]

    def participants(self) -> Iterator[PeerId]:
        """Every peer whose accept this grant needs; one peer may come twice."""
        yield self.directory
        yield self.service.peer_id
        if self.service.delegator is not None:
            yield self.service.delegator


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The permission to call a service; ``delegator`` is whom the outway acts for."""

    type: GrantType
    outway: Outway
    service: Service
    delegator: PeerId | None
    properties: Mapping[str, JsonValue]
    data: Mapping[str, JsonValue]

    def participants(self) -> Iterator[PeerId]:
        """Every peer whose accept this grant needs; one peer may come twice."""
        yield self.outway.peer_id
        yield self.service.peer_id
        if self.service.delegator is not None:
            yield self.service.delegator
        if self.delegator is not None:
            yield self.delegator


class MemberRole(StrEnum):
    """What a peer is in a Regulated Area."""

    MEMBER = "MEMBER"
    ADMINISTRATOR = "MEMBERSHIP_ADMINISTRATOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The membership of a peer in a Regulated Area. Source: FSC Regulated Area 0.0.1."""

    type: GrantType
    member: PeerId
    role: MemberRole
    administrator: PeerId
    area: str
    properties: Mapping[str, JsonValue]
    data: Mapping[str, JsonValue]

    def participants(self) -> Iterator[PeerId]:
        """Every peer whose accept this grant needs; one peer may come twice."""
        yield self.member
        yield self.administrator


Grant = Publication | Connection | Registration


def read_grant(value: JsonValue) -> Grant:
    """Read one element of ``grants``. Raises InvalidValue, MalformedThumbprint."""
    data = _object(_object(value, "grant").get("data"), "grant.data")
    try:
        grant_type = GrantType(_text(data, "type"))
    except ValueError:
        raise InvalidValue(f"grant type {str(data.get('type'))[:60]!r} is unknown here") from None
    match grant_type:
        case GrantType.PUBLICATION | GrantType.DELEGATED_PUBLICATION:
            return _publication(grant_type, data)
        case GrantType.CONNECTION | GrantType.DELEGATED_CONNECTION:
            return _connection(grant_type, data)
        case GrantType.REGISTRATION:
            return _registration(grant_type, data)


def _publication(grant_type: GrantType, data: Mapping[str, JsonValue]) -> Publication:
    service = _object(data.get("service"), "service")
    protocol = _text(service, "protocol")
    if protocol not in PROTOCOLS:
        raise InvalidValue(f"protocol {protocol[:40]!r}; known are {', '.join(PROTOCOLS)}")
    delegated = grant_type is GrantType.DELEGATED_PUBLICATION
    return Publication(
        type=grant_type,
        directory=_peer(data.get("directory"), "directory"),
        service=Service(
            peer_id=_peer(service, "service"),
            name=_service_name(service),
            delegator=_delegator(data, expected=delegated),
        ),
        protocol=protocol,
        properties=_properties(data, MAX_PROPERTIES_BYTES),
        data=data,
    )


def _connection(grant_type: GrantType, data: Mapping[str, JsonValue]) -> Connection:
    return Connection(
        type=grant_type,
        outway=_outway(_object(data.get("outway"), "outway")),
        service=_service(_object(data.get("service"), "service")),
        delegator=_delegator(data, expected=grant_type is GrantType.DELEGATED_CONNECTION),
        properties=_properties(data, MAX_CONNECTION_PROPERTIES_BYTES),
        data=data,
    )


def _registration(grant_type: GrantType, data: Mapping[str, JsonValue]) -> Registration:
    member = _object(data.get("member"), "member")
    administrator = _object(data.get("membership_administrator"), "membership_administrator")
    role, area = _text(member, "role"), _text(administrator, "regulated_area_name")
    if role not in set(MemberRole):
        raise InvalidValue(f"role {role[:40]!r}; known are {', '.join(MemberRole)}")
    if not SERVICE_NAME.fullmatch(area):
        raise InvalidValue("regulated_area_name has 1 to 100 of the characters a-z A-Z 0-9 - . _")
    return Registration(
        type=grant_type,
        member=_peer(member, "member"),
        role=MemberRole(role),
        administrator=_peer(administrator, "membership_administrator"),
        area=area,
        properties=_properties(data, MAX_CONNECTION_PROPERTIES_BYTES),
        data=data,
    )


def _outway(value: Mapping[str, JsonValue]) -> Outway:
    peer_id = _peer(value, "outway")
    identification = value.get("identification")
    if identification is None:
        return Outway(peer_id=peer_id, public_key_thumbprint=_thumbprint(value))
    if "public_key_thumbprint" in value:
        raise InvalidValue("outway has both identification and public_key_thumbprint")
    how = _object(identification, "outway.identification")
    kind = _text(how, "type")
    if kind == BY_THUMBPRINT:
        return Outway(peer_id=peer_id, public_key_thumbprint=_thumbprint(how))
    if kind == BY_DOMAIN:
        return Outway(peer_id=peer_id, domain_name=_domain(how))
    raise InvalidValue(f"outway identification type {kind[:60]!r} is unknown")


def _service(value: Mapping[str, JsonValue]) -> Service:
    kind = _text(value, "type")
    if kind not in (SERVICE, DELEGATED_SERVICE):
        raise InvalidValue(f"service type {kind[:60]!r} is unknown")
    return Service(
        peer_id=_peer(value, "service"),
        name=_service_name(value),
        delegator=_delegator(value, expected=kind == DELEGATED_SERVICE),
    )


def _delegator(value: Mapping[str, JsonValue], *, expected: bool) -> PeerId | None:
    if expected:
        return _peer(value.get("delegator"), "delegator")
    if "delegator" in value:
        raise InvalidValue("a delegator stands in a grant or service of a type that has none")
    return None


def _thumbprint(value: Mapping[str, JsonValue]) -> str:
    text = value.get("public_key_thumbprint")
    if not isinstance(text, str) or not is_public_key_thumbprint(text):
        raise MalformedThumbprint("public_key_thumbprint is not 64 lower-case hexadecimals")
    return text


def _domain(value: Mapping[str, JsonValue]) -> str:
    text = _text(value, "domain_name")
    if not _DOMAIN.fullmatch(text):
        raise InvalidValue("domain_name is not a full lower-case host name without wildcard")
    return text


def _service_name(value: Mapping[str, JsonValue]) -> str:
    name = _text(value, "name")
    if not SERVICE_NAME.fullmatch(name):
        raise InvalidValue("a service name has 1 to 100 of the characters a-z A-Z 0-9 - . _")
    return name


def _properties(data: Mapping[str, JsonValue], limit: int) -> Mapping[str, JsonValue]:
    if "properties" not in data:
        return {}
    properties = _object(data["properties"], "properties")
    size = len(canonical(properties))
    if size > limit:
        raise InvalidValue(f"properties of {size} bytes; at most {limit} in this type of grant")
    return properties


def _peer(value: JsonValue, where: str) -> PeerId:
    holder = _object(value, where)
    try:
        return PeerId.parse(_text(holder, "peer_id"))
    except InvalidValue as error:
        raise InvalidValue(f"{where}.peer_id: {error}") from None


def _object(value: JsonValue, where: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"{where} is not an object")
    return value


def _text(holder: Mapping[str, JsonValue], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise InvalidValue(f"{key} is missing or not a string")
    return value
