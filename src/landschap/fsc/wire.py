# SPDX-License-Identifier: EUPL-1.2
"""The JSON of the Manager's API: bodies in, bodies out.

The content of a contract always goes out as the bytes that were hashed, never written anew.
Source: FSC Core, OpenAPI; digest of the differences between generations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from landschap.fsc.codes import Code, refused
from landschap.fsc.contracts import Contract
from landschap.fsc.grants import DELEGATED_SERVICE, SERVICE, Publication
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind, Signature
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue, canonical, loads
from landschap.vocabulary.problems import InvalidJson, Refusal

# Both names are read; what we send follows the generation.
CONTENT_KEYS: Mapping[Profile, str] = {
    Profile.FSC_2: "content",
    Profile.FSC_1_1: "contract_content",
}
FSC_VERSIONS: Mapping[Profile, str] = {Profile.FSC_2: "2.0.0", Profile.FSC_1_1: "1.1.2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a peer sends: a contract content, not yet read, and its signature."""

    content: JsonValue
    signature: str


def read_submission(body: bytes) -> Submission | Refusal:
    """Read the body of a submission or a signature. Malformed JSON is 400, all else 422."""
    try:
        tree = loads(body)
    except InvalidJson as error:
        return refused(Code.REQUEST_INVALID, str(error))
    if not isinstance(tree, Mapping):
        return refused(Code.REQUEST_INVALID, "the body is not a JSON object")
    keys = [key for key in CONTENT_KEYS.values() if key in tree]
    signature = tree.get("signature")
    if len(keys) != 1:
        names = " or ".join(CONTENT_KEYS.values())
        return refused(Code.CONTRACT_INVALID, f"the body needs exactly one of {names}")
    if not isinstance(signature, str):
        return refused(Code.SIGNATURE, "signature is missing or not a string")
    return Submission(content=tree[keys[0]], signature=signature)


def submission_body(contract: Contract, jws: str, profile: Profile) -> bytes:
    """The body that brings a contract and our signature to another Manager."""
    key = canonical(CONTENT_KEYS[profile])
    return b"{%b:%b,%b:%b}" % (key, contract.canonical, b'"signature"', canonical(jws))


def contracts_body(
    contracts: Iterable[tuple[Contract, Sequence[Signature]]], next_cursor: str
) -> bytes:
    """The body of a page of contracts."""
    listed = b",".join(
        b'{"content":%b,"signatures":%b}' % (contract.canonical, canonical(_signatures(placed)))
        for contract, placed in contracts
    )
    return b'{"contracts":[%b],"pagination":%b}' % (listed, canonical({"next_cursor": next_cursor}))


def _signatures(placed: Sequence[Signature]) -> dict[str, JsonValue]:
    return {kind.value: {s.peer_id.value: s.jws for s in placed if s.kind is kind} for kind in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerListing:
    """A peer as it is listed."""

    peer_id: PeerId
    name: str
    manager_address: str

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {
            "id": self.peer_id.value,
            "name": self.name,
            "manager_address": self.manager_address,
        }


def service_listing(
    grant: Publication, provider: PeerListing, delegator_name: str
) -> dict[str, JsonValue]:
    """A service as it is listed.

    ``type`` stands inside and outside ``data``: the schema asks for it at both places.
    """
    delegator = grant.service.delegator
    kind = SERVICE if delegator is None else DELEGATED_SERVICE
    data: dict[str, JsonValue] = {
        "type": kind,
        "peer": provider.body(),
        "name": grant.service.name,
        "protocol": grant.protocol,
    }
    if delegator is not None:
        data["delegator"] = {"peer_id": delegator.value, "peer_name": delegator_name}
    if "properties" in grant.data:
        data["properties"] = grant.properties
    return {"type": kind, "data": data}


def asked_for(grant: Publication, peer_id: str, service_name: str) -> bool:
    """True when a publication matches any of the filters that are given, or none is."""
    if not peer_id and not service_name:
        return True
    by_peer = bool(peer_id) and grant.service.peer_id.value == peer_id
    by_name = bool(service_name) and service_name.lower() in grant.service.name.lower()
    return by_peer or by_name


def peer_info(
    own: PeerListing, profile: Profile, more: Mapping[str, str] = MappingProxyType({})
) -> dict[str, JsonValue]:
    """What a Manager says of itself; delegation became part of Core but old peers look for it.

    ``more`` are extensions that are not of the standard, with their versions.
    """
    return {
        "peer_id": own.peer_id.value,
        "peer_name": own.name,
        "fsc_version": FSC_VERSIONS[profile],
        "enabled_extensions": {
            "EXTENSION_DELEGATION": "1.0.0",
            "EXTENSION_TRANSACTION_LOGGING": "1.0.0",
            **more,
        },
    }
