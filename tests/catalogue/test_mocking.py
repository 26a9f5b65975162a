# SPDX-License-Identifier: EUPL-1.2
"""A stand-in for an API answers as its description says, and refuses what that does not have."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from tests.catalogue.test_our_descriptions import OPENAPI

from landschap.catalogue.documents import read_document
from landschap.catalogue.mocking import Asked, Mock
from landschap.catalogue.reading.sampling import sample_of
from landschap.catalogue.references import At, References
from landschap.cli import roof
from landschap.platform.trouble import Trouble

DESCRIPTION: Any = {
    "openapi": "3.1.0", "info": {"title": "Dingen", "version": "1.0.0"},
    "servers": [{"url": "https://api.example.nl/dingen/v1"}],
    "paths": {
        "/dingen/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "Accept-Crs", "in": "header", "required": True,
                     "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"description": "ja", "content": {
                        "application/json": {"example": {"id": "a"}},
                        "text/csv": {"example": "id\na\n"},
                    }},
                    "404": {"description": "nee", "content": {
                        "application/problem+json": {"example": {"status": 404}},
                    }},
                    "5XX": {"description": "stuk"},
                },
            },
        },
        "/dingen/nieuw": {"get": {"responses": {"204": {"description": "niets"}}}},
        "/dingen": {"post": {
            "parameters": [
                {"name": "soort", "in": "query", "required": True, "schema": {"type": "string"}},
            ],
            "requestBody": {"required": True, "content": {"application/json": {}}},
            "responses": {"201": {"description": "gemaakt", "content": {
                "application/json": {"schema": {"type": "object", "properties": {
                    "naam": {"type": "string", "examples": ["Jan"]},
                }}},
            }}},
        }},
    },
}  # fmt: skip
MOCK = Mock(DESCRIPTION)
CRS = {"accept-crs": "epsg:28992"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (Asked(method="GET", path="/dingen/a", headers=CRS), 200, {"id": "a"}),
        (Asked(method="GET", path="/dingen/v1/dingen/a", headers=CRS), 200, {"id": "a"}),
        (Asked(method="HEAD", path="/dingen/a", headers=CRS), 200, {"id": "a"}),
        (Asked(method="GET", path="/dingen/a", headers={**CRS, "accept": "text/csv"}), 200, "id\na\n"),
        (Asked(method="GET", path="/dingen/a", headers={**CRS, "prefer": "code=404"}), 404,
         {"status": 404}),
        (Asked(method="GET", path="/dingen/a", headers={**CRS, "prefer": "code=503"}), 503, ""),
        (Asked(method="GET", path="/dingen/a", headers={**CRS, "prefer": "code=418"}), 404, None),
        (Asked(method="GET", path="/dingen/nieuw", headers={}), 204, ""),
        (Asked(method="GET", path="/dingen/a", headers={}), 400, None),
        (Asked(method="GET", path="/dingen/a/b", headers=CRS), 404, None),
        (Asked(method="DELETE", path="/dingen/a", headers=CRS), 405, None),
        (Asked(method="POST", path="/dingen", query=["soort"], headers=JSON, body=b"{}"), 201,
         {"naam": "Jan"}),
        (Asked(method="POST", path="/dingen", headers=JSON, body=b"{}"), 400, None),
        (Asked(method="POST", path="/dingen", query=["soort"], headers=JSON), 400, None),
        (Asked(method="POST", path="/dingen", query=["soort"], headers=JSON, body=b"{"), 400, None),
    ],
)  # fmt: skip
def test_each_question_is_held_against_the_description(
    asked: Asked, status: int, body: object
) -> None:
    found = MOCK.answer(asked)
    assert found.status == status
    if body is None:
        assert found.medium == "application/problem+json"
        assert json.loads(found.body)["status"] == status
    elif isinstance(body, str):
        assert found.body == body
    else:
        assert json.loads(found.body) == body
    assert found.headers == ({"Allow": "GET"} if status == 405 else {})


@pytest.mark.parametrize("file", ["zgw-notificaties.yaml", "don-api-register.json"])
def test_a_public_description_answers_for_each_of_its_operations(file: str) -> None:
    made = Mock(read_document((OPENAPI / file).read_bytes()).value)
    assert len(made) > 0
    assert made.answer(Asked(method="GET", path="/bestaat-niet", headers={})).status == 404


def test_what_describes_nothing_is_told(tmp_path: Path) -> None:
    file = tmp_path / "leeg.json"
    file.write_text('{"openapi": "3.1.0", "info": {}, "paths": {}}')
    done = CliRunner().invoke(roof, ["api", "mock", str(file)])
    assert isinstance(done.exception, Trouble)
    assert "describes no operation" in str(done.exception)


async def test_the_command_listens_on_this_machine_and_stops_when_told(tmp_path: Path) -> None:
    file = tmp_path / "dingen.json"
    file.write_text(json.dumps(DESCRIPTION))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landschap", "api", "mock", str(file), "--port", "0",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        assert address.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/dingen/a", headers={"Accept-Crs": "x"}) as answer:
                assert (answer.status, await answer.json()) == (200, {"id": "a"})
            async with session.post(f"{address}/dingen?soort=x", json={"a": 1}) as answer:
                assert (answer.status, await answer.json()) == (201, {"naam": "Jan"})
            async with session.get(f"{address}/%00<b>") as answer:
                assert answer.status == 404
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 60)
    assert code == 0


def test_a_number_of_a_person_has_an_official_one_for_its_example() -> None:
    """As a text it is refused by whoever looks at it, and what one tries says nothing."""
    shape: Any = {"type": "object", "properties": {
        "burgerservicenummer": {"type": "string"}, "naam": {"type": "string"},
        "partner": {"type": "object", "properties": {"BSN": {"type": "string", "example": "0"},
                                                     "bsn": {"type": "string"}}},
    }}  # fmt: skip
    assert sample_of(References(shape), At(shape, ())) == {
        "burgerservicenummer": "999993653", "naam": "tekst",
        "partner": {"BSN": "0", "bsn": "999993653"},
    }  # fmt: skip
