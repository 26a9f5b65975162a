# SPDX-License-Identifier: EUPL-1.2
"""An operation as a call that can be copied: for curl, and for Python without any package.

What stands in a description comes from a stranger and ends in somebody's terminal, so each part is
quoted by the rules of where it goes: percent signs in an address, the shell's quotes, Python's.
Secrets are never written: they are read from the environment.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from landschap.catalogue.criteria import Criteria
from landschap.catalogue.reading.operations import Operation, Parameter
from landschap.catalogue.reading.outline import table, text
from landschap.vocabulary.ijson import JsonValue

OUTWAY = "http://127.0.0.1:8080"
"""Where an Outway listens by default, on the machine of the application that asks."""
_NOWHERE = "https://api.example.nl"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PART = re.compile(r"\{;?\??([^{}]{1,200})\}")
_METHOD = re.compile(r"[A-Z]{3,10}")


@dataclass(frozen=True, slots=True)
class Header:
    """A header; ``secret`` names the variable of the environment that stands after its value."""

    name: str
    value: str
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question as it goes over the line."""

    method: str
    address: str
    headers: Sequence[Header]
    body: str = ""


def call_of(
    operation: Operation, server: str, criteria: Criteria, schemes: Mapping[str, JsonValue]
) -> Call:
    """The call of an operation with its required parameters, each with its example.

    With a contract it goes through the Outway, by the name of the service and with a purpose.
    """
    body = next((each for each in operation.bodies if _is_json(each.medium)), None)
    body = body or next(iter(operation.bodies), None)
    needed = [each for each in operation.parameters if each.required]
    through_outway = bool(criteria.needs_contract and criteria.service)
    base = OUTWAY + urlsplit(server).path.rstrip("/") if through_outway else server or _NOWHERE
    headers = [*_accept(operation), *_own(needed)]
    if through_outway:
        headers += _for_outway(criteria)
    else:
        headers += _for_security(operation, schemes)
    if body is not None and body.example:
        headers.append(Header("Content-Type", body.medium))
    return Call(
        method=operation.entry.method if _METHOD.fullmatch(operation.entry.method) else "GET",
        address=base + filled_path(operation.entry.path, needed) + filled_query(needed),
        headers=_each_once([each for each in headers if _is_sound(each)]),
        body=body.example if body is not None else "",
    )


def as_curl(call: Call) -> str:
    """The call for a shell."""
    parts = ["curl --silent --show-error --fail-with-body"]
    if call.method != "GET":
        parts.append(f"--request {call.method}")
    for each in call.headers:
        if each.secret:
            parts.append(f'--header "{_in_quotes(f"{each.name}: {each.value}")}${each.secret}"')
        else:
            parts.append(f"--header {shlex.quote(f'{each.name}: {each.value}')}")
    if call.body:
        parts.append(f"--data-binary {shlex.quote(call.body)}")
    return " \\\n  ".join([*parts, shlex.quote(call.address)])


def as_python(call: Call) -> str:
    """The call for Python 3, with what comes with Python."""
    headers = "".join(f"        {each.name!r}: {_python(each)},\n" for each in call.headers)
    secret = "import os\n" if any(each.secret for each in call.headers) else ""
    body = f"    data={call.body!r}.encode(),\n" if call.body else ""
    return (
        f"{secret}import urllib.request\n\n"
        "question = urllib.request.Request(\n"
        f"    {call.address!r},\n"
        f"    method={call.method!r},\n"
        f"    headers={{\n{headers}    }},\n"
        f"{body})\n"
        "with urllib.request.urlopen(question, timeout=30) as answer:\n"
        "    print(answer.read().decode())\n"
    )


def _python(header: Header) -> str:
    if not header.secret:
        return repr(header.value)
    return f'{header.value!r} + os.environ["{header.secret}"]' if header.value else (
        f'os.environ["{header.secret}"]'
    )  # fmt: skip


def _in_quotes(given: str) -> str:
    return re.sub(r'(["\\$`!])', r"\\\1", given)


def _accept(operation: Operation) -> list[Header]:
    good = [each for each in operation.replies if each.status.startswith("2")]
    media = [content.medium for each in good for content in each.contents]
    wanted = next((each for each in media if _is_json(each)), next(iter(media), ""))
    return [Header("Accept", wanted)] if wanted else []


def _own(needed: Sequence[Parameter]) -> list[Header]:
    return [Header(each.name, each.example) for each in needed if each.where == "header"]


def _for_outway(criteria: Criteria) -> list[Header]:
    found = [Header("X-Api-Key", "", "API_KEY"), Header("Fsc-Grant-Alias", criteria.service)]
    if criteria.purposes:
        found.append(Header("Doelbinding", criteria.purposes[0].uri))
    return found


def _for_security(operation: Operation, schemes: Mapping[str, JsonValue]) -> list[Header]:
    """The headers of the first way to show who asks; a way without any needs nothing."""
    found = []
    for name in next(iter(operation.ways), ()):
        told = table(schemes.get(name))
        kind, scheme = text(told.get("type")), text(told.get("scheme")).lower()
        if kind == "apiKey" and told.get("in") == "header":
            found.append(Header(text(told.get("name")), "", "API_KEY"))
        elif kind in {"oauth2", "openIdConnect"} or (kind, scheme) == ("http", "bearer"):
            found.append(Header("Authorization", "Bearer ", "TOKEN"))
        elif (kind, scheme) == ("http", "basic"):
            found.append(Header("Authorization", "Basic ", "CREDENTIALS"))
    return found


def filled_path(path: str, needed: Sequence[Parameter]) -> str:
    """The path with each of its parameters as its example says; what lacks stays a name."""
    values = {each.name: each.example for each in needed if each.where == "path"}
    filled = []
    start = 0
    for found in _PART.finditer(path):
        filled.append(quote(path[start : found.start()], safe="/-._~:@!$'()*,;="))
        filled.append(quote(values.get(found[1], found[1]), safe=""))
        start = found.end()
    filled.append(quote(path[start:], safe="/-._~:@!$'()*,;="))
    made = "".join(filled)
    return made if made.startswith("/") else f"/{made}"


def filled_query(needed: Sequence[Parameter]) -> str:
    """The query with its question mark; empty without parameters."""
    pairs = [
        f"{quote(each.name, safe='')}={quote(each.example, safe=',:')}"
        for each in needed
        if each.where == "query"
    ]
    return f"?{'&'.join(pairs)}" if pairs else ""


def _is_json(medium: str) -> bool:
    return medium.partition(";")[0].endswith(("/json", "+json"))


def _each_once(headers: Sequence[Header]) -> list[Header]:
    """Headers without a second of the same name."""
    return list({each.name.lower(): each for each in reversed(headers)}.values())[::-1]


def _is_sound(header: Header) -> bool:
    """A header that can be sent: nothing in it ends the line."""
    return _HEADER.fullmatch(header.name) is not None and header.value.isprintable() and (
        header.value.isascii()
    )  # fmt: skip
