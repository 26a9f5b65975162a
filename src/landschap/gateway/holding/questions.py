# SPDX-License-Identifier: EUPL-1.2
"""What a question to a held service searches by, and whether the Permit allows that.

Everything in a question is declared: the path, each key of the query, each value in the body. What
is not declared could be a search that nobody permitted, so it is refused. The service is sent what
was understood here, never the bytes that came.
Source: house decision 13: search keys are checked against the Permit where the body is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode

from landschap.gateway.holding import json_form, xml_form
from landschap.gateway.holding.model import JSON, Hold
from landschap.gateway.holding.places import ITEM, Node, steps_of
from landschap.gateway.holding.reshaping import applied_to_body, applied_to_pairs, at
from landschap.gateway.holding.steps import BEFORE
from landschap.gateway.holding.trimming import Cut, Unreadable
from landschap.purposes.permit import Permit, closed_history
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import parse_day, parse_moment

FIELDS = "fields"
ANY_SEGMENT = "*"
_SEGMENT = re.compile(r"\{(\*|[A-Za-z_][A-Za-z0-9_.-]*)\}")
_HISTORY = ("geldigOp", "beschikbaarOp")
_ASKER = "the application that asks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A question as it came. ``target`` is path and query below the base of the service."""

    method: str
    target: str
    media_type: str = ""
    body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Understood:
    """A question as it goes on; ``facts`` are the values it searches by, per field."""

    target: str
    body: bytes = b""
    facts: dict[str, list[str]] = field(default_factory=dict)

    def numbers(self, persons: Iterable[str]) -> list[str]:
        """The numbers of persons in the question."""
        return [number for path in persons for number in self.facts.get(path, []) if number]


def understand(raw: Raw, hold: Hold, shape: Node) -> Understood | Refusal:
    """The question; nothing in it is permitted yet."""
    path, _, query = raw.target.partition("?")
    found = Understood(target="")
    refusal = _read_path(path, hold, found)
    pairs = _pairs(query)
    if refusal is None and isinstance(pairs, Refusal):
        refusal = pairs
    if refusal is not None or isinstance(pairs, Refusal):
        return refusal or _unreadable("The query can not be read.")
    refusal = _read_query(pairs, hold, found) or _read_body(raw, hold, shape, found)
    if refusal is not None:
        return refusal
    kept = [(hold.history.get(name, name), value) for name, value in pairs if name != FIELDS]
    try:
        kept = applied_to_pairs(kept, at(hold.steps, BEFORE))
        found.body = applied_to_body(found.body, at(hold.steps, BEFORE))
    except Unreadable as error:
        return _unreadable(f"The question can not be passed on: {error}.")
    found.target = path + (f"?{urlencode(kept, quote_via=quote)}" if kept else "")
    return found


def search_refusal(
    understood: Understood, permit: Permit, pairs_of: Sequence[str] = ()
) -> Refusal | None:
    """Why the Permit does not allow this search; None when it does."""
    # Who may not see the value of a field could find it out by searching.
    hidden = {each.path for each in permit.obligations if each.path}
    outside = sorted(understood.facts.keys() - (set(permit.searchable) - hidden))
    if outside:
        return Refusal(
            code="search_not_permitted",
            status=403,
            title="Searching by this field is not permitted",
            detail=f"The permit does not hold {outside[0]} as a field to search by.",
            missing=f"{outside[0]} as a searchable field in the policy and the contract",
            owner="the privacy officers of the organisation that offers the service",
        )
    names = [key for key in _HISTORY if any(each == key for each in pairs_of)]
    return closed_history(
        permit,
        material="geldigOp" if "geldigOp" in names else "",
        formal="beschikbaarOp" if "beschikbaarOp" in names else "",
    )


def keys_of(target: str) -> tuple[str, ...]:
    """The keys of the query of a target."""
    pairs = _pairs(target.partition("?")[2])
    return () if isinstance(pairs, Refusal) else tuple(name for name, _ in pairs)


def with_fields(target: str, hold: Hold, wanted: Iterable[str]) -> str:
    """The target with the names of the wanted fields, when the service takes them."""
    if not hold.fields_parameter:
        return target
    names = sorted({name for path in wanted for name in _names_of(path, hold)})
    pair = urlencode([(hold.fields_parameter, ",".join(names))], quote_via=quote, safe=",")
    return f"{target}{'&' if '?' in target else '?'}{pair}"


def named_in(template: str) -> tuple[str, ...]:
    """The fields that a path names."""
    found = _SEGMENT.findall(template)
    return tuple(name for name in found if name != ANY_SEGMENT)


def _names_of(path: str, hold: Hold) -> Iterable[str]:
    for place in hold.fields.get(path, ()):
        steps = steps_of(place, hold.form, hold.namespaces)
        yield ".".join(step.rpartition("}")[2] for step in steps if step != ITEM)


