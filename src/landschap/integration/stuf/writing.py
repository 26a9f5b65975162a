# SPDX-License-Identifier: EUPL-1.2
"""A change of a register as a notice: the Lk01 that is sent, and what an answer to it means.

Source: StUF 03.01, sections 4 and 5.2; of a date so much is sent as is known (3.2.6).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lxml import etree

from landschap.integration.rows import at_path
from landschap.integration.soap import ENVELOPES, STUF, UnreadableAnswer, parsed
from landschap.integration.stuf.mapping import NoticeMapping, Target, ValueKind
from landschap.integration.stuf.messages import Head, fill_head
from landschap.registers.timeline import Assertion, Kind
from landschap.vocabulary.ijson import JsonValue

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SPACE = STUF.strip("{}")
_MUTATIONS = {
    Kind.REGISTRATION: "T", Kind.CHANGE: "W", Kind.CORRECTION: "C", Kind.INSERTION: "C",
    Kind.WITHDRAWAL: "V", Kind.ERASURE: "V",
}  # fmt: skip
Content = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change that is told: the object, since when, what held before and what holds now."""

    mutation: str
    object_id: str
    begin: date
    before: Content | None
    after: Content | None


def told_of(assertion: Assertion, object_id: str, before: Content | None) -> Told | None:
    """What is told of an assertion; None when it says nothing that a notice can say."""
    kind = _MUTATIONS.get(assertion.kind)
    if kind is None:
        return None
    if assertion.content is None:
        kind = "V"
    elif before is None and kind in ("W", "C"):
        kind = "T"
    return Told(
        mutation=kind, object_id=object_id, begin=assertion.period.begin,
        before=before, after=assertion.content,
    )  # fmt: skip


def lk01(
    told: Told, mapping: NoticeMapping, fields: Collection[str], number: str, now: datetime
) -> bytes:
    """The message; of the values only those of ``fields``."""
    out = mapping.out
    assert out is not None  # noqa: S101  # else there is no route
    sector = mapping.namespaces[out.sector]
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap=_prefixes(mapping))
    body = etree.SubElement(envelope, f"{{{_SOAP}}}Body")
    message = etree.SubElement(body, f"{{{sector}}}{mapping.entity.lower()}Lk01")
    head = etree.SubElement(message, f"{{{sector}}}stuurgegevens")
    fill_head(head, "Lk01", Head(sender=out.sender, receiver=out.receiver, number=number), now)
    etree.SubElement(head, f"{STUF}entiteittype").text = mapping.entity
    parameters = etree.SubElement(message, f"{{{sector}}}parameters")
    etree.SubElement(parameters, f"{STUF}mutatiesoort").text = told.mutation
    etree.SubElement(parameters, f"{STUF}indicatorOvername").text = "V"
    contents = {"T": (told.after,), "V": (told.before,)}
    for content in contents.get(told.mutation, (told.before, told.after)):
        target = etree.SubElement(message, f"{{{sector}}}object")
        target.set(f"{STUF}entiteittype", mapping.entity)
        target.set(f"{STUF}verwerkingssoort", told.mutation)
        _object(target, told, mapping, fields, content or {})
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _prefixes(mapping: NoticeMapping) -> dict[str, str]:
    used = set(mapping.namespaces.values())
    found = {"soap": _SOAP, "xsi": _XSI, **mapping.namespaces}
    return found if _SPACE in used else {**found, "StUF": _SPACE}


def _object(
    target: Any, told: Told, mapping: NoticeMapping, fields: Collection[str], content: Content
) -> None:
    _put(target, mapping.identification, mapping, told.object_id)
    for path, each in mapping.targets.items():
        if path in fields:
            _value(_put(target, each.column.path, mapping, None), at_path(content, path), each)
    _put(target, mapping.begin, mapping, told.begin.isoformat().replace("-", ""))


def _put(target: Any, path: str, mapping: NoticeMapping, text: str | None) -> Any:
    """The element (or, after ``@``, the attribute) at a path; parents are shared."""
    if path.startswith("@"):
        target.set(_name(path[1:], mapping), text or "")
        return target
    *parents, last = path.split("/")
    for step in parents:
        name = _name(step, mapping)
        found = target.find(name)
        target = etree.SubElement(target, name) if found is None else found
    made = etree.SubElement(target, _name(last, mapping))
    made.text = text
    return made


def _name(step: str, mapping: NoticeMapping) -> str:
    prefix, _, local = step.partition(":")
    return f"{{{mapping.namespaces[prefix]}}}{local}"


def _value(element: Any, value: JsonValue, target: Target) -> None:
    if value is None:
        element.set(f"{{{_XSI}}}nil", "true")
        element.set(f"{STUF}noValue", "geenWaarde")
    elif target.kind is ValueKind.YES_NO:
        element.text = "J" if value is True else "N"
    elif target.kind is ValueKind.DATE:
        _date(element, str(value))
    else:
        element.text = str(value)


def _date(element: Any, text: str) -> None:
    """A day; of one that is not wholly known the rest is filled in, and said to be unknown."""
    year, month, day = text[:4], text[5:7], text[8:10]
    known = "V" if day != "00" else ("D" if month != "00" else "M")
    if year == "0000":
        known = "J"
    if known != "V":
        element.set(f"{STUF}indOnvolledigeDatum", known)
    element.text = f"{year}{month.replace('00', '01')}{day.replace('00', '01')}"


def is_taken(body: bytes) -> bool:
    """True for a receipt (Bv03), False for a fault. Raises UnreadableAnswer for anything else."""
    root = parsed(body)
    bodies = [each for each in root if str(etree.QName(each).localname) == "Body"]
    if not root.tag.startswith(ENVELOPES) or len(bodies) != 1 or len(bodies[0]) != 1:
        raise UnreadableAnswer("is no SOAP Envelope with one answer")
    name = str(etree.QName(bodies[0][0]).localname)
    if name == "Fault" or name.startswith("Fo0"):
        return False
    if not name.startswith("Bv0"):
        raise UnreadableAnswer("is neither a receipt nor a fault")
    return True
