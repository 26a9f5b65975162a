# SPDX-License-Identifier: EUPL-1.2
"""Files that a person hands in with a report: taken or refused one by one, and read back.

What was typed is shown again with the words that say which file is not taken, and why. Each time a
file is fetched is on record before it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Response, get
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.platform.web import N_
from landschap.portal.pages.context import (
    AnyRequest,
    OwnData,
    PortalDeps,
    asked_of,
    to_login,
)
from landschap.portal.pages.looks import write_look
from landschap.portal.pages.reported import report_of_person
from landschap.portal.pages.titles import Titles
from landschap.registers.store.evidence import (
    Form,
    Handed,
    file_of_report,
    files_of_form,
    hand_in,
    take_out,
)
from landschap.vocabulary.typed import clean
from landschap.vocabulary.uploads import (
    ACCEPT,
    MOST_BYTES,
    MOST_FILES,
    Fault,
    judge,
    saving_headers,
)

FIELD, AWAY = "bewijs", "weg"
MAX_FORM_BYTES = 32_000_000
"""More than may be handed in, so that what was typed comes back with a file that is too large."""
_FETCHED = "bewijsstuk opgehaald"
_GROUP = "melding"
_MOST_NAME = 60
_MOST_LOOKED_INTO = 2 * MOST_FILES
_WORDS = {
    Fault.EMPTY: N_("%(name)s is leeg. Kies een ander bestand."),
    Fault.TOO_LARGE: N_("%(name)s is te groot. Een bestand mag %(megabytes)s MB zijn."),
    Fault.TOO_MANY: N_("%(name)s past er niet bij. U mag %(most)s bestanden meesturen."),
    Fault.OTHER_KIND: N_(
        "%(name)s is geen PDF, JPG of PNG. Bewaar het als PDF, of maak er een foto van."
    ),
    Fault.OTHER_NAME: N_(
        "%(name)s is iets anders dan de naam zegt. Bewaar het opnieuw, met de goede soort."
    ),
    Fault.BROKEN: N_("%(name)s is beschadigd. Bewaar het opnieuw, of kies een ander bestand."),
    Fault.LOCKED: N_(
        "%(name)s is op slot. Wij kunnen er niet in kijken. Bewaar het zonder wachtwoord."
    ),
    Fault.ACTIVE: N_(
        "%(name)s doet zelf iets, of er zitten andere bestanden in. Maak er een foto van."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of one form that is not sent yet."""

    pool: asyncpg.Pool
    keys: Callable[[], Sequence[bytes]] = field(repr=False)
    form: Form

    async def listed(self) -> list[Handed]:
        """What is handed in, as it came."""
        return await files_of_form(self.pool, self.keys(), self.form)

    async def change(self, given: Mapping[str, Any]) -> list[tuple[str, Fault]]:
        """Take out what must go, take in what came along; gives the names of what is refused."""
        away = _uuid(given.get(AWAY))
        if away is not None:
            await take_out(self.pool, self.form, away)
        came = given.getall(FIELD, []) if isinstance(given, FormMultiDict) else []
        files = [each for each in came if isinstance(each, UploadFile) and each.filename]
        # Each that is looked into costs time; of more than this none can be taken anyway.
        refused = [(_plain(each.filename), Fault.TOO_MANY) for each in files[_MOST_LOOKED_INTO:]]
        for each in files[:_MOST_LOOKED_INTO]:
            body = await each.read(MOST_BYTES + 1)
            taken = await asyncio.to_thread(judge, each.filename, body)
            if not isinstance(taken, Fault):
                kept = await hand_in(self.pool, self.keys(), self.form, taken)
                taken = kept if isinstance(kept, Fault) else taken
            if isinstance(taken, Fault):
                refused.append((_plain(each.filename), taken))
        return refused


class Allowance:
    """How many forms with files are kept for a session that is over: few, of the last sessions."""

    def __init__(self, each: int = 3, most: int = 10_000) -> None:
        self._each = each
        self._most = most
        self._used: dict[str, int] = {}

    def take(self, key: str) -> bool:
        """True as long as it is within what is allowed."""
        used = self._used.pop(key, 0)
        self._used[key] = used + 1
        if len(self._used) > self._most:
            del self._used[next(iter(self._used))]
        return used < self._each


def files_of(own: OwnData, form: UUID, person: str) -> Files | None:
    """The files of a form of a person; None where none can be handed in."""
    if own.evidence_keys is None:
        return None
    return Files(pool=own.registers.pool, keys=own.evidence_keys, form=Form.of(form, person))


def refusals(titles: Titles, refused: Sequence[tuple[str, Fault]]) -> str:
    """Which files are not taken, and why; empty when all are."""
    return " ".join(
        titles.say(
            _WORDS[fault],
            name=name,
            most=MOST_FILES,
            megabytes=MOST_BYTES // 1_000_000,
        )
        for name, fault in refused
    )


def _plain(name: str) -> str:
    """A name to show: its end, without signs that can not be seen."""
    return clean(name, 1000, lines=False)[-_MOST_NAME:] or "?"


def field_values(files: Sequence[Handed] | None) -> dict[str, Any]:
    """What the field of files on a page needs; None: there is no such field."""
    return {
        "files": files,
        "upload": {
            "name": FIELD,
            "away": AWAY,
            "accept": ACCEPT,
            "most": MOST_FILES,
            "megabytes": MOST_BYTES // 1_000_000,
        },
    }


def evidence_routes(deps: PortalDeps, own: OwnData) -> list[HTTPRouteHandler]:
    """The route by which a person fetches what they handed in."""
    path = "/meldingen/{report:str}/bewijs/{evidence:str}"

    @get([path, f"/en{path}"])
    async def fetched(
        report: FromPath[str], evidence: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        await write_look(deps, asked.session, _FETCHED, _GROUP)
        _, found = await report_of_person(deps, own, asked.session, report)
        wanted = _uuid(evidence)
        if wanted is None or own.evidence_keys is None:
            raise NotFoundException
        keys = own.evidence_keys()
        file = await file_of_report(own.registers.pool, keys, found.report_id, wanted)
        if file is None:
            raise NotFoundException
        return Response(file.body, media_type=file.media, headers=saving_headers(file.name))

    return [fetched]


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
