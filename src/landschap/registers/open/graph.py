# SPDX-License-Identifier: EUPL-1.2
"""What every catalogue of ours is written with as a graph, whatever it tells of.

Source: DCAT-AP-NL 3.0; EU authority tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from landschap.vocabulary.times import as_utc_text

DCATAP = Namespace("http://data.europa.eu/r5r/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
EU = "http://publications.europa.eu/resource/authority/"
OPENAPI = URIRef("https://spec.openapis.org/oas")
RULES = URIRef("https://gitdocumentatie.logius.nl/publicatie/api/adr/2.2.0/")
# Younger than the list of terms that rdflib knows. Source: DCAT 3, section 6.4.
VERSION = URIRef(f"{DCAT}version")
_LANGUAGES = (URIRef(f"{EU}language/NLD"),)
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who publishes, and where to ask. ``uri`` names the organisation, by preference from TOOI."""

    uri: str
    name: str
    email: str
    url: str


def as_text(graph: Graph, form: str) -> str:
    """The graph as ``turtle`` or ``json-ld``."""
    return str(graph.serialize(format=form))


class GraphWriter:
    """Adds one thing after the other to ``graph``."""

    def __init__(self) -> None:
        self.graph = Graph()
        for prefix, space in (("dcat", DCAT), ("dct", DCTERMS), ("dcatap", DCATAP),
                              ("foaf", FOAF), ("vcard", VCARD), ("spdx", SPDX)):  # fmt: skip
            self.graph.bind(prefix, space)

    def add(self, subject: URIRef | BNode, predicate: URIRef, value: object) -> None:
        """One statement."""
        assert isinstance(value, URIRef | BNode | Literal)  # noqa: S101  # for the type checker
        self.graph.add((subject, predicate, value))

    def titled(self, place: URIRef, title: str, description: str) -> None:
        """What a thing is called, and in short what it is."""
        self.add(place, DCTERMS.title, nl(title))
        self.add(place, DCTERMS.description, nl(description))

    def spoken(self, place: URIRef) -> None:
        """In which language it is."""
        for language in _LANGUAGES:
            self.add(place, DCTERMS.language, language)

    def formed(self, place: URIRef, file_type: str, media_type: str) -> None:
        """In which form it comes."""
        self.add(place, DCTERMS.format, URIRef(f"{EU}file-type/{file_type}"))
        self.add(place, DCAT.mediaType, URIRef(f"{_MEDIA_TYPES}{media_type}"))

    def agent(self, publisher: Publisher) -> URIRef:
        """An organisation, with its name."""
        place = URIRef(publisher.uri)
        self.add(place, RDF.type, FOAF.Agent)
        self.add(place, FOAF.name, nl(publisher.name))
        return place

    def card(self, contact: URIRef, name: str, email: str, url: str) -> None:
        """Whom to ask: always a named node, for harvesters count contact points."""
        self.add(contact, RDF.type, VCARD.Organization)
        self.add(contact, VCARD.fn, nl(name))
        if email:
            self.add(contact, VCARD.hasEmail, URIRef(f"mailto:{email}"))
        self.add(contact, VCARD.hasURL, URIRef(url))


def nl(text: str) -> Literal:
    """Words in Dutch."""
    return Literal(text, lang="nl")


def at_moment(moment: datetime) -> Literal:
    """A moment, in UTC."""
    return Literal(as_utc_text(moment), datatype=XSD.dateTime)


def large_as_text(graph: Graph, form: str) -> str:
    """The graph as ``turtle`` or ``json-ld``, many times as fast as `as_text`, always the same.

    Every statement stands under its subject; nothing is nested. For graphs in which every node has
    a name.
    """
    subjects: dict[Node, dict[Node, list[Node]]] = {}
    for subject, predicate, value in graph:
        subjects.setdefault(subject, {}).setdefault(predicate, []).append(value)
    names = graph.namespace_manager
    short = {each: names.normalizeUri(str(each)) for said in subjects.values() for each in said}
    used = {name.partition(":")[0] for name in short.values()}
    spaces = {prefix: str(space) for prefix, space in graph.namespaces() if prefix in used}
    if form == "json-ld":
        told = [{"@id": str(each), **_json_of(said, short)} for each, said in subjects.items()]
        told.sort(key=lambda each: str(each["@id"]))
        whole = {"@context": spaces, "@graph": told}
        return json.dumps(whole, ensure_ascii=False, sort_keys=True)
    lines = [" ".join((each.n3(), _turtle_of(said, short), ".")) for each, said in subjects.items()]
    heads = [f"@prefix {prefix}: <{space}> ." for prefix, space in spaces.items()]
    return "\n".join([*sorted(heads), *sorted(lines)]) + "\n"


def _turtle_of(said: Mapping[Node, Sequence[Node]], short: Mapping[Node, str]) -> str:
    parts = (
        f"{short[name]} {', '.join(sorted(each.n3() for each in values))}"
        for name, values in said.items()
    )
    return " ;\n  ".join(sorted(parts))


def _json_of(said: Mapping[Node, Sequence[Node]], short: Mapping[Node, str]) -> dict[str, object]:
    told: dict[str, object] = {}
    for name, values in said.items():
        if name == RDF.type:
            told["@type"] = sorted(map(str, values))
        else:
            told[short[name]] = sorted(map(_json, values), key=lambda each: sorted(each.items()))
    return told


def _json(value: Node) -> dict[str, str]:
    if not isinstance(value, Literal):
        return {"@id": str(value)}
    if value.language:
        return {"@value": str(value), "@language": value.language}
    if value.datatype is None:
        return {"@value": str(value)}
    return {"@value": str(value), "@type": str(value.datatype)}
