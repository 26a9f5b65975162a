# SPDX-License-Identifier: EUPL-1.2
"""A question of Zutphen that Doesburg answers with Weesp's help, with everything real between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.chain_rig import (
    NARROWER,
    PERSON,
    WIDER,
    ZUTPHEN,
    Chain,
    register_of,
    running_chain,
)
from tests.gateway.gateway_rig import Anchor, Heard, http_answer, start_party
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, PARKING, SINCE, WEESP, text
from tests.throwaway import Cluster

from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.opening import Surroundings, client_session, open_doors
from landschap.integration.declaration import parse_declaration
from landschap.integration.merge import merge
from landschap.integration.model import Declaration
from landschap.integration.plan import make_plan
from landschap.integration.rows import Behalf, Moment
from landschap.logboek.records import Kind
from landschap.platform.ids import new_trace_id
from landschap.purposes.chain import digest_of
from landschap.purposes.declaration import Claims, Unverified, read
from landschap.purposes.model import Compatibility
from landschap.vocabulary.tracing import parse_traceparent

COMPATIBLE = Compatibility(
    id="bijstand-naar-parkeren",
    version=1,
    origin=ASSISTANCE,
    target=PARKING,
    test="zaak 2026-0412",
    author="A. de Vries",
    approver="B. Jansen",
    valid=SINCE,
    explanation=text("sociaal tarief"),
)


@pytest.fixture(scope="module")
async def whole_chain(
    cluster: Cluster, gateway_folder: Path, group_anchor: Anchor
) -> AsyncIterator[Chain]:
    async with running_chain(cluster, gateway_folder / "keten", group_anchor) as chain:
        yield chain


@pytest.fixture
def chain(whole_chain: Chain) -> Chain:
    """All three, with empty notebooks and an application that keeps to the rules."""
    whole_chain.headers.clear()
    whole_chain.told.clear()
    whole_chain.service.heard.clear()
    whole_chain.service.answer_with(http_answer(200, body=b'{"uitkering": {"soort": "bijstand"}}'))
    return whole_chain


def trace() -> str:
    return new_trace_id().hex()


def claims_in(request: Any) -> tuple[Claims, str]:
    compact = request["context"]["declaration"]
    unverified = read(compact)
    assert isinstance(unverified, Unverified)
    return unverified.claims, compact


@pytest.mark.case("A43")
async def test_one_question_is_answered_along_the_chain_with_one_trace_in_three_logs(
    chain: Chain,
) -> None:
    asked = trace()
    status, _, body = await chain.ask(asked)
    assert (status, body) == (200, b'{"uitkering": {"soort": "bijstand"}}')
    counted = {}
    for name in ("zutphen", "doesburg", "weesp"):
        records = await chain.records(name, asked)
        counted[name] = [Kind(each.columns.kind) for each in records]
        assert {each.columns.trace_id.hex() for each in records} == {asked}
    assert counted == {
        "zutphen": [Kind.FSC],
        "doesburg": [Kind.FSC, Kind.FSC],
        "weesp": [Kind.FSC],
    }
    (sent,) = await chain.adl("zutphen", asked)
    (received,) = await chain.adl("weesp", asked)
    first, first_text = claims_in(sent["adl.core.request"])
    last, _ = claims_in(received["adl.core.request"])
    assert (first.issuer, first.audience, first.follows) == (ZUTPHEN, DOESBURG, None)
    assert (last.issuer, last.audience) == (DOESBURG, WEESP)
    assert last.follows is not None
    assert (last.follows.depth, last.follows.origin) == (1, ASSISTANCE)
    assert (last.follows.issuer, last.follows.jti) == (ZUTPHEN, first.jti)
    assert last.follows.digest == digest_of(first_text)


SOURCE = """\
logische_bron: inkomen
versie: 1.0.0
sleutel: nummer
bronnen:
  bewoning:
    soort: rest
    url: http://{own}/bewoning/{{nummer}}
    sleutels: [nummer]
    tijd: geen
    bronhouder: Doesburg
  uitkering:
    soort: rest
    url: http://127.0.0.1:{outway}/v1/uitkeringen/{{nummer}}
    sleutels: [nummer]
    tijd: geen
    geheim: {{kop: X-Api-Key, bestand: outway.key}}
    outway: {{contract: uitkeringen}}
    bronhouder: Weesp
wortel: {{bron: bewoning, op: nummer}}
koppelingen:
  - {{naam: uitkering, van: bewoning.nummer, naar: uitkering.nummer, aantal: een}}
velden:
  woonplaats: {{uit: [bewoning.woonplaats]}}
  uitkering.soort: {{uit: [uitkering.soort]}}
