# SPDX-License-Identifier: EUPL-1.2
"""What a package says of itself: name, version, what it needs, and the digest of every file.

The manifest is the canonical JSON of these; its digest names the package, and is what is signed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from landschap.packages.form import BrokenPackage
from landschap.vocabulary.ijson import InvalidJson, canonical, loads

FORM = 1
"""Of the file. A higher one is refused: it may hold what this program does not know."""
MANIFEST, SIGNATURE, CERTIFICATES = "pakket.json", "pakket.jws", "pakket.pem"
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
VERSION = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
_MAX_BYTES = 1_000_000


class Described(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter: what kind of value it takes, and what is meant by it."""

    kind: str
    meaning: str


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing in a package that has a version of its own, empty when it has none."""

    kind: str
    name: str
    version: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``program`` is the lowest version of the program that can apply it; ``files`` holds SHA-256
    digests by name; ``publisher`` is the OIN of who packed it.
    """

    form: int
    name: str
    version: str
    title: str
    program: str
    publisher: str
    publisher_name: str
    parameters: dict[str, Described]
    parts: tuple[Part, ...]
    files: dict[str, str]


def written(manifest: Manifest) -> bytes:
    """The manifest as it stands in a package."""
    return canonical(msgspec.to_builtins(manifest))


def digest_of(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes) -> Manifest:
    """The manifest in these bytes. Raises BrokenPackage."""
    try:
        tree = loads(content, max_bytes=_MAX_BYTES)
        form = tree.get("form") if isinstance(tree, Mapping) else None
        if isinstance(form, int) and form > FORM:
            raise BrokenPackage(
                f"its form is {form}, this program knows forms up to {FORM}: install a newer one"
            )
        found = msgspec.convert(tree, type=Manifest, strict=True)
    except (InvalidJson, msgspec.ValidationError) as error:
        raise BrokenPackage(f"{MANIFEST} can not be read: {error}") from None
    if found.form != FORM or written(found) != content:
        raise BrokenPackage(f"{MANIFEST} is not in its one form")
    for value, pattern in (
        (found.name, NAME), (found.version, VERSION), (found.program, VERSION)
    ):  # fmt: skip
        if not pattern.fullmatch(value):
            raise BrokenPackage(f"{MANIFEST}: {value[:80]!r} is no name or version")
    if not all(text.isprintable() for text in _told(found)):
        raise BrokenPackage(f"{MANIFEST} holds signs that can not be printed")
    return found


def _told(manifest: Manifest) -> Iterator[str]:
    """What of it is shown on a terminal."""
    yield from (manifest.title, manifest.publisher, manifest.publisher_name, *manifest.files)
    for name, each in manifest.parameters.items():
        yield from (name, each.meaning)
    for part in manifest.parts:
        yield from (part.kind, part.name, part.version)


def check_files(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """See that these are the very files of the manifest. Raises BrokenPackage."""
    for name in sorted({*manifest.files, *files}):
        if name not in files:
            raise BrokenPackage(f"{name} stands in the manifest and is not there")
        if name not in manifest.files:
            raise BrokenPackage(f"{name} is there and does not stand in the manifest")
        if manifest.files[name] != digest_of(files[name]):
            raise BrokenPackage(f"{name} is not what was packed")


def order_of(version: str) -> tuple[int, ...]:
    """Three numbers, by which versions are compared."""
    return tuple(map(int, version.split(".")))
