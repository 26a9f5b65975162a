# SPDX-License-Identifier: EUPL-1.2
"""Changes of a register told to a system that speaks StUF: one Lk01 per change.

Our own subscription brings the notice here, again until it is taken, in order per object. What is
told is read anew, only the fields of the permit, and each person has a line in the log first. The
number of a message follows from the notice, so a second time is known to the receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request

from landschap.integration.conforming import Conformity
from landschap.integration.connectors.over_http import Request as Asked
from landschap.integration.connectors.over_http import RestDoor, answered, read_limited
from landschap.integration.rows import Reason, SourceFailed
from landschap.integration.soap import UnreadableAnswer
from landschap.integration.stuf.mapping import NoticeMapping, Outgoing
from landschap.integration.stuf.writing import Told, is_taken, lk01, told_of
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.api import changing
from landschap.registers.api.desk import Desk
from landschap.registers.inbox import Received
from landschap.registers.timeline import Assertion, segment_on, segments
from landschap.vocabulary.problems import ProblemError, Refusal

log = structlog.get_logger(__name__)
_MAX_ANSWER = 1_000_000
# Sooner than who brings the notice gives up, so that he is told who was too late.
SECONDS = 8.0
_DOING = "StUF-kennisgeving sturen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells the changes of one mapping. ``out`` is that of the mapping, ``door`` the way there."""

    desk: Desk
    mapping: NoticeMapping
    out: Outgoing
    door: RestDoor
    conformity: Conformity | None = None

    async def tell(self, event: Received, permit: Permit, request: Request[Any, Any, Any]) -> bool:
        """Tell one change; False when it is not of this mapping. Raises ProblemError when it was
        not taken, so that it is brought again.
        """
        now = datetime.now(UTC)
        found = await self._found(event, now)
        if found is None:
            return False
        kind, number = self.mapping.type, event.event_id.replace("-", "")
        allowed = {leaf for path in permit.fields for leaf in kind.leaves(path)}
        fields = frozenset(self.mapping.targets) & allowed
        case = changing.case_of(kind, permit, request, now, fields)
        _, held = await self.desk.ask(case, [found.object_id])
        await self.desk.record(case, [found.object_id], held, doing=_DOING, also=self._whose(found))
        await self._send(self._conform(lk01(found, self.mapping, fields, number, now)))
        return True

    def _conform(self, message: bytes) -> bytes:
        """The message when it is as the schema says. Raises ProblemError: nothing is sent."""
        wrong = self.conformity and self.conformity.of_message(message)
        if wrong:
            log.error("stuf_notice_not_conform", notices=self.mapping.name, where=str(wrong))
            raise ProblemError(_NOT_CONFORM)
        return message

    def _whose(self, told: Told) -> list[str]:
        """The numbers of the persons in it, also of who is no longer there."""
        subject = self.mapping.type.subject
        if subject is None:
            return []
        found = {(content or {}).get(subject.name) for content in (told.before, told.after)}
        return sorted(str(number) for number in found if number is not None)

    async def _found(self, event: Received, now: datetime) -> Told | None:
        """The change that a notice is about, from the register itself."""
        kind, pool = self.mapping.type, self.desk.deps.pool
        register = self.desk.deps.registers.by_name[kind.register]
        if event.sequence is None or not event.type.startswith(f"nl.{kind.register}.{kind.name}-"):
            return None
        known = await store.known_at(pool, register, now)
        changes = await store.changes_after(pool, register, event.sequence - 1, known, 1)
        if not changes or changes[0].number != event.sequence:
            return None
        (change,) = changes
        if change.type_key != kind.key or change.group != self.mapping.group:
            return None
        groups = await store.history_of(pool, kind, change.object_id)
        every: list[Assertion] = list(groups.get(change.group, ()))
        assertion = next((one for one in every if one.number == change.number), None)
        if assertion is None:
            return None
        earlier = segments((one for one in every if one.number < change.number), known)
        held = segment_on(earlier, assertion.period.begin)
        before = held.assertion.content if held is not None else None
        return told_of(assertion, change.object_id, before)

    async def _send(self, message: bytes) -> None:
        headers = {
            "Accept": "text/xml",
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{self.out.action}"',
        }
        if self.out.secret_header:
            headers[self.out.secret_header] = self.door.secret
        asked = Asked(
            method="POST", url=self.out.url, headers=headers, body=message, found=(200, 202, 500)
        )
        try:
            async with asyncio.timeout(SECONDS), answered(self.door, asked) as answer:
                taken = is_taken(await read_limited(answer, _MAX_ANSWER))
        except TimeoutError:
            raise ProblemError(_away(Reason.TOO_LATE)) from None
        except SourceFailed as failed:
            raise ProblemError(_away(failed.reason)) from None
        except UnreadableAnswer:
            raise ProblemError(_NOT_TAKEN) from None
        if not taken:
            raise ProblemError(_NOT_TAKEN)


def tellers(
    desk: Desk,
    mappings: Mapping[str, NoticeMapping],
    doors: Mapping[str, RestDoor],
    schemas: Mapping[str, Conformity] | None = None,
) -> list[Teller]:
    """One per mapping that tells; ``doors`` and ``schemas`` are by the name of the mapping."""
    held = schemas or {}
    return [
        Teller(desk=desk, mapping=each, out=each.out, door=doors[name], conformity=held.get(name))
        for name, each in mappings.items()
        if each.out is not None
    ]


def _away(reason: Reason) -> Refusal:
    """The receiver can not be asked now: the whole subscription waits."""
    return Refusal(
        code="stuf.onbereikbaar",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title="The receiver of StUF notices does not answer",
        detail=f"The notice was not taken ({reason}); it is brought again.",
        missing="an answer of the system that takes the notices",
        owner="the operators of that system",
    )


_NOT_CONFORM = Refusal(
    code="stuf.niet-conform",
    status=HTTPStatus.UNPROCESSABLE_ENTITY,
    title="This StUF notice is not as the schema says",
    detail="It was not sent. The technical log names the places; the notice is brought again.",
    missing="a mapping (kennisgevingen) that makes messages as the schema says",
    owner="the operators of this system",
)
_NOT_TAKEN = Refusal(
    code="stuf.geweigerd",
    status=HTTPStatus.UNPROCESSABLE_ENTITY,
    title="The receiver did not take this StUF notice",
    detail="It answered with a fault (Fo03), or with something that is no answer. Its own log says "
    "why; the notice is brought again.",
    missing="a receipt (Bv03)",
    owner="the operators of the system that takes the notices",
)
