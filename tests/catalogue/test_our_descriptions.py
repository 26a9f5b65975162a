# SPDX-License-Identifier: EUPL-1.2
"""The descriptions that the program makes itself keep every rule; so do those of the peers' APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from tests.registers.rig import ROOT, WEESP

from landschap.catalogue.client import structures
from landschap.catalogue.describing_api import document_of as catalogue_document
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.integration.connectors.opening import read_declarations
from landschap.integration.description import describe
from landschap.logboek.describing import document as log_document
from landschap.portal.describing import document_of as portal_document
from landschap.purposes.authzen import description as decisions
from landschap.registers.client.models import read_models, ready_models
from landschap.registers.describing import About, document_of
from landschap.registers.describing_3_0 import as_3_0
from landschap.registers.describing_bulk import bulk_document_of, reading_document_of
from landschap.registers.describing_inbox import inbox_document_of
from landschap.registers.describing_ogc import ogc_document_of
from landschap.registers.describing_writes import writing_document_of
from landschap.registers.models import Register
from landschap.registers.open.describing import open_document
from landschap.registers.open.describing_processing import processing_document
from landschap.registers.open.view import open_view
from landschap.vocabulary.ijson import JsonValue

ABOUT = About(
    version="1.2.3", organisation="Gemeente Proefdorp", address="https://api.proefdorp.example",
    email="registers@proefdorp.example", url="https://proefdorp.example/contact",
)  # fmt: skip
OPENAPI = ROOT.parent / "shared" / "data" / "openapi"


def registers() -> dict[str, Register]:
    demo = read_models(WEESP / "registers").by_name
    return {**{f"ready {name}": each for name, each in ready_models().items()}, **demo}


def others(register: Register) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    """What has the same parts for every register, so that one of each kind tells enough."""
    if register.name in ("bag", "brp"):
        yield "reading and delivering", reading_document_of(register, ABOUT)
        yield "bulk", bulk_document_of(register, ABOUT, f"{register.name}-bulk")
        yield "OGC", ogc_document_of(register, ABOUT)


def documents() -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    for name, register in registers().items():
        reading = document_of(register, ABOUT)
        service = f"{register.name}-bijhouden"
        writing = writing_document_of(register, ABOUT, service)
        for words, document in (("reading", reading), ("writing", writing), *others(register)):
            yield f"{name} {words} 3.1", document
            yield f"{name} {words} 3.0", as_3_0(document)
    for name, view in open_view(read_models(WEESP / "registers")).by_name.items():
        yield f"{name} open 3.1", open_document(view, ABOUT)
    yield "inbox", inbox_document_of(ABOUT, "meldingen")
    yield "processing", processing_document(ABOUT)
    reached = {"email": ABOUT.email, "url": ABOUT.url}
    yield "decisions", decisions.document_of(f"{ABOUT.address}/v1", ABOUT.organisation, **reached)
    yield "catalogue", catalogue_document(ABOUT.address, ABOUT.organisation, **reached)
    yield "portal 3.1", portal_document(ABOUT)
    yield "portal 3.0", as_3_0(portal_document(ABOUT))
    yield "log", log_document(ABOUT.address, ABOUT.organisation, **reached)
    for name, declaration in read_declarations(WEESP / "bronnen").items():
        yield f"source {name}", describe(declaration, ABOUT)


@pytest.mark.case("api-17")
@pytest.mark.long
@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.OFFICIAL])
def test_what_registers_tell_of_themselves_keeps_every_rule(mode: Mode) -> None:
    told = {}
    for name, document in documents():
        found = check(read_document(json.dumps(document).encode()), mode, structures())
        told[name] = [(each.code, "/".join(each.path), each.message) for each in found]
    assert len(told) >= 16
    assert {name: found for name, found in told.items() if found} == {}


@pytest.mark.long
def test_descriptions_of_others_are_read_and_checked() -> None:
    if not OPENAPI.is_dir():
        pytest.skip("the public descriptions are not here")
    files = sorted(OPENAPI.glob("*.yaml"))
    assert len(files) > 20
    for path in files:
        document = read_document(path.read_bytes())
        for mode in Mode:
            for found in check(document, mode, structures()):
                assert document.line_of(found.path) == found.line > 0
