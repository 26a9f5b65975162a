# SPDX-License-Identifier: EUPL-1.2
"""A small screen of somebody else: a public client with PKCE, JSON in, a list of cards out.

What it may show it reads in the published description; its user is told in each question by the
token that the login provider gave. No module of this program is imported.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from tests.landscape.published.engine import Answer, Outway, Published

Json = Any


def fields_of(api: Published, path: tuple[str, ...] = (), schema: Json = None) -> Iterator[str]:
    """The paths of an answer's results that can be asked, as the description has them."""
    if schema is None:
        _, operation = api.post("/_zoek")
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        schema = _seen(api, _seen(api, answer)["properties"]["resultaten"])["items"]
    schema = _seen(api, schema)
    if "items" in schema:
        schema = _seen(api, schema["items"])
    for name, each in schema.get("properties", {}).items():
        inner = _seen(api, each)
        if "properties" in inner or "items" in inner:
            yield from fields_of(api, (*path, name), inner)
        else:
            yield ".".join((*path, name))


def ask(
    api: Published, outway: Outway, number: str, fields: list[str], case: str, day: str
) -> Answer:
    """Ask about one person on a day; the number stands in the body, as the description says."""
    path, operation = api.post("/_zoek")
    assert {"fields", "geldigOp"} <= {each["name"] for each in operation["parameters"]}
    [key] = api.body_of(operation)["required"]
    asked = f"{path}?fields={','.join(fields)}&geldigOp={day}"
    return outway.ask(api, asked, {key: number}, Zaak=case)


def screen(api: Published, answer: Json) -> str:
    """The answer as cards, for a window of 320 px."""
    title = html.escape(api.document["info"]["title"])
    cards = "".join(
        f"<section><h2>{html.escape(group)}</h2>{_shown(value)}</section>"
        for group, value in answer["resultaten"][0].items()
    )
    return (
        '<!doctype html><html lang="nl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>body{{margin:.5rem;overflow-wrap:anywhere}}</style></head>"
        f"<body><main><h1>{title}</h1>{cards}</main></body></html>"
    )


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        rows = "".join(f"<dt>{html.escape(k)}</dt><dd>{_shown(v)}</dd>" for k, v in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, list):
        return "".join(_shown(each) for each in value)
    return html.escape("" if value is None else str(value))


def _seen(api: Published, schema: Json) -> Json:
    """A schema, wherever it stands in the document."""
    while "$ref" in schema:
        found: Json = api.document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema
