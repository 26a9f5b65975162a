# SPDX-License-Identifier: EUPL-1.2
"""What stands under ``bronnen``: per source its kind, and how that kind is reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import TypedDict

from landschap.integration.access import (
    Access,
    DatabaseAccess,
    FileAccess,
    OauthAccess,
    PeriodPaths,
    RegisterAccess,
    RestAccess,
    SoapAccess,
    TlsFiles,
    XmlColumn,
)
from landschap.integration.declaration_file import read_file
from landschap.integration.declaration_parts import clock_of, period_of, read_schema, secret_name
from landschap.integration.model import Axes, Source
from landschap.integration.xml_paths import InvalidPath, check_path
from landschap.integration.yamltree import Block

DEFAULT_TIMEOUT_MS = 800
# A grant hash, or what stands for one: service, peer/service, an alias; with @ for whom is asked.
_CONTRACT = re.compile(r"[A-Za-z0-9$][A-Za-z0-9$._/@-]{0,254}")
_CONTRACT_WORDS = "the name of a connection, such as woz or 00000099000000003000/woz"
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)?")
MAX_ANSWER_BYTES = 50_000_000
MAX_CONNECTIONS = 64
DEFAULT_PAGES, MAX_PAGES = 20, 1_000


def read_sources(top: Block) -> dict[str, Source]:
    """The sources of a declaration by name."""
    block = top.block("bronnen", required=True)
    return {name: _source(name, part) for name, part in block.named()} if block else {}


def _source(name: str, block: Block) -> Source:
    kind = block.choice("soort", tuple(_READERS))
    access = _READERS[kind](block)
    # A table or file of another system keeps what is so, seldom what was known when.
    default = Axes.BOTH if isinstance(access, RegisterAccess | RestAccess) else Axes.NONE
    source = Source(
        name=name,
        access=access,
        keys=block.texts("sleutels"),
        axes=Axes(block.choice("tijd", tuple(Axes), default)),
        holder=block.text("bronhouder"),
        timeout_ms=block.whole("timeout_ms", DEFAULT_TIMEOUT_MS, 1, 60_000),
    )
    if isinstance(access, DatabaseAccess | FileAccess):
        _check_axes(block, access, source.axes)
    block.close()
    return source


def _check_axes(block: Block, access: DatabaseAccess | FileAccess, axes: Axes) -> None:
    where = block.line_of("tijd"), block.key("tijd")
    if axes is Axes.BOTH:
        message = "a table or file can not tell what was known when; write geldig or geen"
        block.report.add(*where, message)
    if axes is Axes.VALID and not access.period.begin:
        message = "to ask as of a day, periode must name the column in which a row begins"
        block.report.add(*where, message)


def _register(block: Block) -> RegisterAccess:
    return RegisterAccess(register=block.text("register"), object_type=block.text("objecttype"))


def _rest(block: Block) -> RestAccess:
    outway = block.block("outway")
    access = RestAccess(
        **_service(block),
        url=_url(block),
        batch=block.whole("stapel", 1, 1, 1_000),
        records=block.text("records", ""),
        fields_parameter=block.text("velden_parameter", ""),
        period=period_of(block),
        next_path=(following := block.text("volgende", "")),
        max_pages=block.whole("bladzijden", DEFAULT_PAGES if following else 1, 1, MAX_PAGES),
        contract=_contract(outway) if outway else "",
        purpose=outway.text("doel", "") if outway else "",
    )
    if outway:
        outway.close()
    return access


def _database(block: Block) -> DatabaseAccess:
    table = block.text("tabel")
    if table and not _TABLE.fullmatch(table):
        message = "must be the name of a table or view, with its schema before it: brp.personen"
        block.report.add(block.line_of("tabel"), block.key("tabel"), message)
    return DatabaseAccess(
        secret_file=secret_name(block, "verbinding"),
        table=table,
        period=period_of(block),
        clock=clock_of(block),
        connections=block.whole("verbindingen", 4, 1, MAX_CONNECTIONS),
    )


def _soap(block: Block) -> SoapAccess:
    namespaces = _namespaces(block)
    return SoapAccess(
        **_service(block),
        url=_plain_url(block),
        action=block.text("handeling", ""),
        template=block.text("vraag"),
        namespaces=namespaces,
        records=_xpath(block, "records", namespaces),
        columns=_xml_columns(block, namespaces),
        period=_xml_period(block, namespaces),
        schema=read_schema(block),
    )


_READERS: Mapping[str, Callable[[Block], Access]] = {
    "register": _register,
    "rest": _rest,
    "database": _database,
    "bestand": read_file,
    "soap": _soap,
}


# What several kinds share.
class _Service(TypedDict):
    concurrency: int
    secret_header: str
    secret_file: str
    clock: str
    max_bytes: int
    complete: bool
    tls: TlsFiles
    oauth: OauthAccess | None


def _service(block: Block) -> _Service:
    """What every service that is asked over HTTP has."""
    secret_header, secret_file = read_secret(block)
    return _Service(
        concurrency=_concurrency(block),
        secret_header=secret_header,
        secret_file=secret_file,
        clock=clock_of(block),
        max_bytes=_max_bytes(block),
        complete=block.flag("volledig"),
        tls=read_tls(block),
        oauth=_oauth(block),
    )


def read_tls(block: Block) -> TlsFiles:
    """``tls``: the files that it names."""
    inner = block.block("tls")
    if inner is None:
        return TlsFiles()
    found = TlsFiles(
        trusted=inner.text("vertrouwt", ""),
        certificate=inner.text("certificaat", ""),
        key=inner.text("sleutel", ""),
    )
    if bool(found.certificate) != bool(found.key):
        message = "certificaat and sleutel go together: our certificate and its key"
        inner.report.add(inner.line, inner.key("certificaat"), message)
    inner.close()
    return found


def _oauth(block: Block) -> OauthAccess | None:
    inner = block.block("oauth")
    if inner is None:
        return None
    found = OauthAccess(
        url=_plain_url(inner, "where tokens are asked"),
        client=inner.text("klant"),
        secret_file=inner.text("bestand"),
        scope=inner.text("bereik", ""),
    )
    inner.close()
    return found


def read_secret(block: Block) -> tuple[str, str]:
    """``geheim``: the header and the file of the key that goes in it; empty without."""
    inner = block.block("geheim")
    if inner is None:
        return "", ""
    found = inner.text("kop"), secret_name(inner, "bestand")
    inner.close()
    return found


def _concurrency(block: Block) -> int:
    return block.whole("gelijktijdig", 8, 1, 256)


def _max_bytes(block: Block) -> int:
    return block.whole("hoogstens_bytes", 1_000_000, 1_000, MAX_ANSWER_BYTES)


def _contract(outway: Block) -> str:
    text = outway.text("contract")
    if text and not _CONTRACT.fullmatch(text):
        message = f"must be {_CONTRACT_WORDS}"
        outway.report.add(outway.line_of("contract"), outway.key("contract"), message)
    return text


def _url(block: Block) -> str:
    url = block.text("url")
    try:
        names = [name for _, name, spec, _ in Formatter().parse(url) if name is not None or spec]
    except ValueError:
        names = []
    if url and (len(names) != 1 or not re.match(r"https?://[^/{}]+/", url)):
        block.report.add(
            block.line_of("url"),
            block.key("url"),
            "must start with http:// or https:// and hold exactly one key in braces",
        )
    return url


def _plain_url(block: Block, why: str = "the key goes into the message") -> str:
    url = block.text("url")
    if url and not re.fullmatch(r"https?://[^/{}\s]+/[^{}\s]*", url):
        message = f"must start with http:// or https://; {why}"
        block.report.add(block.line_of("url"), block.key("url"), message)
    return url


def _namespaces(block: Block) -> dict[str, str]:
    inner = block.block("naamruimten", required=True)
    return {name: inner.text(name) for name in inner.names()} if inner else {}


def _xpath(
    block: Block, name: str, namespaces: Mapping[str, str], default: str | None = None
) -> str:
    text = block.text(name, default)
    try:
        check_path(text, namespaces)
    except InvalidPath as error:
        block.report.add(block.line_of(name), block.key(name), str(error))
    return text


def _xml_columns(block: Block, namespaces: Mapping[str, str]) -> dict[str, XmlColumn]:
    inner = block.block("kolommen", required=True)
    found: dict[str, XmlColumn] = {}
    for name in inner.names() if inner else ():
        assert inner is not None  # noqa: S101  # else there are no names
        if not inner.holds_mapping(name):
            found[name] = XmlColumn(path=_xpath(inner, name, namespaces))
            continue
        part = inner.block(name)
        if part is not None:
            path, kind = _xpath(part, "pad", namespaces), part.choice("soort", ("stuf_datum",))
            found[name] = XmlColumn(path=path, stuf_date=kind == "stuf_datum")
            part.close()
    return found


def _xml_period(block: Block, namespaces: Mapping[str, str]) -> PeriodPaths:
    inner = block.block("periode")
    if inner is None:
        return PeriodPaths()
    paths = PeriodPaths(
        begin=_xpath(inner, "begin", namespaces, ""),
        end=_xpath(inner, "eind", namespaces, ""),
        registered=_xpath(inner, "registratie", namespaces, ""),
    )
    inner.close()
    return paths