"""


async def _merged(declaration: Declaration, secrets: Path, heard: Heard) -> bytes:
    """What a logical source makes of a question, of its own source and the one of Weesp."""
    now = datetime.now(UTC)
    moment = Moment(valid_on=now.date(), known_at=now, today=True, now=True)
    trace = parse_traceparent(heard.headers["traceparent"], "")
    behalf = Behalf(permit=heard.headers["permit"], purpose=ASSISTANCE)
    occasion = Occasion(moment=moment, trace=trace, behalf=behalf)
    async with client_session({}) as session:
        doors = open_doors(declaration, Surroundings(session=session, secrets=secrets))
        plan = make_plan(declaration, frozenset(declaration.fields))
        merged = merge(plan, await collect(plan, "u-1", occasion, doors))
    assert not merged.gaps
    (record,) = merged.records
    return json.dumps(record).encode()


@pytest.mark.case("S-02")
async def test_a_logical_source_with_a_part_of_another_organisation_answers_in_one_chain(
    chain: Chain, tmp_path: Path
) -> None:
    own = start_party()
    own.answer_with(http_answer(200, body=b'{"nummer": "u-1", "woonplaats": "Doesburg"}'))
    chain.service.answer_with(http_answer(200, body=b'{"nummer": "u-1", "soort": "bijstand"}'))
    (tmp_path / "outway.key").write_text(chain.keys["doesburg"])
    text_of = SOURCE.format(own=own.address, outway=chain.outways["doesburg"].port)
    declaration = parse_declaration(text_of, "inkomen.yaml")
    chain.middle.answer_with(
        lambda heard: http_answer(200, body=asyncio.run(_merged(declaration, tmp_path, heard)))
    )
    asked = trace()
    try:
        status, _, body = await chain.ask(asked)
    finally:
        chain.middle.answer_with(chain.ask_on)
        own.stop()
    assert (status, json.loads(body)) == (
        200,
        {"uitkering": {"soort": "bijstand"}, "woonplaats": "Doesburg"},
    )
    for name in ("zutphen", "doesburg", "weesp"):
        records = await chain.records(name, asked)
        assert {each.columns.trace_id.hex() for each in records} == {asked}
    (received,) = await chain.adl("weesp", asked)
    claims, _ = claims_in(received["adl.core.request"])
    assert claims.follows is not None
    assert claims.follows.issuer == ZUTPHEN
    # What goes to our own source is no more than it was: the Permit goes to the Outway alone.
    assert "permit" not in own.heard[0].headers
    assert "doelbinding" not in own.heard[0].headers


async def test_the_records_of_the_middle_refer_to_each_other_and_the_end_knows_no_person(
    chain: Chain,
) -> None:
    asked = trace()
    await chain.ask(asked)
    came, went = await chain.records("doesburg", asked)
    own = (await chain.adl("doesburg", asked))[1]["adl.core.request"]["context"]["follows"]
    assert own["transaction_id"] == str(came.columns.transaction_id)
    assert went.columns.transaction_id != came.columns.transaction_id
    (told,) = await chain.adl("weesp", asked)
    assert told["adl.core.request"]["subject"]["id"] == DOESBURG
    whole = str([each.content() for each in await chain.records("weesp", asked)])
    for kept in (PERSON, str(came.columns.transaction_id), "zaaksysteem"):
        assert kept not in whole
    (heard,) = chain.service.heard
    assert heard.headers["traceparent"].split("-")[1] == asked
    assert "x-api-key" not in heard.headers


@pytest.mark.case("A44")
async def test_the_middle_can_not_widen_and_may_not_go_to_another_purpose(chain: Chain) -> None:
    """Its contract with Weesp and both registers permit these purposes; the chain does not."""
    for purpose in (WIDER, PARKING):
        chain.headers["Doelbinding"] = purpose
        asked = trace()
        status, _, _ = await chain.ask(asked)
        assert status == 403
        assert chain.told.pop()[1]["code"] == "chain_purpose"
        assert not chain.service.heard
        assert await chain.records("weesp", asked) == []
        refused = (await chain.adl("doesburg", asked))[1]
        assert refused["adl.core.response"]["context"]["code"] == "chain_purpose"
        # Without the Permit it is a question of Doesburg's own, and nothing stands in its way.
        chain.headers["Permit"] = ""
        assert (await chain.ask(trace()))[0] == 200
        chain.headers.pop("Permit")
        chain.service.heard.clear()
    chain.headers["Doelbinding"] = NARROWER
    asked = trace()
    assert (await chain.ask(asked))[0] == 200
    (received,) = await chain.adl("weesp", asked)
    claims, _ = claims_in(received["adl.core.request"])
    assert claims.follows is not None
    assert (claims.purpose, claims.follows.origin) == (NARROWER, ASSISTANCE)


async def test_a_compatible_purpose_that_may_not_go_onward_is_refused_at_the_outway(
    chain: Chain,
) -> None:
    for side, oin in ((chain.doesburg, DOESBURG), (chain.weesp, WEESP)):
        await side.change_register(register_of(oin, compatibilities=(COMPATIBLE,)))
    chain.headers["Doelbinding"] = PARKING
    assert (await chain.ask(trace()))[0] == 403
    assert chain.told.pop()[1]["code"] == "chain_purpose"
