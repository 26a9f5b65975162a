# SPDX-License-Identifier: EUPL-1.2
"""One tree of hashes per batch, and the chain of batch heads of a lane.

    leaf  = SHA-256(0x00 || data)
    node  = SHA-256(0x01 || left || right)
    head  = SHA-256(0x02 || lane || number || size || first id || last id || previous head || root)

The ids of the first and last record stand in the head, so that a batch whose records have been
dropped after their term can not be moved to another month afterwards.
Source: RFC 6962, section 2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

NO_HEAD = bytes(32)
_HEAD = struct.Struct(">QI")


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two hashes below it."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes. Raises ValueError for none: an empty batch does not exist.

    An odd hash at the end of a level is promoted; that gives the same tree as the standard's
    split at the largest power of two.
    """
    if not leaves:
        raise ValueError("a tree needs at least one leaf")
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The sibling hashes from leaf ``position`` up to the root. Raises IndexError outside.

    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= position < len(leaves):
        raise IndexError(f"no leaf {position} among {len(leaves)}")
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [node_hash(left, right) for left, right in pairs] + odd
        position //= 2
    return path


def proves_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that this path leads to; the caller compares it with the root of the batch.

    Raises ValueError when the path is too long or too short for that position and size.
    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= position < size:
        raise ValueError(f"no leaf {position} among {size}")
    last = size - 1
    found = leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the path is longer than the tree is high")
        if position % 2 or position == last:
            found = node_hash(sibling, found)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            found = node_hash(found, sibling)
        position, last = position // 2, last // 2
    if last != 0:
        raise ValueError("the path ends below the root")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHead:
    """One link of a lane's chain: which records, under which root, after which head."""

    lane: str
    no: int
    size: int
    first: bytes
    last: bytes
    root: bytes
    prev: bytes

    def digest(self) -> bytes:
        """The hash that the next batch names as its predecessor and that anchors sign."""
        lane = self.lane.encode()
        return sha256(
            b"\x02"
            + bytes((len(lane),))
            + lane
            + _HEAD.pack(self.no, self.size)
            + self.first
            + self.last
            + self.prev
            + self.root
        ).digest()
