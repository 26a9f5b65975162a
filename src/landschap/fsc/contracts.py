# SPDX-License-Identifier: EUPL-1.2
"""Contracts: immutable content, read from the received tree, and the rules it must obey.

Two steps, so that each refusal has its own code and order:

1. `read_contract` turns the tree into a `Contract` or a `Refusal`: hash algorithm, shape, grants,
   combination of grants. It knows nothing of us.
2. `check_contract` holds it against who we are, who submits it, and the clock.

The order of the checks is ours (the standard fixes none): cheap and deterministic ones first,
signatures later, so that a malformed contract never makes us fetch a certificate.
Source: FSC Core, "Contract validation".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from landschap.fsc.areas import area_of, areas_of
from landschap.fsc.codes import Code, refused
from landschap.fsc.external import external_reference
from landschap.fsc.grants import (
    Connection,
    Grant,
    GrantType,
    MalformedThumbprint,
    Publication,
    read_grant,
)
from landschap.fsc.hashes import (
    HASH_ALGORITHM,
    Profile,
    bytes_content_hash,
    bytes_grant_hash,
    has_unknown_algorithm,
    jcs_content_hash,
    jcs_grant_hash,
)
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import InvalidJson, InvalidValue, Refusal

MAX_GRANTS = 100
# Of the canonical form, which is kept and read again; it may be longer than what was sent (1e15).
MAX_CONTENT_BYTES = 1_000_000
CLOCK_SKEW = timedelta(seconds=60)
# The last second that datetime can hold in every zone; later moments are refused, not clipped.
_MAX_UNIX_SECONDS = 253_402_214_400


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedGrant:
    """A grant with its hash and its place in the contract."""

    hash: GrantHash
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The content of a contract, as received. ``canonical`` is what was hashed and is kept."""

    hash: ContentHash
    canonical: bytes
    iv: UUID
    group_id: str
    created_at: datetime
    not_before: datetime
    not_after: datetime
    grants: tuple[HashedGrant, ...]

    @property
    def participants(self) -> tuple[PeerId, ...]:
        """Every peer whose accept is needed, each once, in the order of the grants."""
        return tuple(dict.fromkeys(p for g in self.grants for p in g.grant.participants()))

    @property
    def publications(self) -> tuple[tuple[GrantHash, Publication], ...]:
        """The grants that list a service in a directory."""
        return tuple((g.hash, g.grant) for g in self.grants if isinstance(g.grant, Publication))

    @property
    def connections(self) -> tuple[tuple[GrantHash, Connection], ...]:
        """The grants that let an outway call a service."""
        return tuple((g.hash, g.grant) for g in self.grants if isinstance(g.grant, Connection))


