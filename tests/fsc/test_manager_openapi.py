# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the Manager says what the running Manager does, and the other way round.

Paths, methods and parameters are compared with the handlers; every status the document names is
provoked at a Manager that runs, and its answer is held against the schema given there.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import uuid4

import jsonschema_rs
import pytest
import yaml
from litestar.handlers import HTTPRouteHandler
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Answer,
    Group,
    Manager,
    ask,
    asking,
    free_socket,
    serve,
    sign_here,
    submit,
)
from tests.fsc.witness_rig import sent_by

from landschap.fsc.api import routes
from landschap.fsc.api.description import FILE
from landschap.fsc.api.reading import MAY_BE_EMPTY
from landschap.fsc.codes import Code
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind

DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
BASES = ("/v1", "")
TOO_MUCH = b"[" + b" " * 1_000_000
_METHODS = ("get", "put", "post")
# Answered by Inways only.
AREA = "jeugdzorg"
_OF_THE_INWAY = {Code.TOKEN_MISSING, Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.TOKEN_GROUP}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the document."""

    name: str
    method: str
    path: str
    told: dict[str, Any]

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in self.told["responses"]]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in value:
        found: Any = DOCUMENT
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method in _METHODS:
            if method in item:
                told = item[method]
                shared = item.get("parameters", [])
                whole = {**told, "parameters": [*shared, *told.get("parameters", [])]}
                yield Operation(
                    name=told["operationId"], method=method.upper(), path=path, told=whole
                )


OPERATIONS = {each.name: each for each in operations()}


def check(schema: dict[str, Any], value: Any) -> None:
    """Hold a value against a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


def handlers(weesp: Manager) -> dict[tuple[str, str], HTTPRouteHandler]:
    """(method, path) of what is served -> its handler."""
    found: dict[tuple[str, str], HTTPRouteHandler] = {}
    for each in routes(weesp.deps()):
        handler = cast("HTTPRouteHandler", each)
        for path in handler.paths:
            for method in handler.http_methods:
                found[(str(method), path.replace(":str}", "}"))] = handler
    return found


async def test_every_served_path_stands_in_the_document_and_no_other(weesp: Manager) -> None:
    told = {(each.method, f"{base}{each.path}") for each in OPERATIONS.values() for base in BASES}
    assert set(handlers(weesp)) == told
    bases = {each["url"].rstrip("/") for each in DOCUMENT["servers"]}
    assert bases == set(BASES)


