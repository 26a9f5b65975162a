# SPDX-License-Identifier: EUPL-1.2
"""Contracts that a peer must refuse, to see how it refuses them.

Each is built so that even a peer that wrongly keeps it has nothing in its hands: the service does
not exist, the term is ten minutes, and where it can be so the parties do not exist either.
Source: FSC Core, "Contract validation"; public FSC test suite, SubmitContract and AcceptContract.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import HASH_ALGORITHM, Profile
from landschap.fsc.wire import CONTENT_KEYS, FSC_VERSIONS
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue, canonical

SERVICE = "landschap-conform-probe"
TERM = timedelta(minutes=10)
# It began an hour ago, so that a clock that differs is not what makes a peer refuse it.
_AGE = timedelta(hours=1)
# Two test OINs that no organisation has.
STRANGERS = (PeerId("00000099999999991000"), PeerId("00000099999999992000"))
_NO_KEY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Who would agree with whom: by default two strangers, in our Group, with the right form."""

    profile: Profile
    group_id: str
    iv: UUID
    now: datetime
    outway: PeerId = STRANGERS[0]
    provider: PeerId = STRANGERS[1]
    hash_algorithm: str = HASH_ALGORITHM
    with_publication: bool = False

    def content(self) -> dict[str, JsonValue]:
        """The content as JSON."""
        now = int(self.now.timestamp())
        begin = now - int(_AGE.total_seconds())
        tree: dict[str, JsonValue] = {
            "iv": str(self.iv),
            "group_id": self.group_id,
            "validity": {
                "not_before": begin,
                "not_after": now + int(TERM.total_seconds()),
            },
            "grants": [{"data": each} for each in self._grants()],
            "hash_algorithm": self.hash_algorithm,
            "created_at": begin,
        }
        if self.profile is Profile.FSC_2:
            tree["fsc_version"] = FSC_VERSIONS[self.profile]
        return tree

    def contract(self) -> Contract:
        """The contract as we hash it; only for a probe whose form is right. Raises ValueError."""
        read = read_contract(self.content(), self.profile)
        if not isinstance(read, Contract):
            raise ValueError(read.detail)  # noqa: TRY004 - the form is wrong, not the type
        return read

    def body(self, signature: str) -> bytes:
        """The body that brings it."""
        return canonical({CONTENT_KEYS[self.profile]: self.content(), "signature": signature})

    def _grants(self) -> list[dict[str, JsonValue]]:
        outway: dict[str, JsonValue] = {"peer_id": self.outway.value}
        if self.profile is Profile.FSC_2:
            outway["identification"] = {
                "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
                "public_key_thumbprint": _NO_KEY,
            }
        else:
            outway["public_key_thumbprint"] = _NO_KEY
        connection: dict[str, JsonValue] = {
            "type": "GRANT_TYPE_SERVICE_CONNECTION",
            "outway": outway,
            "service": {
                "type": "SERVICE_TYPE_SERVICE",
                "peer_id": self.provider.value,
                "name": SERVICE,
            },
        }
        return [connection, _publication(self)] if self.with_publication else [connection]


def other_hash(content_hash: str) -> str:
    """A hash of the same form that names something else."""
    last = content_hash[-2]
    return f"{content_hash[:-2]}{'A' if last != 'A' else 'B'}{content_hash[-1]}"


def _publication(probe: Probe) -> dict[str, JsonValue]:
    return {
        "type": "GRANT_TYPE_SERVICE_PUBLICATION",
        "directory": {"peer_id": probe.provider.value},
        "service": {
            "peer_id": probe.outway.value,
            "name": SERVICE,
            "protocol": "PROTOCOL_TCP_HTTP_1.1",
        },
    }
