# SPDX-License-Identifier: EUPL-1.2
"""Who says yes: a rule, our validator, or a person; and contracts that rest on one outside FSC."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Manager,
    ask,
    asking,
    free_socket,
    publishing,
    sign_here,
    stored,
    submit,
    until,
)

from landschap.fsc import jws, store
from landschap.fsc.autosign import AutoSign, Way, callout_types, grant_types, may_sign, way_of
from landschap.fsc.client.callout import MAX_ANSWER_BYTES, Verdict, ask_validator
from landschap.fsc.client.deciding import Decider, decide_waiting, keep_deciding
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.platform.fsc_settings import CalloutSettings, FscSettings, SignSettings
from landschap.vocabulary.identifiers import PeerId

CONNECTION = "delegation.connection.external_contract_reference"
PUBLICATION = "delegation.publication.external_contract_reference"
OUTSIDE = {
    "reference": "https://archief.example/2026/17",
    "delegator_id": "00000099000000005000",
    "delegator_name": "Stichting Zonder Manager",
}
THUMB = "a" * 64


def policy(own: str = rig.WEESP, *, directory: bool = False, **ways: Any) -> AutoSign:
    return AutoSign(
        own=PeerId(own),
        grant_types=grant_types((), is_directory=directory, ways=ways),
        offered=frozenset({"bijstand"}),
        callout=callout_types(ways),
    )


ASKED = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB)
FOR = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE)
RESTS = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, properties={CONNECTION: OUTSIDE})
OURS = rig.connection_grant(rig.WEESP, rig.DOESBURG, THUMB)


@pytest.mark.parametrize(
    ("grants", "ways", "way"),
    [
        ([ASKED], {}, Way.MANUAL),
        ([ASKED], {"serviceConnection": "auto"}, Way.AUTO),
        ([ASKED], {"serviceConnection": "callout"}, Way.CALLOUT),
        ([FOR], {"serviceConnection": "auto"}, Way.MANUAL),
        ([FOR], {"delegatedServiceConnection": "callout"}, Way.CALLOUT),
        ([ASKED, FOR], {"serviceConnection": "auto"}, Way.MANUAL),
        (
            [ASKED, FOR],
            {"serviceConnection": "auto", "delegatedServiceConnection": "callout"},
            Way.CALLOUT,
        ),
        ([ASKED, OURS], {"serviceConnection": "auto"}, Way.MANUAL),
        ([ASKED, OURS], {"serviceConnection": "callout"}, Way.MANUAL),
        ([RESTS], {"serviceConnection": "auto"}, Way.MANUAL),
        ([RESTS], {"serviceConnection": "callout"}, Way.CALLOUT),
        ([ASKED, RESTS], {"serviceConnection": "auto"}, Way.MANUAL),
    ],
)
def test_the_most_careful_way_of_any_grant_is_that_of_the_contract(
    grants: list[Any], ways: dict[str, Any], way: Way
) -> None:
    contract = rig.contract(rig.content(*grants))
    assert way_of(contract, policy(**ways)) is way
    assert may_sign(contract, policy(**ways)) is (way is Way.AUTO)


def test_a_directory_signs_publications_unless_it_is_told_otherwise() -> None:
    plain = rig.contract(publishing())
    outside = rig.contract(publishing(properties={PUBLICATION: OUTSIDE}))

    def told(**ways: str) -> AutoSign:
        return policy(rig.DIRECTORY, directory=True, **ways)

    assert way_of(plain, told()) is Way.AUTO
    assert way_of(plain, told(servicePublication="manual")) is Way.MANUAL
    assert way_of(plain, told(servicePublication="callout")) is Way.CALLOUT
    assert way_of(plain, told(serviceConnection="manual")) is Way.AUTO
    assert way_of(outside, told()) is Way.MANUAL
    assert way_of(outside, told(servicePublication="callout")) is Way.CALLOUT
    assert grant_types(("serviceConnection",), is_directory=False, ways={}) == (
        grant_types((), is_directory=False, ways={"serviceConnection": "auto"})
    )


# Contracts that rest on one outside FSC. Source: FSC External Contract Reference.


@pytest.mark.parametrize(
    "grant",
    [
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, THUMB, properties={CONNECTION: OUTSIDE | {"x": 1}}
        ),
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, THUMB, properties={CONNECTION: {"reference": "x"}}
        ),
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, THUMB, properties={CONNECTION: OUTSIDE | {"reference": 1}}
        ),
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, THUMB,
            properties={CONNECTION: OUTSIDE | {"delegator_name": 'a"b'}},
        ),
        rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, properties={CONNECTION: "x"}),
        rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, properties={PUBLICATION: OUTSIDE}),
        rig.connection_grant(
            rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE,
            properties={CONNECTION: OUTSIDE},
        ),
    ],
)  # fmt: skip
async def test_a_reference_that_is_malformed_or_misplaced_is_refused(
    weesp: Manager, doesburg: OwnPeer, grant: Any
) -> None:
    answer = await submit(weesp, doesburg, rig.content(grant), signature="a.b.c")
    assert (answer.status, answer.code) == (422, "ERROR_CODE_CONTRACT_INVALID")
    assert "external" in answer.json["message"]


async def test_a_directory_leaves_it_to_a_person_and_then_tells_it_in_its_listing(
    gids: Manager, doesburg: OwnPeer
) -> None:
    tree = publishing(service="buiten-fsc", properties={PUBLICATION: OUTSIDE})
    assert (await submit(gids, doesburg, tree)).status == 201
    assert (await stored(gids, tree)).state(datetime.now(UTC)) is State.PROPOSED
    await sign_here(gids, tree)
    listed = await ask(gids, doesburg, "GET", "/v1/services?service_name=buiten-fsc")
    (service,) = listed.json["services"]
    assert service["data"]["properties"] == {PUBLICATION: OUTSIDE}
    (decision,) = await store.decisions(gids.pool, rig.contract(tree).hash)
    assert (decision.way, decision.outcome) == (Way.MANUAL, "accept")


async def test_the_token_carries_the_reference(weesp: Manager, doesburg: OwnPeer) -> None:
    tree = asking(doesburg, properties={CONNECTION: OUTSIDE})
    assert (await submit(weesp, doesburg, tree)).status == 201
    await sign_here(weesp, tree)
    form = {
        "grant_type": "client_credentials",
        "scope": rig.contract(tree).grants[0].hash.value,
        "client_id": rig.DOESBURG,
    }
    answer = await ask(weesp, doesburg, "POST", "/v1/token", form=form)
    assert jws.parse(answer.json["access_token"]).payload["prp"] == {CONNECTION: OUTSIDE}


async def test_what_a_rule_accepts_is_kept_as_such(gids: Manager, doesburg: OwnPeer) -> None:
    tree = publishing(service="vanzelf")
    assert (await submit(gids, doesburg, tree)).status == 201
    (decision,) = await store.decisions(gids.pool, rig.contract(tree).hash)
    assert (decision.way, decision.outcome, decision.decided_by) == (Way.AUTO, "accept", "fsc.sign")


# The validator.


def program(folder: Path, body: str) -> CalloutSettings:
    """A real program of an operator; the first line of ``body`` sees the question on stdin."""
    path = folder / "keur"
    path.write_text(f"#!/usr/bin/env python3\nimport json, sys, time\n{body}\n")
    path.chmod(0o755)
    return CalloutSettings(program=path, seconds=3)


@pytest.mark.parametrize("outcome", ["accept", "reject", "manual"])
async def test_a_program_is_asked_and_its_words_count(tmp_path: Path, outcome: str) -> None:
    asked = program(
        tmp_path,
        "told = json.load(sys.stdin)\n"
        f"print(json.dumps({{'decision': {outcome!r}, 'reason': 'om ' + told['why']}}))",
    )
    verdict = await ask_validator(asked, json.dumps({"why": "dit\x1b"}).encode())
    assert verdict == Verdict(outcome=outcome, reason="om dit ")  # type: ignore[arg-type]  # a parameter


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('ja')", "can not be read"),
        ("print('{}')", "can not be read"),
        ('print(\'{"decision": "yes"}\')', "can not be read"),
        ('print(\'{"decision": "accept", "more": 1}\')', "can not be read"),
        ("", "can not be read"),
        ('print(\'{"decision": "accept"}\'); sys.exit(3)', "status 3"),
        (f"sys.stdout.write(' ' * {3 * MAX_ANSWER_BYTES})", "more than"),
        ("import os; os.kill(os.getpid(), 9)", "status -9"),
    ],
)
async def test_a_program_that_gives_no_clear_answer_leaves_it_to_a_person(
    tmp_path: Path, body: str, why: str
) -> None:
    verdict = await ask_validator(program(tmp_path, body), b"{}" * 200_000)
    assert verdict.outcome == "manual"
    assert why in verdict.reason


async def test_a_program_that_is_too_slow_is_stopped(tmp_path: Path) -> None:
    asked = replace(program(tmp_path, "time.sleep(30)"), seconds=1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    verdict = await ask_validator(asked, b"{}")
    assert loop.time() - began < 10
    assert verdict.outcome == "manual"
    assert "1 seconds" in verdict.reason


async def test_a_program_that_is_not_there_leaves_it_to_a_person(tmp_path: Path) -> None:
    verdict = await ask_validator(CalloutSettings(program=tmp_path / "weg"), b"{}")
    assert verdict.outcome == "manual"
    assert "could not be asked" in verdict.reason


@asynccontextmanager
async def validating(folder: Path, answer: Any) -> AsyncIterator[CalloutSettings]:
    """An HTTPS address of an operator's own authority."""
    authority = rig.Authority(name="Eigen anker")
    certificate, key = authority.issue("keuring", hosts=["localhost"])
    (folder / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "k.pem").write_bytes(rig.pem_key(key))
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")
    app = web.Application()
    app.router.add_post("/keur", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = free_socket()
    await web.SockSite(runner, listener, ssl_context=context).start()
    try:
        port = listener.getsockname()[1]
        yield CalloutSettings(
            address=f"https://localhost:{port}/keur", authority=folder / "ca.pem", seconds=3
        )
    finally:
        await runner.cleanup()


async def test_an_address_is_asked_over_tls(tmp_path: Path) -> None:
    heard: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response({"decision": "accept", "reason": "akkoord"})

    async with validating(tmp_path, answer) as settings:
        verdict = await ask_validator(settings, b'{"contentHash": "x"}')
        assert verdict == Verdict(outcome="accept", reason="akkoord")
        unknown = await ask_validator(replace(settings, authority=None), b"{}")
    assert heard == [{"contentHash": "x"}]
    assert unknown.outcome == "manual"


@pytest.mark.parametrize(
    ("status", "headers"), [(500, {}), (204, {}), (302, {"Location": "https://elders.example"})]
)
async def test_an_address_that_answers_otherwise_leaves_it_to_a_person(
    tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, text='{"decision": "accept"}')

    async with validating(tmp_path, answer) as settings:
        verdict = await ask_validator(settings, b"{}")
    assert verdict.outcome == "manual"
    assert str(status) in verdict.reason


# The validator and the contracts that wait for it.


@pytest.fixture
def question_file(tmp_path: Path) -> Path:
    return tmp_path / "vragen.jsonl"


def decider(weesp: Manager, callout: CalloutSettings, **ways: str) -> Decider:
    told = {"service_connection": "callout"} | ways
    fsc = FscSettings(sign=SignSettings(**told), callout=callout)
    settings = replace(weesp.settings, fsc=fsc)
    return Decider(settings=settings, pool=weesp.pool, own=lambda: weesp.own, offered=weesp.offers)


def noting(folder: Path, file: Path, outcome: str) -> CalloutSettings:
    """A program that keeps what it was asked, and says the same each time."""
    return program(
        folder,
        f"open({str(file)!r}, 'a').write(json.dumps(json.load(sys.stdin)) + '\\n')\n"
        f"print(json.dumps({{'decision': {outcome!r}, 'reason': 'archief 17'}}))",
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("accept", State.VALID), ("reject", State.REJECTED), ("manual", State.PROPOSED)],
)
async def test_a_contract_is_put_to_the_validator_once_and_its_word_is_carried_out(
    weesp: Manager, doesburg: OwnPeer, tmp_path: Path, question_file: Path, outcome: str,
    state: State,
) -> None:  # fmt: skip
    tree = asking(doesburg, properties={CONNECTION: OUTSIDE})
    assert (await submit(weesp, doesburg, tree)).status == 201
    callout = noting(tmp_path, question_file, outcome)
    made = decider(weesp, callout)
    for _ in range(3):
        await decide_waiting(made, callout)
    found = await stored(weesp, tree)
    assert found.state(datetime.now(UTC)) is state
    (decision,) = await store.decisions(weesp.pool, found.contract.hash)
    assert (decision.way, decision.outcome, decision.reason, decision.decided_by) == (
        Way.CALLOUT, outcome, "archief 17", "validator",
    )  # fmt: skip
    asked = [json.loads(line) for line in question_file.read_text().splitlines()]
    (mine,) = [each for each in asked if each["contentHash"] == found.contract.hash.value]
    assert mine["content"] == tree
    assert mine["sentences"]["nl"].startswith("Gemeente Doesburg mag dienst bijstand")
    assert OUTSIDE["reference"] in mine["mustCheck"]["nl"][0]
    assert mine["acceptedBy"] == [rig.DOESBURG]
    deliveries = await store.deliveries(weesp.pool, found.contract.hash)
    assert [each.errand.task for each in deliveries] == ([] if outcome == "manual" else [outcome])


