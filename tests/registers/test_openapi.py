# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI documents of registers: complete, by the design rules, and what the routes do."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.registers.rig import WEESP
from tests.registers.test_collections import Houses, places
from tests.throwaway import Database

from landschap.gateway.insight.describing import document_of as insight_document_of
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.purposes.model import HISTORY
from landschap.purposes.permit import Permit, seal
from landschap.registers import client
from landschap.registers.api import Deps, routes
from landschap.registers.describing import About
from landschap.registers.describing_3_0 import as_3_0
from landschap.registers.describing_bulk import bulk_document_of, reading_document_of
from landschap.registers.describing_inbox import inbox_document_of
from landschap.registers.describing_writes import writing_document_of
from landschap.registers.models import Registers

ABOUT = About(
    version="1.2.3",
    organisation="Gemeente Weesp (verzonnen organisatie)",
    address="https://weesp.example",
    email="api@weesp.example",
    url="https://weesp.example/api",
)
REGISTERS = client.read_models(WEESP / "registers")


def _title(document: Any) -> str:
    return f"{document['info']['title']}-{document['openapi']}"


DOCUMENTS = [
    pytest.param(made, id=_title(made))
    for register in REGISTERS.by_name.values()
    for made in (
        reading_document_of(register, ABOUT),
        as_3_0(reading_document_of(register, ABOUT)),
        bulk_document_of(register, ABOUT, f"{register.name}-bulk"),
        as_3_0(bulk_document_of(register, ABOUT, f"{register.name}-bulk")),
        writing_document_of(register, ABOUT, f"{register.name}-bijhouden"),
        as_3_0(writing_document_of(register, ABOUT, f"{register.name}-bijhouden")),
    )
] + [
    pytest.param(made, id=_title(made))
    for made in (
        inbox_document_of(ABOUT, "meldingen"),
        as_3_0(inbox_document_of(ABOUT, "meldingen")),
        insight_document_of(ABOUT),
        as_3_0(insight_document_of(ABOUT)),
    )
]
_TOLD = (response_schema_conformance, status_code_conformance, content_type_conformance)
_METHODS = {"get", "post", "put", "patch", "delete", "options"}


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from walk(each, (*path, str(name)))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from walk(each, (*path, str(number)))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in item.keys() & _METHODS:
            yield path, method, item[method]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_reference_leads_somewhere_and_every_part_is_used(document: Any) -> None:
    refs = {value for path, value in walk(document) if path and path[-1] == "$ref"}
    for ref in refs:
        found = document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
    parts = {f"#/components/{kind}/{name}" for kind, made in document["components"].items()
             for name in made if kind in ("schemas", "responses")}  # fmt: skip
    assert parts <= refs


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_keep_the_design_rules(document: Any) -> None:
    assert re.fullmatch(r"3\.(0\.3|1\.0)", document["openapi"])
    assert set(document["info"]["contact"]) == {"name", "email", "url"}
    assert all(re.search(r"^https://.*/v[0-9]+$", each["url"]) for each in document["servers"])
    names = [operation["operationId"] for *_, operation in operations(document)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(document):
        assert re.fullmatch(r"(/([a-z0-9-]+|\{[^}]+\}))+(/_[a-z]+)?", path), path
        assert set(re.findall(r"\{([^}]+)\}", path)) == {
            each["name"] for each in operation["parameters"] if each.get("in") == "path"
        }
        answers = operation["responses"]
        assert "400" in answers, path
        for status, answer in answers.items():
            if status[0] in "23":
                assert "API-Version" in answer["headers"], (path, method)
            else:
                assert answer["$ref"] == "#/components/responses/Probleem"
    for each in document["components"].get("parameters", {}).values():
        assert re.fullmatch(r"[a-z][a-zA-Z0-9]*", each["name"])
    problem = document["components"]["responses"]["Probleem"]["content"]
    assert set(problem) == {"application/problem+json"}
    for place, value in walk(document):
        if place[-2:-1] == ("properties",) and re.search("datum|Datum", place[-1]):
            assert value.get("format") != "date-time", place


@pytest.mark.parametrize("document", DOCUMENTS)
def test_only_3_1_uses_what_3_0_does_not_know(document: Any) -> None:
    newer = {"const", "examples", "identifier"}
    found = {
        ".".join(path)
        for path, value in walk(document)
        if path and (path[-1] in newer or (path[-1] == "type" and isinstance(value, list)))
        and path[-2:-1] != ("properties",)
    }  # fmt: skip
    assert bool(found) is (document["openapi"] == "3.1.0"), found


@asynccontextmanager
async def served(database: Database, registers: Registers) -> AsyncIterator[tuple[Deps, str]]:
    """The registers on loopback, behind a door that permits every field of every question."""
    settings_ = database.settings
    log = LogWriter(settings_, "web")
    await log.start()
    deps = Deps(
        registers=registers,
        pool=await database.pool("registers"),
        log=log,
        controller=settings_.organisation.oin,
        permit_key=secret_key(settings_, "permit"),
        pseudonym_key=secret_key(settings_, "pseudonym"),
        about=ABOUT,
    )
    app = make_app(routes(deps), AppShape(title="registers", version="1.0.0"))
    fields = tuple(
        sorted(
            {
                path
                for each in registers.by_name.values()
                for kind in each.types.values()
                for path in kind.paths()
            }
        )
    )

    async def door(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            target = scope["raw_path"].decode("latin-1")
            if scope["query_string"]:
                target += f"?{scope['query_string'].decode('latin-1')}"
            permit = Permit(
                transaction_id=uuid7(), service=target.split("/")[1], method=scope["method"], target=target,
                peer="00000099000000002000", purpose="https://doelen.example/a", policy="p",
                snapshot="sha256-x", activity="https://activiteiten.example/b",
                activity_version=1, fields=fields, searchable=fields, history=HISTORY,
                expires_at=datetime.now(UTC) + timedelta(seconds=30),
            )  # fmt: skip
            sealed = seal(permit, deps.permit_key).encode()
            scope["headers"] = [*scope["headers"], (b"permit", sealed)]
        await app(scope, receive, send)

    config = uvicorn.Config(
        door,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells in no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield deps, f"http://127.0.0.1:{port}/proef/v1"
    finally:
        server.should_exit = True
        await task
        await log.close()


@pytest.mark.case("api-16")
async def test_the_document_is_open_to_everybody_in_both_forms(database: Database) -> None:
    async with served(database, Registers({"proef": places()})) as (_, base):
        ask = requests.get
        told = await asyncio.to_thread(ask, f"{base}/openapi.json", timeout=10)
        assert (told.status_code, told.headers["Access-Control-Allow-Origin"]) == (200, "*")
        text = await asyncio.to_thread(ask, f"{base}/openapi.yaml", timeout=10)
        assert yaml.safe_load(text.content) == told.json()
        assert told.json()["openapi"] == "3.0.3"
        newest = {"Accept": "application/openapi+json;version=3.1"}
        other = await asyncio.to_thread(ask, f"{base}/openapi.json", headers=newest, timeout=10)
        assert other.json()["openapi"] == "3.1.0"
        assert other.headers["Content-Type"] == "application/openapi+json;version=3.1"
        known = {"If-None-Match": told.headers["ETag"]}
        same = await asyncio.to_thread(ask, f"{base}/openapi.json", headers=known, timeout=10)
        assert same.status_code == 304


@pytest.mark.case("api-17")
@pytest.mark.parametrize("register", REGISTERS.by_name.values(), ids=lambda each: each.name)
async def test_the_document_tells_of_exactly_the_routes_there_are(
    database: Database, register: Any
) -> None:
    async with served(database, Registers({register.name: register})) as (deps, _):
        there = {
            (method, re.sub(r":str\}", "}", path))
            for handler in routes(deps)
            for path in handler.paths  # type: ignore[union-attr]  # only handlers are made
            for method in handler.http_methods  # type: ignore[union-attr]
        }
    writing = f"{register.name}-bijhouden"
    told = {
        (method.upper(), f"/{service}/v1{path}")
        for service, document in (
            (register.name, reading_document_of(register, ABOUT)),
            (f"{register.name}-bulk", bulk_document_of(register, ABOUT, f"{register.name}-bulk")),
            (writing, writing_document_of(register, ABOUT, writing)),
            ("meldingen", inbox_document_of(ABOUT, "meldingen")),
        )
        for path, method, _ in operations(document)
    }
    refused = {
        ("GET", f"/{register.name}/v1/{kind.collection}")
        for kind in register.types.values()
        if kind.holds_personal_data
    }
    documents = {
        ("GET", f"/{service}/v1/openapi.{form}")
        for service in (register.name, f"{register.name}-bulk", writing, "meldingen")
        for form in ("json", "yaml")
    }
    assert told == there - refused - documents


@pytest.mark.parametrize(
    ("service", "seen"),
    [
        ("proef", {200, 400}),
        ("proef-bulk", {200, 400}),
        ("proef-bijhouden", {201, 400, 412, 428}),
        ("meldingen", {400}),
    ],
)
async def test_questions_nobody_thought_of_get_an_answer_the_document_tells_of(
    database: Database, service: str, seen: set[int]
) -> None:
    async with served(database, Registers({"proef": places()})) as (deps, base):
        await _filled(database, deps)
        address = f"{base.removesuffix('/proef/v1')}/{service}/v1"
        counted = await asyncio.to_thread(_explore, address, 6)
    assert seen <= counted.keys()
    assert counted.total() > 10


async def _filled(database: Database, deps: Deps) -> None:
    class _Only:
        register = deps.registers.by_name["proef"]
        pool = deps.pool

    await Houses(_Only()).fill(30)  # type: ignore[arg-type]  # writing needs no more of an asker


def _explore(base: str, examples: int) -> Counter[int]:
    document = requests.get(f"{base}/openapi.json", timeout=10).json()
    schema = schemathesis.openapi.from_dict(document)
    counted: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert not isinstance(found, Err), found
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not _takes_something(operation):
                continue  # there is nothing that could be wrong
            _ask(operation, mode, base, examples, counted)
    return counted


def _takes_something(operation: Any) -> bool:
    return bool(list(operation.iter_parameters())) or bool(list(operation.body))


def _ask(operation: Any, mode: Any, base: str, examples: int, counted: Counter[int]) -> None:
    # A cursor is only ever one that was given out.
    fixed = {"cursor": ""} if any(each.name == "cursor" for each in operation.query) else None

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(mode, query=fixed))
    def question(case: Any) -> None:
        answer = case.call(base_url=base, timeout=20)
        counted[answer.status_code] += 1
        assert answer.status_code < 500, answer.text
        if answer.status_code != 405:  # another method than the document has
            case.validate_response(answer, checks=_TOLD)

    question()
