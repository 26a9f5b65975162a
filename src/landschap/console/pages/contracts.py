# SPDX-License-Identifier: EUPL-1.2
"""Contracts that others propose: what waits for a person, what it says, and who decided.

    /console/contracten            what waits for us, how each kind is decided on, the latest
    /console/contracten/{begin}    one, by the first characters of its hash: words, signatures,
                                   decisions; accept, reject, revoke

Which grant types go by themselves stands in `fsc.sign`: ``manual`` asks a person, here or on the
command line. Who decided is kept beside the contract, also when it was a setting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.context import (
    CONTRACTS,
    START,
    Asked,
    ConsoleDeps,
    Contracts,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.decision_routes import decision_routes
from landschap.console.pages.looking import Looking
from landschap.fsc import store
from landschap.fsc.autosign import GRANT_TYPE_WORDS, Way, callout_types, grant_types
from landschap.fsc.own import OwnPeer
from landschap.fsc.paging import Page
from landschap.fsc.sentences import Language, Names, checks_of
from landschap.fsc.sentences import words_of as sentence_of
from landschap.fsc.states import Kind, State, missing_accepts
from landschap.fsc.store import ContractFilter, StoredContract
from landschap.platform.web import N_
from landschap.vocabulary.identifiers import PeerId

_HASH_HEAD = "$1$1$"
_SHORTEST, _SHOWN, _LATEST = 16, 24, 50
_LONGEST = 500
_NO_REASON = N_("Schrijf op waarom, in ten minste drie tekens")
_NOT_CHECKED = N_("Kruis aan dat u dit heeft nagegaan")
_KINDS = {"accepteren": Kind.ACCEPT, "afwijzen": Kind.REJECT, "intrekken": Kind.REVOKE}
_TYPES: Mapping[str, str] = {
    "servicePublication": N_("Een dienst van een ander vermelden"),
    "serviceConnection": N_("Een dienst van ons bevragen"),
    "delegatedServicePublication": N_("Vermelden namens een ander"),
    "delegatedServiceConnection": N_("Bevragen namens een ander"),
}


def contract_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of contracts; none where nobody is named to decide on them."""
    console = deps.settings.oidc.console
    if deps.contracts is None or console is None or not console.contract_officers:
        return []
    return decision_routes(deps, "/contracten", _Pages(deps, deps.contracts))


async def waiting_contracts(deps: ConsoleDeps, known: Known) -> int | None:
    """How many contracts wait for us, for who decides on them; None for anybody else."""
    if deps.contracts is None or not _is_officer(deps, known):
        return None
    own = deps.settings.organisation.oin.value
    return len(
        await store.waiting_for_us(deps.contracts.pool, PeerId.parse(own), datetime.now(UTC))
    )


def _is_officer(deps: ConsoleDeps, known: Known) -> bool:
    console = deps.settings.oidc.console
    return console is not None and not set(console.contract_officers).isdisjoint(known.roles)


