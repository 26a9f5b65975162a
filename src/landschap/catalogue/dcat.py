# SPDX-License-Identifier: EUPL-1.2
"""The published APIs as a graph that others harvest, after DCAT-AP-NL 3.0.

A data service per API with the dataset behind it, and a record of when it was last published.
The shapes of the profile want a dataset in every catalogue, so a catalogue that has none is told
as a graph without a catalogue.
Source: DCAT-AP-NL 3.0; rules by which the national register of APIs harvests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, URIRef

from landschap.catalogue.phases import ACTIVE, CLOSED, CONCEPT, ENDING
from landschap.catalogue.publishing import Publication
from landschap.registers.open.graph import (
    DCATAP,
    EU,
    OPENAPI,
    RULES,
    VERSION,
    GraphWriter,
    Publisher,
    at_moment,
    nl,
)

# Source: EU authority table planned-availability.
_AVAILABLE: Mapping[str, str] = {
    CONCEPT: "EXPERIMENTAL", ACTIVE: "STABLE", ENDING: "TEMPORARY", CLOSED: "TEMPORARY",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published API: its name in the catalogue, since when, its phase of life.

    ``is_open``: everybody may use it. ``keeps_rules``: nothing was found against the design rules.
    """

    name: str
    said: Publication
    published_at: datetime
    phase: str
    is_open: bool
    keeps_rules: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Everything that is published to everybody. ``address`` is our origin, without a slash."""

    address: str
    publisher: Publisher
    entries: Sequence[Entry]


def graph_of(export: Export) -> Graph:
    """All of it as a graph; without entries there is nothing to tell."""
    return _Writer(export).whole()


class _Writer(GraphWriter):
    """Adds one entry after the other."""

    def __init__(self, export: Export) -> None:
        super().__init__()
        self._from = export
        self._base = f"{export.address}/catalogus"

    def whole(self) -> Graph:
        """The catalogue with its entries."""
        if not self._from.entries:
            return self.graph
        publisher = self._from.publisher
        place, agent = URIRef(self._base), self.agent(publisher)
        self.add(place, RDF.type, DCAT.Catalog)
        about = f"De API’s die {publisher.name} aanbiedt, met wat er nodig is om ze te gebruiken."
        self.titled(place, f"API’s van {publisher.name}", about)
        self.add(place, DCTERMS.publisher, agent)
        self.add(place, DCTERMS.creator, agent)
        self.add(place, FOAF.homepage, URIRef(self._base))
        self.spoken(place)
        contact = URIRef(f"{self._base}#contact")
        self.add(place, DCAT.contactPoint, contact)
        self.card(contact, publisher.name, publisher.email, publisher.url or self._base)
        newest = max(each.published_at for each in self._from.entries)
        self.add(place, DCTERMS.modified, at_moment(newest))
        for each in self._from.entries:
            self._entry(place, agent, each)
        return self.graph

    def _entry(self, catalogue: URIRef, agent: URIRef, entry: Entry) -> None:
        page = URIRef(f"{self._base}/{entry.name}")
        service, dataset = URIRef(f"{page}#dienst"), URIRef(f"{page}#gegevens")
        self.add(catalogue, DCAT.service, service)
        self.add(catalogue, DCAT.dataset, dataset)
        self._service(service, page, entry)
        self.add(service, DCAT.servesDataset, dataset)
        self.add(dataset, RDF.type, DCAT.Dataset)
        for place in (service, dataset):
            self._shared(place, page, agent, entry)
        self._distribution(dataset, service, page, entry)
        record = URIRef(f"{page}#vermelding")
        self.add(catalogue, DCAT.record, record)
        self.add(record, RDF.type, DCAT.CatalogRecord)
        self.add(record, FOAF.primaryTopic, service)
        self.add(record, DCTERMS.modified, at_moment(entry.published_at))
        self.spoken(record)

    def _service(self, place: URIRef, page: URIRef, entry: Entry) -> None:
        said = entry.said
        self.add(place, RDF.type, DCAT.DataService)
        self.add(place, DCAT.endpointURL, URIRef(said.endpoint))
        # The text that was checked, at an address of ours that everybody can read.
        self.add(place, DCAT.endpointDescription, URIRef(f"{page}/openapi"))
        self.add(place, DCTERMS.license, URIRef(said.licence))
        self.add(place, DCTERMS.conformsTo, OPENAPI)
        if entry.keeps_rules:
            self.add(place, DCTERMS.conformsTo, RULES)
        self.add(place, FOAF.page, page)
        if said.version:
            self.add(place, VERSION, Literal(said.version))

    def _shared(self, place: URIRef, page: URIRef, agent: URIRef, entry: Entry) -> None:
        """What a dataset and a data service have alike."""
        said = entry.said
        self.titled(place, said.title, said.description)
        self.add(place, DCTERMS.identifier, Literal(str(place)))
        right = "PUBLIC" if entry.is_open else "RESTRICTED"
        self.add(place, DCTERMS.accessRights, URIRef(f"{EU}access-right/{right}"))
        self.add(place, DCTERMS.publisher, agent)
        self.add(place, DCTERMS.creator, agent)
        self.add(place, DCTERMS.modified, at_moment(entry.published_at))
        self.spoken(place)
        contact = URIRef(f"{page}#contact")
        self.add(place, DCAT.contactPoint, contact)
        self.card(contact, said.contact_name, said.contact_email, said.contact_url)
        for theme in said.themes:
            self.add(place, DCAT.theme, URIRef(f"{EU}data-theme/{theme}"))
        for word in said.keywords:
            self.add(place, DCAT.keyword, nl(word))

    def _distribution(self, dataset: URIRef, service: URIRef, page: URIRef, entry: Entry) -> None:
        place = URIRef(f"{page}#toegang")
        self.add(dataset, DCAT.distribution, place)
        self.add(place, RDF.type, DCAT.Distribution)
        self.add(place, DCTERMS.title, nl(entry.said.title))
        self.add(place, DCAT.accessURL, URIRef(entry.said.endpoint))
        self.add(place, DCAT.accessService, service)
        self.add(place, DCTERMS.license, URIRef(entry.said.licence))
        availability = URIRef(f"{EU}planned-availability/{_AVAILABLE[entry.phase]}")
        self.add(place, DCATAP.availability, availability)
        self.formed(place, "JSON", "application/json")
        self.spoken(place)
