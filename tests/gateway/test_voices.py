# SPDX-License-Identifier: EUPL-1.2
"""Other engines beside ours, at a door that runs: they forbid, they fail, they permit nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.gateway.gateway_rig import Heard, Party, http_answer, start_party
from tests.gateway.gateway_scene import ACTIVITY, DOESBURG, WEESP, register
from tests.gateway.pair_rig import Pair, services_of

from landschap.gateway import store
from landschap.gateway.services import Service, read_service
from landschap.purposes.authzen import names
from landschap.purposes.authzen.voice import Voice
from landschap.purposes.replay import replay
from landschap.purposes.store import current_snapshot

HIGH = "urn:etoegang:core:assurance-class:loa4"
FILE = """
name = "uitkeringen"
upstream = "landschap"
recording = "self"
"""


@pytest.fixture
def other() -> Iterator[Party]:
    """Another decision point."""
    party = start_party()
    yield party
    party.stop()


def says(decision: bool, *obligations: dict[str, Any], **more: Any) -> bytes:
    context: dict[str, Any] = {"obligations": list(obligations), **more}
    body = json.dumps({"decision": decision, "context": context}).encode()
    return http_answer(200, body=body)


def late(_: Heard) -> bytes:
    """Yes, after the longest time a voice may be given."""
    time.sleep(0.6)
    return says(True)


async def offer(pair: Pair, **changes: Any) -> None:
    """Weesp's service, with another engine beside it."""
    first, *rest = services_of(pair.service.address)
    changed = dataclasses.replace(first, **changes)
    await store.apply_services(pair.weesp.pools.gateway, (changed, *rest), datetime.now(UTC))
    # A refusal may rest on what the decider knew before: the voice of the test before this one.
    _, epoch = await current_snapshot(pair.weesp.pools.purposes)
    await pair.weesp.keeper.newer(epoch)


def voice_of(party: Party, path: str = "/access/v1/evaluation", **changes: Any) -> Voice:
    # The longest that may be given: what a busy machine takes is not what these tests are about.
    given: dict[str, Any] = {"timeout_ms": 500, **changes}
    return Voice(address=f"http://{party.address}{path}", **given)


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


