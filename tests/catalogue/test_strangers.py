# SPDX-License-Identifier: EUPL-1.2
"""What strangers write in a description does nothing: not on a page, not in a shell, not to others."""

from __future__ import annotations

import html
import json
import re
import shlex
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser
from tests.browsing import opened
from tests.catalogue.offered import gathered
from tests.catalogue.pages_rig import Catalogue, described, offered, page

from landschap.catalogue import store
from landschap.catalogue.criteria import NOTHING_SAID
from landschap.catalogue.documents import Document
from landschap.catalogue.pages import shelf
from landschap.catalogue.particulars import particulars_of
from landschap.catalogue.prose import as_html, as_line
from landschap.catalogue.reading import outline_of, read_operation, read_schema
from landschap.catalogue.reading.calling import as_curl, as_python, call_of

SCRIPT = "<script>document.title='overgenomen'</script>"
ATTACKS = (
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    "[klik](javascript:alert(1)) [data](data:text/html,<script>alert(1)</script>)",
    "![beeld](https://elders.example/volg.png)",
    '"><svg onload=alert(1)>',
    "{{ 7*7 }} {% raw %}",
    "# Kop\n\n<style>*{display:none}</style>",
    "\u202eomgekeerd \x00 nul",
)


def hostile() -> Any:
    """A description with an attack at each place that is shown."""
    attack = "\n\n".join(ATTACKS)
    document = described(f"Vijandig {SCRIPT}", f"1.0.0{SCRIPT}", {
        "description": attack,
        "summary": attack,
        "contact": {"name": SCRIPT, "url": "javascript:alert(1)", "email": f"a@b{SCRIPT}"},
        "x-gebruik": {"toegang": "contract", "doelen": [f"javascript:{SCRIPT}"], "kosten": attack,
                      "fsc": {"peerId": SCRIPT, "service": SCRIPT}},
    })  # fmt: skip
    document["tags"] = [{"name": SCRIPT, "description": attack}]
    document["servers"] = [{"url": "javascript:alert(1)"}, {"url": f"https://x.example/{SCRIPT}"}]
    document["paths"][f"/{SCRIPT}/{{id}}"] = {
        "get": {
            "operationId": f"op{SCRIPT}", "summary": SCRIPT, "description": attack, "tags": [SCRIPT],
            "parameters": [
                {"name": f"id{SCRIPT}", "in": "query", "required": True, "example": "$(id) `id` '\"",
                 "description": attack, "schema": {"enum": [SCRIPT], "pattern": SCRIPT}},
                {"name": "X-Kop", "in": "header", "required": True, "example": "a\r\nX-Ander: b"},
            ],
            "responses": {SCRIPT: {"description": attack, "headers": {SCRIPT: {"description": attack}},
                "content": {SCRIPT: {"example": SCRIPT, "schema": {"$ref": "#/components/schemas/A"}}}}},
        }
    }  # fmt: skip
    document["components"]["schemas"] |= {
        "A": {"type": "object", "description": attack, "properties": {
            SCRIPT: {"type": SCRIPT, "description": attack}, "b": {"$ref": "#/components/schemas/B"}}},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}], "items": {"$ref": "#/components/schemas/B"},
              "properties": {"a": {"$ref": "#/components/schemas/A"}}},
        "Weg": {"$ref": "http://169.254.169.254/latest"},
        SCRIPT: {"type": "string"},
    }  # fmt: skip
    return document


async def test_script_of_a_stranger_is_shown_as_text_on_every_page(
    catalogue: Catalogue, browser: Browser
) -> None:
    name = await offered(catalogue, hostile(), "everyone")
    at = f"/catalogus/{name}"
    visitor = catalogue.visitor()
    first = await page(visitor, f"{at}/naslag")
    paths = [at, f"{at}/regels", "/catalogus", f"{at}/naslag"]
    paths += [
        html.unescape(each) for each in re.findall(rf'href="({at}/(?:naslag/|schema)[^"]+)"', first)
    ]
    assert len(paths) > 8
    # A browser looks at one of each kind; it is slow.
    shown = {at, paths[4], paths[-1]}
    asked: list[str] = []
    async with opened(browser, bypass_csp=False) as context:
        window = await context.new_page()
        window.on("request", lambda request: asked.append(request.url))
        for path in paths:
            text = await page(visitor, path)
            for tag in ("<script", "<svg onload", "<img", "<style", "<a onclick"):
                assert tag not in text, (path, tag)
            assert 'href="javascript' not in text, path
            assert 'href="data:' not in text, path
            if path not in shown:
                continue
            answer = await window.goto(catalogue.address + path)
            assert answer is not None
            assert answer.status == 200, path
            assert "script-src 'none'" in answer.headers["content-security-policy"]
            assert "overgenomen" not in (await window.title()).replace(SCRIPT, ""), path
            assert (
                await window.locator("main img, main iframe, main style, main script").count() == 0
            )
    assert [url for url in asked if not url.startswith((catalogue.address, "data:"))] == []


