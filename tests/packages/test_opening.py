# SPDX-License-Identifier: EUPL-1.2
"""A package that somebody of the Group signed may still be wrong: it is refused before it is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.packages.package_rig import MAKER, Town
from tests.throwaway import Cluster

from landschap.fsc.certificates import Trust
from landschap.fsc.client import own_peer
from landschap.packages.form import BrokenPackage, packed, unpacked
from landschap.packages.manifest import CERTIFICATES, MANIFEST, SIGNATURE, digest_of
from landschap.packages.packing import Opened, open_package
from landschap.packages.signing import certificates_of, signature_of
from landschap.vocabulary.ijson import canonical

FILE = {"doelbinding/x.toml": b'[[groep]]\nnaam = "buren"\nleden = ["$(vragers)"]\n'}


def crafted(maker: Town, content: dict[str, bytes], **changes: Any) -> bytes:
    """A package signed by the maker whatever is in it; changes of the manifest by key."""
    told: dict[str, Any] = {
        "form": 1, "name": "met-de-hand", "version": "1.0.0", "title": "Met de hand",
        "program": "0.1.0", "publisher": MAKER, "publisher_name": "Gemeente Weesp",
        "parameters": {"vragers": {"kind": "oins", "meaning": "wie"}}, "parts": [],
        "files": {name: digest_of(each) for name, each in content.items()},
        **changes,
    }  # fmt: skip
    head = canonical({key: value for key, value in told.items() if value is not None})
    signer = own_peer(maker.database.settings).signer
    proof = {
        MANIFEST: head,
        SIGNATURE: signature_of(head, signer),
        CERTIFICATES: certificates_of(signer),
    }
    return packed({**content, **proof})


@pytest.fixture
def trust(cluster: Cluster) -> Trust:
    return Trust(anchors=[cluster.anchor.certificate], revocation=None, now=datetime.now(UTC))


def opened(data: bytes, trust: Trust) -> Opened:
    return open_package(data, trust)


async def test_what_is_right_is_opened(maker: Town, trust: Trust) -> None:
    found = opened(crafted(maker, FILE), trust)
    assert found.filled({"vragers": ("1" * 20,)}) == {
        "doelbinding/x.toml": f'[[groep]]\nnaam = "buren"\nleden = ["{"1" * 20}"]\n'
    }


@pytest.mark.parametrize(
    ("files", "changes", "words"),
    [
        (FILE, {"form": 2}, "its form is 2, this program knows forms up to 1"),
        (FILE, {"form": 0}, "not in its one form"),
        (FILE, {"surprise": 1}, "can not be read"),
        (FILE, {"name": None}, "can not be read"),
        (FILE, {"name": "../x"}, "is no name or version"),
        (FILE, {"version": "1"}, "is no name or version"),
        (FILE, {"program": "new"}, "is no name or version"),
        (FILE, {"title": "a\x1b[2J"}, "can not be printed"),
        (FILE, {"publisher": "00000099000000009000"}, "signed it"),
        (FILE, {"files": {}}, "does not stand in the manifest"),
        (FILE, {"files": {"doelbinding/x.toml": "00"}}, "is not what was packed"),
        ({}, {"files": {"doelbinding/x.toml": "00"}}, "is not there"),
        (FILE, {"parameters": {}}, "has a parameter 'vragers' that its manifest does not name"),
        (FILE, {"parameters": {"vragers": {"kind": "shell", "meaning": "x"}}}, "of no kind"),
        ({"identity/organisation.key": b"x"}, {}, "has no place in a package"),
        ({"organisation.toml": b"x"}, {}, "has no place in a package"),
        ({"bronnen/x.voorbeeld.yaml": b"x"}, {}, "has no place in a package"),
        ({"doelbinding/x.toml": b"\xff\xfe"}, {}, "is not UTF-8"),
    ],
)  # fmt: skip
async def test_what_is_wrong_in_it_is_told(
    maker: Town, trust: Trust, files: dict[str, bytes], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BrokenPackage, match=words):
        opened(crafted(maker, files, **changes), trust)


@pytest.mark.parametrize("lacking", [MANIFEST, SIGNATURE, CERTIFICATES])
async def test_without_its_proof_it_is_no_package(maker: Town, trust: Trust, lacking: str) -> None:
    files = unpacked(crafted(maker, FILE))
    del files[lacking]
    with pytest.raises(BrokenPackage, match=f"it has no {lacking}"):
        opened(packed(files), trust)


async def test_the_command_says_what_to_do_with_each_and_changes_nothing(
    maker: Town, taker: Town, tmp_path: Path
) -> None:
    right = (await maker.pack(tmp_path / "een.pakket")).read_bytes()
    files = unpacked(right)
    told = json.loads(files[MANIFEST])
    told["version"] = "9.0.0"
    other = {**files, MANIFEST: canonical(told)}
    lacks = crafted(
        maker,
        {name: text.replace(b'"pand.bouwjaar"', b'"pand.jaar"') if name.startswith("doelb") else text
         for name, text in files.items() if not name.startswith("pakket.")},
        parameters=told["parameters"],
    )  # fmt: skip
    for number, (data, words) in enumerate(
        (
            (packed(other), "its signature is about something else"),
            (right[:-100], "it is cut off"),
            (right[: len(right) // 2], "it is cut off"),
            (b"PK\x03\x04" + b"\0" * 20_000_000, "over 16777216 bytes"),
            (b"", "does not begin as one"),
            (lacks, "there is no field pand.jaar in what answers for it"),
        )
    ):
        package = tmp_path / f"fout-{number}.pakket"
        package.write_bytes(data)
        before = taker.files()
        done = await taker.apply(package)
        assert done.code == 1
        assert words in done.err
        assert "What to do:" in done.err
        assert taker.files() == before
    assert await taker.taken() == []
    assert (await taker.purposes()).policies == ()
