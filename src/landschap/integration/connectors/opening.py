# SPDX-License-Identifier: EUPL-1.2
"""Reading declarations from files, and opening a door to each of their sources."""

from __future__ import annotations

import difflib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg

from landschap.integration.access import (
    DatabaseAccess,
    FileAccess,
    RestAccess,
    SoapAccess,
    TlsFiles,
)
from landschap.integration.connectors.over_http import RestDoor, Tokens
from landschap.integration.connectors.places import LocalFile, Place
from landschap.integration.connectors.register import RegisterConnector
from landschap.integration.connectors.rest import HostResolver, RestConnector
from landschap.integration.declaration import parse_declaration
from landschap.integration.drift import common_fields
from landschap.integration.examples import Example, parse_examples
from landschap.integration.fitting import check_registers
from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.model import Declaration, Source
from landschap.integration.rows import Connector
from landschap.registers.models import Registers
from landschap.vocabulary.mistakes import Mistake

SOURCES_FOLDER = "bronnen"
SNAPSHOTS_FOLDER = "momentopnamen"
SUFFIX = ".yaml"
EXAMPLES_SUFFIX = ".voorbeeld.yaml"
_POOL_SIZE = 64


@runtime_checkable
class Closing(Protocol):
    """A door that holds connections of its own."""

    async def close(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What doors are made of.

    ``hosts`` maps a host name to an address, or to ``address:port``, instead of DNS; ``secrets``
    is the folder in which the key files of sources lie, ``folder`` that of the declarations, their
    templates and data files, ``snapshots`` that in which data files are taken in.
    """

    pool: asyncpg.Pool | None = None
    registers: Registers = field(default_factory=lambda: Registers({}))
    session: aiohttp.ClientSession | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    secrets: Path | None = None
    folder: Path = Path()
    snapshots: Path | None = None


def read_declaration(path: Path, registers: Registers | None = None) -> Declaration:
    """One logical source from its file. Raises DeclarationError, also when it can not be read.

    With ``registers`` its columns are checked against the information models.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "not UTF-8 text"
        message = f"can not be read: {words}"
        mistake = Mistake(file=str(path), line=1, key="file", message=message)
        raise DeclarationError([mistake]) from None

    def beside(name: str) -> str:
        return (path.parent / name).read_text(encoding="utf-8-sig")

    declaration = parse_declaration(text, str(path), beside)
    if registers is not None:
        check_registers(declaration, registers, Report(str(path)), text)
    return declaration


def read_examples(declaration: Declaration, path: Path) -> tuple[Example, ...]:
    """The examples beside a declaration's file; none when there is no such file.

    Raises DeclarationError.
    """
    beside = path.with_name(path.name.removesuffix(SUFFIX) + EXAMPLES_SUFFIX)
    if not beside.exists():
        return ()
    return parse_examples(beside.read_text(encoding="utf-8"), str(beside), declaration)


def read_declarations(folder: Path, registers: Registers | None = None) -> dict[str, Declaration]:
    """All logical sources of a folder by name; examples beside them are skipped.

    With ``registers`` the columns are checked against the information models. Raises
    DeclarationError with the mistakes of all files.
    """
    found: dict[str, Declaration] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.name.endswith(EXAMPLES_SUFFIX):
            continue
        try:
            declaration = read_declaration(path, registers)
        except DeclarationError as error:
            mistakes += error.mistakes
            continue
        if declaration.name in found:
            message = f"{declaration.name} is declared in another file too"
            mistakes.append(Mistake(file=str(path), line=1, key="logische_bron", message=message))
        found[declaration.name] = declaration
    mistakes += without_copy(folder, found)
    if mistakes:
        raise DeclarationError(mistakes)
    return found


def without_copy(folder: Path, found: Mapping[str, Declaration]) -> Iterator[Mistake]:
    """Of each that is compared with a copy which is not there, or has no field in common."""
    for one in found.values():
        copy = found.get(one.shadow)
        if not one.shadow or (copy is not None and common_fields(copy, one)):
            continue
        why = "is no logical source here" if copy is None else "has no field in common with it"
        near = difflib.get_close_matches(one.shadow, found.keys() - {one.name}, n=1)
        yield Mistake(
            file=str(folder),
            line=1,
            key=f"{one.name}.schaduw",
            message=f"{one.shadow!r} {why}",
            nearest=near[0] if near and copy is None else "",
        )


def client_session(hosts: Mapping[str, str]) -> aiohttp.ClientSession:
    """The pool of connections that all REST sources share; the caller closes it.

    It follows no proxy of the environment, keeps no cookies and no user headers.
    """
    addresses = {name: value.rsplit(":", 1)[0] for name, value in hosts.items()}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_POOL_SIZE, resolver=HostResolver(addresses)),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # the plan's own time budget decides
        auto_decompress=False,  # a small answer that unpacks to gigabytes is not read
        headers={"User-Agent": "landschap"},
        skip_auto_headers=("Accept-Encoding",),
    )


