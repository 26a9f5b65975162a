# SPDX-License-Identifier: EUPL-1.2
"""What the pages on which somebody acts for the organisation share: who may, and what is signed.

Asking for access binds the organisation, so only a role of ``oidc.console.contract_officers``
does; everybody who is logged in sees what was asked and how far it is. No record, no deed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from litestar.datastructures import FormMultiDict

from landschap.catalogue import store
from landschap.catalogue.access.progress import Bringing
from landschap.catalogue.access.wishes import Asker
from landschap.catalogue.pages.context import CatalogueDeps
from landschap.fsc import store as contracts
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.field_sets import NamedFieldSet
from landschap.fsc.own import OwnPeer
from landschap.fsc.sentences import Language, Names
from landschap.platform.web.door import AnyRequest, Asked
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue, loads
from landschap.vocabulary.problems import ProblemError, Refusal

_MAX_CONTENT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreeing:
    """With what contracts are asked.

    ``pool`` holds them, ``own`` is who we are when we sign, as the files are at that moment.
    ``listed`` gives the field sets that the directory tells of a service; it raises ProblemError
    when it can not be asked. ``deed`` records what somebody is about to do: action, what it is
    about, context, and under what it may be done; it raises ProblemError.
    """

    pool: asyncpg.Pool
    own: Callable[[], OwnPeer]
    listed: Callable[[PeerId, str], Awaitable[Sequence[NamedFieldSet]]]
    deed: Callable[[Any, str, tuple[str, str], Mapping[str, JsonValue], str], Awaitable[None]]

    async def me(self) -> OwnPeer:
        """Who we are, as the files are now. Raises Trouble, InvalidValue, OSError."""
        return await asyncio.to_thread(self.own)


def roles_of(asked: Asked[Any]) -> frozenset[str]:
    """The roles that who is logged in has of their own; none of an emergency."""
    return frozenset(asked.session.known.roles) if asked.session is not None else frozenset()


def may_ask(deps: CatalogueDeps, asked: Asked[Any]) -> bool:
    """True for one who may sign for the organisation."""
    console = deps.settings.oidc.console
    return console is not None and not roles_of(asked).isdisjoint(console.contract_officers)


async def own_form(deps: CatalogueDeps, asked: Asked[Any], request: AnyRequest) -> FormMultiDict:
    """The form that was sent. Raises ProblemError when it is not from a page of this session."""
    form = await request.form()
    if asked.session is None or not deps.door.is_own_form(form, asked.session):
        raise refuse(403, "form_foreign", "This form did not come from this site")
    return form


def refuse(status: int, code: str, detail: str) -> ProblemError:
    """A refusal of these pages, to be raised."""
    return ProblemError(Refusal(code=code, status=status, title=detail, detail=detail))


def language_of(asked: Asked[Any]) -> Language:
    """The language of a request, as sentences of contracts know it."""
    return "nl" if asked.language == "nl" else "en"


async def names_of(deps: CatalogueDeps, own: OwnPeer, snapshot: Snapshot) -> Names:
    """The names in the sentences of a contract."""
    purposes = snapshot.purposes
    return Names(
        peers={**await deps.names(), own.peer_id.value: own.name},
        purposes={uri: each.purpose.label.nl for uri, each in purposes.items()},
        english={uri: each.purpose.label.en for uri, each in purposes.items()},
    )


async def proposed(agreeing: Agreeing, own: OwnPeer, request: store.Request) -> None:
    """Sign what was asked and have it brought; once, however often it is sent.

    Raises ProblemError.
    """
    await signed(agreeing, own, contract_in(request, own))


async def signed(agreeing: Agreeing, own: OwnPeer, contract: Contract) -> None:
    """Sign a contract of our own and have it brought. Raises ProblemError."""
    async with agreeing.pool.acquire() as connection, connection.transaction():
        await contracts.propose(connection, own, contract, datetime.now(UTC))


def asker_of(own: OwnPeer) -> Asker:
    """As whom we ask."""
    return Asker(
        peer=own.peer_id,
        key_thumbprint=own.certificate.key_thumbprint,
        profile=own.profile,
        group_id=own.group_id,
    )


def contract_in(request: store.Request, own: OwnPeer) -> Contract:
    """The contract of a request that was kept. Raises ProblemError."""
    read = read_contract(loads(request.content, max_bytes=_MAX_CONTENT), own.profile)
    if isinstance(read, Refusal):
        raise ProblemError(read)
    return read


async def bringing(agreeing: Agreeing, contract: Contract) -> list[Bringing]:
    """How far our signatures under a contract are on their way."""
    return [
        Bringing(
            peer=each.errand.target,
            state=each.state,
            attempts=each.attempts,
            last_error=each.last_error,
            waiting_since=each.waiting_since,
            next_attempt_at=each.next_attempt_at,
            updated_at=each.updated_at,
        )
        for each in await contracts.deliveries(agreeing.pool, contract.hash)
    ]
