# SPDX-License-Identifier: EUPL-1.2
"""What a file in ``kennisgevingen`` says: which notices are taken, and where each value goes.

kennisgevingen: inwoners-uit-brp
register: inwoners
objecttype: inwoner
entiteit: NPS
naamruimten: {bg: "http://www.egem.nl/StUF/sector/bg/0310", stuf: "http://www.egem.nl/StUF/StUF0301"}
identificatie: "@stuf:sleutelVerzendend"
begin: "stuf:tijdvakGeldigheid/stuf:beginGeldigheid"
velden:
  naam.geslachtsnaam: "bg:geslachtsnaam"
  geboortedatum: {pad: "bg:geboortedatum", soort: stuf_datum}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from landschap.integration.access import PeriodPaths, SchemaFiles, TlsFiles, XmlColumn
from landschap.integration.declaration_access import read_secret, read_tls
from landschap.integration.declaration_parts import read_schema
from landschap.integration.mistakes import Report
from landschap.integration.xml_paths import InvalidPath, check_path
from landschap.integration.yamltree import Block, read_tree
from landschap.registers.models import ObjectType, Registers
from landschap.vocabulary.ijson import JsonValue

_NAMES = "kennisgevingen"
_STEP = r"[A-Za-z_][\w-]*:[A-Za-z_][\w.-]*"
# Source: XML Schema, decimal; bounded, as what it is kept as.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,16}(?:\.[0-9]{0,16})?|\.[0-9]{1,16})")
_WRITABLE = re.compile(rf"@{_STEP}|{_STEP}(?:/{_STEP}){{0,9}}")


class ValueKind(StrEnum):
    """How a value is written in the message. File: ``soort``."""

    TEXT = "tekst"
    DATE = "stuf_datum"
    NUMBER = "getal"
    YES_NO = "ja_nee"


class Removal(StrEnum):
    """What a removal (mutatiesoort V) means here. File: ``verwijdering``."""

    REFUSE = "weigeren"
    END = "beeindigen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A property of the register, and how its value is written."""

    column: XmlColumn
    kind: ValueKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Where changes of the register are told, and as whom. File: ``uit``.

    ``service`` is the name under which our own subscription delivers here; ``sector`` the prefix of
    the name space that the message is in.
    """

    service: str
    url: str
    action: str
    sector: str
    sender: str
    receiver: str
    secret_header: str
    secret_file: str
    tls: TlsFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMapping:
    """The notices of one kind of entity, and the object type that they are written in.

    ``columns``, ``namespaces``, ``records`` and ``period`` are what a reader of XML needs.
    """

    name: str
    type: ObjectType
    entity: str
    namespaces: Mapping[str, str]
    identification: str
    begin: str
    removal: Removal
    targets: Mapping[str, Target]
    group: str
    out: Outgoing | None = None
    schema: SchemaFiles | None = None

    @property
    def columns(self) -> Mapping[str, XmlColumn]:
        """Where each value stands in an object of the message."""
        found = {path: target.column for path, target in self.targets.items()}
        return {**found, "": XmlColumn(path=self.identification)}

    @property
    def records(self) -> str:
        """No path: the objects of a notice stand at a fixed place."""
        return ""

    @property
    def period(self) -> PeriodPaths:
        """Where the day stands from which it holds."""
        return PeriodPaths(begin=self.begin)


def parse_mapping(text: str, file: str, registers: Registers) -> NoticeMapping:
    """One file. Raises DeclarationError with every mistake found."""
    report = Report(file)
    top = Block(report, "", read_tree(text, report))
    name = top.text(_NAMES)
    kind = _type(top, registers)
    spaces = top.block("naamruimten", required=True)
    namespaces = {each: spaces.text(each) for each in spaces.names()} if spaces else {}
    targets = _targets(top, namespaces)
    entity = top.text("entiteit")
    identification = _path(top, "identificatie", namespaces)
    begin = _path(top, "begin", namespaces)
    removal = Removal(top.choice("verwijdering", tuple(Removal), Removal.REFUSE))
    group = _group(top, kind, targets) if kind else ""
    out = _outgoing(top, namespaces, (*targets.values(),), (identification, begin))
    schema = read_schema(top)
    top.close()
    report.close()
    assert kind is not None  # noqa: S101  # else the report was not empty
    return NoticeMapping(
        name=name, type=kind, entity=entity, namespaces=namespaces, identification=identification,
        begin=begin, removal=removal, targets=targets, group=group, out=out,
        schema=schema,
    )  # fmt: skip


def _type(top: Block, registers: Registers) -> ObjectType | None:
    name, kind = top.text("register"), top.text("objecttype")
    register = registers.by_name.get(name)
    if register is None:
        line, key = top.line_of("register"), top.key("register")
        top.report.unknown(line, key, "register", name, registers.by_name)
        return None
    if kind not in register.types:
        line, key = top.line_of("objecttype"), top.key("objecttype")
        top.report.unknown(line, key, "object type", kind, register.types)
        return None
    return register.types[kind]


def _group(top: Block, kind: ObjectType, targets: Mapping[str, Target]) -> str:
    """The one group that all targets are of; a notice is one assertion."""
    known, groups = kind.kept_paths(), set[str]()
    for path in targets:
        first = path.partition(".")[0]
        if path not in known or first == kind.identification:
            line = top.line_at(("velden", path))
            top.report.unknown(line, f"velden.{path}", "property", path, known)
        else:
            groups.add(kind.properties[first].group)
    if len(groups) > 1:
        message = f"these are of the groups {', '.join(sorted(groups))}; write a file for each"
        top.report.add(top.line_of("velden"), "velden", message)
    return min(groups, default="")


def _outgoing(
    top: Block, spaces: Mapping[str, str], targets: Sequence[Target], paths: Sequence[str]
) -> Outgoing | None:
    block = top.block("uit")
    if block is None:
        return None
    header, file = read_secret(block)
    found = Outgoing(
        service=block.text("dienst"),
        url=block.text("url"),
        action=block.text("handeling", ""),
        sector=block.choice("sector", tuple(spaces) or ("bg",)),
        sender=block.text("zender"),
        receiver=block.text("ontvanger"),
        secret_header=header,
        secret_file=file,
        tls=read_tls(block),
    )
    if found.url and not re.fullmatch(r"https?://[^/{}\s]+/[^{}\s]*", found.url):
        block.report.add(block.line_of("url"), block.key("url"), "must start with https://")
    if found.service and not re.fullmatch(r"[a-z][a-z0-9-]{0,99}", found.service):
        block.report.add(block.line_of("dienst"), block.key("dienst"), "must be a service name")
    for path in (*(target.column.path for target in targets), *paths):
        if path and not _WRITABLE.fullmatch(path):
            message = f"{path} can be read but not written; use names alone: bg:a/bg:b"
            block.report.add(top.line_of("uit"), "uit", message)
    block.close()
    return found


def _targets(top: Block, namespaces: Mapping[str, str]) -> dict[str, Target]:
    block = top.block("velden", required=True)
    found: dict[str, Target] = {}
    for path in block.names() if block else ():
        assert block is not None  # noqa: S101  # else there are no names
        if not block.holds_mapping(path):
            column = XmlColumn(path=_path(block, path, namespaces))
            found[path] = Target(column=column, kind=ValueKind.TEXT)
            continue
        part = block.block(path)
        if part is not None:
            place = _path(part, "pad", namespaces)
            kind = ValueKind(part.choice("soort", tuple(ValueKind), ValueKind.TEXT))
            column = XmlColumn(path=place, stuf_date=kind is ValueKind.DATE)
            found[path] = Target(column=column, kind=kind)
            part.close()
    return found


def _path(block: Block, name: str, namespaces: Mapping[str, str]) -> str:
    text = block.text(name)
    try:
        check_path(text, namespaces)
    except InvalidPath as error:
        block.report.add(block.line_of(name), block.key(name), str(error))
    return text


def as_value(text: JsonValue, kind: ValueKind) -> JsonValue:
    """A value of a message as the register keeps it. Raises ValueError."""
    if text is None or not isinstance(text, str):
        return text
    if kind is ValueKind.NUMBER:
        if not _NUMBER.fullmatch(text):
            raise ValueError("is no number")
        return float(text) if "." in text else int(text)
    if kind is ValueKind.YES_NO:
        if text not in ("J", "N"):
            raise ValueError("is neither J nor N")
        return text == "J"
    return text