class _Pages:
    def __init__(self, deps: ConsoleDeps, contracts: Contracts) -> None:
        self.deps = deps
        self.pool: asyncpg.Pool = contracts.pool
        self.own_now = contracts.own
        self.looking = Looking(deps)

    async def every(self, asked: Asked[Known]) -> Response[str]:
        self._officer(asked)
        own, now = await self._own(), datetime.now(UTC)
        names = await self._names(own)
        latest, _ = await store.contracts_for(
            self.pool, own.peer_id, ContractFilter(), Page(limit=_LATEST)
        )
        words = words_of(self.deps, asked)
        values = {
            "waiting": [
                self._told(asked, each, names, own, now)
                for each in await store.waiting_for_us(self.pool, own.peer_id, now)
            ],
            "latest": [self._told(asked, each, names, own, now) for each in latest],
            "ways": [
                (words.say(_TYPES[word]), f"fsc.sign.{_key(word)}", way.value)
                for word, way in self._ways(own).items()
            ],
            "again": self.deps.settings.fsc.accept_again,
        }
        return self._show(asked, "contracts", words.say(CONTRACTS.label), values, (START,))

    def _ways(self, own: OwnPeer) -> dict[str, Way]:
        """How each grant type is decided on, in the role in which others ask it of us."""
        fsc = self.deps.settings.fsc
        ways = fsc.sign.ways()
        auto = grant_types(fsc.auto_sign, is_directory=own.is_directory, ways=ways)
        callout = callout_types(ways)
        return {
            word: Way.AUTO if kind in auto else Way.CALLOUT if kind in callout else Way.MANUAL
            for word, kind in GRANT_TYPE_WORDS.items()
        }

    def _told(
        self, asked: Asked[Known], stored: StoredContract, names: Names, own: OwnPeer, now: datetime
    ) -> dict[str, Any]:
        contract = stored.contract
        behind = contract.hash.value.removeprefix(_HASH_HEAD)
        return {
            "words": sentence_of(contract, names, _language(asked)),
            "state": stored.state(now).value,
            "path": f"{CONTRACTS.path}/{behind[:_SHOWN]}",
            "short": behind[:_SHORTEST],
            "received": stored.received_at,
            "from_us": stored.own,
            "waits": [
                names.peer(each) for each in missing_accepts(contract, stored.signatures, now)
            ],
            "for_us": own.peer_id in missing_accepts(contract, stored.signatures, now),
        }

    async def one(
        self,
        asked: Asked[Known],
        begin: str,
        given: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Response[str]:
        self._officer(asked)
        stored = await self._found(begin)
        own, now = await self._own(), datetime.now(UTC)
        names, words = await self._names(own), words_of(self.deps, asked)
        contract, state = stored.contract, stored.state(now)
        placed = stored.signature_of(own.peer_id, Kind.ACCEPT)
        can = []
        if own.peer_id in contract.participants and state in (State.PROPOSED, State.VALID):
            can = ["intrekken"] if placed else ["accepteren", "afwijzen"]
        values = {
            **self._told(asked, stored, names, own, now),
            "checks": checks_of(contract, names)[_language(asked)],
            "contract": contract,
            "signed": [
                (names.peer(each), [
                    (kind.value, found.signed_at)
                    for kind in Kind
                    if (found := stored.signature_of(each, kind)) is not None
                ])
                for each in contract.participants
            ],
            "decisions": await store.decisions(self.pool, contract.hash),
            "can": can,
            "given": {"reden": "", **(given or {})},
            "errors": {name: words.say(text) for name, text in (errors or {}).items()},
            "labels": {
                "reden": words.say(N_("Waarom")),
                "nagegaan": words.say(N_("Nagegaan")),
            },
        }  # fmt: skip
        title = words.say(N_("Contract %(name)s"), name=values["short"])
        return self._show(asked, "contract", title, values, (START, CONTRACTS))

    async def decide(
        self, asked: Asked[Known], begin: str, given: Mapping[str, str]
    ) -> Response[Any]:
        self._officer(asked)
        kind = _KINDS.get(given.get("besluit", ""))
        if kind is None:
            raise refuse(400, "request_invalid", "There is no such decision on a contract")
        stored, own, known = await self._found(begin), await self._own(), session_of(asked).known
        reason, errors = given.get("reden", "")[:_LONGEST], {}
        if kind is not Kind.ACCEPT and len(reason) < 3:
            errors["reden"] = _NO_REASON
        checks = checks_of(stored.contract, await self._names(own))["nl"]
        if kind is Kind.ACCEPT and checks and given.get("nagegaan") != "ja":
            errors["nagegaan"] = _NOT_CHECKED
        if errors:
            return await self.one(asked, begin, given, errors)
        content_hash = stored.contract.hash.value
        await self.looking.deed(
            known, f"contract-{kind.value}", ("contract", content_hash), {"reason": reason},
            "role of contract officers",
        )  # fmt: skip
        decision = store.Decision(
            way=Way.MANUAL, outcome=kind.value, reason=reason,
            decided_by=f"{known.name} ({known.subject})",
        )  # fmt: skip
        async with self.pool.acquire() as connection, connection.transaction():
            await store.sign(connection, own, stored, kind, datetime.now(UTC), decision)
        return Redirect(asked.at(asked.path), status_code=303)

    def _officer(self, asked: Asked[Known]) -> None:
        if not _is_officer(self.deps, session_of(asked).known):
            raise refuse(403, "role_not_allowed", "Only officers of contracts see and decide them")

    async def _own(self) -> OwnPeer:
        """Who we are and what we sign with, as the files are now."""
        return await asyncio.to_thread(self.own_now)

    async def _names(self, own: OwnPeer) -> Names:
        purposes = self.deps.snapshot().purposes
        return Names(
            peers=await store.peer_names(self.pool) | {own.peer_id.value: own.name},
            purposes={uri: each.purpose.label.nl for uri, each in purposes.items()},
            english={uri: each.purpose.label.en for uri, each in purposes.items()},
        )

    async def _found(self, begin: str) -> StoredContract:
        found = []
        if _SHORTEST <= len(begin) <= 200:
            found = list(await store.contracts_starting_with(self.pool, begin))
        if len(found) != 1:
            raise refuse(404, "not_found", "There is no such contract")
        return found[0]

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Any, ...],
    ) -> Response[str]:  # fmt: skip
        wrong = bool(values.get("errors"))
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=CONTRACTS.path,
            crumbs=crumbs, status=400 if wrong else 200, is_wrong=wrong,
        )  # fmt: skip


def _language(asked: Asked[Known]) -> Language:
    return "nl" if asked.language == "nl" else "en"


def _key(word: str) -> str:
    """The key of the settings for a word of a grant type."""
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in word)
