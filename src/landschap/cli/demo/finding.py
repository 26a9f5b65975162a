# SPDX-License-Identifier: EUPL-1.2
"""The demo's catalogue: Weesp publishes its service, which is found by a field and harvested.

A change that breaks who calls it is found, and told in the feed of the API.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import rdflib

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import PURPOSE, SERVICE, Landscape
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Visitor
from landschap.integration.connectors.opening import read_declarations
from landschap.integration.description import describe
from landschap.registers.client import read_models
from landschap.registers.describing import About

WORDS = "bouwjaar pand"
_ALL = 100
_FIELD = "geboortedatum"
_LICENCE = "http://creativecommons.org/licenses/by/4.0/deed.nl"
_DATA_SERVICE = rdflib.URIRef("http://www.w3.org/ns/dcat#DataService")


async def find_by_a_field(landscape: Landscape) -> Seen:
    """Publish, hold against the design rules, search, and read the harvest back as RDF.

    Raises what `demand` raises when it is otherwise.
    """
    config = landscape.settings_file(landscape.weesp)
    path = landscape.folder / f"{SERVICE}.json"
    path.write_bytes(msgspec.json.encode(described(landscape)))
    [told] = (await landschap(config, "catalogue", "gather", str(path))).answer
    given = ("--theme", "GOVE", "--service", SERVICE, "--licence", _LICENCE)
    await landschap(config, "catalogue", "publish", told["name"], *given)
    found = (await landschap(config, "catalogue", "search", *WORDS.split())).answer
    hit: dict[str, Any] = next((each for each in found if each["name"] == told["name"]), {})
    web = landscape.weesp.web_address
    turtle = (await Visitor().open(f"{web}/catalogus/dcat.ttl")).text
    graph = rdflib.Graph().parse(data=turtle, format="turtle")
    services = {str(each) for each in graph.subjects(rdflib.RDF.type, _DATA_SERVICE)}
    seen: Seen = {
        "gathered": told["name"],
        "found in": hit.get("foundIn"),
        "score by the design rules": hit.get("score"),
        "data services": len(services),
        "triples": len(graph),
    }
    demand(bool(hit), f"{WORDS!r} does not find the service", seen)
    demand(hit["score"] == _ALL, "it breaks a rule of the API Design Rules", seen)
    demand(len(services) == 1, "it can not be harvested", seen)
    return seen


async def find_what_breaks(landscape: Landscape) -> Seen:
    """Take a field out of what was published, and read what that does to who calls it.

    What was published is put back. Raises what `demand` raises when it is otherwise.
    """
    config, whole = landscape.settings_file(landscape.weesp), described(landscape)
    path = landscape.folder / f"{SERVICE}.json"
    try:
        path.write_bytes(msgspec.json.encode(_without_field(whole)))
        [told] = (await landschap(config, "catalogue", "gather", str(path))).answer
        feed = f"{landscape.weesp.web_address}/catalogus/{told['name']}/wijzigingen.atom"
        shown = (await Visitor().open(feed)).text
    finally:
        path.write_bytes(msgspec.json.encode(whole))
        await landschap(config, "catalogue", "gather", str(path))
    broken = [each for each in told.get("breaking") or () if _FIELD in each]
    seen: Seen = {"breaks": told.get("breaking"), "told in the feed": 'term="breaking"' in shown}
    demand(len(broken) == 1, "the field that went is not found", seen)
    demand(bool(seen["told in the feed"]), "who follows the API is not told", seen)
    return seen


def _without_field(document: dict[str, Any]) -> dict[str, Any]:
    """The same description, of which an answer holds one field less."""
    fewer: dict[str, Any] = copy.deepcopy(document)
    del fewer["components"]["schemas"]["Resultaat"]["properties"][_FIELD]
    return fewer


def described(landscape: Landscape) -> dict[str, Any]:
    """The OpenAPI document of Weesp's logical source, with what Weesp asks of who uses it."""
    own = landscape.folder / landscape.weesp.key
    declaration = read_declarations(Path(own) / "bronnen", read_models(own / "registers"))[SERVICE]
    address = landscape.weesp.inway_address
    about = About(
        version="1.0.0",
        organisation=landscape.weesp.name,
        address=address,
        email="gegevens@weesp.example",
        url="https://weesp.example/gegevens",
    )
    document: dict[str, Any] = describe(declaration, about)
    document["info"]["x-gebruik"] = {
        "toegang": "contract",
        "fsc": {"peerId": landscape.weesp.oin.value, "service": SERVICE},
        "doelen": [PURPOSE],
        "betrokkenen": ["inwoners"],
    }
    return document
