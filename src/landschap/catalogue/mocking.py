# SPDX-License-Identifier: EUPL-1.2
"""Answers as a description says that they look: a stand-in for an API that is not there yet.

A question is held against the description as a server would: path, method, required parameters,
required body, and whether the body is JSON. The answer is the example of the first good status, or
of the one that is asked for (``Prefer: code=404``). Nothing is kept between two questions.
Source: RFC 7240, "Prefer"; RFC 9457.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from landschap.catalogue.reading import Operation, Reply, every_operation
from landschap.catalogue.reading.outline import servers_of
from landschap.vocabulary.ijson import JsonValue

MOST_OPERATIONS = 1_000
_PART = re.compile(r"\{([^{}]{1,200})\}")
_CODE = re.compile(r"(?:^|[,;\s])code=([1-5]\d\d)(?:$|[,;\s])")
_STATUS = re.compile(r"[1-5]\d\d")
_PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: ``query`` are the names of its parameters, names of headers in lower case."""

    method: str
    path: str
    query: Collection[str] = ()
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered. ``headers`` are beside the medium."""

    status: int
    medium: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    pattern: re.Pattern[str]
    fixed: int
    operation: Operation


class Mock:
    """The operations of one description, to be asked; with or without the path of its server."""

    def __init__(self, value: JsonValue) -> None:
        found = [_place(each) for each in every_operation(value, MOST_OPERATIONS)]
        self._bases = [urlsplit(each).path.rstrip("/") for each in servers_of(value)]
        # A path without parameters goes before one with: that is what is meant.
        self._places = sorted(found, key=lambda each: -each.fixed)

    def __len__(self) -> int:
        return len(self._places)

    def answer(self, asked: Asked) -> Answer:
        """The answer to one question."""
        path = self._below(asked.path)
        here = [each.operation for each in self._places if each.pattern.fullmatch(path)]
        if not here:
            return _problem(404, f"No path of the description fits {asked.path}.")
        method = "GET" if asked.method == "HEAD" else asked.method
        operation = next((each for each in here if each.entry.method == method), None)
        if operation is None:
            allowed = ", ".join(sorted({each.entry.method for each in here}))
            return _problem(405, f"{asked.method} is not described here.", {"Allow": allowed})
        wrong = next(_faults(operation, asked), "")
        return _problem(400, wrong) if wrong else _replied(operation, asked)

    def _below(self, path: str) -> str:
        """The path as the description has it: also with the path of a server before it."""
        base = next((each for each in self._bases if each and path.startswith(f"{each}/")), "")
        return path[len(base) :]


def _place(operation: Operation) -> _Place:
    path, start, parts = operation.entry.path, 0, []
    for found in _PART.finditer(path):
        parts += [re.escape(path[start : found.start()]), "[^/]+"]
        start = found.end()
    parts.append(re.escape(path[start:]))
    fixed = len(_PART.sub("", path))
    return _Place(re.compile("".join(parts)), fixed, operation)


def _faults(operation: Operation, asked: Asked) -> Iterator[str]:
    for each in operation.parameters:
        given = asked.query if each.where == "query" else asked.headers
        name = each.name.lower() if each.where == "header" else each.name
        if each.required and each.where in {"query", "header"} and name not in given:
            yield f"The {each.where} parameter {each.name} is required."
    if operation.body_required and not asked.body:
        yield "A body is required."
    if asked.body and "json" in asked.headers.get("content-type", ""):
        try:
            json.loads(asked.body)
        except (ValueError, RecursionError):
            yield "The body is no JSON."


def _replied(operation: Operation, asked: Asked) -> Answer:
    wanted = _CODE.search(asked.headers.get("prefer", ""))
    reply = _chosen(operation, wanted[1] if wanted else "")
    if reply is None:
        if wanted:
            return _problem(404, f"The description has no answer {wanted[1]} here.")
        return Answer(status=200, medium="", body="", headers={})
    said = reply.status if _STATUS.fullmatch(reply.status) else wanted[1] if wanted else "200"
    status = int(said)
    accept = asked.headers.get("accept", "")
    content = next(
        (each for each in reply.contents if each.medium in accept),
        next(iter(reply.contents), None),
    )
    if content is None:
        return Answer(status=status, medium="", body="", headers={})
    return Answer(status=status, medium=content.medium, body=content.example, headers={})


def _chosen(operation: Operation, wanted: str) -> Reply | None:
    if wanted:
        names = (wanted, f"{wanted[0]}XX", "default")
        return next(
            (each for name in names for each in operation.replies if each.status == name), None
        )
    good = [each for each in operation.replies if each.status[:1] == "2"]
    return next(iter(good or operation.replies), None)


def _problem(status: int, detail: str, headers: Mapping[str, str] = {}) -> Answer:
    body = {"title": "The mock can not answer this", "status": status, "detail": detail}
    return Answer(status=status, medium=_PROBLEM, body=json.dumps(body), headers=headers)