def read_contract(content: JsonValue, profile: Profile) -> Contract | Refusal:
    """Read the content of a contract.

    Refuses an unknown hash algorithm, a wrong shape, a malformed thumbprint, duplicate grants and
    a forbidden combination of grants.
    """
    if not isinstance(content, Mapping):
        return refused(Code.CONTRACT_INVALID, "the contract content is not an object")
    if content.get("hash_algorithm") != HASH_ALGORITHM:
        return refused(Code.HASH_ALGORITHM, f"hash_algorithm is not {HASH_ALGORITHM}")
    try:
        contract = _read(content, profile)
    except MalformedThumbprint as error:
        return refused(Code.KEY_THUMBPRINT, str(error))
    except (InvalidValue, InvalidJson) as error:
        return refused(Code.CONTRACT_INVALID, str(error))
    return _combination(contract) or contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What a contract is held against: who we are, and in which Group."""

    peer_id: PeerId
    group_id: str
    profile: Profile = Profile.FSC_2


def check_contract(contract: Contract, receiver: Receiver, submitter: PeerId) -> Refusal | None:
    """None when the contract is of our Group and concerns both us and the submitter."""
    if contract.group_id != receiver.group_id:
        return refused(
            Code.INCORRECT_GROUP_ID, f"group_id is not {receiver.group_id}", missing="group_id"
        )
    for peer, code in (
        (submitter, Code.SUBMITTING_PEER),
        (receiver.peer_id, Code.RECEIVING_PEER),
    ):
        if peer not in contract.participants:
            # The first generation has one code for both.
            spelled = code if receiver.profile is Profile.FSC_2 else Code.NOT_PART_OF_CONTRACT
            return refused(spelled, f"peer {peer} stands in none of the grants")
    return None


def check_path(contract: Contract, path_hash: str) -> Refusal | None:
    """None when the address names this contract."""
    if has_unknown_algorithm(path_hash):
        return refused(Code.HASH_ALGORITHM, "the hash in the address names another algorithm")
    if path_hash != contract.hash.value:
        return refused(Code.PATH_HASH, "the hash in the address is not that of the contract")
    return None


def check_times(contract: Contract, now: datetime) -> Refusal | None:
    """None when a contract that is new to us may still begin.

    ``created_at`` may lie a minute ahead of our clock, ``not_after`` must lie in the future.
    """
    if contract.created_at > now + CLOCK_SKEW:
        return refused(Code.CONTRACT_INVALID, "created_at lies in the future")
    if contract.not_after <= now:
        return refused(Code.CONTRACT_INVALID, "validity.not_after lies in the past")
    return None


def _read(content: Mapping[str, JsonValue], profile: Profile) -> Contract:
    validity = content.get("validity")
    if not isinstance(validity, Mapping):
        raise InvalidValue("validity is missing or not an object")
    _check_version(content)
    iv, group_id = _uuid(content), _group(content)
    times = (
        _seconds(validity, "not_before"),
        _seconds(validity, "not_after"),
        _seconds(content, "created_at"),
    )
    if times[1] <= times[0]:
        raise InvalidValue("validity.not_after must be later than validity.not_before")
    grants = tuple(read_grant(each) for each in _grant_list(content))
    for each in grants:
        external_reference(each)
        area_of(each.properties)
    data = canonical(content)
    if len(data) > MAX_CONTENT_BYTES:
        raise InvalidValue(f"a content of {len(data)} bytes; at most {MAX_CONTENT_BYTES}")
    if profile is Profile.FSC_2:
        content_hash = jcs_content_hash(data)
        grant_hashes = [jcs_grant_hash(content_hash, grant) for grant in grants]
    else:
        grant_hashes = [bytes_grant_hash(group_id, iv, grant) for grant in grants]
        content_hash = bytes_content_hash(group_id, iv, times, grant_hashes)
    if len(set(grant_hashes)) != len(grant_hashes):
        raise InvalidValue("two grants of the contract are identical")
    return Contract(
        hash=content_hash,
        canonical=data,
        iv=iv,
        group_id=group_id,
        not_before=datetime.fromtimestamp(times[0], UTC),
        not_after=datetime.fromtimestamp(times[1], UTC),
        created_at=datetime.fromtimestamp(times[2], UTC),
        grants=tuple(
            HashedGrant(hash=h, grant=g) for h, g in zip(grant_hashes, grants, strict=True)
        ),
    )


def _combination(contract: Contract) -> Refusal | None:
    """Publications stand alone; connections of both types may be mixed.

    Several publications of one type in one contract are allowed, both types together are not. A
    membership is alone in its contract, and services of different areas are not mixed.
    """
    types = {each.grant.type for each in contract.grants}
    if GrantType.REGISTRATION in types and len(contract.grants) > 1:
        return refused(Code.COMBINATION, "a membership is the only grant of its contract")
    if len(areas_of(each.grant for each in contract.grants)) > 1:
        return refused(Code.COMBINATION, "the grants name different Regulated Areas")
    if types <= {GrantType.CONNECTION, GrantType.DELEGATED_CONNECTION} or len(types) == 1:
        return None
    names = ", ".join(sorted(types))
    return refused(Code.COMBINATION, f"a publication can not be combined with others: {names}")


def _check_version(content: Mapping[str, JsonValue]) -> None:
    version = content.get("fsc_version", "2.0.0")
    if not isinstance(version, str) or not version.startswith("2."):
        raise InvalidValue("fsc_version is not 2.x")


def _grant_list(content: Mapping[str, JsonValue]) -> Sequence[JsonValue]:
    grants = content.get("grants")
    if not isinstance(grants, Sequence) or isinstance(grants, str) or not grants:
        raise InvalidValue("grants is missing or empty")
    if len(grants) > MAX_GRANTS:
        raise InvalidValue(f"{len(grants)} grants; at most {MAX_GRANTS} in one contract")
    return grants


def _uuid(content: Mapping[str, JsonValue]) -> UUID:
    text = content.get("iv")
    try:
        if isinstance(text, str) and len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise InvalidValue("iv is not a UUID of 36 characters")


def _group(content: Mapping[str, JsonValue]) -> str:
    text = content.get("group_id")
    if not isinstance(text, str) or not 1 <= len(text) <= 100:
        raise InvalidValue("group_id is not a text of 1 to 100 characters")
    return text


def _seconds(holder: Mapping[str, JsonValue], key: str) -> int:
    value = holder.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue(f"{key} is missing or not a whole number of seconds")
    if not 0 <= value <= _MAX_UNIX_SECONDS:
        raise InvalidValue(f"{key} lies outside 1970 to 9999")
    return value
