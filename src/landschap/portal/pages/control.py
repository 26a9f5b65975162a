# SPDX-License-Identifier: EUPL-1.2
"""Hearing a person: doing here what they say, and bringing it to every organisation it concerns.

Here it works before the answer leaves. To the others it is brought at once, within a time; to who
is away then, by the worker. Each gives a signed receipt. The same said again is said once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import structlog
from litestar.exceptions import NotFoundException

from landschap.fsc.own import OwnPeer
from landschap.gateway.saying import statement as statements
from landschap.gateway.saying.client import Told, Voice
from landschap.gateway.saying.proof import Controller, Written, make
from landschap.gateway.saying.question import HOLDS, RECEIVED, Standing
from landschap.gateway.saying.statement import Said
from landschap.gateway.saying.store import Done, Rooms, Whose, keep_proof, obey, turn_of
from landschap.gateway.saying.store.requests import Request, request_by_number
from landschap.gateway.saying.store.sealing import Person, seal_person, seal_statement
from landschap.gateway.saying.store.sent import ON_THE_WAY, Place, Sent, keep_sent, places, sent_by
from landschap.gateway.saying.store.standing import standing_of
from landschap.platform.ids import new_trace_id, uuid7
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import STATEMENTS
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.portal.pages.at_desk import note
from landschap.portal.pages.looks import Look, pseudonym_of
from landschap.purposes.needs import Kind
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.desk import CONSENT, PASSED_ON, REQUEST

if TYPE_CHECKING:
    from landschap.portal.pages.context import PortalDeps

log = structlog.get_logger(__name__)
FIRST_SECONDS = 0.6
BRING_SECONDS = 3.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What hearing a person needs. ``voice`` is None where no other organisation is asked.

    ``own`` is who we are now, ``by`` who our receipts are of; ``seal_keys`` seal what only we read.
    """

    rooms: Rooms
    own: Callable[[], OwnPeer]
    by: Controller
    voice: Voice | None = None
    seal_keys: Callable[[], Sequence[bytes]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to say, not yet to whom."""

    kind: Kind
    about: str
    holds: bool
    receiver: str = ""
    at_once: bool = False
    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How it stands for a person, at every organisation.

    ``told`` is None for who does not answer, ``places`` what each told last that can be said there.
    """

    own: Standing
    told: Mapping[str, Standing | None]
    places: Mapping[str, Place]
    sent: Sequence[Sent]
    contracts_missing: bool = False

    @property
    def silent(self) -> tuple[str, ...]:
        """The numbers of who did not answer."""
        return tuple(peer for peer, each in self.told.items() if each is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One person who was let in, whose look is on record."""

    deps: PortalDeps
    control: Control
    look: Look

    @property
    def me(self) -> str:
        """Our own number."""
        return self.control.by.number

    @property
    def subject(self) -> tuple[int, bytes]:
        """How the person stands among statements: under the key of statements always.

        Under a key of lines as well it would join that key's pseudonym to this one, and destroying
        that key would no longer make its lines anonymous.
        """
        known, key = self.look.known, secret_key(self.deps.settings, "pseudonym")
        return STATEMENTS, pseudonym_of(self.deps, key, known.kind, known.whose)

    async def overview(self, seconds: float = FIRST_SECONDS) -> Overview:
        """How it stands here and, asked now, at the others."""
        control, (key_id, subject) = self.control, self.subject
        snapshot, _ = await current_snapshot(self.deps.purposes_pool)
        own = await standing_of(control.rooms, snapshot, subject, datetime.now(UTC))
        told, missing = await self._ask((key_id, subject), seconds)
        return Overview(
            own=own,
            told={each.peer: each.standing for each in told},
            places=await places(control.rooms.gateway),
            sent=await sent_by(control.rooms.gateway, subject),
            contracts_missing=missing,
        )

    async def _ask(self, subject: tuple[int, bytes], seconds: float) -> tuple[Sequence[Told], bool]:
        voice = self.control.voice
        if voice is None:
            return (), False
        try:
            return await voice.ask(self.look.person, subject, self.look.trace, seconds), False
        except _AWAY as error:
            log.warning("others can not be asked", error=type(error).__name__)
            return (), True

    async def say(self, wish: Wish, peers: Sequence[str], *, here: bool = True) -> Done | None:
        """Do it here, then bring it to these; gives what it did here."""
        now = datetime.now(UTC)
        signed = [(peer, self._said(wish, peer, now)) for peer in peers]
        done = await self._here(self._said(wish, self.me, now)) if here else None
        if signed:
            await self._bring(signed)
        if done is None and signed:
            await self.note(PASSED_ON, signed[0][1].jti, wish.about)
        return done

    def _said(self, wish: Wish, audience: str, now: datetime) -> Said:
        person = self.look.person
        return Said(
            issuer=self.me,
            audience=audience,
            subject=person.bsn,
            level=person.level,
            authenticated_at=person.authenticated_at,
            said_at=now,
            jti=uuid7(),
            kind=wish.kind,
            about=wish.about,
            holds=wish.holds,
            receiver=wish.receiver,
            at_once=wish.at_once,
            reason=wish.reason,
            at_desk=self.look.known.at_desk is not None,
        )

    async def _here(self, said: Said) -> Done:
        control, (key_id, subject) = self.control, self.subject
        person = Person(bsn=said.subject, name=self.look.known.name, reason=said.reason)
        sealed = seal_person(person, control.seal_keys()[0], os.urandom(NONCE_BYTES))
        snapshot, _ = await current_snapshot(self.deps.purposes_pool)
        async with turn_of(control.rooms, subject):
            whose = Whose(
                subject=subject, key_id=key_id, sealed=sealed, author=self.look.known.author
            )
            done = await obey(control.rooms, snapshot, said, whose, said.said_at)
            await self.prove(said, done)
        kind = CONSENT if said.kind is Kind.CONSENT else REQUEST if said.holds else ""
        if kind and done.outcome in (HOLDS, RECEIVED):
            await self.note(kind, done.receipt, said.about)
        return done

    async def note(self, kind: str, reference: UUID, about: str) -> None:
        """At the desk: write down that this was done there."""
        await note(self.deps, self.look.known, kind, reference, about)

    async def prove(self, said: Said, done: Done) -> str:
        """Make and keep the receipt of what was written down."""
        written = Written(
            receipt=done.receipt,
            subject=self.subject[1],
            kind=said.kind,
            about=said.about,
            label=done.label,
            receiver=said.receiver,
            groups=done.groups,
            retention=done.retention,
            holds=said.holds,
            said_at=said.said_at,
            written_at=datetime.now(UTC),
            outcome=done.outcome,
            at_desk=said.at_desk,
        )
        # A key that is kept elsewhere may take its time to sign.
        proof = await asyncio.to_thread(make, written, self.control.by, self.control.own())
        return await keep_proof(self.control.rooms.gateway, done.receipt, proof)

    async def _bring(self, signed: Sequence[tuple[str, Said]]) -> None:
        control, (key_id, subject), trace = self.control, self.subject, new_trace_id()
        every = [
            Sent(
                statement=said.jti,
                peer=peer,
                subject=subject,
                key_id=key_id,
                kind=said.kind.value,
                about=said.about,
                receiver=said.receiver,
                holds=said.holds,
                said_at=said.said_at,
                trace_id=trace,
                sealed=await self._sealed(said, peer),
                outcome=ON_THE_WAY,
            )
            for peer, said in signed
        ]
        await keep_sent(control.rooms.gateway, every)
        if control.voice is None:
            return
        try:
            await control.voice.bring(every, BRING_SECONDS)
        except _AWAY as error:
            # It is kept: the worker brings it.
            log.warning("statement not brought now", error=type(error).__name__)

    async def _sealed(self, said: Said, peer: str) -> bytes:
        compact = await asyncio.to_thread(statements.sign, said, self.control.own())
        return seal_statement(compact, peer, self.control.seal_keys()[0], os.urandom(NONCE_BYTES))


async def own_request(hearing: Hearing, number: str) -> Request:
    """A request of this person; whether another exists is nobody's business.

    Raises NotFoundException.
    """
    wanted = receipt_number(number)
    pool = hearing.control.rooms.gateway
    found = await request_by_number(pool, wanted) if wanted else None
    if found is None or found.asked.subject != hearing.subject[1]:
        raise NotFoundException
    return found


def receipt_number(text: str) -> UUID | None:
    """The number in an address; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
