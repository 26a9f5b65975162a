# SPDX-License-Identifier: EUPL-1.2
"""The decision point as a gateway meets it: an application on a real register and a real log."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.gateway_rig import (
    Anchor,
    Caller,
    Leaf,
    Party,
    http_answer,
    start_party,
)
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    DOESBURG,
    LEVEL,
    PARKING,
    WEESP,
    escaped,
    register,
)
from tests.gateway.own_door_rig import OwnListener, own_listener
from tests.throwaway import Database
from tests.typing_commands import typed

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check as check_document
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.fsc.certificates import peer_certificate
from landschap.gateway import store
from landschap.gateway.api.decision_point import PointDeps, point_app
from landschap.gateway.api.voices import Voices
from landschap.gateway.plan import DecisionsDoor
from landschap.gateway.services import Service
from landschap.gateway.store.points import PointWorlds
from landschap.logboek.store import LogWriter, by_trace
from landschap.platform.ids import new_trace_id
from landschap.purposes.authzen import names
from landschap.purposes.authzen.voice import Voice
from landschap.purposes.replay import question_of
from landschap.purposes.store import Signers, current_snapshot, save_register

BASE = "https://beslispunt.weesp.example"
SPAN = "b7ad6b7169203331"
HEADERS = {"Content-Type": "application/json"}
SIGNERS = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
SERVICES = (Service(name="uitkeringen", upstream="http://127.0.0.1:9", permit=True),)


def question(**changes: Any) -> dict[str, Any]:
    """Doesburg asks two fields for assistance; a name with a dash changes a part inside."""
    made: dict[str, Any] = {
        "subject": {"type": names.PEER, "id": DOESBURG, "properties": {"loa": LEVEL}},
        "action": {"name": names.action_uri("raadplegen")},
        "resource": {
            "type": names.SERVICE,
            "id": "uitkeringen",
            "properties": {"fields": ["uitkering.soort", "uitkering.norm"]},
        },
        "context": {"doelbinding": ASSISTANCE},
    }
    return made | changes


def of(organisation: str) -> dict[str, Any]:
    return {"subject": {"type": names.PEER, "id": organisation}}


@dataclass
class Point:
    """The decision point, and what its log holds."""

    client: httpx.AsyncClient
    database: Database
    log: LogWriter
    deps: Any = None
    app: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    trace: str = ""

    async def ask(self, path: str, body: Mapping[str, Any] | bytes, **more: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers | {name.replace("_", "-"): text for name, text in more.items()}
        return await self.client.post(f"/access/v1/{path}", content=content, headers=headers)

    async def records(self) -> list[dict[str, Any]]:
        pool = await self.database.pool("logboek")
        found = await by_trace(pool, bytes.fromhex(self.trace))
        parts: list[Any] = [each.content()["adl"] for each in found]
        return parts

    async def change(self, **changes: Any) -> None:
        pool = await self.database.pool("purposes")
        before, _ = await current_snapshot(pool, owner=WEESP)
        based_on = before.version if before.register.services else ""
        made = register(WEESP, **changes)
        await save_register(pool, made, SIGNERS, based_on=based_on)

    async def offer(self, **changes: Any) -> None:
        changed = dataclasses.replace(SERVICES[0], **changes)
        pool = await self.database.pool("gateway")
        await store.apply_services(pool, (changed,), datetime.now(UTC))


@pytest.fixture(scope="module")
async def running(module_database: Database) -> AsyncIterator[Point]:
    database = module_database
    gateway, purposes = await database.pool("gateway"), await database.pool("purposes")
    log = LogWriter(database.settings, "web")
    await log.start()
    voices = await Voices(database.settings).__aenter__()
    deps = PointDeps(
        owner=WEESP,
        address=BASE,
        organisation="Gemeente Weesp",
        email="privacy@weesp.example",
        url="https://weesp.example",
        load=PointWorlds(gateway, purposes, WEESP).load,
        log=log,
        voices=voices,
    )
    app = point_app(deps)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # ASGI
    key = await store.add_application(gateway, "poort", datetime.now(UTC))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        made = Point(client, database, log, deps, app, {**HEADERS, "X-Api-Key": key})
        await made.change()
        await made.offer()
        yield made
    await voices.__aexit__(None, None, None)
    await log.close()


@pytest.fixture
def point(running: Point) -> Point:
    """The same decision point, asked in a trace of this test alone."""
    trace = new_trace_id().hex()
    headers = running.headers | {"traceparent": f"00-{trace}-{SPAN}-01"}
    return dataclasses.replace(running, headers=headers, trace=trace)


@pytest.fixture
def other() -> Any:
    """Another decision point."""
    party = start_party()
    party.answer_with(http_answer(200, body=b'{"decision": true}'))
    yield party
    party.stop()


def voice_of(party: Party, **changes: Any) -> Voice:
    return Voice(address=f"http://{party.address}/access/v1/evaluation", **changes)


def asked(party: Party) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(party.heard[-1].body)
    return found


@pytest.mark.case("A48", "A58")
async def test_an_evaluation_is_answered_with_its_reasons_and_a_denial_is_an_answer(
    point: Point,
) -> None:
    allowed = await point.ask("evaluation", question(), X_Request_ID="vraag-1")
    assert (allowed.status_code, allowed.json()["decision"]) == (200, True)
    assert allowed.headers["x-request-id"] == "vraag-1"
    context = allowed.json()["context"]
    assert context["visible"] == ["uitkering.norm", "uitkering.soort"]
    assert context["reason_admin"]["policy"] == "POL-1@3"
    assert context["reason_user"] == {"nl": "Dit mag.", "en": "This is permitted."}
    denied = await point.ask("evaluation", question(**of(WEESP)))
    assert (denied.status_code, denied.json()["decision"]) == (200, False)
    context = denied.json()["context"]
    assert context["reason_admin"]["code"] == "policy_none"
    assert set(context["reason_user"]) == {"nl", "en"}
    records = await point.records()
    assert [each["event_name"] for each in records] == ["adl.access_evaluation"] * 2
    assert [each["status"] for each in records] == ["Unset"] * 2
    assert {each["parent_span_id"] for each in records} == {SPAN}
    first = records[0]
    assert first["body"]["adl.core.request"] == question()
    assert first["body"]["adl.core.response"]["context"]["policy"] == "POL-1@3"
    assert first["attributes"]["landschap.application"] == "poort"
    assert first["attributes"]["adl.core.policies"]["landschap"].startswith("sha256-")
    assert "adl.fsc.transaction_id" not in first["attributes"]


@pytest.mark.case("A49")
async def test_short_names_are_denied_with_what_should_be_written(point: Point) -> None:
    tried: dict[str, tuple[dict[str, Any], str]] = {
        "subject": (question(subject={"type": "fsc-peer", "id": DOESBURG}), names.PEER),
        "action": (question(action={"name": "raadplegen"}), names.action_uri("raadplegen")),
        "resource": (question(resource={"type": "service", "id": "uitkeringen"}), names.SERVICE),
        "purpose": (question(context={"doelbinding": "bijstand"}), "whole URI"),
    }
    for part, (body, hint) in tried.items():
        answer = await point.ask("evaluation", body)
        assert (answer.status_code, answer.json()["decision"]) == (200, False), part
        reason = answer.json()["context"]["reason_admin"]
        assert reason["code"] == "request_invalid"
        assert hint in reason["hint"], part
    assert len(await point.records()) == len(tried)


@pytest.mark.case("A50")
async def test_several_stop_where_they_were_told_to_and_are_one_record(point: Point) -> None:
    several: dict[str, Any] = question() | {
        "evaluations": [{}, of(WEESP), {}],
        "options": {"evaluations_semantic": "deny_on_first_deny"},
    }
    answer = await point.ask("evaluations", several)
    assert [each["decision"] for each in answer.json()["evaluations"]] == [True, False]
    (record,) = await point.records()
    assert record["event_name"] == "adl.access_evaluations"
    assert len(record["body"]["adl.core.response"]["evaluations"]) == 2
    several["options"] = {"evaluations_semantic": "permit_on_first_permit"}
    answer = await point.ask("evaluations", several)
    assert [each["decision"] for each in answer.json()["evaluations"]] == [True]
    del several["options"]
    answer = await point.ask("evaluations", several)
    assert [each["decision"] for each in answer.json()["evaluations"]] == [True, False, True]


async def test_several_with_one_that_can_not_be_read_answers_the_others(point: Point) -> None:
    several = question() | {"evaluations": [{"resource": 3}, {}]}
    first, second = (await point.ask("evaluations", several)).json()["evaluations"]
    assert (first["decision"], first["context"]["error"]["status"]) == (False, 400)
    assert second["decision"] is True
    alone = await point.ask("evaluations", question() | {"evaluations": []})
    assert alone.json()["decision"] is True


async def test_who_may_what_may_be_done_and_with_which_service(point: Point) -> None:
    body = question(subject={"type": names.PEER})
    found = (await point.ask("search/subject", body)).json()
    assert found["results"] == [{"type": names.PEER, "id": DOESBURG}]
    assert found["page"] == {"next_token": "", "count": 1, "total": 1}
    body = question()
    del body["action"]
    found = (await point.ask("search/action", body)).json()
    assert found["results"] == [{"name": names.action_uri("raadplegen")}]
    body = question(resource={"type": names.SERVICE}) | {"page": {"limit": 2}}
    first = (await point.ask("search/resource", body)).json()
    assert first["page"]["total"] == 3
    body["page"] = {"limit": 2, "token": first["page"]["next_token"]}
    last = (await point.ask("search/resource", body)).json()
    assert last["page"]["next_token"] == ""
    ids = [each["id"] for each in first["results"] + last["results"]]
    assert sorted(ids) == ["pand-open", "pand-plain", "uitkeringen"]
    body["context"] = {"doelbinding": PARKING}
    refused = await point.ask("search/resource", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "request_invalid")
    assert [each["event_name"] for each in await point.records()][:2] == [
        "adl.search_subject",
        "adl.search_action",
    ]


async def test_an_unknown_application_is_refused_and_that_is_recorded(point: Point) -> None:
    answer = await point.ask("evaluation", question(), X_Api_Key="geraden", X_Request_ID="v-9")
    assert (answer.status_code, answer.json()["code"]) == (401, "application_unknown")
    assert answer.headers["www-authenticate"] == "ApiKey"
    assert answer.headers["x-request-id"] == "v-9"
    (record,) = await point.records()
    assert record["status"] == "Error"
    assert "adl.core.request" not in record["body"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Not JSON"),
        (b"[]", "object"),
        (b'{"subject": {"type": "a", "type": "b"}}', "stands twice"),
        (b"{" + b'"a":{' * 20 + b"}" * 21, "Nested"),
        (b'{"x": "' + b"a" * 33_000 + b'"}', ""),
        (b'{"subject": {"type": "x", "id": "y"}}', "Resource is missing"),
    ],
)
async def test_what_can_not_be_read_is_refused_as_a_call(
    point: Point, body: bytes, words: str
) -> None:
    answer = await point.ask("evaluation", body)
    assert answer.status_code in {400, 413}
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


async def test_members_that_are_not_known_are_told_back(point: Point) -> None:
    body = question(context={"doelbinding": ASSISTANCE, "weer": "zon"}) | {"extra": 1}
    answer = (await point.ask("evaluation", body)).json()
    assert answer["decision"] is True
    assert answer["context"]["ignored"] == ["extra", "context.weer"]


async def test_the_number_of_a_person_goes_into_no_record(point: Point) -> None:
    subject = {"type": names.USER, "id": "999993653"}
    answer = await point.ask("evaluation", question(subject=subject))
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert "999993653" not in str(await point.records())


async def test_an_asker_that_can_not_execute_an_obligation_gets_a_denial(point: Point) -> None:
    body = question(resource={"type": names.SERVICE, "id": "uitkeringen"})
    answer = (await point.ask("evaluation", body)).json()
    (obligation,) = answer["context"]["obligations"]
    assert obligation["properties"]["fields"] == ["bsn", "uitkering.norm", "uitkering.soort"]
    body["context"] = {"doelbinding": ASSISTANCE, "supported_obligations": ["step-up"]}
    answer = (await point.ask("evaluation", body)).json()
    assert answer["decision"] is False
    assert answer["context"]["reason_admin"]["code"] == "obligation_unsupported"


async def test_purpose_as_subject_is_understood(point: Point) -> None:
    body = question(
        subject={"type": names.PURPOSE, "id": ASSISTANCE}, context={"client_principal": DOESBURG}
    )
    assert (await point.ask("evaluation", body)).json()["decision"] is True


async def test_a_changed_register_counts_with_the_next_question(point: Point) -> None:
    assert (await point.ask("evaluation", question())).json()["decision"] is True
    ended = [
        dataclasses.replace(
            each,
            version=each.version + 1,
            valid=dataclasses.replace(
                each.valid, until=(datetime.now(UTC) - timedelta(days=2)).date()
            ),
        )
        for each in register(WEESP).policies
    ]
    await point.change(policies=tuple(ended))
    assert (await point.ask("evaluation", question())).json()["decision"] is False
    again = [dataclasses.replace(each, version=9) for each in register(WEESP).policies]
    await point.change(policies=tuple(again))
    assert (await point.ask("evaluation", question())).json()["decision"] is True


async def test_what_is_recorded_can_be_asked_again(point: Point) -> None:
    await point.ask("evaluation", question())
    (record,) = await point.records()
    again = question_of(record["body"]["adl.core.request"], None, WEESP)
    assert again is not None
    assert (again.organisation, again.purpose, again.action) == (DOESBURG, ASSISTANCE, "raadplegen")


async def test_another_decision_point_is_asked_what_ours_permits_and_only_that(
    point: Point, other: Party
) -> None:
    await point.offer(voice=voice_of(other))
    assert (await point.ask("evaluation", question())).json()["decision"] is True
    said = asked(other)
    assert said["subject"]["id"] == DOESBURG
    assert said["context"]["doelbinding"] == ASSISTANCE
    assert said["context"]["traceparent"].startswith(f"00-{point.trace}-")
    other.answer_with(http_answer(200, body=b'{"decision": false}'))
    denied = (await point.ask("evaluation", question())).json()
    assert denied["context"]["reason_admin"]["code"] == "vetoed"
    (step,) = denied["context"]["vetoes"]
    assert (step["rule"], step["subject"], step["outcome"]) == ("R15", "127.0.0.1", "fail")
    count = len(other.heard)
    other.answer_with(http_answer(200, body=b'{"decision": true}'))
    assert (await point.ask("evaluation", question(**of(WEESP)))).json()["decision"] is False
    assert len(other.heard) == count
    await point.offer()


async def test_the_metadata_names_every_interface_and_the_document_keeps_the_rules(
    point: Point,
) -> None:
    told = (await point.client.get("/.well-known/authzen-configuration")).json()
    assert told["policy_decision_point"] == BASE
    assert told["access_evaluation_endpoint"] == f"{BASE}/access/v1/evaluation"
    document = await point.client.get("/access/v1/openapi.json")
    described = {path.removeprefix("/") for path in document.json()["paths"]}
    endpoints = {v for k, v in told.items() if k.endswith("_endpoint")}
    assert {f"{BASE}/access/v1/{path}" for path in described} == endpoints
    assert check_document(read_document(document.content), Mode.STRICT, structures()) == []


@pytest.fixture
async def door(
    point: Point, gateway_folder: Path, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf
) -> AsyncIterator[OwnListener]:
    """The listener: a caller without and one with a certificate, and what serves behind it."""
    folder = gateway_folder / "decisions"
    async with own_listener(
        point.app, DecisionsDoor, folder, group_anchor, weesp, doesburg
    ) as made:
        yield made


async def test_through_the_listener_only_a_real_certificate_or_key_counts(
    point: Point, door: OwnListener, doesburg: Leaf
) -> None:
    stranger, certified, server, serving = door
    pool = await point.database.pool("gateway")
    certificate = peer_certificate(doesburg.certificate)
    await store.add_application(
        pool, "poort-2", datetime.now(UTC), certificate_thumbprint=certificate.thumbprint
    )

    async def ask(
        by: Caller, body: bytes = b"", more: Any = None
    ) -> tuple[int, Any, dict[str, str]]:
        headers = HEADERS | {"X-Request-ID": "v-1"} | (more or {})
        told = body or json.dumps(question()).encode()
        status, answered, content = await asyncio.to_thread(
            by.ask, "/access/v1/evaluation", method="POST", headers=headers, body=told
        )
        return status, json.loads(content), answered

    forged = {"X-Client-Cert": escaped(certificate)}
    status, told, _ = await ask(stranger, more=forged)
    assert (status, told["code"]) == (401, "application_unknown")
    status, told, headers = await ask(certified)
    assert (status, told["decision"], headers["x-request-id"]) == (200, True, "v-1")
    status, told, _ = await ask(stranger, more={"X-Api-Key": point.headers["X-Api-Key"]})
    assert (status, told["decision"]) == (200, True)
    status, told, headers = await ask(certified, b"{" + b" " * 70_000 + b"}")
    assert (status, told["code"], headers["x-request-id"]) == (413, "body_too_large", "v-1")
    server.should_exit = True
    await serving
    status, told, headers = await ask(certified)
    assert (status, told["code"]) == (503, "decisions_unavailable")
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.case("A55")
async def test_whatever_was_decided_here_comes_out_the_same_when_taken_again(point: Point) -> None:
    """All that this file asked before, several at once and with other voices as well."""
    evaluations = [
        question(),
        question(context={"doelbinding": "https://doelen.example/id/onbekend"}),
        {"subject": {}},
    ]
    await point.ask("evaluation", question())
    await point.ask("evaluations", question(evaluations=evaluations))
    settings = point.database.settings
    words = ("purpose", "replay", "--from", "2026-01-01", "--today", "--json")
    done = await typed(settings.path, settings.postgres.dsn, *words)
    told = done.json
    assert (told["differs"], told["impossible"]) == (0, 0), told
    assert told["identical"] >= 3


async def test_without_a_register_nothing_is_decided(point: Point) -> None:
    async def fails() -> Any:
        raise OSError("no database")

    deps = dataclasses.replace(point.deps, load=fails)
    transport = httpx.ASGITransport(app=point_app(deps))  # type: ignore[arg-type]  # ASGI
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await dataclasses.replace(point, client=client).ask("evaluation", question())
    assert (answer.status_code, answer.json()["code"]) == (503, "decisions_unavailable")
    assert "decision" not in answer.json()


@pytest.mark.case("A59")
async def test_without_a_record_there_is_no_answer(point: Point) -> None:
    # The last test of this module: nothing is written after it.
    await point.log.close()
    answer = await point.ask("evaluation", question())
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert "decision" not in answer.json()
