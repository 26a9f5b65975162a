# SPDX-License-Identifier: EUPL-1.2
"""The two forms of asking the log for lines, and of answering.

    0.9     moments in milliseconds, the attributes beside the other members
    next    moments of RFC 3339, the attributes in an object of their own

Both ask the same and get the same lines. A member that is not known is refused, not passed over: a
misspelt one would show more than was meant.
Source: Logboek Dataverwerkingen, extension "Lezen" (0.9 and its later drafts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from landschap.logboek.ingest import ACTIVITY, SUBJECT, SUBJECT_TYPE
from landschap.logboek.records import Record
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.times import parse_moment

MAX_BODY_BYTES = 16_384
PURPOSE = "nl.landschap.purpose"
REASON = "nl.landschap.reason"
HELD_FOR = "nl.landschap.held_for"
_MAX_TEXT = 500
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ASKED = (ACTIVITY, SUBJECT, SUBJECT_TYPE, PURPOSE, REASON, HELD_FOR)


class Profile(StrEnum):
    """Which form; the address that is asked decides."""

    OLD = "0.9"
    NEXT = "next"


class InvalidQuestion(Exception):
    """A question that can not be read; ``place`` is the member. Nothing given is in the words."""

    def __init__(self, detail: str, place: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.place = place


class LogQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are asked: acts that began in ``[since, until)`` and fit all that is given.

    ``held_for`` is the purpose for which an auditor reads what is held back too; without it those
    lines are left out.
    """

    trace_id: bytes | None = None
    activity: str | None = None
    subject: str | None = None
    subject_type: str | None = None
    purpose: str | None = None
    reason: str = ""
    held_for: str | None = None
    since: datetime = _EPOCH
    until: datetime = _LAST

    @property
    def finds_by_act(self) -> bool:
        """True when a line that fits is known to be of this trace, activity or purpose."""
        asked = (self.trace_id, self.activity, self.purpose)
        return any(each is not None for each in asked)

    @property
    def is_selective(self) -> bool:
        """True with a trace, an activity or a subject; a period or purpose only narrows."""
        return any(each is not None for each in (self.trace_id, self.activity, self.subject))


# What the drafts after 0.9 write otherwise. Only these have a name of their own there.
NEXT_NAMES = {
    ACTIVITY: "dpl.core.processingActivityId",
    SUBJECT: "dpl.core.dataSubjectId",
    SUBJECT_TYPE: "dpl.core.dataSubjectIdType",
}
_MEANT = {**{name: name for name in _ASKED}, **{new: old for old, new in NEXT_NAMES.items()}}


def read_question(body: bytes, profile: Profile) -> LogQuestion:
    """The question in a body. Raises InvalidQuestion."""
    try:
        value = loads(body, max_bytes=MAX_BODY_BYTES, max_depth=4, storable=True)
    except InvalidJson as error:
        raise InvalidQuestion(str(error)) from None
    if not isinstance(value, Mapping):
        raise InvalidQuestion("a question is a JSON object")
    given = dict(value)
    trace, begin, end = (given.pop(name, None) for name in ("traceId", "startTime", "endTime"))
    texts = _texts(_attributes(given, profile))
    since = _EPOCH if begin is None else _moment(begin, "startTime", profile)
    until = _LAST if end is None else _moment(end, "endTime", profile)
    if until <= since:
        raise InvalidQuestion("the period ends before it begins", "endTime")
    if SUBJECT in texts and SUBJECT_TYPE not in texts:
        raise InvalidQuestion("a subject needs its kind", SUBJECT_TYPE)
    return LogQuestion(
        trace_id=None if trace is None else _trace(trace),
        activity=texts.get(ACTIVITY),
        subject=texts.get(SUBJECT),
        subject_type=texts.get(SUBJECT_TYPE),
        purpose=texts.get(PURPOSE),
        reason=texts.get(REASON, ""),
        held_for=texts.get(HELD_FOR),
        since=since,
        until=until,
    )


def answer_of(
    profile: Profile,
    records: Sequence[Record],
    *,
    logbook: str,
    organisation: str,
    with_system: bool,
) -> dict[str, JsonValue]:
    """The lines in this form. ``with_system``: which system did it is told too."""
    items: JsonValue = [_item(each, profile, with_system=with_system) for each in records]
    if profile is Profile.OLD:
        return {"processingActivities": items}
    return {
        "metadata": {"logbookId": logbook, "organizationName": organisation},
        "dataProcessingOperations": items,
    }


def has_purpose(record: Record, purpose: str) -> bool:
    """True for a line of an act that was done for this purpose."""
    own = record.content().get("landschap")
    return isinstance(own, Mapping) and own.get("purpose_uri") == purpose


def _attributes(given: dict[str, JsonValue], profile: Profile) -> Mapping[str, JsonValue]:
    """What is asked of the attributes: beside the other members, or in their object."""
    if profile is Profile.OLD:
        return given
    found = given.pop("attributes", {})
    if given:
        raise InvalidQuestion("this member is not known here", min(given)[:80])
    if not isinstance(found, Mapping):
        raise InvalidQuestion("attributes is an object", "attributes")
    return found


def _texts(attributes: Mapping[str, JsonValue]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in attributes.items():
        meant = _MEANT.get(name)
        if meant is None:
            raise InvalidQuestion("this member is not known here", name[:80])
        if meant in found:
            raise InvalidQuestion("this is given twice", name)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
            raise InvalidQuestion(f"a text of 1 to {_MAX_TEXT} characters", name)
        found[meant] = value
    return found


def _trace(value: JsonValue) -> bytes:
    """A trace as a UUID or as 32 hexadecimals: the texts of the standard have both."""
    try:
        return UUID(value).bytes if isinstance(value, str) and len(value) in (32, 36) else _none()
    except ValueError:
        raise InvalidQuestion("a trace is a UUID or 32 hexadecimals", "traceId") from None


def _none() -> bytes:
    raise ValueError("no trace")


def _moment(value: JsonValue, place: str, profile: Profile) -> datetime:
    if profile is Profile.NEXT:
        try:
            return parse_moment(value if isinstance(value, str) else "")
        except InvalidValue as error:
            raise InvalidQuestion(str(error), place) from None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidQuestion("milliseconds since 1970", place)
    try:
        return _EPOCH + value * _MILLISECOND
    except OverflowError:
        raise InvalidQuestion("a moment before the year 10000", place) from None


def _item(record: Record, profile: Profile, *, with_system: bool) -> dict[str, JsonValue]:
    line = record.content().get("ldv")
    assert isinstance(line, Mapping)  # noqa: S101 - a record of this kind holds its line
    attributes = line["attributes"]
    assert isinstance(attributes, Mapping)  # noqa: S101 - as above
    names = NEXT_NAMES if profile is Profile.NEXT else {}
    found: dict[str, JsonValue] = {
        "traceId": str(UUID(bytes=record.columns.trace_id)),
        "spanId": line["span_id"],
        "status": line["status"],
        "name": line["name"],
        "startTime": _told(line["start_time"], profile),
        "endTime": _told(line["end_time"], profile),
        "attributes": {names.get(name, name): value for name, value in attributes.items()},
    }
    if "parent_span_id" in line:
        found["parentSpanId"] = line["parent_span_id"]
    if with_system:
        found["resource"] = line["resource"]
    return found


def _told(value: JsonValue, profile: Profile) -> JsonValue:
    if profile is Profile.OLD or not isinstance(value, int):
        return value
    moment = (_EPOCH + value * _MILLISECOND).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"
