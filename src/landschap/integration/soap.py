# SPDX-License-Identifier: EUPL-1.2
"""Messages to and from a SOAP service: a template that is filled, an answer that is taken apart.

A template is XML, filled as XML: a key can never become an element. What no permitted field needs
is taken out of the question (StUF: out of its ``scope``), and what comes back is read by the paths
of the declaration alone.
Source: SOAP 1.1, section 4; StUF 03.01, sections 4.4 (noValue) and 3.2.6 (incomplete dates).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lxml import etree

from landschap.integration.access import PeriodPaths, SoapAccess, XmlColumn
from landschap.integration.xml_paths import compiled
from landschap.vocabulary.ijson import JsonValue

_OWN = "urn:landschap:vraag"
COLUMN = f"{{{_OWN}}}kolom"
ENVELOPES = (
    "{http://schemas.xmlsoap.org/soap/envelope/}",
    "{http://www.w3.org/2003/05/soap-envelope}",
)
STUF = "{http://www.egem.nl/StUF/StUF0301}"
_PLACE = re.compile(r"\{([a-z]+)\}")
PLACES = ("sleutel", "dag", "moment", "referentie")
# StUF: of a date so much is known; what is not, is written as zeros.
_KNOWN = {"V": 8, "D": 6, "M": 4, "J": 0}
# There is a value, but the source keeps it from us: that must not look like an empty field.
_WITHHELD = ("nietGeautoriseerd", "nietOndersteund")


class InvalidTemplate(ValueError):
    """A template that can not be used; the message says why."""


class UnreadableAnswer(ValueError):
    """An answer that is no XML of a SOAP service, or not of this declaration."""


class Fault(Exception):
    """The service answered with a fault, or refused a column. Holds none of its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A question in XML with places to fill. Never changed; each question is a copy."""

    envelope: Any
    columns: frozenset[str]

    def message(self, columns: Collection[str], facts: Mapping[str, str]) -> bytes:
        """The question for these columns, with the places filled by ``facts``."""
        filled = copy.deepcopy(self.envelope)
        for element in list(filled.iter(etree.Element)):
            wanted = element.attrib.pop(COLUMN, "").split()
            if wanted and not set(wanted) & set(columns):
                element.getparent().remove(element)
                continue
            if element.text:
                element.text = _filled(element.text, facts)
            for name, value in element.attrib.items():
                element.set(name, _filled(value, facts))
        kept = [name for name, uri in filled.nsmap.items() if name and uri != _OWN]
        etree.cleanup_namespaces(filled, keep_ns_prefixes=kept)
        return bytes(etree.tostring(filled, xml_declaration=True, encoding="UTF-8"))


def read_template(content: bytes, access: SoapAccess) -> Template:
    """The template of a source. Raises InvalidTemplate."""
    try:
        envelope = parsed(content)
    except UnreadableAnswer as error:
        raise InvalidTemplate(str(error)) from None
    if not envelope.tag.startswith(ENVELOPES):
        raise InvalidTemplate("its root must be a SOAP Envelope")
    places: set[str] = set()
    columns: set[str] = set()
    for element in envelope.iter(etree.Element):
        columns.update(element.get(COLUMN, "").split())
        for text in (element.text or "", *element.attrib.values()):
            places.update(_PLACE.findall(text))
    if unknown := places - set(PLACES):
        raise InvalidTemplate(f"{{{min(unknown)}}} is no place; there are {', '.join(PLACES)}")
    if "sleutel" not in places:
        raise InvalidTemplate("nowhere says {sleutel}, so every question would be the same")
    if unknown := columns - access.columns.keys():
        raise InvalidTemplate(f"kolom {min(unknown)!r} is no column of the source")
    return Template(envelope=envelope, columns=frozenset(columns))


def parsed(content: bytes) -> Any:
    """A document without entities, DTD or network. Raises UnreadableAnswer."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableAnswer(f"is no XML (line {error.lineno})") from None
    if root.getroottree().docinfo.doctype:
        raise UnreadableAnswer("has a DOCTYPE, which is not read")
    return root


def _filled(text: str, facts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: facts.get(found[1], found[0]), text)


