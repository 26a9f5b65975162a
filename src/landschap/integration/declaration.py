# SPDX-License-Identifier: EUPL-1.2
"""What a declaration file says: its keys, read from YAML text into a `Declaration`.

All mistakes come at once, with file, line, key and the nearest valid name. This module reads the
shape; `coherence` checks that the names fit together and that the links form a tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from landschap.integration.code_lists import code_list
from landschap.integration.coherence import check_coherence
from landschap.integration.conversions import SIMPLE, WITH_ARGUMENT, Conversion
from landschap.integration.declaration_access import read_sources
from landschap.integration.mistakes import Report
from landschap.integration.model import (
    Column,
    Declaration,
    Field,
    Link,
    ListGroup,
    Subject,
    Wins,
)
from landschap.integration.yamltree import Block, Node, plain, read_tree
from landschap.registers.deriving import parse_derivation
from landschap.registers.deriving_checks import form_faults
from landschap.vocabulary.ijson import JsonValue

DEFAULT_BUDGET_MS = 2_000
SUBJECT_KINDS = ("bsn", "kvk", "rsin", "vestiging", "a-nummer", "v-nummer")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_PATH = re.compile(r"[a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)*")
_COLUMN = re.compile(r"([a-z][A-Za-z0-9_-]*)\.([A-Za-z][A-Za-z0-9_.]*)")


def parse_declaration(
    text: str, file: str, beside: Callable[[str], str] | None = None
) -> Declaration:
    """Read one logical source. Raises DeclarationError with every mistake found.

    ``beside`` reads a file next to the declaration (a code list) and raises OSError.
    """
    report = Report(file, beside)
    top = Block(report, "", read_tree(text, report))
    sources = read_sources(top)
    fields, lists = _fields(top)
    declaration = Declaration(
        name=_matched(top, "logische_bron", _NAME, "lower-case words with hyphens"),
        version=_matched(top, "versie", _VERSION, "three numbers: 1.0.0"),
        title=top.text("titel", ""),
        key=_matched(top, "sleutel", _PATH, "a field name such as burgerservicenummer"),
        root=_root(top),
        subject=_subject(top),
        budget_ms=top.whole("tijdbudget_ms", DEFAULT_BUDGET_MS, 10, 60_000),
        sources=sources,
        links=_links(top),
        fields=fields,
        lists=lists,
        data_groups=_data_groups(top),
        shadow=top.text("schaduw", ""),
    )
    top.close()
    check_coherence(declaration, top, report)
    report.close()
    return declaration


def _matched(block: Block, key: str, pattern: re.Pattern[str], words: str) -> str:
    text = block.text(key)
    if text and not pattern.fullmatch(text):
        block.report.add(block.line_of(key), block.key(key), f"must be {words}")
    return text


def _data_groups(top: Block) -> dict[str, str]:
    block = top.block("gegevensgroepen")
    return {name: block.text(name) for name in block.names()} if block else {}


def _root(top: Block) -> Column:
    block = top.block("wortel", required=True)
    if block is None:
        return Column(source="", name="")
    root = Column(source=block.text("bron"), name=block.text("op"))
    block.close()
    return root


def _subject(top: Block) -> Subject | None:
    block = top.block("betrokkene")
    if block is None:
        return None
    column = _column(block, "uit")
    kind = block.choice("soort", SUBJECT_KINDS)
    block.close()
    return Subject(column=column, kind=kind)


def _column(block: Block, key: str) -> Column:
    return _column_of(block, block.line_of(key), block.key(key), block.text(key))


def _column_of(block: Block, line: int, key: str, text: str) -> Column:
    match = _COLUMN.fullmatch(text)
    if match is None:
        if text:
            block.report.add(line, key, f"{text!r} must be written as bron.kolom")
        return Column(source="", name="")
    return Column(source=match[1], name=match[2])


def _links(top: Block) -> dict[str, Link]:
    found: dict[str, Link] = {}
    for position, node in enumerate(top.items("koppelingen")):
        block = Block(top.report, f"koppelingen[{position}]", node)
        name = block.text("naam")
        link = Link(
            origin=_column(block, "van"),
            target=_column(block, "naar"),
            many=block.choice("aantal", ("een", "veel")) == "veel",
            required=block.flag("verplicht"),
            splits=block.text("splits", ""),
        )
        block.close()
        if name != link.target.source and name and link.target.source:
            message = f"must be the source it leads to: {link.target.source}"
            block.report.add(block.line_of("naam"), block.key("naam"), message)
        if link.target.source in found:
            message = f"source {link.target.source!r} is already reached; name the source twice"
            block.report.add(block.line, block.key("naar"), message)
        if link.splits and not link.many:
            message = "a key that is split may find more than one: write aantal: veel"
            block.report.add(block.line_of("splits"), block.key("splits"), message)
        found[link.target.source] = link
    return found


def _fields(top: Block) -> tuple[dict[str, Field], dict[str, ListGroup]]:
    fields: dict[str, Field] = {}
    lists: dict[str, ListGroup] = {}
    block = top.block("velden", required=True)
    for path, part in block.named() if block else ():
        _check_path(part, path)
        if "lijst" not in part:
            fields[path] = _field(part, path, "")
            continue
        lists[path] = ListGroup(
            path=path, source=part.text("lijst"), order=part.text("volgorde", "")
        )
        inner = part.block("velden", required=True)
        for name, item in inner.named() if inner else ():
            _check_path(item, name)
            fields[f"{path}.{name}"] = _field(item, f"{path}.{name}", path)
        part.close()
    return fields, lists


def _check_path(block: Block, path: str) -> None:
    if not _PATH.fullmatch(path):
        block.report.add(block.line, block.path, "a field name is words in camelCase, with dots")


def _field(block: Block, path: str, within: str) -> Field:
    if "lijst" in block:
        block.report.add(block.line_of("lijst"), block.key("lijst"), "a list can not hold a list")
        block.take("lijst")
        block.take("velden")
    if "afgeleid" in block:
        return _derived(block, path, within)
    field = Field(
        path=path,
        columns=tuple(
            _column_of(block, block.line_of("uit"), block.key("uit"), text)
            for text in block.texts("uit")
        ),
        conversions=tuple(
            step
            for position, node in enumerate(block.items("zet_om"))
            if (step := _conversion(block, position, node)) is not None
        ),
        wins=Wins(block.choice("wint", tuple(Wins), Wins.FIRST_FILLED)),
        strict=block.flag("strikt"),
        within=within,
    )
    block.close("lijst", "volgorde", "velden", "afgeleid")
    return field


def _derived(block: Block, path: str, within: str) -> Field:
    """A field that follows from others, which it names as they stand beside it."""
    node = block.take("afgeleid")
    given = plain(node)
    if isinstance(given, Mapping):
        given = {**given, "uit": _several(given.get("uit"))} if "uit" in given else given
    wrong = list(form_faults(given, ""))
    for fault in wrong:
        steps = tuple(fault.pointer.split("/")[1:])
        key = ".".join((block.key("afgeleid"), *steps))
        block.report.add(block.line_at(("afgeleid", *steps)), key, fault.message)
    for key in ("uit", "zet_om", "wint", "strikt"):
        if key in block:
            block.report.add(block.line_of(key), block.key(key), "does not go with afgeleid")
            block.take(key)
    block.close("lijst", "volgorde", "velden")
    derived = None
    if not wrong and isinstance(given, Mapping):
        before = f"{within}." if within else ""
        found = parse_derivation(given)
        derived = replace(found, inputs=tuple(f"{before}{each}" for each in found.inputs))
    return Field(
        path=path, columns=(), conversions=(), wins=Wins.FIRST_FILLED, strict=False,
        within=within, derived=derived,
    )  # fmt: skip


def _several(value: JsonValue) -> JsonValue:
    return value if isinstance(value, list) else [value]


def _conversion(block: Block, position: int, node: Node) -> Conversion | None:
    key = f"{block.key('zet_om')}[{position}]"
    if isinstance(node.value, str):
        if node.value in SIMPLE:
            return Conversion(name=node.value)
        if node.value in WITH_ARGUMENT:
            block.report.add(node.line, key, f"{node.value} needs an argument")
        else:
            valid = (*SIMPLE, *WITH_ARGUMENT)
            block.report.unknown(node.line, key, "conversion", node.value, valid)
        return None
    step = Block(block.report, key, node)
    named = [name for name in WITH_ARGUMENT if name in step]
    conversion = _with_argument(step, named[0]) if len(named) == 1 else None
    if len(named) != 1:
        block.report.add(node.line, key, f"must hold one of {', '.join(WITH_ARGUMENT)}")
        return None
    step.close(*WITH_ARGUMENT)
    return conversion


def _with_argument(step: Block, name: str) -> Conversion | None:
    match name:
        case "code":
            table = step.block("code", required=True)
            codes = {key: table.text(key) for key in table.names()} if table else {}
            otherwise = step.text("anders", "") or None
            return Conversion(name=name, codes=codes, otherwise=otherwise)
        case "codelijst":
            codes = code_list(step)
            otherwise = step.text("anders", "") or None
            return Conversion(name="code", codes=codes, otherwise=otherwise)
        case "deel":
            bounds = tuple(item.value for item in step.items("deel"))
            match bounds:
                case (int(first), int(last)) if 1 <= first <= last:
                    return Conversion(name=name, bounds=(first, last))
            message = "must be [first, last] position, counted from 1"
            step.report.add(step.line_of(name), step.key(name), message)
            return None
        case "splits":
            return Conversion(name=name, texts=(step.text("splits"),))
    texts = tuple(str(item.value) for item in step.items(name))
    return Conversion(name=name, texts=texts)
