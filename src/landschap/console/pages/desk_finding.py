# SPDX-License-Identifier: EUPL-1.2
"""Looking one person up at the desk: counted, with a reason, decided, recorded, and exact.

What is found twice is not found: who it is must be certain. Nobody finds themselves.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from landschap.console.desk import Sought, is_called, store, the_one
from landschap.console.known import Known, Task
from landschap.console.pages.context import Asked, ConsoleDeps, Pseudonyms, refuse, session_of
from landschap.console.pages.looking import Looking
from landschap.platform.desk_settings import DeskSettings
from landschap.platform.ids import uuid7
from landschap.platform.telemetry import security_event
from landschap.platform.trouble import Trouble
from landschap.platform.web.sealed import NONCE_BYTES, seal, unseal
from landschap.registers.answering import cut
from landschap.registers.models import ObjectType, Registers
from landschap.registers.questions import Match
from landschap.vocabulary.desk import letters_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

FRESH = timedelta(minutes=15)
"""So long what was found may wait for the check of the document."""
_LABEL = b"landschap.desk.found\x1f"
_BSN = "bsn"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The one who was found, and by which look; ``born_on`` is a day as the register has it."""

    look: UUID
    bsn: str
    name: str
    born_on: str

    def __repr__(self) -> str:
        return "Found()"


def type_of_persons(desk: DeskSettings, registers: Registers) -> ObjectType:
    """The type in which persons are looked up. Raises Trouble when it is none of ours."""
    register, _, name = desk.persons.partition(".")
    held = registers.by_name.get(register)
    kind = held.types.get(name) if held else None
    subject = kind.subject if kind else None
    if kind is None or subject is None or subject.subject_kind != _BSN or not subject.searchable:
        raise Trouble(
            f"desk.persons is {desk.persons}, and no type of persons that can be searched by number"
            " has that name",
            "name a register and a type of it, such as inwoners.inwoner, under [desk]",
        )
    return kind


@dataclass(frozen=True, slots=True)
class Finding:
    """Looking up, for the pages of one process."""

    deps: ConsoleDeps
    desk: DeskSettings
    pseudonyms: Pseudonyms
    type: ObjectType

    @property
    def by_name(self) -> bool:
        """True when persons can be looked up by name and day of birth."""
        born = self.type.properties.get(self.desk.born_on)
        return born is not None and born.searchable

    async def find(self, asked: Asked[Known], sought: Sought, reason: str) -> Found | None:
        """The one person, on record; None when that is nobody, or not certain.

        Raises ProblemError: too often this hour, not permitted, oneself, not recordable.
        """
        known = session_of(asked).known
        look = store.Look(
            look_id=uuid7(),
            subject=known.subject,
            name=known.name,
            sought=sought.by,
            reason=reason,
        )
        if not await store.note_look(self.deps.pool, look, self.desk.looks_per_hour):
            security_event(door="console", peer="", code="desk_limit", reason="too many looks")
            raise refuse(429, "desk_limit", "You looked up as many persons as one may in an hour")
        found = await self._read(asked, sought, look)
        if found is None:
            return None
        # Also oneself: who answers for the log sees that too.
        oin = self.deps.settings.organisation.oin
        person = self.pseudonyms.of(oin, _BSN, found.bsn)
        await store.note_found(self.deps.pool, look.look_id, *person)
        if known.number and found.bsn == known.number:
            security_event(door="console", peer="", code="desk_own_number", reason="own number")
            raise refuse(403, "desk_own_number", "Nobody serves themselves at the desk")
        return found

    async def _read(self, asked: Asked[Known], sought: Sought, look: store.Look) -> Found | None:
        looking, kind = Looking(self.deps), self.type
        assert kind.subject is not None  # noqa: S101  # `type_of_persons` saw to it
        by = kind.subject.name if sought.number else self.desk.born_on
        value = sought.number or (sought.born_on.isoformat() if sought.born_on else "")
        session = session_of(asked)
        task = Task(self.desk.purpose, f"balie-{letters_of(look.look_id)[-8:]}")
        doing = replace(
            asked,
            session=msgspec.structs.replace(
                session, known=msgspec.structs.replace(session.known, task=task)
            ),
        )
        case = await looking.case(doing, kind, {}, search=(by,))
        if case.permit.obligations or case.permit.mark is not None:
            raise refuse(403, "obligation_unsupported", "What is shown here can not be changed")
        wanted = Match(by, (value,))
        _, every = await looking.desk.ask(case, wanted)
        called = [
            each for each in every if sought.number or self._is_called(each.content, sought.name)
        ]
        bsn = the_one(each.content.get(kind.subject.name) for each in called)
        recorded: Match | list[str] = wanted if sought.number else []
        doing_words = f"{kind.collection}: iemand opzoeken aan de balie"
        await looking.written(
            looking.desk.record(case, recorded, called if bsn else [], doing=doing_words)
        )
        if not bsn:
            return None
        told = cut(called[-1].content, case.shape.leaves)
        return Found(
            look=look.look_id,
            bsn=bsn,
            name=self._name(told),
            born_on=str(_at(told, self.desk.born_on) or ""),
        )

    def _is_called(self, content: Mapping[str, JsonValue], typed: str) -> bool:
        """True for the surname, with its prefix or without."""
        surname = str(_at(content, self.desk.name[-1]) or "")
        prefixed = " ".join(str(_at(content, each) or "") for each in self.desk.name[-2:])
        return bool(surname) and (is_called(surname, typed) or is_called(prefixed, typed))

    def _name(self, told: Mapping[str, JsonValue]) -> str:
        parts = (str(_at(told, each) or "") for each in self.desk.name)
        return " ".join(each for each in parts if each)

    def sealed(self, asked: Asked[Known], found: Found) -> str:
        """The one who was found, for the form of the check: only this session can send it back."""
        label = _LABEL + session_of(asked).hash
        value = msgspec.json.encode(found)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.urlsafe_b64encode(seal(value, self.deps.session_key, label, nonce)).decode()

    def opened(self, asked: Asked[Known], text: str) -> Found:
        """Who a form is about. Raises ProblemError for one that is not of this session."""
        found = _unsealed(self.deps.session_key, session_of(asked).hash, text)
        if found is None:
            raise look_over()
        return found

    async def is_fresh(self, asked: Asked[Known], found: Found) -> bool:
        """True while a visit may begin with this look: not long ago, and none began with it."""
        subject = session_of(asked).known.subject
        at = await store.look_of(self.deps.pool, found.look, subject)
        return at is not None and datetime.now(UTC) - at <= FRESH


def look_over() -> ProblemError:
    """The refusal of a form whose look can begin no visit (any more)."""
    return refuse(409, "desk_look_over", "Look the person up again: this took too long")


def sealed_person(key: bytes, session: bytes, text: str) -> str:
    """The number of the one a form of the check is about; empty when it is of another session."""
    found = _unsealed(key, session, text)
    return found.bsn if found else ""


def _unsealed(key: bytes, session: bytes, text: str) -> Found | None:
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
    except (ValueError, binascii.Error):
        return None
    value = unseal(sealed, key, _LABEL + session)
    return None if value is None else msgspec.json.decode(value, type=Found)


def _at(content: Mapping[str, JsonValue], path: str) -> JsonValue:
    value: JsonValue = dict(content)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