class Paths(Protocol):
    """What a reader needs to know: where records, columns and the period stand."""

    @property
    def namespaces(self) -> Mapping[str, str]:
        """By prefix."""
        ...

    @property
    def records(self) -> str:
        """The XPath of the records."""
        ...

    @property
    def columns(self) -> Mapping[str, XmlColumn]:
        """The XPath of each column inside a record."""
        ...

    @property
    def period(self) -> PeriodPaths:
        """The XPaths of the period inside a record."""
        ...


class Reader:
    """Reads the records of an answer by the paths of one declaration."""

    def __init__(self, access: Paths) -> None:
        def path(text: str) -> Any:
            return compiled(text, access.namespaces) if text else None

        self._records = path(access.records)
        self._columns = {name: (one, path(one.path)) for name, one in access.columns.items()}
        period = access.period
        self._period = [path(each) for each in (period.begin, period.end, period.registered)]

    def records(self, content: bytes) -> list[Any]:
        """The records as elements. Raises UnreadableAnswer, or Fault."""
        root = parsed(content)
        if not root.tag.startswith(ENVELOPES):
            raise UnreadableAnswer("is no SOAP Envelope")
        body = next((each for each in root if etree.QName(each).localname == "Body"), None)
        first = body[0] if body is not None and len(body) else None
        if first is None:
            raise UnreadableAnswer("has no Body")
        if etree.QName(first).localname == "Fault" or re.match(
            r"Fo0[1-3]", etree.QName(first).localname
        ):
            raise Fault
        if any(one.text == "true" for one in first.iter(f"{STUF}indicatorVervolgvraag")):
            raise UnreadableAnswer("is a part; it says that there is more")
        found = self._records(root)
        if not isinstance(found, list) or not all(etree.iselement(each) for each in found):
            raise UnreadableAnswer("holds something else than elements where records should be")
        return found

    def values(self, record: Any, columns: Collection[str]) -> dict[str, JsonValue]:
        """The values of these columns. Raises Fault for one that the source keeps from us."""
        return {
            name: _value(column, path(record))
            for name, (column, path) in self._columns.items()
            if name in columns
        }

    def lacks(self, record: Any, columns: Collection[str]) -> Iterator[str]:
        """Those of these columns that have no element in the record, not even an empty one."""
        for name, (_, path) in self._columns.items():
            if name in columns and path(record) == []:
                yield name

    def period(self, record: Any) -> tuple[str | None, str | None, str | None]:
        """Begin, end and registration, as ISO text where they are StUF dates."""
        begin, end, registered = (
            _moment(_first(path(record))) if path is not None else None for path in self._period
        )
        return begin, end, registered


def _value(column: XmlColumn, found: object) -> JsonValue:
    if not isinstance(found, list):
        return _atom(found)
    texts = [text for each in found if (text := _text(each, column)) is not None]
    if len(texts) > 1:
        return list(texts)
    return texts[0] if texts else None


def _text(found: Any, column: XmlColumn) -> str | None:
    if not etree.iselement(found):
        return str(found)
    if found.get(f"{STUF}noValue", "") in _WITHHELD:
        raise Fault
    text = "".join(found.itertext()).strip()
    if not text:
        return None
    return (
        _incomplete(text, found.get(f"{STUF}indOnvolledigeDatum", "V"))
        if column.stuf_date
        else text
    )


def _incomplete(text: str, known: str) -> str:
    """A StUF date with zeros for what is not known of it."""
    if not re.fullmatch(r"[0-9]{8}", text) or known not in _KNOWN:
        raise UnreadableAnswer("holds a date that is none")
    kept = _KNOWN[known]
    digits = text[:kept] + "0" * (8 - kept)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _atom(found: object) -> JsonValue:
    """What an XPath of a text, number or truth gave."""
    if isinstance(found, str):
        return str(found) or None
    if isinstance(found, bool):
        return found
    if isinstance(found, float):
        return int(found) if found.is_integer() else found
    return None


def _first(found: Any) -> str | None:
    if isinstance(found, list):
        found = found[0] if found else None
    text = "".join(found.itertext()).strip() if etree.iselement(found) else found
    return str(text) if text else None


def _moment(text: str | None) -> str | None:
    """A day or moment of StUF (yyyymmdd, with a time behind it) in the form of ISO 8601."""
    if text is None:
        return None
    if match := re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})[0-9]*", text):
        return "-".join(match.groups())
    return text
