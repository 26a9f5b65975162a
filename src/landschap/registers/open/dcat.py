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

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, BNode, Graph, Literal, Namespace, URIRef

from landschap.registers.annotations import HVD_CATEGORIES
from landschap.registers.models import ObjectType, Register
from landschap.registers.open.files import CURRENT, FILE_TYPES, File, Manifest, form_named
from landschap.registers.open.terms import Terms
from landschap.vocabulary.times import as_utc_text

DCATAP = Namespace("http://data.europa.eu/r5r/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
_EU = "http://publications.europa.eu/resource/authority/"
_HVD_LAW = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
_REUSE_LAW = URIRef("https://wetten.overheid.nl/BWBR0036795")
_OPENAPI = URIRef("https://spec.openapis.org/oas")
_RULES = URIRef("https://gitdocumentatie.logius.nl/publicatie/api/adr/2.2.0/")
# Younger than the list of terms that rdflib knows. Source: DCAT 3, section 6.4.
_VERSION = URIRef(f"{DCAT}version")
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_PUBLIC = URIRef(f"{_EU}access-right/PUBLIC")
_LANGUAGES = (URIRef(f"{_EU}language/NLD"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who publishes, and where to ask. ``uri`` names the organisation, by preference from TOOI."""

    uri: str
    name: str
    email: str
    url: str


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
    return _Writer(catalogue).graph()


def as_text(graph: Graph, form: str) -> str:
    """The graph as ``turtle`` or ``json-ld``."""
    return str(graph.serialize(format=form))


def dataset_address(address: str, kind: ObjectType) -> str:
    """What a dataset is named by; the same for ever, whatever serves it."""
    return f"{address}/id/dataset/{kind.register}-{kind.collection}"


def service_address(address: str, register: Register) -> str:
    """What the data service of a register is named by."""
    return f"{address}/id/dataservice/{register.name}"


class _Writer:
    """Adds one thing after the other to the graph."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._from = catalogue
        self._graph = Graph()
        for prefix, space in (("dcat", DCAT), ("dct", DCTERMS), ("dcatap", DCATAP),
                              ("foaf", FOAF), ("vcard", VCARD), ("spdx", SPDX)):  # fmt: skip
            self._graph.bind(prefix, space)
        self._publisher = URIRef(catalogue.publisher.uri)
        self._licence = URIRef(catalogue.licence)

    def graph(self) -> Graph:
        """All of it."""
        place = URIRef(f"{self._from.address}/catalogus")
        name = self._from.publisher.name
        self._add(self._publisher, RDF.type, FOAF.Agent)
        self._add(self._publisher, FOAF.name, _nl(name))
        self._add(place, RDF.type, DCAT.Catalog)
        self._titled(place, f"Open data van {name}", f"De open registers van {name}.")
        self._add(place, DCTERMS.publisher, self._publisher)
        self._add(place, DCTERMS.creator, self._publisher)
        self._add(place, DCTERMS.license, self._licence)
        self._add(place, FOAF.homepage, URIRef(self._from.address))
        self._add(place, DCATAP.applicableLegislation, _REUSE_LAW)
        self._spoken(place)
        self._contact(place)
        for published in self._from.registers:
            self._service(place, published)
            for each in published.collections:
                self._dataset(place, published, each)
        changed = [each.changed_at for each in self._from.registers if each.changed_at]
        if changed:
            self._add(place, DCTERMS.modified, _moment(max(changed)))
        return self._graph

    def _service(self, catalogue: URIRef, published: Published) -> None:
        register, address = published.register, self._from.address
        place = URIRef(service_address(address, register))
        api = f"{address}/{register.name}/v1"
        self._add(place, RDF.type, DCAT.DataService)
        self._add(catalogue, DCAT.service, place)
        self._titled(place, f"{register.title}: API", _about(published))
        self._shared(place, published)
        self._add(place, DCAT.endpointURL, URIRef(api))
        self._add(place, DCAT.endpointDescription, URIRef(f"{api}/openapi.json"))
        self._add(place, DCTERMS.license, self._licence)
        self._add(place, DCTERMS.conformsTo, _OPENAPI)
        self._add(place, DCTERMS.conformsTo, _RULES)
        self._add(place, FOAF.page, URIRef(f"{api}/openapi.json"))
        for each in published.collections:
            self._add(place, DCAT.servesDataset, URIRef(dataset_address(address, each.kind)))
            self._high_value(place, each.kind)

    def _dataset(self, catalogue: URIRef, published: Published, one: Collection) -> None:
        kind, terms = one.kind, published.terms
        place = URIRef(dataset_address(self._from.address, kind))
        title = f"{published.register.title}: {kind.collection}"
        self._add(place, RDF.type, DCAT.Dataset)
        self._add(catalogue, DCAT.dataset, place)
        self._titled(place, title, kind.definition or _about(published))
        if kind.definition_en or terms.description_en:
            words = Literal(kind.definition_en or terms.description_en, lang="en")
            self._add(place, DCTERMS.description, words)
        self._shared(place, published)
        self._high_value(place, kind)
        self._add(place, DCAT.landingPage, URIRef(self._from.address))
        self._add(place, DCTERMS.accrualPeriodicity, URIRef(f"{_EU}frequency/{terms.frequency}"))
        self._add(place, _VERSION, Literal(kind.version))
        if terms.area:
            self._add(place, DCTERMS.spatial, URIRef(terms.area))
        self._distributions(place, published, one)

    def _distributions(self, dataset: URIRef, published: Published, one: Collection) -> None:
        address, kind = self._from.address, one.kind
        service = URIRef(service_address(address, published.register))
        api = f"{address}/{kind.register}/v1/{kind.collection}"
        place = URIRef(f"{address}/id/distribution/{kind.register}-{kind.collection}-api")
        self._distribution(dataset, place, kind, f"{kind.collection}: API", api)
        self._add(place, DCAT.accessService, service)
        self._formed(place, "JSON", "application/json")
        if one.manifest is None:
            return
        made = one.manifest
        self._add(dataset, DCTERMS.modified, _moment(made.beschikbaar_op))
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
        self._add(place, DCAT.downloadURL, URIRef(download))
        self._formed(place, FILE_TYPES[form], file.media_type)
        self._add(place, DCAT.byteSize, Literal(file.bytes, datatype=XSD.nonNegativeInteger))
        self._add(place, DCTERMS.modified, _moment(made.tijdstip_gemaakt))
        sum_ = BNode(f"sum-{base}-{form.value}")
        self._add(place, SPDX.checksum, sum_)
        self._add(sum_, RDF.type, SPDX.Checksum)
        self._add(sum_, SPDX.algorithm, SPDX.checksumAlgorithm_sha256)
        self._add(sum_, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary))

    def _distribution(
        self, dataset: URIRef, place: URIRef, kind: ObjectType, title: str, access: str
    ) -> None:
        self._add(dataset, DCAT.distribution, place)
        self._add(place, RDF.type, DCAT.Distribution)
        self._add(place, DCTERMS.title, _nl(title))
        self._add(place, DCAT.accessURL, URIRef(access))
        self._add(place, DCTERMS.license, self._licence)
        self._add(place, DCATAP.availability, URIRef(f"{_EU}planned-availability/STABLE"))
        self._spoken(place)
        if kind.hvd_category:
            self._add(place, DCATAP.applicableLegislation, _HVD_LAW)

    def _shared(self, place: URIRef, published: Published) -> None:
        """What a dataset and a data service have alike."""
        self._add(place, DCTERMS.identifier, Literal(str(place)))
        self._add(place, DCTERMS.accessRights, _PUBLIC)
        self._add(place, DCTERMS.publisher, self._publisher)
        self._add(place, DCTERMS.creator, self._publisher)
        self._add(place, DCATAP.applicableLegislation, _REUSE_LAW)
        self._contact(place)
        self._spoken(place)
        for theme in published.terms.themes:
            self._add(place, DCAT.theme, URIRef(f"{_EU}data-theme/{theme}"))
        for word in published.terms.keywords:
            self._add(place, DCAT.keyword, _nl(word))

    def _high_value(self, place: URIRef, kind: ObjectType) -> None:
        if kind.hvd_category:
            self._add(place, DCATAP.hvdCategory, URIRef(HVD_CATEGORIES[kind.hvd_category]))
            self._add(place, DCATAP.applicableLegislation, _HVD_LAW)

    def _contact(self, place: URIRef) -> None:
        """One named node for all: harvesters count contact points."""
        publisher = self._from.publisher
        contact = URIRef(f"{self._from.address}/id/contact/open-data")
        self._add(place, DCAT.contactPoint, contact)
        self._add(contact, RDF.type, VCARD.Organization)
        self._add(contact, VCARD.fn, _nl(publisher.name))
        if publisher.email:
            self._add(contact, VCARD.hasEmail, URIRef(f"mailto:{publisher.email}"))
        self._add(contact, VCARD.hasURL, URIRef(publisher.url or self._from.address))

    def _period(self, dataset: URIRef, made: Manifest) -> None:
        period = BNode(f"period-{made.register}-{made.collectie}")
        self._add(dataset, DCTERMS.temporal, period)
        self._add(period, RDF.type, DCTERMS.PeriodOfTime)
        self._add(period, DCAT.endDate, Literal(made.geldig_op.isoformat(), datatype=XSD.date))

    def _formed(self, place: URIRef, file_type: str, media_type: str) -> None:
        self._add(place, DCTERMS.format, URIRef(f"{_EU}file-type/{file_type}"))
        self._add(place, DCAT.mediaType, URIRef(f"{_MEDIA_TYPES}{media_type}"))

    def _titled(self, place: URIRef, title: str, description: str) -> None:
        self._add(place, DCTERMS.title, _nl(title))
        self._add(place, DCTERMS.description, _nl(description))

    def _spoken(self, place: URIRef) -> None:
        for language in _LANGUAGES:
            self._add(place, DCTERMS.language, language)

    def _add(self, subject: URIRef | BNode, predicate: URIRef, value: object) -> None:
        assert isinstance(value, URIRef | BNode | Literal)  # noqa: S101  # for the type checker
        self._graph.add((subject, predicate, value))


def subjects(graph: Graph) -> Iterator[str]:
    """What the graph tells of, by name."""
    return (str(each) for each in set(graph.subjects()) if isinstance(each, URIRef))


def _about(published: Published) -> str:
    return published.terms.description or f"Het register {published.register.title}."


def _nl(text: str) -> Literal:
    return Literal(text, lang="nl")


def _moment(moment: datetime) -> Literal:
    return Literal(as_utc_text(moment), datatype=XSD.dateTime)