def open_doors(declaration: Declaration, around: Surroundings) -> dict[str, Connector]:
    """A connector per source. Raises OSError for a key file or template that can not be read, and
    ValueError when it can not be used or the surroundings lack what a source needs.
    """
    return {name: open_door(source, around) for name, source in declaration.sources.items()}


async def close_doors(*opened: Mapping[str, Connector]) -> None:
    """Close the connections that doors hold themselves: those to databases."""
    for doors in opened:
        for door in doors.values():
            if isinstance(door, Closing):
                await door.close()


def open_door(source: Source, around: Surroundings) -> Connector:
    """The connector of one source. Raises as `open_doors`.

    What a kind needs is only loaded for a source of that kind.
    """
    access = source.access
    match access:
        case RestAccess():
            at = replace(access, url=placed(access.url, around.hosts))
            return RestConnector(source, at, _way(source, access, around))
        case SoapAccess():
            there = replace(access, url=placed(access.url, around.hosts))
            from landschap.integration.connectors.soap import SoapConnector
            from landschap.integration.soap import read_template

            template = read_template((around.folder / access.template).read_bytes(), access)
            conformity = None
            if access.schema is not None:
                from landschap.integration.connectors.xml_schema import read_conformity

                conformity = read_conformity(access.schema, around.folder)
            way = _way(source, access, around)
            return SoapConnector(there, template, way, conformity)
        case DatabaseAccess():
            from landschap.integration.connectors import database

            url = database.address_of(_key_file(access.secret_file, around.secrets))
            engine = database.open_engine(url, access.connections, source.timeout_ms)
            return database.DatabaseConnector(source, access, engine)
        case FileAccess():
            if around.snapshots is None:
                raise ValueError(f"source {source.name} is a file; there is no data folder")
            from landschap.integration.connectors.file import FileConnector

            return FileConnector(source, access, place_of(access, around), around.snapshots)
    if around.pool is None:
        raise ValueError(f"source {source.name} is a register; there is no database")
    return RegisterConnector(access, around.registers, around.pool)


def place_of(access: FileAccess, around: Surroundings) -> Place:
    """Where a file stands. Raises OSError and ValueError for a key file that can not be used."""
    if access.store is None:
        return LocalFile(around.folder / access.path)
    from landschap.integration.connectors.object_store import StoredObject

    endpoint = placed(access.store.endpoint, around.hosts)
    stored = StoredObject(access.store, access.path, endpoint, around.secrets)
    stored.check()
    return stored


def _way(source: Source, access: RestAccess | SoapAccess, around: Surroundings) -> RestDoor:
    if around.session is None:
        raise ValueError(f"source {source.name} is asked over HTTP; there is no session")
    secret = _key_file(access.secret_file, around.secrets) if access.secret_file else ""
    tokens = None
    if access.oauth is not None:
        at = replace(access.oauth, url=placed(access.oauth.url, around.hosts))
        tokens = Tokens(around.session, at, _key_file(at.secret_file, around.secrets))
    return RestDoor(
        session=around.session, secret=secret, tls=tls_of(access.tls, around.secrets), tokens=tokens
    )


def tls_of(files: TlsFiles, folder: Path | None) -> ssl.SSLContext | bool:
    """What is trusted, and who we say we are. Raises OSError, also for what is no certificate."""
    if files == TlsFiles():
        return True

    def place(name: str) -> Path | None:
        return (folder / name if folder else Path(name)) if name else None

    made = ssl.create_default_context(cafile=place(files.trusted))
    certificate = place(files.certificate)
    if certificate is not None:
        made.load_cert_chain(certificate, place(files.key))
    return made


def _key_file(name: str, folder: Path | None) -> str:
    path = Path(name)
    return (folder / path if folder else path).read_text(encoding="utf-8").strip()


def placed(url: str, hosts: Mapping[str, str]) -> str:
    """The address with the port that the host map gives, when it gives one."""
    parts = urlsplit(url)
    _, has_port, port = hosts.get(parts.hostname or "", "").rpartition(":")
    if not has_port:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))
