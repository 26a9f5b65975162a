# SPDX-License-Identifier: EUPL-1.2
"""The file of a package: one form, whole or refused, and never more than it seems."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.packages.form import (
    MAX_BYTES,
    MAX_FILE_BYTES,
    BrokenPackage,
    packed,
    unpacked,
)

FILES = {"pakket.json": b"{}", "registers/bag/register.toml": b'naam = "bag"\n', "a/leeg": b""}


def zipped(names: dict[str, bytes], how: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as file:
        file.comment = comment
        for name, content in names.items():
            file.writestr(zipfile.ZipInfo(name), content, how)
    return stream.getvalue()


def test_what_was_packed_is_unpacked_and_anybody_can_look_into_it() -> None:
    data = packed(FILES)
    assert unpacked(data) == FILES
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == FILES


def test_the_same_files_are_the_same_bytes_in_any_order() -> None:
    assert packed(FILES) == packed(dict(reversed(FILES.items())))


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9]{0,8}(/[a-z]{1,8}){0,3}", fullmatch=True),
        st.binary(max_size=200),
        min_size=1,
        max_size=6,
    )
)
def test_any_files_come_back_as_they_were(files: dict[str, bytes]) -> None:
    assert unpacked(packed(files)) == files


def test_every_cut_is_seen() -> None:
    data = packed(FILES)
    for length in range(len(data)):
        with pytest.raises(BrokenPackage):
            unpacked(data[:length])


def test_every_changed_byte_is_seen() -> None:
    data = packed(FILES)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x20
        with pytest.raises(BrokenPackage):
            unpacked(bytes(changed))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin"),
        (b"\x7fELF" + b"\0" * 100, "does not begin"),
        (packed(FILES) + b"tail", "table of contents"),
        (b"MZ" + packed(FILES), "does not begin"),
        (zipped(FILES), "was not written by|compressed|table of contents"),
        (zipped(FILES, comment=b"hello"), "compressed|table of contents"),
    ],
    ids=["nothing", "another file", "a tail", "a head", "another zip", "a comment"],
)
def test_what_is_no_package_of_ours_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BrokenPackage, match=words):
        unpacked(data)


def test_damage_and_compression_are_told_as_what_they_are() -> None:
    data = bytearray(packed({"a": b"twaalf tekens"}))
    data[data.index(b"twaalf")] ^= 1
    with pytest.raises(BrokenPackage, match="a in it was damaged"):
        unpacked(bytes(data))
    deflated = bytearray(packed({"a": b"x"}))
    struct.pack_into("<H", deflated, 8, zipfile.ZIP_DEFLATED)
    with pytest.raises(BrokenPackage, match="compressed"):
        unpacked(bytes(deflated))


def test_a_bomb_is_refused_unopened() -> None:
    bomb = zipped({"pakket.json": b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(BrokenPackage, match="compressed"):
        unpacked(bomb)


def test_what_is_too_big_is_refused() -> None:
    with pytest.raises(BrokenPackage, match="at most"):
        unpacked(b"PK\x03\x04" + b"\0" * MAX_BYTES)
    with pytest.raises(BrokenPackage, match="over"):
        unpacked(packed({"a": b"\0" * (MAX_FILE_BYTES + 1)}))


@pytest.mark.parametrize(
    "name",
    ["../escape", "/etc/passwd", "a/../../b", "a//b", ".hidden", "a/.ssh", "a\\..\\b", "C:evil",
     "a/b/c/d/e", "a b", "a\n", "x" * 101, "-rf", "a/", ""],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BrokenPackage, match="is no name"):
        unpacked(packed({name: b"x"}))


def test_a_name_that_stands_twice_is_refused() -> None:
    one = packed({"a": b"1"})
    local = one[: one.index(b"PK\x01\x02")]
    with pytest.raises(BrokenPackage, match="twice"):
        unpacked(local + local + one[len(local) :])


def test_files_that_overlap_can_not_be_told_apart_and_are_refused() -> None:
    """A size that reaches into the next entry, as in the bombs that need no compression."""
    data = bytearray(packed({"a": b"1" * 10, "b": b"2" * 10}))
    struct.pack_into("<LL", data, 18, 60, 60)
    with pytest.raises(BrokenPackage):
        unpacked(bytes(data))