async def test_what_is_not_for_the_validator_is_left_to_a_person_and_not_asked(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer, tmp_path: Path, question_file: Path
) -> None:
    tree = asking(doesburg, delegator=rig.PROVINCE, properties=rig.agreement("connection"))
    assert (await submit(weesp, doesburg, tree)).status == 201
    callout = noting(tmp_path, question_file, "accept")
    await decide_waiting(decider(weesp, callout), callout)
    found = await stored(weesp, tree)
    assert found.signature_of(PeerId(rig.WEESP), Kind.ACCEPT) is None
    (decision,) = await store.decisions(weesp.pool, found.contract.hash)
    assert decision.outcome == "manual"
    assert not question_file.exists() or found.contract.hash.value not in question_file.read_text()


async def test_a_person_may_still_accept_what_the_validator_left(
    weesp: Manager, doesburg: OwnPeer, tmp_path: Path
) -> None:
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    callout = program(tmp_path, "sys.exit(1)")
    await decide_waiting(decider(weesp, callout), callout)
    await sign_here(weesp, tree)
    found = await stored(weesp, tree)
    assert found.state(datetime.now(UTC)) is State.VALID
    kept = await store.decisions(weesp.pool, found.contract.hash)
    assert [(each.way, each.outcome) for each in kept] == [
        (Way.CALLOUT, "manual"), (Way.MANUAL, "accept"),
    ]  # fmt: skip


async def test_the_loop_decides_by_itself_and_stops_when_told(
    weesp: Manager, doesburg: OwnPeer, tmp_path: Path, question_file: Path
) -> None:
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    stop = asyncio.Event()
    made = decider(weesp, noting(tmp_path, question_file, "accept"))
    task = asyncio.create_task(keep_deciding(made, stop))

    async def valid() -> bool:
        return (await stored(weesp, tree)).state(datetime.now(UTC)) is State.VALID

    await until(valid)
    stop.set()
    await asyncio.wait_for(task, 5)
    none = replace(made.settings, fsc=replace(made.settings.fsc, callout=None))
    await keep_deciding(replace(made, settings=none), asyncio.Event())
