# SPDX-License-Identifier: EUPL-1.2
"""A question of Zutphen that Doesburg answers with Weesp's help, with everything real between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
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
from tests.gateway.pair_rig import Side
from tests.throwaway import Cluster

from landschap.cli import purpose_commands
from landschap.cli.explain import explain
from landschap.cli.log_copy import write_copy
from landschap.cli.verify import verify
from landschap.cli.verify_chain import compare
from landschap.gateway.tracing.chains import chain_words
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.opening import Surroundings, client_session, open_doors
from landschap.integration.declaration import parse_declaration
from landschap.integration.merge import merge
from landschap.integration.model import Declaration
from landschap.integration.plan import make_plan
from landschap.integration.rows import Behalf, Moment
from landschap.logboek.records import Kind
from landschap.platform.ids import new_trace_id
from landschap.platform.trouble import Trouble
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
    outway: {{contract: {contract}}}
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
@pytest.mark.parametrize("named", ["service", "peer/service", "grant hash"])
async def test_a_logical_source_with_a_part_of_another_organisation_answers_in_one_chain(
    chain: Chain, tmp_path: Path, named: str
) -> None:
    own = start_party()
    own.answer_with(http_answer(200, body=b'{"nummer": "u-1", "woonplaats": "Doesburg"}'))
    chain.service.answer_with(http_answer(200, body=b'{"nummer": "u-1", "soort": "bijstand"}'))
    (tmp_path / "outway.key").write_text(chain.keys["doesburg"])
    contract = {
        "service": "uitkeringen",
        "peer/service": f"{WEESP}/uitkeringen",
        "grant hash": chain.grants["uitkeringen"],
    }[named]
    text_of = SOURCE.format(
        own=own.address, outway=chain.outways["doesburg"].port, contract=contract
    )
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


async def command(side: Side, which: click.Command, *arguments: str) -> Result:
    """A command of one of them, in a thread: it has its own loop."""
    dsn = side.settings.postgres.dsn
    return await asyncio.to_thread(
        CliRunner().invoke,
        which,
        [*arguments, "--config", str(side.settings.path)],
        env={"LANDSCHAP__POSTGRES__DSN": dsn},
        catch_exceptions=False,
    )


@pytest.mark.case("S-36")
async def test_the_chain_is_verified_afterwards_in_the_logs_of_all_three(
    chain: Chain, tmp_path: Path
) -> None:
    """C's log holds B's declaration with the purpose at the origin and the hash of A's; B can not
    widen it; and the three logs show that all said what was so.
    """
    asked = trace()
    await chain.ask(asked)
    chain.headers["Doelbinding"] = WIDER
    assert (await chain.ask(trace()))[0] == 403
    assert chain.told.pop()[1]["code"] == "chain_purpose"
    copies = {}
    for name, oin in (("zutphen", ZUTPHEN), ("doesburg", DOESBURG)):
        side: Side = getattr(chain, name)
        copies[oin] = tmp_path / f"{name}.jsonl"
        await write_copy(side.log_pool, oin, copies[oin], lambda _: None)
    records = await chain.records("weesp", asked)
    (received,) = await chain.adl("weesp", asked)
    claims, _ = claims_in(received["adl.core.request"])
    assert claims.follows is not None
    assert claims.follows.origin == ASSISTANCE
    alone = await compare(WEESP, records, (), None)
    assert not alone.whole
    assert {each.whom for each in alone.findings} == {DOESBURG, ZUTPHEN}
    whole = await compare(WEESP, records, tuple(copies.values()), None)
    assert (whole.whole, whole.harmed) == (True, False)
    (origin,) = await chain.adl("zutphen", asked)
    _, first_text = claims_in(origin["adl.core.request"])
    assert claims.follows.digest == digest_of(first_text)
    words = "\n".join(chain_words(whole.declared, {ZUTPHEN: "Gemeente Zutphen"}))
    assert f"0  Gemeente Zutphen ({ZUTPHEN}) asked {DOESBURG}: {ASSISTANCE}" in words
    assert f"1  {DOESBURG} asked {WEESP}: {ASSISTANCE}" in words
    assert PERSON not in words
    told = await command(chain.weesp, explain, asked)
    assert told.exit_code == 0
    assert "purpose at the origin " + ASSISTANCE in told.stdout
    assert "explained only" not in told.stdout
    only = trace()
    chain.told.clear()
    await chain.ask(only, Prefer="explain=provider")
    said = await command(chain.doesburg, explain, only)
    assert "explained only; nothing was carried out" in said.stdout
    assert not chain.told, "the application in the middle was not asked"
    partly = await command(chain.weesp, verify, "--chain", asked)
    assert (partly.exit_code, f"ask {DOESBURG}: whether it made this" in partly.stdout) == (6, True)
    beside = [part for copy in copies.values() for part in ("--beside", str(copy))]
    done = await command(chain.weesp, verify, "--chain", asked, *beside, "--json")
    assert done.exit_code == 0, done.output
    assert {each["word"] for each in json.loads(done.stdout)["findings"]} == {"confirmed", "held"}
    # Another hand's copy under the name of Zutphen holds nothing of what was declared.
    false = tmp_path / "false.jsonl"
    await write_copy(chain.weesp.log_pool, ZUTPHEN, false, lambda _: None)
    assert (await compare(WEESP, records, (false,), None)).harmed
    changed = copies[DOESBURG].read_bytes()
    copies[DOESBURG].write_bytes(changed.replace(b"raadplegen", b"raadpleget", 1))
    with pytest.raises(Trouble, match="not intact"):
        await compare(WEESP, records, (copies[DOESBURG],), None)


async def test_a_compatible_purpose_that_may_not_go_onward_is_refused_at_the_outway(
    chain: Chain,
) -> None:
    for side, oin in ((chain.doesburg, DOESBURG), (chain.weesp, WEESP)):
        await side.change_register(register_of(oin, compatibilities=(COMPATIBLE,)))
    chain.headers["Doelbinding"] = PARKING
    assert (await chain.ask(trace()))[0] == 403
    assert chain.told.pop()[1]["code"] == "chain_purpose"


@pytest.mark.case("A55")
async def test_decisions_along_the_chain_come_out_the_same_when_taken_again(chain: Chain) -> None:
    """All of this file, at all three; also what was refused because of the chain."""
    await chain.ask(trace())
    chain.headers["Doelbinding"] = WIDER
    await chain.ask(trace())
    for name in ("zutphen", "doesburg", "weesp"):
        side: Side = getattr(chain, name)
        done = await command(
            side, purpose_commands.purpose, "replay", "--from", "2026-01-01", "--json"
        )
        told = json.loads(done.stdout)
        assert (told["differs"], told["impossible"]) == (0, 0), (name, told)
        assert told["identical"] >= 1, (name, told)
