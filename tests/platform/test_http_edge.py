# SPDX-License-Identifier: EUPL-1.2
"""What every HTTP interface of ours does alike: refusals, headers, strictness."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from landschap.platform.http import AppShape, make_app
from landschap.platform.sockets import listening
from landschap.vocabulary.problems import ProblemError, Refusal


@get("/panden/{number:str}", opt={"query": ("fields", "geldigOp")})
async def building(number: FromPath[str]) -> dict[str, str]:
    return {"number": number}


@get("/refused")
async def refused() -> None:
    raise ProblemError(
        Refusal(
            code="policy_none", status=403, title="No", detail="No policy allows this.",
            missing="a policy", owner="Gemeente Weesp", extra={"explainId": "x"},
        )
    )  # fmt: skip


@get("/broken")
async def broken() -> None:
    raise KeyError("999993653")


@post("/bodies")
async def bodies(data: JSONBody[dict[str, str]]) -> dict[str, str]:
    return data


ROUTES: list[ControllerRouterHandler] = [building, refused, broken, bodies]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(ROUTES, AppShape(title="Proef", version="1.2.3", max_body_bytes=1000))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://proef") as made:
        yield made


@pytest.mark.case("api-14")
async def test_a_last_slash_is_not_found_and_not_redirected(client: httpx.AsyncClient) -> None:
    answer = await client.get("/panden/1/")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.case("api-15")
@pytest.mark.parametrize("path", ["/panden/1", "/refused", "/nothing", "/panden/1/", "/broken"])
async def test_every_answer_has_version_and_security_headers(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = (await client.get(path)).headers
    assert headers["api-version"] == "1.2.3"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" in headers


async def test_an_unknown_query_key_gets_the_nearest_name(client: httpx.AsyncClient) -> None:
    answer = await client.get("/panden/1", params={"feilds": "x"})
    assert answer.status_code == 400
    assert "Did you mean fields?" in answer.json()["detail"]


async def test_a_refusal_names_the_missing_link_and_who_can_add_it(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/refused")
    assert answer.status_code == 403
    body = answer.json()
    assert (body["code"], body["missing"], body["owner"], body["explainId"]) == (
        "policy_none", "a policy", "Gemeente Weesp", "x",
    )  # fmt: skip
    assert {"status", "title", "detail"} <= body.keys()


async def test_the_unforeseen_tells_a_reference_and_nothing_of_the_inside(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["reference"] in answer.json()["detail"]
    assert "999993653" not in answer.text
    assert "KeyError" not in answer.text


@pytest.mark.case("api-21")
async def test_another_method_gets_405_with_allow(client: httpx.AsyncClient) -> None:
    answer = await client.put("/panden/1")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/panden/1")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == "14"


async def test_a_server_takes_head_for_what_it_is(short_folder: Path) -> None:
    """A server counts the body of a GET; the connection would break off after each HEAD."""
    app = make_app(ROUTES, AppShape(title="Proef", version="1.2.3"))
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        log_config=None,
        timeout_graceful_shutdown=10,
        lifespan="off",
    )
    server, place = uvicorn.Server(config), short_folder / "s"
    served = asyncio.create_task(server._serve(sockets=[listening(place)]))
    reader, writer = await asyncio.open_unix_connection(str(place))
    for method in ("HEAD", "HEAD", "GET"):
        writer.write(f"{method} /panden/1 HTTP/1.1\r\nHost: proef\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-length: 14\r\n" in head
    assert await asyncio.wait_for(reader.readexactly(14), 10) == b'{"number":"1"}'
    writer.close()
    server.should_exit = True
    await served


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/bodies", json={"a": "x" * 2000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.parametrize(
    "path",
    [
        "/panden//1",
        "//panden/1",
        "/panden/./1",
        "/x/../panden/1",
        "/panden%2F1",
        "/%2e%2e/panden/1",
    ],
)
async def test_one_resource_has_one_address(path: str) -> None:
    app = make_app(ROUTES, AppShape(title="Proef", version="1.2.3"))
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    # Straight to the application: clients straighten such an address before they send it.
    scope: Any = {
        "type": "http", "method": "GET", "path": "/panden/1", "raw_path": path.encode(),
        "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "https",
        "server": ("proef", 443), "client": ("127.0.0.1", 1), "root_path": "",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)
    assert told[0]["status"] == 404
    assert json.loads(told[1]["body"])["code"] == "not_found"


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
async def test_allow_tells_every_method_that_is_answered(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/panden/1?met=iets")
    told = {each.strip() for each in answer.headers["allow"].split(",")}
    assert told == {"GET", "HEAD", "OPTIONS"}
    assert answer.status_code == (204 if method == "OPTIONS" else 405)
