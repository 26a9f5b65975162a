# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of open registers as a graph, after DCAT-AP-NL 3.0.

A dataset per collection, a data service per register that serves its datasets, a distribution per
way to get a collection: the API, and each bulk file with its size and checksum. What is open by the
regulation on high-value datasets names its category and that regulation.
Source: DCAT-AP-NL 3.0; Regulation (EU) 2023/138; Wet hergebruik van overheidsinformatie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, BNode, Graph, Literal, URIRef

from landschap.registers.annotations import HVD_CATEGORIES
from landschap.registers.models import ObjectType, Register
from landschap.registers.open.files import CURRENT, FILE_TYPES, File, Manifest, form_named
from landschap.registers.open.graph import (
    DCATAP,
    EU,
    OPENAPI,
    RULES,
    SPDX,
    VERSION,
    GraphWriter,
    Publisher,
    as_text,
    at_moment,
    nl,
)
from landschap.registers.open.terms import Terms

__all__ = [
    "DCATAP", "Catalogue", "Collection", "Published", "Publisher", "as_text", "dataset_address",
    "graph_of", "service_address", "subjects",
]  # fmt: skip
_HVD_LAW = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
_REUSE_LAW = URIRef("https://wetten.overheid.nl/BWBR0036795")
_PUBLIC = URIRef(f"{EU}access-right/PUBLIC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One open collection, with its current bulk files when there are any."""

    kind: ObjectType
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One open register: what it says of itself, its collections, and when it last changed."""

    register: Register
    terms: Terms
    collections: Sequence[Collection]
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything that is open. ``address`` is the origin of open data, without a slash."""

    address: str
    licence: str
    publisher: Publisher
    registers: Sequence[Published] = field(default_factory=tuple)


def graph_of(catalogue: Catalogue) -> Graph:
    """The catalogue as a graph; a catalogue without datasets has none to tell of."""
    return _Writer(catalogue).whole()


def dataset_address(address: str, kind: ObjectType) -> str:
    """What a dataset is named by; the same for ever, whatever serves it."""
    return f"{address}/id/dataset/{kind.register}-{kind.collection}"


def service_address(address: str, register: Register) -> str:
    """What the data service of a register is named by."""
    return f"{address}/id/dataservice/{register.name}"


class _Writer(GraphWriter):
    """Adds one thing after the other to the graph."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self._from = catalogue
        self._publisher = self.agent(catalogue.publisher)
        self._licence = URIRef(catalogue.licence)

    def whole(self) -> Graph:
        """All of it."""
        place = URIRef(f"{self._from.address}/catalogus")
        name = self._from.publisher.name
        self.add(place, RDF.type, DCAT.Catalog)
        self.titled(place, f"Open data van {name}", f"De open registers van {name}.")
        self.add(place, DCTERMS.publisher, self._publisher)
        self.add(place, DCTERMS.creator, self._publisher)
        self.add(place, DCTERMS.license, self._licence)
        self.add(place, FOAF.homepage, URIRef(self._from.address))
        self.add(place, DCATAP.applicableLegislation, _REUSE_LAW)
        self.spoken(place)
        self._contact(place)
        for published in self._from.registers:
            self._service(place, published)
            for each in published.collections:
                self._dataset(place, published, each)
        changed = [each.changed_at for each in self._from.registers if each.changed_at]
        if changed:
            self.add(place, DCTERMS.modified, at_moment(max(changed)))
        return self.graph

    def _service(self, catalogue: URIRef, published: Published) -> None:
        register, address = published.register, self._from.address
        place = URIRef(service_address(address, register))
        api = f"{address}/{register.name}/v1"
        self.add(place, RDF.type, DCAT.DataService)
        self.add(catalogue, DCAT.service, place)
        self.titled(place, f"{register.title}: API", _about(published))
        self._shared(place, published)
        self.add(place, DCAT.endpointURL, URIRef(api))
        self.add(place, DCAT.endpointDescription, URIRef(f"{api}/openapi.json"))
        self.add(place, DCTERMS.license, self._licence)
        self.add(place, DCTERMS.conformsTo, OPENAPI)
        self.add(place, DCTERMS.conformsTo, RULES)
        self.add(place, FOAF.page, URIRef(f"{api}/openapi.json"))
        for each in published.collections:
            self.add(place, DCAT.servesDataset, URIRef(dataset_address(address, each.kind)))
            self._high_value(place, each.kind)

    def _dataset(self, catalogue: URIRef, published: Published, one: Collection) -> None:
        kind, terms = one.kind, published.terms
        place = URIRef(dataset_address(self._from.address, kind))
        title = f"{published.register.title}: {kind.collection}"
        self.add(place, RDF.type, DCAT.Dataset)
        self.add(catalogue, DCAT.dataset, place)
        self.titled(place, title, kind.definition or _about(published))
        if kind.definition_en or terms.description_en:
            words = Literal(kind.definition_en or terms.description_en, lang="en")
            self.add(place, DCTERMS.description, words)
        self._shared(place, published)
        self._high_value(place, kind)
        self.add(place, DCAT.landingPage, URIRef(self._from.address))
        self.add(place, DCTERMS.accrualPeriodicity, URIRef(f"{EU}frequency/{terms.frequency}"))
        self.add(place, VERSION, Literal(kind.version))
        if terms.area:
            self.add(place, DCTERMS.spatial, URIRef(terms.area))
        self._distributions(place, published, one)

    def _distributions(self, dataset: URIRef, published: Published, one: Collection) -> None:
        address, kind = self._from.address, one.kind
        service = URIRef(service_address(address, published.register))
        api = f"{address}/{kind.register}/v1/{kind.collection}"
        place = URIRef(f"{address}/id/distribution/{kind.register}-{kind.collection}-api")
        self._distribution(dataset, place, kind, f"{kind.collection}: API", api)
        self.add(place, DCAT.accessService, service)
        self.formed(place, "JSON", "application/json")
        if one.manifest is None:
            return
        made = one.manifest
        self.add(dataset, DCTERMS.modified, at_moment(made.beschikbaar_op))
        self._period(dataset, made)
        for file in made.bestanden:
            self._file(dataset, kind, made, file)

    def _file(self, dataset: URIRef, kind: ObjectType, made: Manifest, file: File) -> None:
        form, base = form_named(file.naam), f"{kind.register}-{kind.collection}"
        if form is None:
            return
        address = self._from.address
        download = f"{address}/bestanden/{kind.register}/{kind.collection}/{CURRENT}/{file.naam}"
        place = URIRef(f"{address}/id/distribution/{base}-{form.value}")
        self._distribution(dataset, place, kind, f"{kind.collection}: {form.value}", download)
        self.add(place, DCAT.downloadURL, URIRef(download))
        self.formed(place, FILE_TYPES[form], file.media_type)
        self.add(place, DCAT.byteSize, Literal(file.bytes, datatype=XSD.nonNegativeInteger))
        self.add(place, DCTERMS.modified, at_moment(made.tijdstip_gemaakt))
        sum_ = BNode(f"sum-{base}-{form.value}")
        self.add(place, SPDX.checksum, sum_)
        self.add(sum_, RDF.type, SPDX.Checksum)
        self.add(sum_, SPDX.algorithm, SPDX.checksumAlgorithm_sha256)
        self.add(sum_, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary))

    def _distribution(
        self, dataset: URIRef, place: URIRef, kind: ObjectType, title: str, access: str
    ) -> None:
        self.add(dataset, DCAT.distribution, place)
        self.add(place, RDF.type, DCAT.Distribution)
        self.add(place, DCTERMS.title, nl(title))
        self.add(place, DCAT.accessURL, URIRef(access))
        self.add(place, DCTERMS.license, self._licence)
        self.add(place, DCATAP.availability, URIRef(f"{EU}planned-availability/STABLE"))
        self.spoken(place)
        if kind.hvd_category:
            self.add(place, DCATAP.applicableLegislation, _HVD_LAW)

    def _shared(self, place: URIRef, published: Published) -> None:
        """What a dataset and a data service have alike."""
        self.add(place, DCTERMS.identifier, Literal(str(place)))
        self.add(place, DCTERMS.accessRights, _PUBLIC)
        self.add(place, DCTERMS.publisher, self._publisher)
        self.add(place, DCTERMS.creator, self._publisher)
        self.add(place, DCATAP.applicableLegislation, _REUSE_LAW)
        self._contact(place)
        self.spoken(place)
        for theme in published.terms.themes:
            self.add(place, DCAT.theme, URIRef(f"{EU}data-theme/{theme}"))
        for word in published.terms.keywords:
            self.add(place, DCAT.keyword, nl(word))

    def _high_value(self, place: URIRef, kind: ObjectType) -> None:
        if kind.hvd_category:
            self.add(place, DCATAP.hvdCategory, URIRef(HVD_CATEGORIES[kind.hvd_category]))
            self.add(place, DCATAP.applicableLegislation, _HVD_LAW)

    def _contact(self, place: URIRef) -> None:
        """One named node for all: harvesters count contact points."""
        publisher = self._from.publisher
        contact = URIRef(f"{self._from.address}/id/contact/open-data")
        self.add(place, DCAT.contactPoint, contact)
        self.card(contact, publisher.name, publisher.email, publisher.url or self._from.address)

    def _period(self, dataset: URIRef, made: Manifest) -> None:
        period = BNode(f"period-{made.register}-{made.collectie}")
        self.add(dataset, DCTERMS.temporal, period)
        self.add(period, RDF.type, DCTERMS.PeriodOfTime)
        self.add(period, DCAT.endDate, Literal(made.geldig_op.isoformat(), datatype=XSD.date))


def subjects(graph: Graph) -> Iterator[str]:
    """What the graph tells of, by name."""
    return (str(each) for each in set(graph.subjects()) if isinstance(each, URIRef))


def _about(published: Published) -> str:
    return published.terms.description or f"Het register {published.register.title}."