def test_an_example_made_of_hostile_words_is_one_harmless_call() -> None:
    value = json.loads(json.dumps(hostile()))
    entry = next(
        entry for group in outline_of(value).groups for entry in group.entries
        if "document.title" in entry.path
    )  # fmt: skip
    operation = read_operation(value, entry.slug)
    assert operation is not None
    call = call_of(operation, "", NOTHING_SAID, {})
    assert [each.name for each in call.headers if "\n" in each.value] == []
    words = shlex.split(as_curl(call))
    assert words[0] == "curl"
    assert words[-1] == call.address
    assert " " not in call.address
    assert "$" not in call.address.replace("%24", "")
    compile(as_python(call), "voorbeeld", "exec")


@settings(max_examples=60)
@given(st.text(max_size=300), st.sampled_from(ATTACKS))
def test_no_words_become_anything_but_text(words: str, attack: str) -> None:
    made = as_html(words + attack + words)
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", made))
    assert tags <= {
        "p", "strong", "em", "ul", "ol", "li", "code", "a", "br", "hr", "blockquote", "table",
        "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    for address in re.findall(r'href="([^"]*)"', made):
        assert address.startswith(("http:", "https:", "mailto:"))
    assert "<" not in as_line(words)


@settings(max_examples=60)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20)
    | st.just({"$ref": "#/components/schemas/A"}) | st.just({"$ref": "#"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "properties", "items", "allOf", "oneOf", "enum", "example", "get",
                         "/x", "parameters", "schema", "content", "responses", "name", "in"]),
        inner, max_size=4,
    ),
    max_leaves=30,
))  # fmt: skip
def test_a_description_of_any_form_is_read_without_a_fault(value: Any) -> None:
    document: Any = {
        "openapi": "3.1.0",
        "info": value,
        "paths": {"/a": {"get": value, "parameters": value}, "/b": value},
        "components": {"schemas": {"A": value}, "securitySchemes": value},
        "security": value,
        "tags": value,
        "servers": value,
    }
    for group in outline_of(document).groups:
        for entry in group.entries:
            operation = read_operation(document, entry.slug)
            assert operation is not None
            call = call_of(operation, "", NOTHING_SAID, {})
            compile(as_python(call), "voorbeeld", "exec")
            assert shlex.split(as_curl(call))[0] == "curl"
    read_schema(document, "A")
    node = yaml.compose("{}")
    assert node is not None
    particulars_of(Document(value=document, node=node))


async def test_a_description_that_is_too_large_is_offered_as_a_file(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await offered(catalogue, described("Reus"), "everyone")
    monkeypatch.setattr(shelf, "MAX_SHOWN_BYTES", 100)
    visitor = catalogue.visitor()
    assert "te groot om hier te laten zien" in await page(visitor, f"/catalogus/{name}")
    for path in ("naslag", "naslag/x", "schema?naam=X"):
        assert "te groot" in await page(visitor, f"/catalogus/{name}/{path}")
    assert "te groot" in await page(visitor, f"/catalogus/{name}/regels")
    assert json.loads(await page(visitor, f"/catalogus/{name}.json"))["rules"] is None
    seen = await visitor.get(f"/catalogus/{name}/openapi")
    assert seen.headers["content-disposition"].startswith("attachment")
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert "Reus" in seen.text


async def test_what_was_never_read_whole_has_no_page_of_a_fault(catalogue: Catalogue) -> None:
    pool = await catalogue.database.pool("catalogue")
    name = await gathered(pool, "/leeg.yaml", b"openapi: 3.1.0\ninfo: []\npaths: x\ntags: 7\n")
    await store.offer(pool, name, store.Offer(audience=("everyone",)))
    for path in ("", "/naslag", "/regels", ".json", "/openapi"):
        assert await page(catalogue.visitor(), f"/catalogus/{name}{path}")
