# SPDX-License-Identifier: EUPL-1.2
"""Notices as messages: an Lk01 read strictly, and what is answered: Bv03 or Fo03.

Source: StUF 03.01, sections 4 (stuurgegevens), 5 (kennisgevingberichten) and 7 (foutberichten);
StUF protocolbindingen 03.02 (SOAP 1.1: a fault carries the Fo03 in its detail).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lxml import etree

from landschap.integration.conforming import Conformity
from landschap.integration.soap import ENVELOPES, STUF, Fault, Reader, UnreadableAnswer, parsed
from landschap.integration.stuf.mapping import NoticeMapping, as_value
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SPACE = STUF.strip("{}")
_NUMBER = re.compile(r"[\x21-\x7e]{1,40}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
# How many objects each kind of mutation has: of a change and a correction the old and the new one.
MUTATIONS: Mapping[str, int] = {"T": 1, "W": 2, "C": 2, "V": 1}
INVALID, FAILED = "StUF055", "StUF058"
_WORDS = {
    INVALID: "Berichtbody is niet conform schema in sectormodel",
    FAILED: "Proces voor afhandelen bericht geeft fout",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who sent a message, under which number of theirs, and to whom."""

    sender: str = ""
    receiver: str = ""
    number: str = ""


class StufFault(Exception):
    """A message that is not taken. ``details`` says why, without values of the message."""

    def __init__(self, code: str, details: str, head: Head) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.head = head


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an Lk01 says: the object, since when, and the values that it names.

    ``values`` holds None for what the sender says is empty; what is not named is not in it.
    """

    head: Head
    mutation: str
    object_id: str
    begin: date | None
    values: Mapping[str, JsonValue]


def read_notice(
    content: bytes, mapping: NoticeMapping, conformity: Conformity | None = None
) -> Notice:
    """The one notice in a message, as the schema says. Raises StufFault."""
    head = Head()
    try:
        message = _message(parsed(content))
        head = _head(message)
        _check_schema(content, conformity)
        kind = _parameter(message, "mutatiesoort")
        objects = [each for each in message if _local(each) == "object"]
        _check(message, mapping, head, kind, objects)
        return _notice(mapping, head, kind, objects[-1])
    except UnreadableAnswer as error:
        raise StufFault(INVALID, str(error), head) from None


def _check_schema(content: bytes, conformity: Conformity | None) -> None:
    wrong = conformity and conformity.of_message(content)
    if wrong:
        raise UnreadableAnswer(f"is not as the schema says at {wrong}")


def _message(root: Any) -> Any:
    if not root.tag.startswith(ENVELOPES):
        raise UnreadableAnswer("is no SOAP Envelope")
    bodies = [each for each in root if _local(each) == "Body"]
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise UnreadableAnswer("must have one message in its Body")
    return bodies[0][0]


def _head(message: Any) -> Head:
    told = _child(message, "stuurgegevens")
    number = _text(told, "referentienummer")
    if not _NUMBER.fullmatch(number):
        raise UnreadableAnswer("needs a referentienummer of 1 to 40 signs")
    return Head(sender=_party(told, "zender"), receiver=_party(told, "ontvanger"), number=number)


def _party(told: Any, name: str) -> str:
    """Organisation and application, as they go into a document name and an answer."""
    part = next((each for each in told if _local(each) == name), None)
    texts = [] if part is None else [_text(part, each) for each in ("organisatie", "applicatie")]
    found = "/".join(text for text in texts if text)
    if not _NAME.fullmatch(found):
        raise UnreadableAnswer(f"has a {name} that is no name")
    return found


def _check(
    message: Any, mapping: NoticeMapping, head: Head, kind: str, objects: Sequence[Any]
) -> None:
    told = _child(message, "stuurgegevens")
    code, entity = _text(told, "berichtcode"), _text(told, "entiteittype")
    if code != "Lk01" or not _local(message).endswith("Lk01"):
        raise UnreadableAnswer("is no Lk01; only asynchronous single notices are taken")
    others = {each.get(f"{STUF}entiteittype", mapping.entity) for each in objects}
    if {entity, *others} != {mapping.entity}:
        raise UnreadableAnswer(f"is about another entity than {mapping.entity}")
    if kind not in MUTATIONS:
        raise UnreadableAnswer("needs a mutatiesoort: T, W, C or V")
    if len(objects) != MUTATIONS[kind]:
        raise UnreadableAnswer(f"must hold {MUTATIONS[kind]} objects with mutatiesoort {kind}")
    if not head.sender:
        raise UnreadableAnswer("does not say who sent it (zender)")


def _notice(mapping: NoticeMapping, head: Head, kind: str, element: Any) -> Notice:
    reader = Reader(mapping)
    names = set(mapping.targets)
    try:
        found = reader.values(element, {*names, ""})
        begin, _, _ = reader.period(element)
    except Fault:
        raise UnreadableAnswer("holds a value that is withheld (noValue)") from None
    absent = set(reader.lacks(element, names))
    object_id = found.pop("", None)
    if not isinstance(object_id, str) or not object_id:
        raise UnreadableAnswer(f"names no object at {mapping.identification}")
    return Notice(
        head=head,
        mutation=kind,
        object_id=object_id,
        begin=_day(begin),
        values={path: _value(mapping, path, found[path]) for path in sorted(names - absent)},
    )


def _value(mapping: NoticeMapping, path: str, text: JsonValue) -> JsonValue:
    try:
        return as_value(text, mapping.targets[path].kind)
    except ValueError:
        kind = mapping.targets[path].kind
        raise UnreadableAnswer(f"holds something else than {kind} for {path}") from None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableAnswer("begins on a day that is none") from None


def receipt(head: Head, own_number: str, now: datetime) -> bytes:
    """The Bv03 that says that a notice was taken."""
    body = _element("Bv03Bericht")
    _stuurgegevens(body, "Bv03", head, own_number, now)
    return _in_envelope(body)


def fault(wrong: StufFault, own_number: str, now: datetime) -> bytes:
    """The Fo03 that says that it was not, in the detail of a SOAP fault."""
    place = "client" if wrong.code == INVALID else "server"
    told = etree.Element(f"{{{_SOAP}}}Fault", nsmap={"soap": _SOAP})
    etree.SubElement(told, "faultcode").text = f"soap:{place.capitalize()}"
    etree.SubElement(told, "faultstring").text = _WORDS[wrong.code]
    message = _element("Fo03Bericht")
    _stuurgegevens(message, "Fo03", wrong.head, own_number, now)
    body = etree.SubElement(message, f"{STUF}body")
    for name, text in (
        ("code", wrong.code),
        ("plek", place),
        ("omschrijving", _WORDS[wrong.code]),
        ("details", wrong.details[:1000]),
    ):
        etree.SubElement(body, f"{STUF}{name}").text = text
    etree.SubElement(told, "detail").append(message)
    return _in_envelope(told)


def _stuurgegevens(parent: Any, code: str, head: Head, own_number: str, now: datetime) -> None:
    """What an answer says of itself; it goes back to who sent the notice."""
    told = etree.SubElement(parent, f"{STUF}stuurgegevens")
    fill_head(told, code, Head(sender=head.receiver, receiver=head.sender, number=own_number), now)
    if head.number:
        etree.SubElement(told, f"{STUF}crossRefnummer").text = head.number


def fill_head(told: Any, code: str, head: Head, now: datetime) -> None:
    """What every message says of itself. Source: StUF 03.01, section 4."""
    etree.SubElement(told, f"{STUF}berichtcode").text = code
    for name, party in (("zender", head.sender), ("ontvanger", head.receiver)):
        part = etree.SubElement(told, f"{STUF}{name}")
        organisation, _, application = party.partition("/")
        etree.SubElement(part, f"{STUF}organisatie").text = organisation
        if application:
            etree.SubElement(part, f"{STUF}applicatie").text = application
    etree.SubElement(told, f"{STUF}referentienummer").text = head.number
    moment = now.astimezone(AMSTERDAM).strftime("%Y%m%d%H%M%S")
    etree.SubElement(told, f"{STUF}tijdstipBericht").text = moment


def _element(name: str) -> Any:
    return etree.Element(f"{STUF}{name}", nsmap={"StUF": _SPACE})


def _in_envelope(content: Any) -> bytes:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(content)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _child(message: Any, name: str) -> Any:
    found = [each for each in message if _local(each) == name]
    if len(found) != 1:
        raise UnreadableAnswer(f"must have one {name}")
    return found[0]


def _parameter(message: Any, name: str) -> str:
    return _text(_child(message, "parameters"), name)


def _text(parent: Any, name: str) -> str:
    return (parent.findtext(f"{STUF}{name}") or "").strip()
