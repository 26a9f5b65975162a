# SPDX-License-Identifier: EUPL-1.2
"""Documents that are meant to do harm: each is refused with its reason, or shown harmlessly."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.catalogue.pages_rig import Catalogue, described, offered, page

from landschap.catalogue import client
from landschap.catalogue.client import NotFetched, fetch, structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import (
    MAX_BYTES,
    MAX_DEPTH,
    UnreadableDocument,
    read_document,
)
from landschap.catalogue.findings import Mode
from landschap.catalogue.mocking import Mock
from landschap.catalogue.reading import every_operation, outline_of, read_schema


def laughs(many: int = 12) -> bytes:
    """Each alias stands for ten of the one before."""
    lines = ["openapi: 3.1.0", "a0: &a0 ha"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, many)]
    return "\n".join(lines).encode()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("openapi.json", b" " * 5_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b" " * (MAX_BYTES + 1), "too_large"),
        (laughs(), "aliases"),
        (b"a: &a [*a]", "aliases"),
        (b"a: &a {b: *a}", "aliases"),
        (b"x: " + b"[" * (MAX_DEPTH + 5) + b"]" * (MAX_DEPTH + 5), "too_deep"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "syntax"),
        ("openapi: 3.1.0\ntitel: café".encode("latin-1"), "not_utf8"),
        ("openapi: 3.1.0".encode("utf-16"), "not_utf8"),
        (b"openapi: \xed\xa0\x80", "not_utf8"),
        (gzip.compress(b"openapi: 3.1.0"), "not_utf8"),
        (zipped(), "not_utf8"),
        (b"openapi: \x00", "syntax"),
        (b"? [a, b]\n: c", "syntax"),
        (b"", "no_object"),
        (b"[1, 2]", "no_object"),
    ],
    ids=["50 MB", "aliases of aliases", "a list that holds itself", "an object that holds itself",
         "deep", "very deep", "latin-1", "utf-16", "half of a pair", "gzip", "zip", "null byte",
         "a key that is a list", "nothing", "a list"],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(raw)
    assert caught.value.code == code


def cyclic() -> Any:
    """Schemas, parameters, answers and paths that lead to themselves or to each other."""
    document = described("Kringen")
    document["paths"]["/kring"] = {"get": {
        "operationId": "kring",
        "parameters": [{"$ref": "#/components/parameters/Zelf"}],
        "responses": {"200": {"description": "x", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/A"}}}},
            "400": {"$ref": "#/components/responses/Zelf"}},
    }}  # fmt: skip
    document["paths"]["/zelf"] = {"$ref": "#/paths/~1zelf"}
    document["components"] |= {
        "parameters": {"Zelf": {"$ref": "#/components/parameters/Zelf"}},
        "responses": {"Zelf": {"$ref": "#/components/responses/Zelf"}},
        "schemas": {
            "A": {"allOf": [{"$ref": "#/components/schemas/B"}], "required": ["a"]},
            "B": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"},
                  "lijst": {"type": "array", "items": {"$ref": "#/components/schemas/B"}}}},
            "Leeg": {"$ref": "#/components/schemas/Leeg"},
        },
    }  # fmt: skip
    return document


async def test_references_in_a_circle_end(catalogue: Catalogue) -> None:
    read = read_document(json.dumps(cyclic()).encode())
    check(read, Mode.STRICT, structures())
    assert outline_of(read.value).groups
    assert len(list(every_operation(read.value, 100))) > 0
    assert len(Mock(read.value)) > 0
    assert all(read_schema(read.value, each) for each in ("A", "B", "Leeg"))
    name = await offered(catalogue, cyclic(), "everyone")
    for path in ("", "/naslag", "/naslag/kring", "/schema?naam=A", "/schema?naam=Leeg", "/postman"):
        assert await page(catalogue.visitor(), f"/catalogus/{name}{path}"), path


class Elsewhere:
    """A server that notes who comes; ``/bom`` is small on the line and has no end behind it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.address = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path != "/bom":
            return web.Response(text="{}")
        answer = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await answer.prepare(request)
        packed = zlib.compressobj(9, zlib.DEFLATED, 31)
        piece = b" " * 1_000_000
        try:
            for _ in range(30):
                await answer.write(packed.compress(piece))
            await answer.write(packed.flush())
        except (ConnectionError, OSError):
            pass
        return answer


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_no_request_leaves_for_what_a_description_refers_to(
    catalogue: Catalogue, elsewhere: Elsewhere
) -> None:
    document = described("Verwijst")
    inside = f"{elsewhere.address}/binnen"
    document["servers"] = [{"url": inside}]
    document["externalDocs"] = {"url": inside}
    document["paths"]["/weg"] = {"$ref": f"{inside}#/paths/~1weg"}
    document["components"]["schemas"] |= {
        "Weg": {"$ref": f"{inside}/schema.json"},
        "Bestand": {"$ref": "file:///etc/passwd"},
        "Wolk": {"$ref": "http://169.254.169.254/latest/meta-data"},
    }
    document["components"]["examples"] = {"a": {"externalValue": inside}}
    name = await offered(catalogue, document, "everyone")
    read = read_document(json.dumps(document).encode())
    check(read, Mode.STRICT, structures())
    Mock(read.value)
    visitor = catalogue.visitor()
    for path in ("", "/naslag", "/regels", "/schema?naam=Weg", "/schema?naam=Bestand", "/postman"):
        text = await page(visitor, f"/catalogus/{name}{path}")
        assert "root:" not in text
    assert elsewhere.asked == []


async def test_an_answer_that_is_small_on_the_line_only_is_cut_off(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 2_000_000)
    with pytest.raises(NotFetched, match="more than 2,000,000 bytes"):
        await fetch(f"{elsewhere.address}/bom")
    assert elsewhere.asked == ["/bom"]


@pytest.mark.long
async def test_a_sound_description_of_fifty_megabytes_is_read_and_offered_as_a_file(
    catalogue: Catalogue,
) -> None:
    document = described("Groot", info={"description": "x" * 49_000_000})
    name = await offered(catalogue, document, "everyone")
    visitor = catalogue.visitor()
    assert "te groot om hier te laten zien" in await page(visitor, f"/catalogus/{name}")
    seen = await visitor.get(f"/catalogus/{name}/openapi")
    assert len(seen.text) > 49_000_000
