# SPDX-License-Identifier: EUPL-1.2
"""Content hashes and grant hashes, for the two wire generations of FSC.

Written as ``$<hash algorithm>$<hash type>$<base64url of SHA3-512, without padding>``.

* ``fsc-2``: the content hash covers the canonical JSON of the content; the grant hash covers the
  *string* of the content hash followed by the canonical JSON of ``grant.data``. So a grant hash
  names one grant in one contract.
* ``fsc-1.1``: bytes in a fixed order without separators; here the content hash covers the grant
  hashes. Interoperability of this generation is unproven: no test vectors were ever published.

What is hashed is the tree as it was received, never a typed model written out again: unknown or
defaulted members would change the hash.
Source: FSC Core, "Content Hash" and "Grant hash".
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from landschap.fsc.grants import (
    DELEGATED_SERVICE,
    GRANT_INTEGERS,
    HASH_TYPES,
    Connection,
    Grant,
    Publication,
    Registration,
)
from landschap.vocabulary.identifiers import ContentHash, GrantHash
from landschap.vocabulary.ijson import JsonValue, canonical

HASH_ALGORITHM = "HASH_ALGORITHM_SHA3_512"
_ALGORITHM_INTEGER = 1
_CONTENT_HASH_TYPE = 1
_ANY_HASH = re.compile(r"\$([0-9]{1,9})\$[0-9]{1,9}\$")
_SERVICE_TYPES = {False: 1, True: 2}


class Profile(StrEnum):
    """The wire generation a Group runs; their hashes can not be converted."""

    FSC_2 = "fsc-2"
    FSC_1_1 = "fsc-1.1"


def jcs_content_hash(canonical_content: bytes) -> ContentHash:
    """The content hash of ``fsc-2`` over the canonical bytes of the content."""
    return ContentHash.parse(_written(_CONTENT_HASH_TYPE, canonical_content))


def jcs_grant_hash(content_hash: ContentHash, grant: Grant) -> GrantHash:
    """The grant hash of ``fsc-2``."""
    message = content_hash.value.encode() + canonical(grant.data)
    return GrantHash.parse(_written(HASH_TYPES[grant.type], message))


def bytes_grant_hash(group_id: str, iv: UUID, grant: Grant) -> GrantHash:
    """The grant hash of ``fsc-1.1``; properties follow as the digest of their canonical form."""
    parts = [group_id.encode(), iv.bytes, _int32(GRANT_INTEGERS[grant.type]), *_fields(grant)]
    if grant.properties:
        parts.append(hashlib.sha3_512(canonical(grant.properties)).digest())
    return GrantHash.parse(_written(HASH_TYPES[grant.type], b"".join(parts)))


def bytes_content_hash(
    group_id: str, iv: UUID, times: tuple[int, int, int], grant_hashes: list[GrantHash]
) -> ContentHash:
    """The content hash of ``fsc-1.1``; ``times`` are not_before, not_after and created_at."""
    ordered = sorted(each.value.encode() for each in grant_hashes)
    message = group_id.encode() + iv.bytes + struct.pack("<3q", *times) + b"".join(ordered)
    return ContentHash.parse(_written(_CONTENT_HASH_TYPE, message))


def normal_grant_hash(text: str) -> GrantHash:
    """A grant hash as peers may send it: also in the standard alphabet and with padding.

    Raises InvalidValue.
    """
    return GrantHash.parse(text.replace("+", "-").replace("/", "_").rstrip("="))


def has_unknown_algorithm(text: str) -> bool:
    """True when a text is shaped like a hash of ours but names another hash algorithm."""
    match = _ANY_HASH.match(text)
    return match is not None and match[1] != str(_ALGORITHM_INTEGER)


def _fields(grant: Grant) -> list[bytes]:
    """The values of a grant in the order of the schema, without its type."""
    match grant:
        case Publication():
            texts = [grant.directory, grant.service.peer_id, grant.service.name, grant.protocol]
            delegator = grant.service.delegator
            return [str(each).encode() for each in (*texts, delegator or "")]
        case Connection():
            return _connection_fields(grant)
        case Registration():
            told = (grant.member, grant.role, grant.administrator, grant.area)
            return [str(each).encode() for each in told]


def _connection_fields(grant: Connection) -> list[bytes]:
    service = _member(grant.data, "service")
    delegated = service.get("type") == DELEGATED_SERVICE
    return [
        str(grant.outway.peer_id).encode(),
        (grant.outway.public_key_thumbprint or grant.outway.domain_name or "").encode(),
        _int32(_SERVICE_TYPES[delegated]),
        str(grant.service.peer_id).encode(),
        grant.service.name.encode(),
        str(grant.service.delegator or "").encode(),
        str(grant.delegator or "").encode(),
    ]


def _member(holder: Mapping[str, JsonValue], key: str) -> Mapping[str, JsonValue]:
    value = holder.get(key)
    return value if isinstance(value, Mapping) else {}


def _int32(number: int) -> bytes:
    return struct.pack("<i", number)


def _written(hash_type: int, message: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha3_512(message).digest()).rstrip(b"=").decode()
    return f"${_ALGORITHM_INTEGER}${hash_type}${digest}"
