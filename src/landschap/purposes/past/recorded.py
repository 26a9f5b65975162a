# SPDX-License-Identifier: EUPL-1.2
"""The decisions that one record holds, each with what is needed to take it again.

Mostly that is one. A call of the decision point may ask several; a search asks none in particular,
and what a service decides after the door is about persons, not about the question.
Source: Authorization Decision Log, "Record".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from landschap.purposes.authzen import names
from landschap.purposes.authzen.messages import Unreadable, merged
from landschap.purposes.replay import was_decided
from landschap.vocabulary.ijson import JsonValue

Words = Mapping[str, JsonValue]


class Door(StrEnum):
    """Where a decision was taken."""

    INWAY = "Inway"
    OUTWAY = "Outway"
    POINT = "decision point"
    CONSOLE = "console"
    SERVICE = "service"
    UNKNOWN = "unknown"


_DOORS = {
    "fsc-peer": Door.INWAY,
    "application": Door.OUTWAY,
    "employee": Door.CONSOLE,
    "organisation": Door.SERVICE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One decision as the log holds it.

    ``version`` is that of the register it names, ``at`` its moment, ``written_at`` when it was
    recorded: what was said between these may have counted or not. ``grant`` is the hash of the
    grant it was asked under. ``kind`` is the event without its prefix.
    """

    door: Door
    kind: str
    request: Words
    response: Words
    version: str
    at: datetime
    written_at: datetime
    grant: str = ""

    @property
    def context(self) -> Words:
        """What the answer said beside yes or no."""
        return map_of(self.response.get("context"))

    @property
    def allowed(self) -> bool:
        """True when the question was permitted."""
        return self.response.get("decision") is True

    @property
    def code(self) -> str:
        """Why it was refused; empty when it was not."""
        return text_of(self.context.get("code"))

    @property
    def is_decided(self) -> bool:
        """True when it was decided on its purpose, and not refused before or permitted without."""
        # What could not be understood has another answer, that names neither.
        answered = "policy" in self.context if self.allowed else bool(self.code)
        return answered and was_decided(self.request, self.response)

    @property
    def lacks_fields(self) -> bool:
        """True for a refusal because of fields that does not say which were asked.

        Records were so before refused questions were recorded with their fields.
        """
        about = map_of(map_of(self.request.get("resource")).get("properties"))
        named = self.code == "fields_unknown" or bool(self.context.get("withheld"))
        return (
            self.code in ("fields_excess", "fields_unknown")
            and named
            and not (about.get("fields") or about.get("search") or self.door is Door.CONSOLE)
        )


def decisions_in(
    content: Mapping[str, JsonValue], *, at: datetime, written_at: datetime
) -> tuple[Recorded, ...]:
    """The decisions in the payload of a record; none for a line."""
    adl = map_of(content.get("adl"))
    body, attributes = map_of(adl.get("body")), map_of(adl.get("attributes"))
    policies = map_of(attributes.get("adl.core.policies"))
    request = map_of(body.get("adl.core.request"))
    response = map_of(body.get("adl.core.response"))
    if not body:
        return ()
    kind = text_of(adl.get("event_name")).removeprefix("adl.")
    grant = text_of(map_of(content.get("fsc")).get("grant_hash"))
    every = [(request, response)]
    if kind == "access_evaluations":
        every = list(_several(request, response))
    return tuple(
        Recorded(
            door=_door(asked, kind),
            kind=kind,
            request=asked,
            response=said,
            # A service that decides after the door calls it otherwise.
            version=text_of(policies.get("landschap") or policies.get("purposes")),
            at=at,
            written_at=written_at,
            grant=grant or text_of(map_of(asked.get("context")).get("grant_hash")),
        )
        for asked, said in every
    )


def _several(request: Words, response: Words) -> list[tuple[Words, Words]]:
    items, answers = request.get("evaluations"), response.get("evaluations")
    if not isinstance(items, list) or not isinstance(answers, list):
        return [(request, response)]
    found: list[tuple[Words, Words]] = []
    # There may be fewer answers: the first one can end the call.
    for item, answer in zip(items, answers, strict=False):
        try:
            found.append((merged(request, item), map_of(answer)))
        except Unreadable:
            found.append(({}, map_of(answer)))
    return found


def _door(request: Words, kind: str) -> Door:
    subject = text_of(map_of(request.get("subject")).get("type"))
    if subject.startswith(names.BASE) or kind.startswith("search_"):
        return Door.POINT
    return _DOORS.get(subject, Door.UNKNOWN)


def map_of(value: JsonValue) -> Words:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: JsonValue) -> str:
    """The value when it is a text, else an empty one."""
    return value if isinstance(value, str) else ""
