# SPDX-License-Identifier: EUPL-1.2
"""Writing transfer packages to a folder and reading them back, proven before anything is used.

A package is there whole or not at all: it is made beside its place and moved there when every file
is on the disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.registers import mdto
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import FILE, Rules
from landschap.registers.statements import (
    PACKAGE,
    InvalidStatement,
    Signing,
    open_content,
    sign_content,
)
from landschap.registers.store.destroying import Record
from landschap.registers.store.packing import lines_of
from landschap.registers.store.rows import Pool
from landschap.registers.timeline import Known
from landschap.registers.transfer import (
    CERTIFICATE,
    DESTROYED_FILE,
    MANIFEST,
    METADATA,
    MODELS,
    README,
    SIGNATURE,
    DamagedPackage,
    FileDigest,
    Line,
    Manifest,
    TypeFile,
    line_text,
    read_line,
    read_manifest,
)

_BLOCK = 1 << 20
_MAX_SMALL = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """What goes into a package.

    ``ids`` keeps a type to these objects; a type that is absent from it goes whole when ``ids`` is
    None, and not at all otherwise.
    """

    register: Register
    known: Known
    manifest: Manifest
    signing: Signing
    rules: Rules | None = None
    rules_text: str = ""
    ids: Mapping[str, Sequence[str]] | None = None
    events: Sequence[mdto.Event] = ()
    records: Sequence[Record] = ()

    def kinds(self) -> list[ObjectType]:
        """The types of the package."""
        every = self.register.types.values()
        return [kind for kind in every if self.ids is None or self.ids.get(kind.name)]


class _Folder:
    """A folder in which every file is written once, with its digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digests: dict[str, FileDigest] = {}
        path.mkdir(parents=True)

    def write(self, name: str, content: bytes) -> None:
        with self.begin(name) as file:
            file.write(content)
        self.end(name)

    def begin(self, name: str) -> IO[bytes]:
        place = self.path / name
        place.parent.mkdir(exist_ok=True)
        return place.open("xb")

    def end(self, name: str) -> None:
        self.digests[name] = _digest(self.path / name)


def _digest(path: Path) -> FileDigest:
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
            size += len(block)
    return FileDigest(sha256=hashed.hexdigest(), size=size)


async def write_package(
    pool: Pool, target: Path, packing: Packing, advance: Callable[[int], None]
) -> Manifest:
    """Write a package to a folder that is not there yet; ``advance`` hears how many lines.

    Raises OSError: then there is nothing, also not in part.
    """
    draft = _beside(target)
    try:
        folder = _Folder(draft)
        types = [
            await _write_type(
                folder, kind, lines_of(pool, kind, packing.known, _ids(packing, kind))
            )
            async for kind in _one_by_one(packing.kinds(), advance)
        ]
        manifest = replace(packing.manifest, types=types)
        _write_around(folder, replace(packing, manifest=manifest))
        manifest = replace(manifest, files=folder.digests)
        content = manifest.content()
        (draft / MANIFEST).write_bytes(content)
        (draft / SIGNATURE).write_text(sign_content(content, PACKAGE, packing.signing))
        (draft / CERTIFICATE).write_bytes(packing.signing.certificate.public_bytes(Encoding.PEM))
        _sync(draft)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def _beside(target: Path) -> Path:
    if target.exists():
        raise FileExistsError(errno.EEXIST, "there is something already", str(target))
    return target.with_name(f".{target.name}.{os.getpid()}")


async def _one_by_one(
    kinds: Iterable[ObjectType], advance: Callable[[int], None]
) -> AsyncIterator[ObjectType]:
    for done, kind in enumerate(kinds):
        advance(done)
        yield kind


def _ids(packing: Packing, kind: ObjectType) -> Sequence[str] | None:
    return None if packing.ids is None else packing.ids.get(kind.name, ())


async def _write_type(
    folder: _Folder, kind: ObjectType, lines: AsyncGenerator[Line, None]
) -> TypeFile:
    counted = TypeFile(name=kind.name)
    number = objects = 0
    begin, end, last = counted.begin, counted.end, None
    # The lines are closed when writing fails too: they lend a connection the pool waits for.
    async with aclosing(lines):
        with folder.begin(counted.path) as file:
            async for line in lines:
                file.write(line_text(line, kind.clock).encode())
                number += 1
                objects += line.object_id != last
                last = line.object_id
                if line.assertion.content is not None:
                    begin = min(begin, line.assertion.period.begin)
                    end = max(end, line.assertion.period.end)
    folder.end(counted.path)
    return replace(counted, lines=number, objects=objects, begin=begin, end=end)