def _read_path(path: str, hold: Hold, found: Understood) -> Refusal | None:
    segments = [unquote(part) for part in path.split("/")[1:]]
    crooked = any("/" in part or part in (".", "..") or "\x00" in part for part in segments)
    for template in () if crooked else hold.paths:
        steps = template.split("/")[1:]
        if len(steps) != len(segments):
            continue
        facts = _facts_of(steps, segments)
        if facts is not None:
            for name, value in facts:
                found.facts.setdefault(name, []).append(value)
            return None
    return Refusal(
        code="not_found",
        status=404,
        title="There is nothing at this address",
        detail="No address of this service has this form.",
    )


def _facts_of(steps: Sequence[str], segments: Sequence[str]) -> list[tuple[str, str]] | None:
    facts = []
    for step, segment in zip(steps, segments, strict=True):
        named = _SEGMENT.fullmatch(step)
        if named is None:
            if step != segment:
                return None
        elif not segment:
            return None
        elif named[1] != ANY_SEGMENT:
            facts.append((named[1], segment.strip()))
    return facts


def _pairs(query: str) -> list[tuple[str, str]] | Refusal:
    pairs: list[tuple[str, str]] = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        name, value = unquote(name.replace("+", " ")), unquote(value.replace("+", " "))
        if any(name == known for known, _ in pairs):
            return Refusal(
                code="query_twice",
                status=400,
                title="A query parameter stands twice",
                detail=f"{name[:80]!r} may be given once.",
                owner=_ASKER,
            )
        pairs.append((name, value))
    return pairs


def _read_query(pairs: Sequence[tuple[str, str]], hold: Hold, found: Understood) -> Refusal | None:
    searched = {
        place[1:]: path
        for path, places in hold.searches.items()
        for place in places
        if place.startswith("?")
    }
    free = {place[1:] for place in hold.free if place.startswith("?")} | {FIELDS, *hold.history}
    for name, value in pairs:
        if name in hold.history:
            refusal = _moment_refusal(name, value)
            if refusal is not None:
                return refusal
        elif name in _HISTORY and name not in free:
            return Refusal(
                code="geschiedenis.niet-aangeboden",
                status=400,
                title="This service can not be asked about another moment",
                detail=f"{name} is not declared for it, and without it the answer would be about "
                "another moment than was asked.",
                missing=f"{name} under [historie] in the file of the service, if it keeps history",
                owner="the operators of the organisation that offers the service",
            )
        elif name in searched:
            # One parameter may hold several numbers.
            values = [each.strip() for each in value.split(",")]
            found.facts.setdefault(searched[name], []).extend(values)
        elif name not in free:
            known = sorted({*searched, *free})
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            return Refusal(
                code="query_unknown",
                status=400,
                title="Unknown query parameter",
                detail=f"{name[:80]!r} is not a parameter here.{hint} Allowed: {', '.join(known)}.",
                owner=_ASKER,
            )
    return None


def _moment_refusal(name: str, value: str) -> Refusal | None:
    try:
        parse_day(value) if name == "geldigOp" else parse_moment(value)
    except InvalidValue as error:
        return _unreadable(f"{name}: {error}.")
    return None


def _read_body(raw: Raw, hold: Hold, shape: Node, found: Understood) -> Refusal | None:
    if not raw.body:
        return None
    if not is_of_form(raw.media_type, hold.form):
        return Refusal(
            code="media_type",
            status=415,
            title="This content type is not read here",
            detail=f"Send the question as {'JSON' if hold.form == JSON else 'XML'}, in UTF-8.",
            owner=_ASKER,
        )
    cut = Cut(permitted=frozenset(hold.searches))
    form = json_form if hold.form == JSON else xml_form
    try:
        found.body = form.cut_question(raw.body, shape, cut)
    except Unreadable as error:
        return _unreadable(f"The body can not be used: {error}.")
    if cut.stopped:
        return Refusal(
            code="question_undeclared",
            status=400,
            title="The question holds more than may be asked",
            detail="The body holds something that this service was not declared to be asked with; "
            "it could be a search that nobody permitted.",
            missing="the place in the mapping of the service, or a body without it",
            owner="the application that asks, or the operators of the organisation that offers it",
        )
    for path, values in cut.everything.items():
        texts = [str(value).strip() for value in values if value is not None]
        found.facts.setdefault(path, []).extend(texts)
    return None


def is_of_form(media_type: str, form: str) -> bool:
    """True for a media type of this form, in UTF-8 as far as it says. Source: RFC 6839."""
    kind, *parameters = [part.strip().lower() for part in media_type.split(";")]
    for each in parameters:
        name, _, value = each.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "us-ascii"):
            return False
    if form == JSON:
        return kind == "application/json" or bool(re.fullmatch(r"application/[\w.-]+\+json", kind))
    return kind in ("application/xml", "text/xml") or bool(
        re.fullmatch(r"application/[\w.-]+\+xml", kind)
    )


def _unreadable(detail: str) -> Refusal:
    return Refusal(
        code="request_invalid",
        status=400,
        title="The question is not well formed",
        detail=detail,
        missing="a well-formed question",
        owner=_ASKER,
    )
