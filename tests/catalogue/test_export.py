# SPDX-License-Identifier: EUPL-1.2
"""What others take from the catalogue over the wire: the export that registers harvest, and feeds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from pyshacl import validate
from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from tests.catalogue.offered import gathered
from tests.catalogue.pages_rig import Catalogue, served_catalogue
from tests.catalogue.test_changes import read, written
from tests.catalogue.test_design_rules import leave_out
from tests.catalogue.test_publishing import whole
from tests.portal.visiting import Visitor as Guest
from tests.registers.test_open_catalogue import SHAPES
from tests.throwaway import Database

from landschap.catalogue import store
from landschap.catalogue.changes.comparing import changes_between
from landschap.catalogue.describing import described
from landschap.catalogue.publishing import Given, publication_of
from landschap.platform.settings import Settings
from landschap.registers.open.graph import large_as_text

# The JSON-LD reader of rdflib uses a name of rdflib that rdflib is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
TOOI = "https://identifier.overheid.nl/tooi/id/gemeente/gm0457"
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "Bomen <script>alert(1)</script> & \x0b struiken"


def told_of(settings: Settings) -> Settings:
    """An organisation as a register wants it."""
    contact = {"email": "api@weesp.example", "url": "https://weesp.example/api"}
    return replace(
        settings,
        organisation=replace(settings.organisation, contact=contact),
        open=replace(settings.open, publisher=TOOI),
    )


@pytest.fixture(scope="module")
async def exported(module_database: Database) -> AsyncIterator[Catalogue]:
    """Two APIs for everybody, of which one breaks; a published one for a peer; one only shown."""
    async with served_catalogue(module_database, told_of) as catalogue:
        everyone = (store.EVERYONE,)
        await published(catalogue, titled("Parkeren", toegang="contract"), everyone)
        await published(catalogue, titled(HOSTILE, toegang="open"), everyone)
        await published(catalogue, titled("Geheim"), ("00000099000000003000",))
        pool = await module_database.pool("catalogue")
        shown = await gathered(pool, "/Alleen getoond.yaml", titled("Alleen getoond"))
        await store.offer(pool, shown, store.Offer(audience=everyone))
        await broken(catalogue, "Parkeren")
        yield catalogue


def titled(title: str, **use: Any) -> Any:
    document = whole()
    document["info"]["title"] = title
    document["info"]["x-gebruik"] |= use
    return document


async def published(catalogue: Catalogue, document: Any, to: tuple[str, ...]) -> None:
    pool = await catalogue.database.pool("catalogue")
    source = f"/{document['info']['title']}.yaml"
    name = await gathered(pool, source, document)
    said = publication_of(read(document), Given())
    await store.publish(pool, name, 1, said, store.Offer(audience=to))


async def broken(catalogue: Catalogue, title: str) -> None:
    """A next text of an API, in which an operation is gone."""
    pool = await catalogue.database.pool("catalogue")
    old, new = titled(title), titled(title)
    leave_out("paths", "/vergunningen", "post")(new)
    changes = changes_between(read(old), read(new))
    said = described(read(new))
    raw = written(new).encode()
    await store.keep(pool, f"/{title}.yaml", raw, said, (100, 0), changes, "changed")


async def graph_at(visitor: Guest, path: str, form: str) -> Graph:
    seen = await visitor.get(path)
    assert seen.status == 200, seen.text
    assert seen.headers["access-control-allow-origin"] == "*"
    return Graph().parse(data=seen.text, format=form)


async def test_the_export_is_valid_read_back_without_loss_and_holds_what_everybody_may_see(
    exported: Catalogue,
) -> None:
    turtle = await graph_at(exported.visitor(), "/catalogus/dcat.ttl", "turtle")
    json_ld = await graph_at(exported.visitor(), "/catalogus/dcat.jsonld", "json-ld")
    assert isomorphic(turtle, json_ld)
    conforms, _, words = validate(turtle, shacl_graph=Graph().parse(SHAPES), advanced=True)
    assert conforms, words
    services = sorted(map(str, turtle.subjects(RDF.type, DCAT.DataService)))
    base = f"{exported.address}/catalogus"
    bomen = "bomen-script-alert-1-script-struiken"
    assert services == [f"{base}/{bomen}#dienst", f"{base}/parkeren#dienst"]
    open_one, asked = (URIRef(each) for each in services)
    assert str(turtle.value(open_one, DCTERMS.accessRights)).endswith("/PUBLIC")
    assert str(turtle.value(asked, DCTERMS.accessRights)).endswith("/RESTRICTED")
    # No control character is left, and markup of a stranger is text.
    assert turtle.value(open_one, DCTERMS.title) == Literal(HOSTILE, lang="nl")
    # Nor who is logged in gets more in what is for everybody.
    employee = await exported.employee()
    assert isomorphic(turtle, await graph_at(employee, "/catalogus/dcat.ttl", "turtle"))
    for form in (turtle.serialize(), json_ld.serialize()):
        assert "Geheim" not in form
        assert "Alleen getoond" not in form


def test_the_fast_writer_says_what_rdflib_says() -> None:
    graph = Graph()
    for number, words in enumerate(("a\nb", 'c"d\\', "é ☃ \x07", '"' * 3, "")):
        place = URIRef(f"https://h.example/{number}#x")
        graph.add((place, RDF.type, DCAT.DataService))
        graph.add((place, RDF.type, DCAT.Dataset))
        for language in ("nl", "en-GB", None):
            graph.add((place, DCTERMS.title, Literal(words, lang=language)))
        graph.add((place, DCTERMS.modified, Literal("2026-01-01", datatype=XSD.date)))
        graph.add((place, DCAT.theme, URIRef("https://h.example/é?a=b&c,d")))
    for form in ("turtle", "json-ld"):
        text = large_as_text(graph, form)
        assert isomorphic(Graph().parse(data=text, format=form), graph), form


@dataclass(frozen=True)
class Harvested:
    """A record of the register."""

    title: str
    organisation: tuple[str, str]
    oas: str
    contact: tuple[str, str, str]


class Refused(Exception):
    """The register does not take a service; the words say why."""


def harvest(graph: Graph) -> list[Harvested]:
    """What the national register takes from a catalogue, by its rules. Raises Refused.

    The publisher is a TOOI URI; the OpenAPI document is the endpoint description when the service
    conforms to OpenAPI, else beside the endpoint; a contact has a name (Dutch first), page and
    address.
    """
    return [_harvested(graph, each) for each in graph.subjects(RDF.type, DCAT.DataService)]


def _harvested(graph: Graph, service: Any) -> Harvested:
    publisher = str(graph.value(service, DCTERMS.publisher))
    if not publisher.startswith("https://identifier.overheid.nl/tooi/id/"):
        raise Refused("publisher is no TOOI URI")
    if URIRef("https://spec.openapis.org/oas") in set(graph.objects(service, DCTERMS.conformsTo)):
        oas = str(graph.value(service, DCAT.endpointDescription))
    else:
        oas = f"{graph.value(service, DCAT.endpointURL)}/openapi.json"
    points = list(graph.objects(service, DCAT.contactPoint))
    if not points:
        raise Refused("no contact point")
    parts = (
        _words(graph, points[0], VCARD.fn),
        str(graph.value(points[0], VCARD.hasURL) or ""),
        str(graph.value(points[0], VCARD.hasEmail) or "").removeprefix("mailto:"),
    )
    if not all(parts):
        raise Refused("contact without name, page or address")
    name = _words(graph, URIRef(publisher), FOAF.name)
    title = _words(graph, service, DCTERMS.title)
    return Harvested(title=title, organisation=(publisher, name), oas=oas, contact=parts)


def _words(graph: Graph, of: Any, what: Any) -> str:
    said = [each for each in graph.objects(of, what) if isinstance(each, Literal)]
    dutch = [each for each in said if each.language == "nl"]
    return str(next(iter([*dutch, *said]), ""))


@pytest.mark.case("api-36")
async def test_a_register_that_harvests_has_the_same_title_organisation_document_and_contact(
    exported: Catalogue,
) -> None:
    visitor = exported.visitor()
    found = harvest(await graph_at(visitor, "/catalogus/dcat.ttl", "turtle"))
    assert len(found) == 2
    for each in found:
        path = each.oas.removeprefix(exported.address)
        assert path.startswith("/catalogus/")
        # The document that the record points at says the same of itself.
        document = yaml.safe_load((await visitor.get(path)).text)
        assert document["openapi"].startswith("3.")
        info = document["info"]
        contact = info["contact"]
        assert each.title == info["title"]
        assert each.contact == (contact["name"], contact["url"], contact["email"])
        assert each.organisation == (TOOI, exported.deps.settings.organisation.name)
        ours = json.loads((await visitor.get(path.removesuffix("/openapi") + ".json")).text)
        assert ours["title"] == each.title


async def test_the_copy_of_the_rules_refuses_what_a_register_refuses(exported: Catalogue) -> None:
    graph = await graph_at(exported.visitor(), "/catalogus/dcat.ttl", "turtle")
    service = next(graph.subjects(RDF.type, DCAT.DataService))
    graph.remove((None, VCARD.hasEmail, None))
    with pytest.raises(Refused, match="contact"):
        harvest(graph)
    graph.remove((service, DCAT.contactPoint, None))
    with pytest.raises(Refused, match="no contact"):
        harvest(graph)
    graph.set((service, DCTERMS.publisher, URIRef(f"{exported.address}/id/organisatie/1")))
    with pytest.raises(Refused, match="TOOI"):
        harvest(graph)


async def feed_at(visitor: Guest, path: str) -> ET.Element:
    seen = await visitor.get(path)
    assert seen.status == 200, seen.text
    assert seen.headers["content-type"].startswith("application/atom+xml")
    return ET.fromstring(seen.text)  # noqa: S314  # our own answer


def titles(feed: ET.Element) -> list[str]:
    return [each.findtext(f"{ATOM}title") or "" for each in feed.iter(f"{ATOM}entry")]


async def test_feeds_tell_what_changed_to_who_may_see_it(exported: Catalogue) -> None:
    visitor = exported.visitor()
    every = await feed_at(visitor, "/catalogus.atom")
    assert titles(every) == [
        "Parkeren 1.0.0: breekt oude afspraken",
        "Alleen getoond 1.0.0: nieuw",
        f"{HOSTILE.replace(chr(11), '')} 1.0.0: nieuw",
        "Parkeren 1.0.0: nieuw",
    ]
    assert "Geheim 1.0.0: nieuw" in titles(
        await feed_at(await exported.employee(), "/catalogus.atom")
    )
    assert (
        'href="/en/catalogus/parkeren/wijzigingen.atom"'
        in (await visitor.get("/en/catalogus/parkeren")).text
    )
    one = await feed_at(visitor, "/en/catalogus/parkeren/wijzigingen.atom")
    assert titles(one) == ["Parkeren 1.0.0: breaks what was agreed", "Parkeren 1.0.0: new"]
    first = one.find(f"{ATOM}entry")
    assert first is not None
    assert "breaking: post /vergunningen is gone" in (first.findtext(f"{ATOM}content") or "")
    categories = [each.get("term") for each in one.iter(f"{ATOM}category")]
    assert categories == ["breaking"]
    ids = [each.text for each in every.iter(f"{ATOM}id")]
    assert len(set(ids)) == len(ids)
    assert one.findtext(f"{ATOM}entry/{ATOM}id") in ids
    assert (await visitor.get("/catalogus/geheim/wijzigingen.atom")).status == 404
