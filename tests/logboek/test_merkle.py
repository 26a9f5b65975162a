# SPDX-License-Identifier: EUPL-1.2
"""The tree of a batch against the vectors of certificate transparency, and its proofs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.logboek.merkle import (
    NO_HEAD,
    BatchHead,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proves_inclusion,
    root_hash,
)

# The inputs and roots that implementations of RFC 6962 share.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f"]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_root_is_that_of_the_standard(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]
    assert root_hash(leaves).hex() == ROOTS[size - 1]


def _split_root(leaves: list[bytes]) -> bytes:
    """The definition in the words of the standard: split at the largest power of two."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_split_root(leaves[:split]), _split_root(leaves[split:]))


@pytest.mark.parametrize("size", [*range(1, 70), 255, 256, 257, 1000])
def test_promoting_the_odd_node_equals_the_split_of_the_standard(size: int) -> None:
    leaves = [leaf_hash(bytes([i % 256, i // 256])) for i in range(size)]
    assert root_hash(leaves) == _split_root(leaves)


@given(st.integers(1, 200), st.data())
def test_every_leaf_is_proved_by_its_path_and_by_no_other(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([i % 256, i // 256])) for i in range(size)]
    place = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(leaves, place)
    assert proves_inclusion(leaves[place], place, size, path) == root_hash(leaves)
    assert proves_inclusion(leaf_hash(b"other"), place, size, path) != root_hash(leaves)
    with pytest.raises(ValueError, match="path"):
        proves_inclusion(leaves[place], place, size, [*path, bytes(32)])
    if path:
        with pytest.raises(ValueError, match="path"):
            proves_inclusion(leaves[place], place, size, path[:-1])


@pytest.mark.parametrize("place", [-1, 3])
def test_there_is_no_proof_outside_the_batch(place: int) -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")]
    with pytest.raises(IndexError):
        inclusion_proof(leaves, place)
    with pytest.raises(ValueError, match="no leaf"):
        proves_inclusion(leaves[0], place, 3, [])


def test_an_empty_batch_does_not_exist() -> None:
    with pytest.raises(ValueError, match="at least one"):
        root_hash([])


def test_every_member_of_a_head_counts() -> None:
    made = {
        "lane": "a-0", "no": 2, "size": 3, "first": bytes(16), "last": b"\x01" * 16,
        "root": b"r" * 32, "prev": NO_HEAD,
    }  # fmt: skip
    base = BatchHead(**made).digest()  # type: ignore[arg-type]
    others = {
        "lane": "a-1", "no": 3, "size": 4, "first": b"\x01" * 16, "last": bytes(16),
        "root": b"s" * 32, "prev": b"p" * 32,
    }  # fmt: skip
    for name, value in others.items():
        assert BatchHead(**(made | {name: value})).digest() != base  # type: ignore[arg-type]
