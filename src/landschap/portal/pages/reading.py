# SPDX-License-Identifier: EUPL-1.2
"""Reading one person's uses: our own log and those of all others, at once, within a time.

A room or an organisation that does not answer is named on the page; the rest is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from landschap.gateway.insight.client import Heard, Wanted
from landschap.gateway.insight.store import LOG, Book
from landschap.gateway.insight.told import Agreed, Answer
from landschap.gateway.usage.store import Rooms
from landschap.portal.filters import Filter
from landschap.portal.merging import merged
from landschap.portal.pages.context import PortalDeps
from landschap.portal.pages.looks import (
    LOOK_GROUP,
    LOOK_NAME,
    Look,
    not_recorded,
    write_look,
)
from landschap.portal.uses import FieldGroup, Lookups, Party, Use, field_groups
from landschap.portal.words import group_words

__all__ = [
    "LOOK_GROUP", "LOOK_NAME", "Look", "Reading", "not_recorded", "read_one", "read_uses",
    "write_look",
]  # fmt: skip

log = structlog.get_logger(__name__)

FIRST_SECONDS = 0.6
"""What others get on a first page: it stands there within a second."""
PATIENT_SECONDS = 5.0
"""What they get when the person asked again, and for a download."""
_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
CONTRACTS = "contracts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The uses that were read, newest first, and who did not answer.

    ``missing`` holds ``log``, ``register`` or ``names`` of our own, and ``contracts`` when it is
    not known whom to ask. ``silent`` are other organisations that did not tell their uses,
    ``asked`` all that were asked. ``is_all`` is false when there is more than was read at once;
    ``fields`` and ``agreed`` are of one use.
    """

    uses: Sequence[Use]
    missing: tuple[str, ...]
    is_all: bool
    silent: tuple[Party, ...] = ()
    asked: tuple[Party, ...] = ()
    fields: Sequence[FieldGroup] = ()
    agreed: Agreed | None = None


def book_of(deps: PortalDeps) -> Book:
    """Our own log, in the words of residents."""
    organisation = deps.settings.organisation
    return Book(
        rooms=Rooms(log=deps.log_pool, purposes=deps.purposes_pool, fsc=deps.fsc_pool),
        own=organisation.oin,
        own_name=organisation.name,
        look_activity=deps.look_activity,
        group_words=group_words,
    )


async def read_uses(look: Look, chosen: Filter) -> Reading:
    """The uses of this person in the chosen period; the rest of the filter is for the caller."""
    since, until = chosen.moments()
    wanted = Wanted(since=since, until=until, before=chosen.before)
    seconds = PATIENT_SECONDS if chosen.is_patient else FIRST_SECONDS
    own, told = await asyncio.gather(
        book_of(look.deps).uses(look.subjects, (since, until), chosen.before),
        _others(look, wanted, seconds),
    )
    answers = [own, *(each.answer for each in told.heard if each.answer is not None)]
    uses, is_all = merged(answers)
    return Reading(
        uses=uses,
        missing=(*own.missing, *told.missing),
        is_all=is_all,
        silent=tuple(each.peer for each in told.heard if each.answer is None),
        asked=tuple(each.peer for each in told.heard),
    )


async def read_one(look: Look, recorder: str, record_id: UUID) -> Reading:
    """One use, from the log of the organisation with this number; an empty one is ours.

    It is there if it is of this person; else there is none: whether it exists is nobody's business.
    """
    if recorder in {"", look.deps.settings.organisation.oin.value}:
        return _of_one(await book_of(look.deps).one(look.subjects, record_id), ())
    # The period says nothing of one use; every moment is in it.
    since, until = Filter.everything()
    wanted = Wanted(since=since, until=until, one=record_id)
    told = await _others(look, wanted, PATIENT_SECONDS, only=recorder)
    if told.missing:
        return Reading(uses=(), missing=told.missing, is_all=False)
    for each in told.heard:
        if each.answer is None:
            return Reading(uses=(), missing=(LOG,), is_all=False, silent=(each.peer,))
        return _of_one(each.answer, (each.peer,))
    return Reading(uses=(), missing=(), is_all=True)


def _of_one(answer: Answer, asked: tuple[Party, ...]) -> Reading:
    return Reading(
        uses=answer.uses[:1],
        missing=answer.missing,
        is_all=True,
        asked=asked,
        fields=field_groups(answer.fields.visible, answer.fields.withheld),
        agreed=answer.agreed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    heard: Sequence[Heard] = ()
    missing: tuple[str, ...] = ()


async def _others(look: Look, wanted: Wanted, seconds: float, *, only: str = "") -> _Told:
    """What others tell, or the one of this number; each question is on record after it."""
    deps = look.deps
    if deps.insight is None or look.known.company is not None:
        # Others are asked about a person by number; about a company nobody is asked yet.
        return _Told()
    try:
        grants = await deps.insight.others()
    except _NO_ANSWER as error:
        log.warning("contracts can not be read", error=type(error).__name__)
        return _Told(missing=(CONTRACTS,))
    if only:
        grants = [each for each in grants if each.service_peer_id.value == only]
    heard = await deps.insight.ask(
        grants, look.person, wanted, look.trace, await _lookups(deps), seconds
    )
    await look.write_questions(heard)
    return _Told(heard=heard)


async def _lookups(deps: PortalDeps) -> Lookups:
    """The names we have for organisations; one without a name is shown by its number."""
    return (await book_of(deps).lookups())[0]
