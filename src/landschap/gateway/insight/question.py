# SPDX-License-Identifier: EUPL-1.2
"""What is asked of `logboek-inzage`: a person, the assertion about that person, a period.

    {"burgerservicenummer": "999993653", "verklaring": "eyJ...",
     "vanaf": "2026-01-01T00:00:00Z", "tot": "2026-12-01T00:00:00Z",
     "voor": "<identifier>", "gebruik": "<identifier>"}

``voor`` asks for uses before the last of the answer before; ``gebruik`` for one use, with the
fields and the agreement. A member that is not known is refused.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from landschap.gateway.insight.told import named_schemas
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text, parse_moment

SERVICE = "logboek-inzage"
PATH = f"/{SERVICE}/v1/gebruik"
FIELD = "gebruik"
"""The field of the service in the register of purposes, and the group of data in its lines."""
NUMBER = "burgerservicenummer"
MAX_BYTES = 16_384


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Uses of one person in ``[since, until)``, newest first; or one use."""

    bsn: str
    assertion: str
    since: datetime
    until: datetime
    before: UUID | None = None
    one: UUID | None = None

    def __repr__(self) -> str:
        return f"Question({self.since.isoformat()}, {self.until.isoformat()})"


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    burgerservicenummer: str
    verklaring: str
    vanaf: str
    tot: str
    voor: UUID | None = None
    gebruik: UUID | None = None


def question_schema() -> JsonValue:
    """The schema of a question for an OpenAPI document."""
    return named_schemas(_Body, {"_Body": "Vraag"})["Vraag"]


def write_question(question: Question) -> bytes:
    """The body of a question."""
    body = _Body(
        burgerservicenummer=question.bsn,
        verklaring=question.assertion,
        vanaf=as_utc_text(question.since),
        tot=as_utc_text(question.until),
        voor=question.before,
        gebruik=question.one,
    )
    return msgspec.json.encode(body)


def read_question(body: bytes) -> Question | Refusal:
    """The question in a body, or why it is none; no value stands in the words."""
    try:
        found = msgspec.convert(
            loads(body, max_bytes=MAX_BYTES, max_depth=3, storable=True), type=_Body, strict=True
        )
        since, until = parse_moment(found.vanaf), parse_moment(found.tot)
        bsn = Bsn.parse(found.burgerservicenummer).value
    except (InvalidJson, msgspec.ValidationError):
        return _unreadable("it is no object with the members that belong there")
    except InvalidValue:
        return _unreadable("a number or a moment in it has no valid form")
    if until <= since:
        return _unreadable("the period ends before it begins")
    return Question(
        bsn=bsn,
        assertion=found.verklaring,
        since=since,
        until=until,
        before=found.voor,
        one=found.gebruik,
    )


def _unreadable(why: str) -> Refusal:
    return Refusal(
        code="insight_question_invalid",
        status=400,
        title="This question can not be read",
        detail=f"The question can not be read: {why}.",
        missing="a question as the service describes it",
        owner="the organisation whose portal asks",
    )
