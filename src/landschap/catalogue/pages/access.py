# SPDX-License-Identifier: EUPL-1.2
"""Asking for access to an API: choose, read what it says, send.

/catalogus/{naam}/toegang?doel=...&veldenset=...&veld=...&tot=...&verlengt=...

What is chosen stands in the address, so that a colleague with the role to sign can be given it.
Nothing is sent before its words and its JSON were there to read. A form that is sent twice is one
request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.catalogue import store
from landschap.catalogue.access.due import due_of
from landschap.catalogue.access.wishes import (
    MOST_FIELDS,
    MOST_PURPOSES,
    Fault,
    Offer,
    Wish,
    beginning,
    contract_of,
    faults_of,
    offer_of,
    too_narrow,
    too_wide,
)
from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.agreeing import (
    Agreeing,
    asker_of,
    language_of,
    may_ask,
    names_of,
    own_form,
    proposed,
    refuse,
)
from landschap.catalogue.pages.api import NEEDS, STATES, Known, known_of
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, api_link, both
from landschap.catalogue.pages.requests import REQUESTS
from landschap.fsc.contracts import Contract
from landschap.fsc.field_sets import NamedFieldSet
from landschap.fsc.own import OwnPeer
from landschap.fsc.sentences import words_of
from landschap.platform.ids import uuid7
from landschap.platform.trouble import Trouble
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import InvalidValue, PeerId
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import amsterdam_day, read_typed_day

_KEYS = ("doel", "veldenset", "veld", "tot", "verlengt", "gekozen")
_LONGEST = 300
_SEND = "verstuur"
_NO_DAY = N_("Schrijf een bestaande datum als 24-11-2027")
_SAYS: Mapping[Fault, tuple[str, str]] = {
    Fault.NO_PURPOSE: ("doel", N_("Kies waarvoor u de gegevens gebruikt")),
    Fault.STRANGE_PURPOSE: ("doel", N_("Dit doel staat niet in uw register, of mag hier niet")),
    Fault.NO_GROUND: ("doel", N_("Uw register noemt geen grondslag bij dit doel")),
    Fault.STRANGE_SET: ("veldenset", N_("Deze veldenset noemt de aanbieder niet")),
    Fault.PAST: ("tot", N_("Deze dag is al voorbij")),
    Fault.TOO_LONG: ("tot", N_("Vraag toegang voor ten hoogste vijf jaar")),
}
_LABELS: Mapping[str, str] = {
    "doel": N_("Waarvoor"),
    "veldenset": N_("Veldenset"),
    "veld": N_("Velden"),
    "tot": N_("Tot en zonder"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """All that a request for one API stands on."""

    known: Known
    snapshot: Snapshot
    own: OwnPeer
    offer: Offer
    are_sets_known: bool
    now: datetime

    @property
    def today(self) -> date:
        """The day in the Netherlands."""
        return amsterdam_day(self.now)

    def contract(self, wish: Wish, number: UUID) -> Contract | Refusal:
        """The contract in which a wish without faults is asked."""
        criteria, asker = self.known.criteria, asker_of(self.own)
        return contract_of(wish, self.offer, criteria, asker, number, self.now)


def access_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of asking; none where nobody can sign."""
    if deps.agreeing is None:
        return []
    pages = _Pages(deps, deps.agreeing)

    @get(both("/{name:str}/toegang"), opt={"query": _KEYS})
    async def form(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        given = {key: request.query_params.getall(key, []) for key in _KEYS}
        asked = _with_query(await context.asked_of(deps, request), name, given)
        if asked.session is None:
            return deps.door.to_login(asked)
        return await pages.form(asked, name, given)

    @post(both("/{name:str}/toegang"), status_code=303)
    async def send(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        sent = await own_form(deps, asked, request)
        given = {key: [str(each) for each in sent.getall(key, [])] for key in _KEYS}
        asked = _with_query(asked, name, given)
        if sent.get("stap") != _SEND:
            return Redirect(asked.at(asked.path), status_code=303)
        read = str(sent.get("gelezen", ""))
        return await pages.send(asked, name, given, str(sent.get("nummer", "")), read)

    return [form, send]


class _Pages:
    def __init__(self, deps: CatalogueDeps, agreeing: Agreeing) -> None:
        self.deps = deps
        self.agreeing = agreeing

    async def form(
        self, asked: Asked[Any], name: str, given: Mapping[str, Sequence[str]]
    ) -> Response[str]:
        asking = await self._asking(asked, name)
        if isinstance(asking, Response):
            return asking
        first = not any(given.values())
        wish, errors = _read(given, asking)
        if first:
            wish = beginning(asking.offer, asking.today)
        elif not errors:
            errors = _faults(wish, asking)
        shown = {} if not given.get("gekozen") and not wish.purposes else errors
        return await self._show(asked, asking, wish, given, shown, is_ready=not errors)

    async def send(
        self,
        asked: Asked[Any],
        name: str,
        given: Mapping[str, Sequence[str]],
        number: str,
        read: str,
    ) -> Response[Any]:
        """Sign and send what was ``read``; what has changed since is shown first."""
        if not may_ask(self.deps, asked):
            raise refuse(403, "role_not_allowed", "Only officers of contracts ask for access")
        wanted = _number(number)
        before = await store.request_named(self.deps.pool, wanted)
        if before is None:
            asking = await self._asking(asked, name)
            if isinstance(asking, Response):
                return asking
            wish, errors = _read(given, asking)
            errors = errors or _faults(wish, asking)
            if errors or read != wish.mark:
                return await self._show(asked, asking, wish, given, errors, is_ready=not errors)
            before = await self._kept(asked, asking, wish, given, wanted)
        await proposed(self.agreeing, await self.agreeing.me(), before)
        return Redirect(asked.at(f"{REQUESTS.path}/{before.id}"), status_code=303)

    async def _kept(
        self,
        asked: Asked[Any],
        asking: _Asking,
        wish: Wish,
        given: Mapping[str, Sequence[str]],
        number: UUID,
    ) -> store.Request:
        contract = asking.contract(wish, number)
        if isinstance(contract, Refusal):
            raise ProblemError(contract)
        known = asked.session.known  # type: ignore[union-attr]  # who may ask is logged in
        await self.agreeing.deed(
            known, "contract-propose", ("contract", contract.hash.value),
            {"api": asking.known.api.name}, "role of contract officers",
        )  # fmt: skip
        return await store.keep_request(
            self.deps.pool,
            store.NewRequest(
                id=number,
                api=asking.known.api.api,
                content_hash=contract.hash.value,
                content=contract.canonical,
                asked_by=f"{known.name} ({known.subject})",
                fields=wish.fields,
                renews=await self._renewed(given, asking),
            ),
        )

    async def _renewed(self, given: Mapping[str, Sequence[str]], asking: _Asking) -> UUID | None:
        """The request that this one follows, when it is one for this API."""
        text = next(iter(given.get("verlengt", ())), "")
        if not text:
            return None
        before = await store.request_named(self.deps.pool, _number(text))
        return before.id if before is not None and before.api == asking.known.api.api else None

    async def _asking(self, asked: Asked[Any], name: str) -> _Asking | Response[str]:
        """What a request stands on; a page that says why there can be none."""
        known = await known_of(self.deps, asked, name)
        criteria = known.criteria
        if known.is_own:
            return self._impossible(asked, known, N_("Dit is een dienst van uw eigen organisatie."))
        if not (criteria.provider and criteria.service):
            return self._impossible(
                asked, known, N_("De beschrijving zegt niet welke dienst het is, en van wie.")
            )
        if criteria.needs_contract is False:
            return self._impossible(asked, known, N_("U heeft hiervoor geen contract nodig."))
        try:
            own, provider = await self.agreeing.me(), PeerId.parse(criteria.provider)
        except InvalidValue:
            return self._impossible(
                asked, known, N_("De beschrijving noemt geen nummer van de aanbieder dat bestaat.")
            )
        except (Trouble, OSError):
            return self._impossible(
                asked, known, N_("Uw organisatie heeft geen certificaat waarmee zij kan tekenen.")
            )
        sets, are_known = await self._sets(provider, criteria.service)
        snapshot, now = (await self.deps.services()).snapshot, listed.now().replace(microsecond=0)
        return _Asking(
            known=known,
            snapshot=snapshot,
            own=own,
            offer=offer_of(criteria, snapshot, sets, now),
            are_sets_known=are_known,
            now=now,
        )

    async def _sets(self, provider: PeerId, service: str) -> tuple[Sequence[NamedFieldSet], bool]:
        try:
            return await self.agreeing.listed(provider, service), True
        except ProblemError:
            return (), False

    def _impossible(self, asked: Asked[Any], known: Known, why: str) -> Response[str]:
        say = self.deps.site.say
        values = {
            "paragraphs": [say(asked.language, why)],
            "reference": "",
            "actions": (api_link(known.api),),
        }
        title = say(asked.language, N_("Hier kunt u geen toegang vragen"))
        return self.deps.door.show(
            asked, "web/message.html", title, values=values, crumbs=(START,), part=BASE
        )

    async def _show(
        self,
        asked: Asked[Any],
        asking: _Asking,
        wish: Wish,
        given: Mapping[str, Sequence[str]],
        errors: Mapping[str, str],
        *,
        is_ready: bool,
    ) -> Response[str]:
        say, known = self.deps.site.say, asking.known
        number = uuid7()
        contract = asking.contract(wish, number) if is_ready else None
        made = contract if isinstance(contract, Contract) else None
        names = await names_of(self.deps, asking.own, asking.snapshot)
        values = {
            "api": known.api,
            "offer": asking.offer,
            "wish": wish,
            "are_sets_known": asking.are_sets_known,
            "typed_until": next(iter(given.get("tot", ())), "") or f"{wish.until:%d-%m-%Y}",
            "typed_fields": "\n".join(f for f in wish.fields if f not in asking.offer.fields),
            "renews": next(iter(given.get("verlengt", ())), ""),
            "needs": [each for each in known.needs if each.kind not in {"contract", "doel"}],
            "need_words": NEEDS,
            "states": STATES,
            "due": due_of(wish, asking.offer, known.criteria),
            "too_wide": sorted(too_wide(wish, asking.offer)),
            "too_narrow": sorted(too_narrow(wish, asking.offer)),
            "words": words_of(made, names, language_of(asked)) if made else "",
            "as_json": _pretty(made.canonical) if made else "",
            "number": number,
            "mark": wish.mark if made else "",
            "holder": names.peer(PeerId.parse(known.criteria.provider)),
            "may_ask": may_ask(self.deps, asked),
            "officers": ", ".join(_officers(self.deps)),
            "here": asked.here,
            "others": await store.requests(self.deps.pool, known.api.api),
            "requests": REQUESTS.path,
            "errors": {key: say(asked.language, words) for key, words in errors.items()},
            "labels": {key: say(asked.language, words) for key, words in _LABELS.items()},
        }
        title = say(asked.language, N_("Vraag toegang: %(title)s"), title=known.api.title)
        return context.show(
            self.deps, asked, "access.html", title, values=values,
            crumbs=(START, api_link(known.api)), part=BASE,
            status=400 if errors else 200, is_wrong=bool(errors),
        )  # fmt: skip


def _read(given: Mapping[str, Sequence[str]], asking: _Asking) -> tuple[Wish, dict[str, str]]:
    """What was chosen, and what of it can not be read."""
    first = beginning(asking.offer, asking.today)
    errors = {}
    typed = next(iter(given.get("tot", ())), "")[:_LONGEST]
    until = read_typed_day(typed) if typed else first.until
    if until is None:
        errors["tot"] = _NO_DAY
    fields = [
        one for each in given.get("veld", ()) for one in each[:10_000].replace(",", " ").split()
    ]
    wish = Wish(
        until=until or first.until,
        purposes=tuple(dict.fromkeys(each[:_LONGEST] for each in given.get("doel", ())))[
            :MOST_PURPOSES
        ],
        field_set=next(iter(given.get("veldenset", ())), "")[:_LONGEST],
        fields=tuple(dict.fromkeys(each[:_LONGEST] for each in fields))[:MOST_FIELDS],
    )
    if not given.get("gekozen"):
        # Named in a link, not in the form: what is not said is what there is no choice in.
        wish = replace(
            wish,
            purposes=wish.purposes or first.purposes,
            field_set=wish.field_set or first.field_set,
        )
    return wish, errors


def _faults(wish: Wish, asking: _Asking) -> dict[str, str]:
    found = faults_of(wish, asking.offer, asking.known.criteria, asking.today)
    return dict(_SAYS[each] for each in found)


def _with_query(asked: Asked[Any], name: str, given: Mapping[str, Sequence[str]]) -> Asked[Any]:
    """With every value that was chosen in the address: a key may be there more than once."""
    pairs = [(key, each[:_LONGEST]) for key in _KEYS for each in given[key][:MOST_FIELDS] if each]
    path = f"{BASE}/{name}/toegang"
    return replace(asked, path=f"{path}?{urlencode(pairs)}" if pairs else path, query={})


def _officers(deps: CatalogueDeps) -> Sequence[str]:
    console = deps.settings.oidc.console
    return console.contract_officers if console is not None else ()


def _number(text: str) -> UUID:
    """Raises ProblemError."""
    try:
        return UUID(text[:40])
    except ValueError:
        raise refuse(400, "request_invalid", "The number of a request can not be read") from None


def _pretty(canonical: bytes) -> str:
    return json.dumps(json.loads(canonical), indent=2, ensure_ascii=False)
