# SPDX-License-Identifier: EUPL-1.2
"""A published list of purposes, written in SKOS, as purposes of a register.

The list is a ``skos:ConceptScheme`` with ``dcterms:title``, ``dcterms:publisher`` (an OIN, or an
address that ends in one) and ``owl:versionInfo``; each purpose a ``skos:Concept`` in it, with
``skos:prefLabel``, ``skos:definition``, ``owl:versionInfo`` (a number; 1 when absent), the day it
starts and ends (``schema:startDate``, ``schema:endDate``), ``skos:broader``, ``skos:exactMatch``,
``skos:broadMatch``, ``owl:deprecated`` and ``dcterms:isReplacedBy``. Turtle holds no references
that have to be fetched, which is why it is the form that is read.
Source: SKOS Reference; NL-SBB, descriptions of concepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from rdflib import DCTERMS, OWL, RDF, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from landschap.purposes.model import Purpose, PurposeScheme, PurposeStatus, Text, Validity

MAX_CHARACTERS = 5_000_000
MAX_PURPOSES = 20_000
_SCHEMA = (Namespace("http://schema.org/"), Namespace("https://schema.org/"))
_OIN = re.compile(r"[0-9]{20}\Z")
_DPV = "https://w3id.org/dpv#"


class UnreadableListError(ValueError):
    """Not a list of purposes; its text holds everything that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """The list and its purposes, in order of address. ``untranslated`` lack an English text."""

    scheme: PurposeScheme
    purposes: tuple[Purpose, ...]
    untranslated: tuple[str, ...]


def read_list(text: str, *, rank: int = 1) -> PublishedList:
    """The one list in this Turtle. Raises UnreadableListError with all that is wrong."""
    if len(text) > MAX_CHARACTERS:
        raise UnreadableListError(f"it is longer than {MAX_CHARACTERS:,} characters")
    graph = Graph()
    try:
        graph.parse(data=text, format="turtle")
    except Exception as error:  # noqa: BLE001  # the parser raises many kinds, all mean the same
        why = str(error).strip().splitlines()
        raise UnreadableListError(f"it is no Turtle: {' '.join(why)[:300]}") from None
    lists = sorted(set(graph.subjects(RDF.type, SKOS.ConceptScheme)), key=str)
    if len(lists) != 1:
        raise UnreadableListError(f"it holds {len(lists)} lists (skos:ConceptScheme), not one")
    return _Reading(graph, lists[0]).whole(rank)


class _Reading:
    def __init__(self, graph: Graph, scheme: Node) -> None:
        self.graph = graph
        self.scheme = scheme
        self.wrong: list[str] = []
        self.untranslated: set[str] = set()

    def whole(self, rank: int) -> PublishedList:
        found = PurposeScheme(
            uri=self._address(self.scheme),
            title=self._words(self.scheme, DCTERMS.title, "dcterms:title"),
            publisher=self._publisher(),
            rank=rank,
            version=self._text(self.scheme, OWL.versionInfo),
        )
        if not found.version:
            self.wrong.append(f"{found.uri}: owl:versionInfo lacks, so nobody can tell editions")
        concepts = sorted(set(self.graph.subjects(SKOS.inScheme, self.scheme)), key=str)
        if not 0 < len(concepts) <= MAX_PURPOSES:
            self.wrong.append(f"it holds {len(concepts)} purposes; 1 to {MAX_PURPOSES} are read")
            concepts = []
        purposes = tuple(self._purpose(each) for each in concepts)
        self._all_known(purposes)
        if self.wrong:
            raise UnreadableListError("\n".join(self.wrong))
        return PublishedList(
            scheme=found, purposes=purposes, untranslated=tuple(sorted(self.untranslated))
        )

    def _purpose(self, concept: Node) -> Purpose:
        uri = self._address(concept)
        retired = self._text(concept, OWL.deprecated).casefold() in {"true", "1"}
        return Purpose(
            uri=uri,
            scheme=str(self.scheme),
            version=self._version(concept, uri),
            label=self._words(concept, SKOS.prefLabel, "skos:prefLabel"),
            definition=self._words(concept, SKOS.definition, "skos:definition"),
            status=PurposeStatus.RETIRED if retired else PurposeStatus.ACTIVE,
            valid=self._period(concept, uri),
            broader=self._one(concept, SKOS.broader, "skos:broader"),
            replaced_by=self._one(concept, DCTERMS.isReplacedBy, "dcterms:isReplacedBy"),
            exact_match=self._addresses(concept, SKOS.exactMatch),
            broad_match=tuple(_short(e) for e in self._addresses(concept, SKOS.broadMatch)),
        )

    def _all_known(self, purposes: Sequence[Purpose]) -> None:
        known = {each.uri for each in purposes}
        for each in purposes:
            for name, uri in (("broader", each.broader), ("isReplacedBy", each.replaced_by)):
                if uri and uri not in known:
                    self.wrong.append(f"{each.uri}: {name} {uri} is not in the list")

    def _publisher(self) -> str:
        text = self._text(self.scheme, DCTERMS.publisher)
        if found := _OIN.search(text):
            return found[0]
        self.wrong.append(f"{self.scheme}: dcterms:publisher {text[:80]!r} ends in no OIN")
        return ""

    def _period(self, concept: Node, uri: str) -> Validity:
        since = self._day(concept, "startDate", uri)
        until = self._day(concept, "endDate", uri)
        if since is None:
            self.wrong.append(f"{uri}: schema:startDate lacks")
        elif until is not None and until <= since:
            self.wrong.append(f"{uri}: schema:endDate {until} is not after the start")
        return Validity(since=since or date.min, until=until)

    def _day(self, concept: Node, name: str, uri: str) -> date | None:
        text = next((t for space in _SCHEMA if (t := self._text(concept, space[name]))), "")
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.wrong.append(f"{uri}: schema:{name} {text[:40]!r} is no date")
            return None

    def _version(self, concept: Node, uri: str) -> int:
        text = self._text(concept, OWL.versionInfo) or "1"
        if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
            self.wrong.append(f"{uri}: owl:versionInfo {text[:40]!r} is no number")
            return 1
        return int(text)

    def _words(self, of: Node, what: URIRef, name: str) -> Text:
        found = {
            each.language or "nl": str(each).strip()
            for each in self.graph.objects(of, what)
            if isinstance(each, Literal)
        }
        if not found.get("nl"):
            self.wrong.append(f"{of}: {name} lacks in Dutch")
        if not found.get("en"):
            self.untranslated.add(str(of))
        return Text(nl=found.get("nl", ""), en=found.get("en") or found.get("nl", ""))

    def _text(self, of: Node, what: Node) -> str:
        return min((str(each).strip() for each in self.graph.objects(of, what)), default="")

    def _one(self, of: Node, what: URIRef, name: str) -> str:
        found = self._addresses(of, what)
        if len(found) > 1:
            self.wrong.append(f"{of}: {name} names {len(found)} purposes, and one at most counts")
        return found[0] if found else ""

    def _addresses(self, of: Node, what: URIRef) -> tuple[str, ...]:
        found: Iterable[Node] = self.graph.objects(of, what)
        return tuple(sorted(str(each) for each in found if isinstance(each, URIRef)))

    def _address(self, node: Node) -> str:
        if not re.fullmatch(r"https?://\S+", str(node)):
            self.wrong.append(f"{str(node)[:80]!r} is no address (http or https)")
        return str(node)


def _short(address: str) -> str:
    return f"dpv:{address.removeprefix(_DPV)}" if address.startswith(_DPV) else address
