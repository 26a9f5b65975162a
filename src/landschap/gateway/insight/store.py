# SPDX-License-Identifier: EUPL-1.2
"""The uses of one person in our own log, as that person may see them.

For our own portal and for those of others alike, so that what is held back is held back in one
place. A room that does not answer is named; the rest is told. Without the register it is not known
what the law holds back: then no use is told at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog

from landschap.fsc.store import contract_of_grant, peer_names
from landschap.gateway.insight.told import MOST_USES, Agreed, Answer, Fields, fields_decided
from landschap.gateway.usage.store import Rooms
from landschap.gateway.uses.line import Lookups, Use, use_of
from landschap.gateway.uses.store import activities_of
from landschap.logboek.disclosure import Disclosure
from landschap.logboek.records import Record
from landschap.logboek.store import by_transaction
from landschap.logboek.store.holds import disclosure
from landschap.logboek.store.told import use_told, uses_told
from landschap.purposes.store import confidential_activities
from landschap.vocabulary.identifiers import GrantHash, InvalidValue, Oin

log = structlog.get_logger(__name__)

_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_Told = TypeVar("_Told")
LOG, REGISTER, NAMES = "log", "register", "names"
_UNTOLD = Answer(uses=(), is_all=False, missing=(LOG, REGISTER))
_NO_LOG = Answer(uses=(), is_all=False, missing=(LOG,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Our log with what its lines refer to.

    ``look_activity`` and ``looks`` cover a person's own look; ``group_words`` says a group of data
    in the words of who reads.
    """

    rooms: Rooms
    own: Oin
    own_name: str
    look_activity: str
    looks: frozenset[str] = frozenset()
    group_words: Callable[[str], str] = str

    async def uses(
        self,
        subjects: Sequence[bytes],
        period: tuple[datetime, datetime],
        before: UUID | None = None,
    ) -> Answer:
        """The uses of who has these pseudonyms in a half-open period, newest first."""
        disclosed = await self._disclosed(subjects)
        if isinstance(disclosed, Answer):
            return disclosed
        records = await _try(
            uses_told(self.rooms.log, subjects, *period, MOST_USES + 1, disclosed, before)
        )
        if records is None:
            return _NO_LOG
        shown = records[:MOST_USES]
        found, missing = await self._as_uses(shown)
        return Answer(uses=found, is_all=len(records) == len(shown), missing=missing)

    async def one(self, subjects: Sequence[bytes], record_id: UUID) -> Answer:
        """One use with its fields and agreement, if it is of this person and not held back.

        Else none: whether it exists is nobody's business.
        """
        disclosed = await self._disclosed(subjects)
        if isinstance(disclosed, Answer):
            return disclosed
        try:
            record = await use_told(self.rooms.log, record_id, subjects, disclosed)
        except _NO_ANSWER as error:
            log.warning("a room does not answer", error=type(error).__name__)
            return _NO_LOG
        if record is None:
            return Answer(uses=(), is_all=True)
        uses, missing = await self._as_uses([record])
        return Answer(
            uses=uses,
            is_all=True,
            missing=missing,
            fields=await self._fields(uses[0]),
            agreed=await self._agreed(uses[0]),
        )

    async def lookups(self) -> tuple[Lookups, bool]:
        """Names of organisations, and whether they could be asked."""
        names = await _try(peer_names(self.rooms.fsc))
        found = Lookups(
            own=self.own,
            own_name=self.own_name,
            look_activity=self.look_activity,
            looks=self.looks,
            names=names or {},
            group_words=self.group_words,
        )
        return found, names is not None

    async def _disclosed(self, person: Sequence[bytes]) -> Disclosure | Answer:
        """What may be told; an answer without uses when that can not be known."""
        confidential = await _try(confidential_activities(self.rooms.purposes))
        if confidential is None:
            return _UNTOLD
        return await _try(disclosure(self.rooms.log, confidential, person)) or _NO_LOG

    async def _as_uses(self, records: Sequence[Record]) -> tuple[list[Use], tuple[str, ...]]:
        names, has_names = await self.lookups()
        activities = await _try(activities_of(self.rooms.purposes, records))
        complete = replace(names, activities=activities or {})
        missing = [
            *([] if activities is not None else [REGISTER]),
            *([] if has_names else [NAMES]),
        ]
        return [use_of(record, complete) for record in records], tuple(missing)

    async def _fields(self, use: Use) -> Fields:
        """The fields of a use, from the decision on the question it answers; else none."""
        if use.transaction_id is None:
            return Fields()
        records = await _try(by_transaction(self.rooms.log, use.transaction_id))
        return fields_decided(records or ())

    async def _agreed(self, use: Use) -> Agreed | None:
        """The contract of a use; None without one, or when it is not found now."""
        try:
            grant = GrantHash.parse(use.grant_hash)
        except InvalidValue:
            return None
        stored = await _try(contract_of_grant(self.rooms.fsc, grant))
        if stored is None:
            return None
        contract = stored.contract
        names, _ = await self.lookups()
        parties = (names.party(peer.value) for peer in contract.participants)
        return Agreed(
            parties=tuple(party.name or party.number for party in parties),
            since=contract.not_before,
            until=contract.not_after,
        )


async def _try(question: Awaitable[_Told]) -> _Told | None:
    """The answer of another room, None when it does not answer (which is told in the log)."""
    try:
        return await question
    except _NO_ANSWER as error:
        log.warning("a room does not answer", error=type(error).__name__)
        return None
