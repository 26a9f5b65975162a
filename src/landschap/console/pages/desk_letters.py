# SPDX-License-Identifier: EUPL-1.2
"""Letters of the desk: what has to be sent, to print, and who sent it.

    /console/balie/brieven                       what waits, the oldest first; and what was sent
    /console/balie/brieven/{nummer}/{brief}      one: to read and print, and saying it was sent
    /console/balie/brieven/{nummer}/{brief}/pdf  the same as accessible PDF
    /console/balie/brieven/{nummer}/{brief}/kopie  the copy of somebody's data that goes with it

Opening one is a line of its person, who sees that it was at the desk; also after the address was
wiped. The list names nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.desk import Whom, store
from landschap.console.desk.store.sealing import unseal_whom
from landschap.console.known import Known
from landschap.console.pages import desk_letter as letters
from landschap.console.pages.context import (
    DESK,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Pseudonyms,
    both,
    door_of,
    own_form,
    refuse,
    require_desk,
    words_of,
)
from landschap.console.pages.desk_letter import Letter, Sender
from landschap.console.pages.looking import Looking
from landschap.fsc.store import peer_names
from landschap.gateway.saying.proof import PATH as PROOF_PATH
from landschap.gateway.saying.store.copies import file_of
from landschap.gateway.saying.store.requests import request_by_number
from landschap.gateway.saying.store.sealing import unseal_copy
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Mandated, Outcome
from landschap.platform.documents import file_of as form_of
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.web import N_, Link
from landschap.purposes.persons.store import consent_by_receipt
from landschap.registers import store as registers
from landschap.registers.telling import title_of
from landschap.vocabulary.desk import (
    CONSENT,
    EMPLOYEE,
    PASSED_ON,
    REPORT,
    REQUEST,
    SOURCE,
    TAKEN_BACK,
    AtDesk,
)
from landschap.vocabulary.times import amsterdam_day

LETTERS = Link(path=f"{DESK.path}/brieven", label=N_("Brieven"))
_LOOKED = "brief over wat aan de balie is gezegd"
_GROUP = "brief"
_ADDRESS = "/balie/brieven/{number:str}/{name:str}"
_SENT_SHOWN = 50
_NAMES = {
    letters.RECEIVED: N_("Ontvangst"),
    letters.LONGER: N_("Meer tijd nodig"),
    letters.DECIDED: N_("Besluit"),
    letters.TAKEN_BACK: N_("Ingetrokken"),
    letters.PROOF: N_("Bewijs van toestemming"),
    letters.PASSED: N_("Doorgegeven"),
}


def letter_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of letters."""
    door, pages = door_of(deps), _Pages(deps)

    @get(both("/balie/brieven"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.every(asked) if asked.session else door.to_login(asked)

    def reading(path: str, read: Any) -> HTTPRouteHandler:
        @get(both(f"{_ADDRESS}{path}"))
        async def one(
            number: FromPath[str], name: FromPath[str], request: AnyRequest
        ) -> Response[Any]:
            asked = await door.asked(request)
            if asked.session is None:
                return door.to_login(asked)
            answer: Response[Any] = await read(asked, number, name)
            return answer

        return one

    @post(both(_ADDRESS), status_code=303)
    async def sent(
        number: FromPath[str], name: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        await own_form(door, request, asked.session)
        return await pages.sent(asked, number, name)

    read = (reading("", pages.one), reading("/pdf", pages.pdf), reading("/kopie", pages.copy))
    return [every, *read, sent]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A letter with the visit it is from, and whom it goes to."""

    letter: Letter
    deed: store.Deed
    visit: store.Visit
    whom: Whom | None
    has_copy: bool


@dataclass(frozen=True, slots=True)
class _Pages:
    deps: ConsoleDeps

    async def every(self, asked: Asked[Known]) -> Response[str]:
        require_desk(self.deps, asked)
        deeds = await store.open_deeds(self.deps.pool, letters.LAST)
        sent = await store.sent_about(self.deps.pool, [each.reference for each in deeds])
        found: dict[tuple[UUID, str], Letter] = {}
        for deed in deeds:
            found |= {(each.reference, each.letter): each for each in await self._letters(deed)}
        waiting = sorted(
            (each for key, each in found.items() if key not in sent), key=lambda one: one.since
        )
        words = words_of(self.deps, asked)
        values = {
            "waiting": waiting,
            "done": await store.latest_sent(self.deps.pool, _SENT_SHOWN),
            "names": {name: words.say(text) for name, text in _NAMES.items()},
            "path": LETTERS.path,
        }
        title = words.say(LETTERS.label)
        return door_of(self.deps).show(
            asked, "console/desk_letters.html", title, values=values, part=DESK.path,
            crumbs=(START, DESK),
        )  # fmt: skip

    async def one(self, asked: Asked[Known], number: str, name: str) -> Response[str]:
        opened = await self._opened(asked, number, name)
        letter, sender = opened.letter, self._sender()
        sent = await store.sent_about(self.deps.pool, [letter.reference])
        values = {
            "letter": letter,
            "whom": opened.whom,
            "sender": sender,
            "greeting": letters.greeting(opened.whom),
            "closing": letters.closing(sender),
            "contact_line": letters.contact_of(sender, letter.number),
            "today": letters.day_text(amsterdam_day(datetime.now(UTC))),
            "sent": sent.get((letter.reference, letter.letter)),
            "has_copy": opened.has_copy,
            "path": f"{LETTERS.path}/{letter.reference}/{letter.letter}",
        }
        title = words_of(self.deps, asked).say(_NAMES[letter.letter])
        return door_of(self.deps).show(
            asked, "console/desk_letter.html", title, values=values, part=DESK.path,
            crumbs=(START, DESK, LETTERS),
        )  # fmt: skip

    async def pdf(self, asked: Asked[Known], number: str, name: str) -> Response[bytes]:
        opened = await self._opened(asked, number, name)
        now, sender = datetime.now(UTC), self._sender()
        document = letters.document_of(opened.letter, opened.whom, sender, amsterdam_day(now))
        footer = f"{sender.name}, {opened.letter.number}"
        made = await asyncio.to_thread(form_of, "pdf", document, now, footer)
        return _attached(made, "application/pdf", f"brief-{opened.letter.reference}.pdf")

    async def copy(self, asked: Asked[Known], number: str, name: str) -> Response[bytes]:
        """The copy of somebody's data, for with the decision."""
        opened = await self._opened(asked, number, name)
        rooms, reference = self.deps.hearing, opened.letter.reference
        kept = await file_of(rooms.gateway, reference) if rooms and opened.has_copy else None
        sealed = kept.sealed if kept else None
        archive = unseal_copy(sealed, reference, self.deps.request_keys()) if sealed else None
        if archive is None:
            raise refuse(404, "not_found", "There is no copy, or it is not there yet")
        return _attached(archive, "application/zip", f"inzage-{reference}.zip")

    async def sent(self, asked: Asked[Known], number: str, name: str) -> Response[Any]:
        """Somebody says that it was sent; the first who does stays the one."""
        known = require_desk(self.deps, asked)
        letter, _ = await self._found(number, name)
        context = {"letter": letter.letter}
        about = ("letter", str(letter.reference))
        await Looking(self.deps).deed(known, "brief-versturen", about, dict(context), "desk")
        await store.send_letter(
            self.deps.pool, letter.reference, letter.letter, known.subject, known.name
        )
        return Redirect(asked.at(LETTERS.path), status_code=303)

    async def _opened(self, asked: Asked[Known], number: str, name: str) -> _Opened:
        """A letter that may be shown: that it was opened is a line of its person first."""
        known = require_desk(self.deps, asked)
        letter, deed = await self._found(number, name)
        visit = await store.visit_by_number(self.deps.pool, deed.visit_id)
        if visit is None:
            raise NotFoundException
        whom = unseal_whom(visit.sealed, visit.visit_id, self.deps.request_keys())
        await self._written(known, visit, *await self._person(visit, whom))
        has_copy = False
        if deed.kind == REQUEST and letter.letter == letters.DECIDED and self.deps.hearing:
            request = await request_by_number(self.deps.hearing.gateway, letter.reference)
            has_copy = request is not None and letters.has_copy(request)
        return _Opened(letter, deed, visit, whom, has_copy)

    async def _found(self, number: str, name: str) -> tuple[Letter, store.Deed]:
        try:
            reference = UUID(number)
        except ValueError:
            raise NotFoundException from None
        for deed in await store.deeds_about(self.deps.pool, reference):
            for each in await self._letters(deed):
                if each.letter == name:
                    return each, deed
        raise NotFoundException

    async def _letters(self, deed: store.Deed) -> Sequence[Letter]:
        """The letters about what was done; of what was taken back the first deed tells."""
        if deed.kind in (REPORT, REQUEST, TAKEN_BACK):
            found = [*await self._of_report(deed), *await self._of_request(deed)]
            only = deed.kind == TAKEN_BACK
            return [each for each in found if not only or each.letter == letters.TAKEN_BACK]
        if deed.kind == CONSENT:
            said = await consent_by_receipt(self.deps.purposes, deed.reference)
            address = f"{self.deps.settings.addresses.web}{PROOF_PATH}/{deed.reference}"
            receiver = await self._name(said.receiver) if said else ""
            label = self._purpose(deed.about)
            holds = said is not None and said.holds
            return [
                letters.of_consent(deed.reference, deed.at, label, receiver, address, holds=holds)
            ]
        if deed.kind == PASSED_ON:
            return [letters.passed_on(deed.reference, deed.at, self._purpose(deed.about))]
        return ()

    async def _of_request(self, deed: store.Deed) -> Sequence[Letter]:
        if self.deps.hearing is None:
            return ()
        found = await request_by_number(self.deps.hearing.gateway, deed.reference)
        about = self._purpose(deed.about) if deed.about else ""
        return letters.of_request(found, about, self._sender()) if found else ()

    async def _of_report(self, deed: store.Deed) -> Sequence[Letter]:
        register = self.deps.registers.registers.by_name.get(deed.about)
        if register is None:
            return ()
        pool = self.deps.registers.pool
        report = await registers.report_of(pool, register, deed.reference)
        if report is None:
            return ()
        kind = register.types[report.type_key.partition(".")[2]]
        what = ", ".join(title_of(kind, path, "nl") for path in report.paths)
        return letters.of_report(report, what, self._sender())

    async def _person(self, visit: store.Visit, whom: Whom | None) -> tuple[bytes, int]:
        """The person of a visit as the log knows them: also when their number was wiped."""
        if whom is None:
            return await store.found_by(self.deps.pool, visit.look_id)
        return self._pseudonyms.of(self.deps.settings.organisation.oin, "bsn", whom.bsn)

    @property
    def _pseudonyms(self) -> Pseudonyms:
        pseudonyms = self.deps.pseudonyms
        assert pseudonyms is not None  # noqa: S101  # `desk_routes` saw to it
        return pseudonyms

    async def _written(self, known: Known, visit: store.Visit, person: bytes, key_id: int) -> None:
        """The line of the person. Raises ProblemError: no line, no letter."""
        pseudonyms, settings = self._pseudonyms, self.deps.settings
        now, oin = datetime.now(UTC), settings.organisation.oin
        at = AtDesk(
            visit=visit.visit_id, employee=known.subject, employee_name=known.name, login="",
            since=0, until=0,
        )  # fmt: skip
        entry = LineEntry(
            trace_id=new_trace_id(),
            span_id=new_span_id(),
            name=_LOOKED,
            started_at=now,
            ended_at=now,
            controller=oin.value,
            outcome=Outcome.DELIVERED,
            system=f"landschap-console/{pseudonyms.version}",
            activity=settings.portal.look_activity,
            subject=person,
            subject_type=f"{pseudonyms.space}/bsn/{key_id}",
            key_id=key_id,
            data_groups=(_GROUP,),
            mandate=Mandated(
                source=SOURCE,
                reference=at.reference,
                services=settings.portal.mandate_services,
                until=now + timedelta(minutes=1),
                acting=pseudonyms.of(oin, EMPLOYEE, known.subject)[0],
            ),
        )
        await Looking(self.deps).written(
            self.deps.registers.log.append([line_draft(entry, now=now)])
        )

    def _purpose(self, uri: str) -> str:
        known = self.deps.snapshot().purposes.get(uri)
        return known.purpose.label.nl if known else uri

    async def _name(self, number: str) -> str:
        own = self.deps.settings.organisation
        if number == own.oin.value or self.deps.contracts is None:
            return own.name
        return (await peer_names(self.deps.contracts.pool)).get(number, number)

    def _sender(self) -> Sender:
        organisation = self.deps.settings.organisation
        contact = organisation.contact or {}
        return Sender(
            name=organisation.name,
            address=contact.get("address", ""),
            telephone=contact.get("telephone", ""),
            is_fictitious=organisation.fictitious,
        )


def _attached(body: bytes, media_type: str, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)