async def test_every_parameter_stands_in_the_document_and_no_other(weesp: Manager) -> None:
    for (method, path), handler in handlers(weesp).items():
        bare = path.removeprefix("/v1")
        (operation,) = [o for o in OPERATIONS.values() if (o.method, o.path) == (method, bare)]
        told = [resolved(each) for each in operation.told["parameters"]]
        query = {each["name"] for each in told if each["in"] == "query"}
        assert query == set(handler.opt.get("query", ())), operation.name
        in_path = {each["name"] for each in told if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_codes_of_the_document_are_those_of_the_program() -> None:
    told = set(DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"])
    assert told == {code.value for code in set(Code) - _OF_THE_INWAY}


def test_document_stands_among_the_apis_too() -> None:
    root = next(each for each in FILE.parents if (each / "pyproject.toml").exists())
    assert (root / "apis" / "manager.yaml").read_bytes() == FILE.read_bytes()


def content_of(place: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Schema and value of every example below a place that has contents."""
    for media in resolved(place).get("content", {}).values():
        for example in media.get("examples", {}).values():
            yield media["schema"], example["value"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_example_obeys_its_schema_and_every_body_has_one(name: str) -> None:
    told = OPERATIONS[name].told
    places = [
        *told["responses"].values(),
        *([told["requestBody"]] if "requestBody" in told else []),
    ]
    for place in places:
        found = list(content_of(place))
        assert found or not resolved(place).get("content") or name == "getOpenAPI"
        for schema, value in found:
            check(schema, value)
    for each in told["parameters"]:
        parameter = resolved(each)
        if "example" in parameter:
            check(parameter["schema"], parameter["example"])


@pytest.fixture(scope="module")
async def broken(group: Group) -> AsyncIterator[Manager]:
    """Weesp's Manager where each database account has been given the rights of the other."""
    weesp = group.managers[rig.WEESP]
    listener = free_socket()
    swapped = replace(
        weesp, pool=weesp.log_pool, log_pool=weesp.pool, port=listener.getsockname()[1]
    )
    swapped.client = weesp.client
    async with serve(swapped, listener):
        yield swapped


def request_of(operation: Operation, peer: OwnPeer, scope: str) -> dict[str, Any]:
    """A request that is in order; a signature is of the kind that its address wants."""
    if operation.name == "getToken":
        client = peer.peer_id.value
        form = {"grant_type": "client_credentials", "scope": scope, "client_id": client}
        return {"path": operation.path, "form": form}
    if operation.name == "keepAnchor":
        return {"path": operation.path, "body": sent_by(peer).body()}
    if "requestBody" not in operation.told:
        return {"path": operation.path.replace("{area}", AREA)}
    tree = asking(peer)
    last = operation.path.rpartition("/")[2]
    kind = Kind(last) if last in set(Kind) else Kind.ACCEPT
    content_hash = rig.contract(tree).hash.value
    return {
        "path": operation.path.replace("{content_hash}", content_hash),
        "body": {"content": tree, "signature": rig.accept(peer, tree, kind)},
    }


def spoilt(request: dict[str, Any], status: int, group: Group) -> dict[str, Any]:
    """The same request, so that it must be refused with this status."""
    match status:
        case 400:
            return request | {"path": f"{request['path']}?onbekend=1"}
        case 413 if "form" in request:
            told = {"Content-Type": "application/x-www-form-urlencoded"}
            return {"path": request["path"], "body": io.BytesIO(TOO_MUCH), "headers": told}
        case 413:
            return request | {"body": io.BytesIO(TOO_MUCH)}
        case 415:
            return request | {"headers": {"Content-Type": "text/plain"}}
        case 422:
            return request | {"body": {"content": {}, "signature": ""}}
        case 503:
            # A second certificate of the same peer, whose Manager answers nowhere.
            other = rig.own_peer(group.authority, rig.DOESBURG)
            tree, kind = request["body"]["content"], request["path"].rpartition("/")[2]
            kind = Kind(kind) if kind in set(Kind) else Kind.ACCEPT
            signed = {"content": tree, "signature": rig.accept(other, tree, kind)}
            away = {"Fsc-Manager-Address": f"https://{rig.HOSTS[rig.DOESBURG]}:9"}
            return request | {"body": signed, "headers": away}
    return request


def hold(operation: Operation, answer: Answer) -> None:
    """The answer against what the document says of its status."""
    told = resolved(operation.told["responses"][str(answer.status)])
    for name, header in told.get("headers", {}).items():
        check(resolved(header)["schema"], answer.headers[name])
    if "content" not in told:
        assert answer.body == b""
        assert "Content-Type" not in answer.headers
        return
    media_type = answer.headers["Content-Type"]
    check(told["content"][media_type]["schema"], answer.json)
    if "Fsc-Error-Code" in answer.headers:
        assert answer.code == answer.headers["Fsc-Error-Code"]


@pytest.mark.parametrize(
    ("name", "status"),
    [(each.name, status) for each in OPERATIONS.values() for status in each.statuses],
)
async def test_every_status_of_the_document_is_really_answered(
    group: Group, broken: Manager, weesp: Manager, doesburg: OwnPeer, name: str, status: int
) -> None:
    tree = asking(doesburg)
    await submit(weesp, doesburg, tree)
    await sign_here(weesp, tree)
    operation = OPERATIONS[name]
    for base in BASES if status < 300 else BASES[:1]:
        request = request_of(operation, doesburg, rig.contract(tree).grants[0].hash.value)
        request = spoilt(request, status, group)
        path = f"{base}{request.pop('path')}"
        manager = broken if status == 500 else weesp
        # For a peer that did not agree to it nobody witnesses.
        peer = group.managers[rig.PROVINCE].own if status == 403 else doesburg
        answer = await ask(manager, peer, operation.method, path, **request)
        assert answer.status == status, answer.body
        hold(operation, answer)


async def test_the_document_is_served_by_the_manager_it_describes(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    for base in BASES:
        answer = await ask(weesp, doesburg, "GET", f"{base}/openapi.json")
        assert answer.json == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("name", OPERATIONS)
async def test_methods_the_document_does_not_name_are_405_with_allow(
    weesp: Manager, doesburg: OwnPeer, name: str
) -> None:
    path = OPERATIONS[name].path.replace("{content_hash}", str(uuid4()))
    there = {each.method for each in OPERATIONS.values() if each.path == OPERATIONS[name].path}
    there |= {"OPTIONS"} | ({"HEAD"} if "GET" in there else set())
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - there:
        answer = await ask(weesp, doesburg, method, f"/v1{path}")
        assert answer.status == 405
        assert {each.strip() for each in answer.headers["Allow"].split(",")} == there
        if method != "HEAD":
            assert answer.code == "ERROR_CODE_METHOD_UNSUPPORTED"
    told = await ask(weesp, doesburg, "OPTIONS", path)
    assert (told.status, told.body) == (204, b"")
    assert {each.strip() for each in told.headers["Allow"].split(",")} == there


@pytest.mark.parametrize("name", [o.name for o in OPERATIONS.values() if o.method == "GET"])
async def test_head_tells_what_get_would(weesp: Manager, doesburg: OwnPeer, name: str) -> None:
    path = OPERATIONS[name].path.replace("{area}", AREA)
    told = await ask(weesp, doesburg, "HEAD", path)
    whole = await ask(weesp, doesburg, "GET", path)
    assert (told.status, told.body) == (200, b"")
    assert told.headers["Content-Length"] == str(len(whole.body))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (operation.name, resolved(each)["name"])
        for operation in OPERATIONS.values()
        for each in operation.told["parameters"]
        if resolved(each)["in"] == "query"
    ],
)
async def test_a_parameter_with_nothing_or_rubbish_in_it_is_400(
    weesp: Manager, doesburg: OwnPeer, name: str, key: str
) -> None:
    path = OPERATIONS[name].path.replace("{area}", AREA)
    empty = await ask(weesp, doesburg, "GET", f"{path}?{key}=")
    listed = (name, key) == ("getLogs", "service_name")
    assert empty.status == (200 if key in MAY_BE_EMPTY and not listed else 400)
    for rubbish in ("a%00b", "x" * 1_025):
        answer = await ask(weesp, doesburg, "GET", f"{path}?{key}={rubbish}")
        assert (answer.status, answer.code) == (400, "ERROR_CODE_REQUEST_INVALID")