def _write_around(folder: _Folder, packing: Packing) -> None:
    """Everything beside the data: read-me, models, rules, metadata, statements."""
    manifest, register = packing.manifest, packing.register
    folder.write(README, _READ_ME.format(register=register.title, naam=register.name).encode())
    head = {"naam": register.name, "titel": register.title, "title": register.title_en,
            "klok": register.clock.value}  # fmt: skip
    toml = "".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in head.items()
    )
    folder.write(f"{MODELS}/register.toml", toml.encode())
    if packing.rules_text:
        folder.write(f"{MODELS}/{FILE}", packing.rules_text.encode())
    folder.write(
        f"{METADATA}/register.mdto.xml", mdto.of_register(manifest, register, packing.events)
    )
    for each in manifest.types:
        kind = register.types[each.name]
        schema = json.dumps(kind.schema, ensure_ascii=False, indent=2) + "\n"
        folder.write(f"{MODELS}/{each.name}.schema.json", schema.encode())
        rules = packing.rules.of(kind) if packing.rules is not None else []
        described = mdto.of_type(manifest, kind, each, rules, packing.events)
        folder.write(f"{METADATA}/{each.name}.mdto.xml", described)
        described = mdto.of_file(manifest, each, folder.digests[each.path])
        folder.write(f"{METADATA}/{each.name}.bestand.mdto.xml", described)
    if packing.records:
        lines = [json.dumps(record.as_json()) + "\n" for record in packing.records]
        folder.write(DESTROYED_FILE, "".join(lines).encode())


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Package:
    """A package of which every file was found to be what was signed."""

    folder: Path
    manifest: Manifest

    def lines(self, each: TypeFile) -> Iterator[Line]:
        """The assertions of one type, in their order. Raises DamagedPackage."""
        with (self.folder / each.path).open(encoding="utf-8") as file:
            for text in file:
                yield read_line(text)

    def records(self) -> list[Record]:
        """The statements of what was destroyed. Raises DamagedPackage."""
        if DESTROYED_FILE not in self.manifest.files:
            return []
        text = (self.folder / DESTROYED_FILE).read_text(encoding="utf-8")
        try:
            return [Record.from_json(json.loads(line)) for line in text.splitlines()]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedPackage(f"{DESTROYED_FILE} can not be read: {error}") from None


def open_package(folder: Path, judge: Callable[[bytes, str], bool]) -> Package:
    """A package, once its signature, its signer and every file in it are proven.

    ``judge`` tells whether a certificate is of an organisation, by its OIN. Raises DamagedPackage
    with what is wrong, OSError for what can not be read.
    """
    content = _small(folder / MANIFEST)
    manifest = read_manifest(content)
    try:
        certificate = x509.load_pem_x509_certificate(_small(folder / CERTIFICATE))
        der = certificate.public_bytes(Encoding.DER)
        signed = open_content(_small(folder / SIGNATURE).decode("ascii"), der, PACKAGE)
    except (ValueError, InvalidStatement) as error:
        raise DamagedPackage(f"the signature does not hold: {error}") from None
    if signed != content:
        raise DamagedPackage(f"{MANIFEST} is not what was signed")
    if not judge(der, manifest.holder.oin):
        raise DamagedPackage(
            f"it was not signed by {manifest.holder.name} ({manifest.holder.oin}), or under no "
            "trust anchor of ours"
        )
    expected = {*manifest.files, MANIFEST, SIGNATURE, CERTIFICATE}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if there != expected:
        other = sorted(there ^ expected)
        raise DamagedPackage(f"files are missing or too many: {', '.join(other)[:400]}")
    for path, digest in manifest.files.items():
        if _digest(folder / path) != digest:
            raise DamagedPackage(f"{path} is not what was signed")
    for each in manifest.types:
        if each.path not in manifest.files:
            raise DamagedPackage(f"there is no file with the objects of {each.name}")
    return Package(folder, manifest)


def _small(path: Path) -> bytes:
    if path.stat().st_size > _MAX_SMALL:
        raise DamagedPackage(f"{path.name} is larger than {_MAX_SMALL} bytes")
    return path.read_bytes()


_READ_ME = """# Overdracht van het register {register} ({naam})

In `gegevens/TYPE.jsonl` staat per regel een bewering over een object, als JSON:

* `object` en `groep`: waarover; de eigenschappen van een groep wijzigen samen.
* `geldigVan`, `geldigTot`: de dagen waarvoor het geldt; `geldigTot` is de eerste dag erbuiten,
  `null` is een open einde. `geldigVanBron` staat er als een deel van de begindatum onbekend is
  (nullen).
* `volgnummer`, `tijdstipRegistratie`, `tijdstipBron`: de volgorde en de momenten waarop het bekend
  werd: hier, en bij de bron.
* `inhoud`: wat er geldt; `null` betekent: niets. De betekenis staat in `modellen/TYPE.schema.json`.

De regel voor een antwoord: van de beweringen over een object en groep die op dat moment bekend
waren (`bekendOp`), wint de laatste die de dag bevat; de regels van een object staan in die
volgorde. Ligt de dag voor `zekerVanaf`, dan kan ook de bewering daarvoor nog gelden.

Alle bestanden staan met hun SHA-256 in `manifest.json`; `manifest.jws` is de handtekening daarover
(JWS, RFC 7515) met de sleutel van `certificaat.pem`. In `metagegevens` staat MDTO 1.0.1.
"""