async def decision_of(pair: Pair, answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    (record,) = await pair.weesp.records(answer[1]["fsc-transaction-id"])
    found: Any = record.content()["adl"]
    body: dict[str, Any] = found["body"]
    return body


async def test_it_is_asked_who_for_what_and_for_which_fields_and_nothing_else(
    pair: Pair, other: Party
) -> None:
    other.answer_with(says(True))
    await offer(pair, voice=voice_of(other))
    answer = await pair.ask()
    assert (answer[0], answer[2]) == (200, b"data")
    (heard,) = other.heard
    assert heard.request_line == "POST /access/v1/evaluation HTTP/1.1"
    request = json.loads(heard.body)
    assert request["subject"] == {
        "type": names.PEER, "id": DOESBURG, "properties": {"loa": "none"},
    }  # fmt: skip
    assert request["resource"]["properties"]["fields"] == ["uitkering.soort"]
    told = heard.head.decode() + heard.body.decode()
    for kept in ("999993653", ACTIVITY, "_zoek", "eyJ"):
        assert kept not in told
    context = (await decision_of(pair, answer))["adl.core.response"]["context"]
    assert context["vetoes"] == [
        {"rule": "R15", "subject": "127.0.0.1", "outcome": "ok", "detail": ""}
    ]


async def test_its_no_is_recorded_and_explained_again_from_the_record(
    pair: Pair, other: Party
) -> None:
    other.answer_with(says(False, reason_admin={"code": "BUITEN_PILOT"}))
    await offer(pair, voice=voice_of(other))
    answer = await pair.ask()
    assert code_of(answer) == (403, "vetoed")
    assert not pair.service.heard
    body = await decision_of(pair, answer)
    (step,) = body["adl.core.response"]["context"]["vetoes"]
    assert (step["outcome"], step["detail"]) == ("fail", "BUITEN_PILOT")
    snapshot, _ = await current_snapshot(pair.weesp.pools.purposes)
    again = replay(
        body["adl.core.request"],
        body["adl.core.response"],
        bound=None,
        snapshot=snapshot,
        at=datetime.now(UTC),
    )
    assert again is not None
    assert again.differences == ()
    assert again.decision.steps[-1].rule == "R15"


@pytest.mark.case("A51")
async def test_an_unknown_obligation_is_a_denial_and_the_known_one_is_still_executed(
    pair: Pair, other: Party
) -> None:
    step_up = {"id": "1", "type": "step-up", "properties": {"acr_value": HIGH}}
    other.answer_with(says(True, {"id": "2", "type": "watermark", "properties": {}}, step_up))
    await offer(pair, voice=voice_of(other))
    answer = await pair.ask()
    assert code_of(answer) == (403, "obligation_unsupported")
    told = json.loads(answer[2])
    assert "watermark" in told["detail"]
    assert told["acr_value"] == HIGH
    assert not pair.service.heard
    other.answer_with(says(True, step_up))
    answer = await pair.ask()
    assert code_of(answer) == (403, "loa_too_low")
    assert json.loads(answer[2])["acr_value"] == HIGH


@pytest.mark.case("A52")
async def test_without_its_answer_in_time_nothing_is_permitted_and_its_yes_changes_no_denial(
    pair: Pair, other: Party
) -> None:
    other.answer_with(late)
    await offer(pair, voice=voice_of(other, timeout_ms=150))
    answer = await pair.ask()
    assert code_of(answer) == (503, "pdp_unavailable")
    assert not pair.service.heard
    said = (await decision_of(pair, answer))["adl.core.response"]["context"]["vetoes"]
    assert said[-1]["detail"] == "timeout"
    other.answer_with(says(True))
    before = register(WEESP)
    await pair.weesp.change_register(dataclasses.replace(before, policies=before.policies[1:]))
    # The first may be decided before the change is seen: its yes is heard, and changes nothing.
    assert code_of(await pair.ask()) == (403, "policy_none")
    count = len(other.heard)
    assert code_of(await pair.ask()) == (403, "policy_none")
    assert len(other.heard) == count
    await pair.weesp.change_register(before)
    assert (await pair.ask())[0] == 200


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http_answer(500, body=b"{}"), "status_failed"),
        (http_answer(302, {"Location": "http://127.0.0.1/"}), "status_unexpected"),
        (http_answer(200, body=b"yes"), "answer_unreadable"),
        (http_answer(200, body=b'{"decision": "true"}'), "answer_not_understood"),
        (http_answer(200, body=b'{"decision": true, "decision": true}'), "answer_unreadable"),
        (http_answer(200, body=b" " * 70_000), "answer_unreadable"),
        (
            http_answer(200, body=b'{"decision": true, "context": {"obligations": 1}}'),
            "obligations_unreadable",
        ),
    ],
)
async def test_an_answer_that_is_not_understood_is_none(
    pair: Pair, other: Party, answer: bytes, why: str
) -> None:
    other.answer_with(answer)
    await offer(pair, voice=voice_of(other))
    told = await pair.ask()
    assert code_of(told) == (503, "pdp_unavailable")
    said = (await decision_of(pair, told))["adl.core.response"]["context"]["vetoes"]
    assert said[-1]["detail"] == why


@pytest.mark.parametrize(
    ("result", "status"),
    [({"result": True}, 200), ({"result": {"allow": True}}, 200), ({}, 403), ({"result": 0}, 503)],
)
async def test_opa_is_asked_in_its_own_form_and_an_undefined_rule_is_a_no(
    pair: Pair, other: Party, result: dict[str, Any], status: int
) -> None:
    other.answer_with(http_answer(200, body=json.dumps(result).encode()))
    await offer(pair, voice=voice_of(other, "/v1/data/landschap/allow", kind="opa"))
    assert (await pair.ask())[0] == status
    assert json.loads(other.heard[-1].body)["input"]["subject"]["id"] == DOESBURG


