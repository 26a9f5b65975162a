# SPDX-License-Identifier: EUPL-1.2
"""One question as the carrier hands it over, and what both doors read from it the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote_plus
from uuid import UUID

import msgspec

from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.tracing import parse_traceparent

_SEEN = {"fields", "expand", "geldigOp", "beschikbaarOp"}
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt][0-9:.]{5,20}(?:[Zz]|[+-][0-9:]{5})?)?")
_MAX_FIELDS = 500
_VERSION_7 = 7


class Asked(msgspec.Struct, frozen=True):
    """The raw request line and the headers that the carrier passes; never the body.

    Names of headers are in lower case; a header that came twice has its values joined by ``, ``.
    ``head`` is the question as it came, up to what is new in it; empty when it was not of that
    form.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    head: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header, empty when it is absent."""
        return self.headers.get(name, "")


class Fresh(msgspec.Struct, frozen=True):
    """What is new with every question: the moment, and identifiers made for it alone."""

    now: datetime
    span_id: bytes
    trace_id: bytes
    transaction_id: UUID
    declaration_id: UUID


class Trace(msgspec.Struct, frozen=True):
    """The thread of this question: as it came, and as it goes on with our span."""

    trace_id: bytes
    span_id: bytes
    parent: bytes | None
    flags: int
    tracestate: str

    def onward(self) -> str:
        """The ``traceparent`` for who comes next: same trace, same flags, our span."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{self.flags:02x}"


class Query(msgspec.Struct, frozen=True):
    """What of the query string concerns purpose; personal keys stand in the body, unseen."""

    fields: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()
    valid_on: str = ""
    known_at: str = ""


NO_QUERY = Query()


def trace_of(asked: Asked, fresh: Fresh) -> Trace:
    """The trace that came with the question, or a new one. Source: W3C Trace Context."""
    given = parse_traceparent(asked.header("traceparent"), asked.header("tracestate"))
    if given is None:
        return Trace(fresh.trace_id, fresh.span_id, None, 1, "")
    return Trace(given.trace_id, fresh.span_id, given.span_id, given.flags, given.tracestate)


def transaction_id_of(text: str) -> UUID | None:
    """A transaction id in its one form, version 7. Source: FSC Logging; rule of the Group."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if found.version == _VERSION_7 and str(found) == text.lower() else None


def query_of(target: str) -> Query | Refusal:
    """Read ``fields``, ``expand``, ``geldigOp`` and ``beschikbaarOp`` from a raw target."""
    _, mark, query = target.partition("?")
    if not mark:
        return NO_QUERY
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if name in _SEEN:
            if name in found:
                return invalid(f"{name} stands twice in the query")
            found[name] = unquote_plus(value)
    return _typed(found) if found else NO_QUERY


def _typed(found: Mapping[str, str]) -> Query | Refusal:
    lists: dict[str, tuple[str, ...]] = {}
    for name in ("fields", "expand"):
        if name in found:
            names = tuple(found[name].split(","))
            wrong = next((each for each in names if not _FIELD.fullmatch(each)), None)
            if wrong is not None or len(names) > _MAX_FIELDS:
                return invalid(f"{name} must be names, separated by commas")
            lists[name] = names
    # Whether the moment exists is for the service; here it is only kept when it looks like one.
    times = [
        text if _TIME.fullmatch(text := found.get(name, "")) else ""
        for name in ("geldigOp", "beschikbaarOp")
    ]
    return Query(lists.get("fields"), lists.get("expand", ()), times[0], times[1])


def is_lenient(asked: Asked) -> bool:
    """True when the asker prefers trimming over a refusal. Source: RFC 7240, "handling"."""
    prefer = asked.header("prefer")
    if not prefer:
        return False
    return any(part.strip() == "handling=lenient" for part in prefer.replace(";", ",").split(","))


def explained_by(asked: Asked) -> str:
    """Who is to decide without carrying it out: ``own`` (this door), ``provider``, or nobody.

    ``Prefer: explain`` asks the door that reads it. At an Outway ``explain=provider`` goes on to
    the provider, whose Inway it then asks. Source: FTV, F3; RFC 7240, "Prefer".
    """
    prefer = asked.header("prefer")
    if "explain" not in prefer:
        return ""
    for part in prefer.replace(";", ",").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "explain":
            return "provider" if value.strip().strip('"') == "provider" else "own"
    return ""


def invalid(why: str) -> Refusal:
    """The refusal of a question that is not well formed, for this reason."""
    return Refusal(
        code="request_invalid",
        status=400,
        title="The question is not well formed",
        detail=f"{why[0].upper()}{why[1:]}.",
        missing="a well-formed question",
        owner="the application that asks",
    )
