# SPDX-License-Identifier: EUPL-1.2
"""What an asker wants, read strictly: which fields, which key, which times, partial or not.

A question that is not understood to the last name is refused, all mistakes at once; silence would
be taken for effect. The key never comes back in a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from http import HTTPStatus

from landschap.integration.model import Declaration
from landschap.integration.rows import Moment
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day, parse_day, parse_moment

QUERY_KEYS = ("fields", "geldigOp", "beschikbaarOp", "partial")
MAX_BODY_BYTES = 10_000
_MAX_KEY_LENGTH = 200
_PARTIAL = ("allow", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was understood. ``fields`` is None when the asker leaves them to us."""

    key: str
    fields: frozenset[str] | None
    moment: Moment
    partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields that will be asked, and those that were asked for and are left out."""

    chosen: frozenset[str]
    left_out: tuple[str, ...] = ()


def read_question(
    declaration: Declaration, query: Mapping[str, Sequence[str]], body: bytes, now: datetime
) -> Asked | Refusal:
    """The question in this query string and body, or the refusal with every mistake in it."""
    reader = _Reader(declaration, query)
    key = reader.key(body)
    fields = reader.fields()
    moment = reader.moment(now)
    partial = reader.choice("partial", _PARTIAL) != "refuse"
    if reader.errors:
        return _refused(reader.errors)
    return Asked(key=key, fields=fields, moment=moment, partial=partial)


class _Reader:
    def __init__(self, declaration: Declaration, query: Mapping[str, Sequence[str]]) -> None:
        self.declaration = declaration
        self.query = query
        self.errors: list[dict[str, JsonValue]] = []

    def error(self, where: str, name: str, code: str, detail: str) -> None:
        location: JsonValue = {"pointer": f"/{name}"} if where == "body" else {"name": name}
        self.errors.append({"in": where, "detail": detail, "location": location, "code": code})

    def one(self, name: str) -> str | None:
        given = self.query.get(name, ())
        if len(given) > 1:
            self.error("query", name, "query_twice", f"{name} may be given once")
        return given[0] if given else None

    def choice(self, name: str, valid: Sequence[str]) -> str:
        given = self.one(name)
        if given is not None and given not in valid:
            self.error("query", name, "query_value", f"{name} is one of {', '.join(valid)}")
        return given or valid[0]

    def fields(self) -> frozenset[str] | None:
        given = self.one("fields")
        if given is None:
            return None
        found: set[str] = set()
        for name in given.split(","):
            paths = expand(self.declaration, name)
            if not paths:
                self.error("query", "fields", "fields_unknown", self._no_field(name))
            found.update(paths)
        return frozenset(found)

    def _no_field(self, name: str) -> str:
        near = get_close_matches(name, self.declaration.fields, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f"there is no field {name[:80]!r}.{hint}"

    def moment(self, now: datetime) -> Moment:
        today = amsterdam_day(now)
        day, moment = self.one("geldigOp"), self.one("beschikbaarOp")
        valid_on, known_at = today, now
        try:
            valid_on = parse_day(day) if day is not None else today
        except InvalidValue as error:
            self.error("query", "geldigOp", "tijd.datum-ongeldig", str(error))
        try:
            known_at = parse_moment(moment) if moment is not None else now
        except InvalidValue as error:
            self.error("query", "beschikbaarOp", "tijd.tijdstip-ongeldig", str(error))
        if known_at > now:
            detail = "what will be known later can not be told now"
            self.error("query", "beschikbaarOp", "tijd.toekomst", detail)
        return Moment(
            valid_on=valid_on, known_at=known_at, today=valid_on == today, now=moment is None
        )

    def key(self, body: bytes) -> str:
        name = self.declaration.key
        try:
            value = loads(body, max_bytes=MAX_BODY_BYTES)
        except InvalidJson:
            # The reason could repeat a part of the body, and the body holds a person's number.
            self.error("body", "", "body_invalid", "the body is not I-JSON")
            return ""
        if not isinstance(value, Mapping):
            self.error("body", "", "body_invalid", f'the body is an object: {{"{name}": "..."}}')
            return ""
        for other in sorted(value.keys() - {name}):
            self.error("body", other[:80], "body_unknown", f"only {name} is asked for here")
        return self._key_value(name, value.get(name))

    def _key_value(self, name: str, given: JsonValue) -> str:
        if not isinstance(given, str) or not 0 < len(given) <= _MAX_KEY_LENGTH:
            self.error("body", name, "key_invalid", f"{name} is a text; it must be given")
            return ""
        subject = self.declaration.subject
        if subject is None or subject.kind != "bsn" or not self.declaration.key_is_subject:
            return given
        try:
            return Bsn.parse(given).value
        except InvalidValue as error:
            self.error("body", name, "key_invalid", str(error))
            return ""


def expand(declaration: Declaration, name: str) -> tuple[str, ...]:
    """The fields a name stands for: one field, or all fields of a group (``adres``)."""
    if name in declaration.fields:
        return (name,)
    return tuple(path for path in declaration.fields if path.startswith(f"{name}."))


def choose_fields(
    declaration: Declaration, asked: Asked, permitted: Iterable[str], *, lenient: bool
) -> Fields | Refusal:
    """The asked fields as far as permitted. Strict by default: one too many refuses them all."""
    allowed = declaration.fields.keys() & set(permitted)
    wanted = allowed if asked.fields is None else asked.fields
    excess = wanted - allowed
    if (excess and not lenient) or not wanted & allowed:
        return Refusal(
            code="fields_excess",
            status=HTTPStatus.FORBIDDEN,
            title="More fields than this purpose needs",
            detail="Ask for the allowed fields, or send Prefer: handling=lenient.",
            missing="a policy that gives these fields for this purpose",
            owner="the privacy officer of the organisation that offers the service",
            extra={"allowed_fields": sorted(allowed)},
        )
    return Fields(chosen=frozenset(wanted & allowed), left_out=tuple(sorted(excess)))


def key_refusal(declaration: Declaration) -> Refusal:
    """The refusal for a search by a key that the permit does not open."""
    return Refusal(
        code="search_not_permitted",
        status=HTTPStatus.FORBIDDEN,
        title="Searching by this key is not permitted",
        detail=f"Searching by {declaration.key} is use of {declaration.key}; this permit lacks it.",
        missing=f"{declaration.key} among the fields of the policy",
        owner="the privacy officer of the organisation that offers the service",
    )


def _refused(errors: Sequence[Mapping[str, JsonValue]]) -> Refusal:
    single = errors[0] if len(errors) == 1 else None
    return Refusal(
        code=str(single["code"]) if single else "request_invalid",
        status=HTTPStatus.BAD_REQUEST,
        title="The request is not valid",
        detail=str(single["detail"]) if single else f"{len(errors)} things must be repaired",
        extra={"errors": errors},
    )