async def test_a_service_without_a_voice_does_not_wait_for_one_that_hangs(
    pair: Pair, other: Party
) -> None:
    other.answer_with(late)
    await offer(pair, voice=voice_of(other, timeout_ms=500))
    # A busy machine may answer the plain question later than half a second: it is asked again then.
    for _ in range(10):
        heard = len(other.heard)
        hanging = [asyncio.create_task(pair.ask()) for _ in range(4)]
        async with asyncio.timeout(40):
            # All of them wait for the other engine before the plain one is asked.
            while len(other.heard) < heard + len(hanging) and not all(h.done() for h in hanging):  # noqa: ASYNC110  # the party lives in a thread
                await asyncio.sleep(0.005)
        plain = await pair.ask("/", "GET", service="pand-open")
        assert plain[0] == 200
        was_faster = not any(each.done() for each in hanging)
        assert {answer[0] for answer in await asyncio.gather(*hanging)} == {503}
        if was_faster:
            return
    pytest.fail("a question without a voice waited for those with one, ten times")


async def test_the_key_of_another_decision_point_comes_from_a_file(
    pair: Pair, other: Party
) -> None:
    other.answer_with(says(True))
    await offer(pair, voice=voice_of(other, key_file="pdp-sleutel"))
    assert code_of(await pair.ask()) == (503, "pdp_unavailable")
    (pair.weesp.settings.paths.secrets / "pdp-sleutel").write_text("geheim\n")
    assert (await pair.ask())[0] == 200
    assert other.heard[-1].headers["authorization"] == "Bearer geheim"


async def test_rules_in_cedar_forbid_by_name_at_the_door(pair: Pair) -> None:
    rules = """
    @id("alleen-soort") forbid(principal, action, resource)
    when { context.velden.contains("uitkering.norm") };
    """
    await offer(pair, cedar=rules)
    assert (await pair.ask())[0] == 200
    denied = await pair.ask("/v1/_zoek?fields=uitkering.soort,uitkering.norm")
    assert code_of(denied) == (403, "vetoed")
    assert "alleen-soort" in json.loads(denied[2])["detail"]


def test_a_voice_is_read_strictly() -> None:
    wrong = """
    [voice]
    adress = "http://pdp.example/x"
    address = "http://pdp.example/x"
    kind = "rego"
    timeout_ms = 2000
    key_file = "../sleutel"
    """
    found = read_service(FILE + wrong)
    assert isinstance(found, list)
    told = {each.key: each.message for each in found}
    assert set(told) == {
        "voice.adress", "voice.address", "voice.kind", "voice.timeout_ms", "voice.key_file",
    }  # fmt: skip
    assert "did you mean address?" in told["voice.adress"]
    assert "https" in told["voice.address"]
    right = read_service(FILE + '[voice]\naddress = "http://127.0.0.1:8181/v1/data/x"\n')
    assert isinstance(right, Service)
    assert right.voice == Voice(address="http://127.0.0.1:8181/v1/data/x")


@pytest.mark.case("A53")
def test_a_rule_with_an_unknown_attribute_is_refused_at_load_by_its_id() -> None:
    rules = """
    [veto]
    cedar = '''
    @id("nachts") forbid(principal, action, resource) when { context.nivo < 3 };
    @id("ruim") permit(principal, action, resource);
    forbid(principal, action, resource) when { context.niveau < "3" };
    '''
    """
    found = read_service(FILE + rules)
    assert isinstance(found, list)
    told = [each.message for each in found]
    assert "nachts: attribute `nivo` in context not found" in told
    assert "ruim: only forbid is allowed; policies permit" in told
    assert any(each.startswith("rule 3: has no @id") for each in told)
    assert any(each.startswith("rule 3: unexpected type") for each in told)


async def test_a_kept_connection_that_it_closed_meanwhile_is_opened_again(pair: Pair) -> None:
    body = b'{"decision": true}'
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    asked: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(reply)
        # What comes next on this connection is not answered any more.
        asked.append(len(await reader.read(1)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await offer(
        pair, voice=Voice(address=f"http://127.0.0.1:{port}/access/v1/evaluation", timeout_ms=500)
    )
    assert [(await pair.ask())[0] for _ in range(2)] == [200, 200]
    assert asked == [1], "the second question began on the connection that was kept"
    server.close()
