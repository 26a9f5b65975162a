# SPDX-License-Identifier: EUPL-1.2
"""Examples beside a declaration: rows per source, a question, and the expected answer.

They are what a reviewer reads first and what ``landschap source test`` runs, over rows in memory
but through the same plan, the same asking and the same merging as real questions:

    voorbeelden:
      - naam: De leverancier is er niet
        vraag: {sleutel: "999993653", velden: [adres, pand], geldigOp: "2021-03-01"}
        bronnen:
          inwoners:
            - {burgerservicenummer: "999993653", nummeraanduiding: "0457", _van: "2018-09-18"}
          panden: onbereikbaar
        antwoord:
          resultaten: [{adres: {postcode: 1384CA}}]
          ontbreekt: [{bron: panden, reden: onbereikbaar, velden: [pand.bouwjaar]}]
          herkomst: {/0/adres/postcode: {bron: adressen}}

``_van``, ``_tot`` and ``_id`` give a row its period and name; ``herkomst`` is compared as far as
it is given. Without ``geldigOp`` the question is about today, which a source without time can
answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from landschap.integration.asking import expand
from landschap.integration.mistakes import Report
from landschap.integration.model import Declaration
from landschap.integration.rows import Reason, Row
from landschap.integration.yamltree import Block, plain, read_tree
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day

_BODY_PARTS = ("resultaten", "ontbreekt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question with the rows it meets and the answer it must get.

    ``valid_on`` is None for a question about today.
    """

    name: str
    line: int
    key: str
    fields: frozenset[str]
    valid_on: date | None
    rows: Mapping[str, tuple[Row, ...] | Reason]
    expected: Mapping[str, JsonValue]


def parse_examples(text: str, file: str, declaration: Declaration) -> tuple[Example, ...]:
    """The examples of one file. Raises DeclarationError with every mistake."""
    report = Report(file)
    top = Block(report, "", read_tree(text, report))
    found = tuple(
        _example(Block(report, f"voorbeelden[{place}]", node), declaration)
        for place, node in enumerate(top.items("voorbeelden"))
    )
    top.close()
    if not found:
        report.add(top.line, "voorbeelden", "holds no examples")
    report.close()
    return found


def _example(block: Block, declaration: Declaration) -> Example:
    name = block.text("naam")
    question = block.block("vraag", required=True)
    sources = block.block("bronnen", required=True)
    answer = block.block("antwoord", required=True)
    expected = _expected(answer) if answer else {}
    example = Example(
        name=name,
        line=block.line,
        key=question.text("sleutel") if question else "",
        fields=_fields(question, declaration) if question else frozenset(),
        valid_on=_day(question) if question else None,
        rows=_rows(sources, declaration) if sources else {},
        expected=expected,
    )
    if question:
        question.close()
    block.close()
    return example


def _fields(question: Block, declaration: Declaration) -> frozenset[str]:
    if "velden" not in question:
        return frozenset(declaration.fields)
    found: set[str] = set()
    for name in question.texts("velden"):
        paths = expand(declaration, name)
        if not paths:
            line = question.line_of("velden")
            question.report.unknown(line, question.key("velden"), "field", name, declaration.fields)
        found.update(paths)
    return frozenset(found)


def _day(question: Block) -> date | None:
    text = question.text("geldigOp", "")
    try:
        return parse_day(text) if text else None
    except InvalidValue as error:
        question.report.add(question.line_of("geldigOp"), question.key("geldigOp"), str(error))
        return None


def _rows(block: Block, declaration: Declaration) -> dict[str, tuple[Row, ...] | Reason]:
    found: dict[str, tuple[Row, ...] | Reason] = {}
    for name in block.names():
        line, key = block.line_of(name), block.key(name)
        node = block.take(name)
        if name not in declaration.sources:
            block.report.unknown(line, key, "source", name, declaration.sources)
        elif node is not None and isinstance(node.value, tuple):
            found[name] = tuple(
                _row(Block(block.report, f"{key}[{place}]", item), place)
                for place, item in enumerate(node.value)
            )
        elif node is not None and node.value in tuple(Reason):
            found[name] = Reason(str(node.value))
        else:
            message = f"must be a list of rows, or why it fails: {', '.join(Reason)}"
            block.report.add(line, key, message)
    return found


def _row(block: Block, place: int) -> Row:
    values: dict[str, JsonValue] = {}
    for name in block.names():
        node = block.take(name)
        if not name.startswith("_"):
            values[name] = plain(node)
    begin, end = block.text("_van", ""), block.text("_tot", "")
    return Row(
        id=block.text("_id", f"{place:04}"), values=values, begin=begin or None, end=end or None
    )


def _expected(block: Block) -> dict[str, JsonValue]:
    found = {name: plain(block.take(name)) for name in (*_BODY_PARTS, "herkomst")}
    if found["resultaten"] is None:
        block.report.add(block.line, block.key("resultaten"), "is missing")
    block.close()
    return {name: value for name, value in found.items() if value is not None}


def differences(example: Example, body: Mapping[str, JsonValue]) -> Iterator[str]:
    """Where an answer is not what the example expects, one sentence each."""
    for part in _BODY_PARTS:
        expected = example.expected.get(part, [])
        if body[part] != expected:
            yield from _unequal(f"/{part}", expected, body[part])
    provenance = body["herkomst"]
    expected = example.expected.get("herkomst", {})
    assert isinstance(provenance, Mapping)  # noqa: S101  # the form of an answer
    if not isinstance(expected, Mapping):
        yield "/herkomst: the example must give a mapping"
        return
    for pointer, facts in expected.items():
        found = provenance.get(pointer)
        for name, value in (facts if isinstance(facts, Mapping) else {}).items():
            got = found.get(name) if isinstance(found, Mapping) else None
            if got != value:
                yield f"/herkomst{pointer}: {name} is {got!r}, expected {value!r}"


def _unequal(where: str, expected: JsonValue, got: JsonValue) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for name in sorted(expected.keys() | got.keys()):
            if name not in got:
                yield f"{where}/{name}: absent, expected {expected[name]!r}"
            elif name not in expected:
                yield f"{where}/{name}: {got[name]!r}, not expected"
            elif expected[name] != got[name]:
                yield from _unequal(f"{where}/{name}", expected[name], got[name])
    elif _both_lists(expected, got):
        for place, (one, other) in enumerate(zip(expected, got, strict=True)):  # type: ignore[arg-type]  # lists
            if one != other:
                yield from _unequal(f"{where}/{place}", one, other)
    else:
        yield f"{where}: {got!r}, expected {expected!r}"


def _both_lists(one: JsonValue, other: JsonValue) -> bool:
    return isinstance(one, list) and isinstance(other, list) and len(one) == len(other)
