# SPDX-License-Identifier: EUPL-1.2
"""The page of one object: what it is, was, and was known to be; and the same for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.console.grid import Drawing, draw, known_then
from landschap.console.known import Known as Who
from landschap.console.objects import (
    MAX_REGISTRATIONS,
    MAX_STATES,
    State,
    changes,
    held,
    registered,
    state_of,
    stretches,
)
from landschap.console.pages.addresses import object_id_of, object_path, pointed_at, type_path
from landschap.console.pages.context import (
    BASE,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Words,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.looking import Looking, for_now, must_choose
from landschap.console.pages.maps import Mapped, map_of
from landschap.console.pages.registers import crumbs_of, kind_of
from landschap.console.pages.start import task_of
from landschap.console.screening import Screen, is_marked_in, screen_of
from landschap.console.times import COMPARED, KEYS, KNOWN, VALID, Times, read_times
from landschap.platform.http import json_response
from landschap.platform.web import N_
from landschap.platform.web.language import short_day_words
from landschap.registers.answering import Shape, body_of, headers_of, no_version
from landschap.registers.api.cases import Case
from landschap.registers.api.requests import query_of
from landschap.registers.differing import differences_between
from landschap.registers.disposal import gone, tombstone_of
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import (
    Groups,
    occurrences,
    registration_as_json,
    registrations,
)
from landschap.registers.questions import AsOf, Found
from landschap.registers.telling import (
    Value,
    detail_of,
    document_of,
    label_of,
    seen,
    sources_of,
    title_of,
    values_of,
)
from landschap.registers.timeline import Clock, Known
from landschap.registers.views import kept_only
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.times import amsterdam_day, as_utc_text, typed_day

_KINDS = {
    "REGISTRATIE": N_("Geregistreerd"),
    "WIJZIGING": N_("Gewijzigd"),
    "CORRECTIE": N_("Gecorrigeerd"),
    "INVOEGING": N_("Ingevoegd"),
    "INTREKKING": N_("Ingetrokken"),
    "ONDERZOEK": N_("In onderzoek"),
    "VERNIETIGING": N_("Vernietigd"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read of one object, cut to what may be seen.

    ``known`` is the knowledge that was asked about, ``present`` that of now (the same where no
    history of knowledge may be seen). ``screen`` tells how values were changed, and why;
    ``derived`` is what follows, for each state on the day, from values that may not be seen.
    """

    case: Case
    screen: Screen
    object_id: str
    groups: Groups
    known: Known
    present: Known
    now: datetime
    derived: tuple[Mapping[str, JsonValue], ...] = ()

    def states(self) -> list[tuple[Found, Mapping[str, JsonValue]]]:
        """What held on the day that is looked at, each with what is derived from it."""
        found = held(kept_only(self.case.type), self.object_id, self.groups, self.day, self.known)
        derived = self.derived or ({},) * len(found)
        return list(zip(found, derived, strict=True))

    @property
    def day(self) -> date:
        """The day that is looked at."""
        return self.case.asked.valid_on

    @property
    def history(self) -> tuple[str, ...]:
        """Which kinds of history may be seen."""
        return self.case.permit.history


def object_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of one object."""
    door = door_of(deps)
    page = _ObjectPage(deps)
    path = "/register/{register:str}/{collection:str}/{name:str}"

    @get(both(path), opt={"query": KEYS})
    async def one(
        register: FromPath[str], collection: FromPath[str], name: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        kind = kind_of(deps, register, collection)
        return must_choose(asked, kind) or await page.show(asked, kind, name, query_of(request))

    @get(both(f"{path}/json"), opt={"query": KEYS[:2]})
    async def document(
        register: FromPath[str], collection: FromPath[str], name: FromPath[str], request: AnyRequest
    ) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        kind = kind_of(deps, register, collection)
        return must_choose(asked, kind) or await page.document(asked, kind, name, query_of(request))

    return [one, document]


class _ObjectPage:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.looking = Looking(deps)

    async def read(self, asked: Asked[Who], kind: ObjectType, name: str, times: Times) -> Seen:
        """Read one object, and write whose it is. Raises ProblemError: not there, destroyed."""
        object_id = object_id_of(self.deps, asked, kind, name)
        case = await self.looking.case(asked, kind, times.query())
        desk = self.looking.desk
        known = await desk.known(case)
        may_all = "formeel" in case.permit.history
        present = await desk.known(for_now(case)) if may_all and times.known_at else known
        groups = await desk.history(case, object_id)
        every = occurrences(kind, object_id, groups, present)
        await self.looking.written(desk.record(case, [object_id], every))
        told = [each for assertions in groups.values() for each in assertions]
        tombstones = list(filter(None, map(tombstone_of, told)))
        if tombstones and not any(each.content for each in told):
            raise ProblemError(gone(tombstones[0]))
        if not any(present.includes(each) for each in told):
            question = AsOf(
                type=kind, wanted=[object_id], valid_on=case.asked.valid_on, known=known
            )
            raise ProblemError(no_version(question, existed=False))
        screen, day = _screen(case, object_id, groups, known, every), case.asked.valid_on
        return Seen(
            case=case,
            screen=screen,
            object_id=object_id,
            groups=screen.groups(seen(groups, screen.leaves)),
            known=known,
            present=present,
            now=case.started_at,
            derived=screen.derived(kind, held(kind, object_id, groups, day, known), day),
        )

    async def show(
        self, asked: Asked[Who], kind: ObjectType, name: str, query: Mapping[str, str]
    ) -> Response[str]:
        now = datetime.now(UTC)
        times = read_times(query, now)
        read = await self.read(asked, kind, name, times)
        words = words_of(self.deps, asked)
        path = object_path(self.deps, asked, kind, read.object_id)
        values = {
            **self._now(words, read),
            **self._history(words, read, times),
            **self._form(words, times, query, read),
            "kind": kind,
            "path": path,
            "link": partial(_link, path),
            "task": task_of(self.deps, asked) if kind.holds_personal_data else None,
            "kinds": {key: words.say(text) for key, text in _KINDS.items()},
            "object_at": partial(object_path, self.deps, asked, kind),
            "relation": partial(self._relation, asked, kind, read.screen),
            "screen": read.screen,
            "changed": [
                (path, title_of(kind, path, words.language), done)
                for path, done in sorted(read.screen.why.items())
            ],
            "day_text": partial(short_day_words, language=asked.language),
            "doubt_names": partial(self._doubts, words, kind),
            "known_day": lambda moment: short_day_words(amsterdam_day(moment), asked.language),
            "map": await self._map(asked, read),
            "json_path": f"{path}/json?{urlencode(times.query())}".rstrip("?"),
            "register_title": words.title(self.deps.registers.registers.by_name[kind.register]),
        }
        title = f"{words.title(kind)} {read.object_id}"
        return door_of(self.deps).show(
            asked, "console/object.html", title, values=values,
            crumbs=crumbs_of(self.deps, asked, kind), part=f"{BASE}/register",
            status=400 if times.errors else 200, is_wrong=bool(times.errors),
        )  # fmt: skip

    def _now(self, words: Words, read: Seen) -> dict[str, Any]:
        """The values and the state on the day that is looked at."""
        kind = read.case.type
        every = occurrences(kind, read.object_id, read.groups, read.known)
        states = read.states()
        found = [one for one, _ in states]
        state = state_of(found, every, read.day)
        told = [
            {
                "found": one,
                "label": label_of(kind, every, one),
                "values": values_of(kind, {**one.content, **derived}, one.history.doubts),
                "doubts": self._doubts(words, kind, one.history.doubts),
            }
            for one, derived in states
        ]
        last = every[0] if every else None
        return {
            "state": state,
            "States": State,
            "told": told,
            "first_begin": every[-1].history.period.begin if every else None,
            "last_end": last.history.period.end if last else None,
            "knew_late": bool(
                found
                and amsterdam_day(found[0].history.registered_at) > found[0].history.period.begin
            ),
            "valid_on": read.day,
            "known_at": read.known.moment,
            "is_now": read.day == amsterdam_day(read.now) and read.case.asked.moment is None,
            "is_copy": kind.clock is Clock.SOURCE,
        }

    async def _map(self, asked: Asked[Who], read: Seen) -> Mapped | None:
        found = held(read.case.type, read.object_id, read.groups, read.day, read.known)
        return await map_of(self.deps, asked, read.case, read.known, found)

    @staticmethod
    def _doubts(words: Words, kind: ObjectType, paths: Iterable[str]) -> list[str]:
        days = {
            "beginGeldigheid": words.say(N_("Begin van deze toestand")),
            "eindGeldigheid": words.say(N_("Einde van deze toestand")),
        }
        told = []
        for path in paths:
            prop = kind.properties.get(path.partition(".")[0])
            told.append(days.get(path) or (words.title(prop) if prop else path))
        return list(dict.fromkeys(told))

    def _history(self, words: Words, read: Seen, times: Times) -> dict[str, Any]:
        """Drawing, table, registrations and difference, as far as history may be seen."""
        kind, object_id, groups = read.case.type, read.object_id, read.groups
        material, formal = "materieel" in read.history, "formeel" in read.history
        drawing: Drawing | None = None
        if material:
            looking = (read.day, times.known_at or read.present.moment)
            drawing = draw(kind, object_id, groups, read.present, looking, with_corrections=formal)
        every = [cell.found for cell in drawing.cells] if drawing else []
        sources = sources_of(groups)
        found = None
        if times.compared and formal:
            before = known_then(groups, read.present, times.compared)
            found = differences_between(kind, object_id, groups, before, read.known)
        return {
            "drawing": drawing,
            "cell_label": lambda cell: label_of(kind, every, cell.found),
            "cell_detail": lambda cell: (
                document_of(sources.get(cell.found.history.number))
                or detail_of(kind, every, cell.found, words.language)
            ),
            "material": material,
            "formal": formal,
            "stretches": stretches(kind, object_id, groups, read.known) if material else [],
            "most_stretches": MAX_STATES,
            "registered": registered(kind, groups, read.known) if formal else [],
            "most_registered": MAX_REGISTRATIONS,
            "same_day": _same_day([moment for _, moment in drawing.rows] if drawing else []),
            "compared": times.compared if formal else None,
            "changes": None if found is None else changes(kind, found),
        }

    @staticmethod
    def _form(words: Words, times: Times, query: Mapping[str, str], read: Seen) -> dict[str, Any]:
        today = typed_day(amsterdam_day(read.now))
        known = query.get(KNOWN, "") if times.known_at or KNOWN in times.errors else today
        return {
            "given": {
                VALID: query.get(VALID, "") if VALID in times.errors else typed_day(read.day),
                KNOWN: _typed(known),
                COMPARED: _typed(query.get(COMPARED, "")),
            },
            "errors": {name: words.say(text) for name, text in times.errors.items()},
            "labels": {
                VALID: words.say(N_("Hoe was het op")),
                KNOWN: words.say(N_("Wat wisten wij op")),
                COMPARED: words.say(N_("Vergelijk met wat bekend was op")),
            },
        }

    def _relation(self, asked: Asked[Who], kind: ObjectType, screen: Screen, value: Value) -> str:
        """Where a relation leads, empty when to nothing of ours."""
        target = pointed_at(self.deps, kind, value.points_at) if value.points_at else None
        if screen.changes(value.path) is not None:
            return ""  # the value is another one now, and the true one is not told
        if target is None or not isinstance(value.value, str):
            return ""
        return object_path(self.deps, asked, target, value.value)

    async def document(
        self, asked: Asked[Who], kind: ObjectType, name: str, query: Mapping[str, str]
    ) -> Response[bytes]:
        """The same for programs, in the words of the registers' API."""
        times = read_times(query, datetime.now(UTC))
        read = await self.read(asked, kind, name, times)
        question = AsOf(type=kind, wanted=[read.object_id], valid_on=read.day, known=read.known)
        states = read.states()
        found = [one for one, _ in states]
        shape = Shape(
            leaves=read.screen.leaves,
            left_out=frozenset(),
            with_history=True,
            with_corrections="formeel" in read.history,
        )
        kept = kept_only(kind)
        every = occurrences(kept, read.object_id, read.groups, read.known)[:MAX_STATES]
        body: dict[str, JsonValue] = {
            kind.identification: read.object_id,
            "items": [{**body_of(one, question, shape), **derived} for one, derived in states],
            **read.screen.told(),
        }
        if "materieel" in read.history:
            body["voorkomens"] = [body_of(one, question, shape) for one in every]
        if "formeel" in read.history:
            lines = registrations(read.groups, read.known)[-MAX_REGISTRATIONS:]
            body["registraties"] = [registration_as_json(line) for line in lines]
        headers = headers_of(type_path(kind), read.case.asked, question, found, body)
        del headers["Content-Location"]
        return json_response(body, headers=headers)


def _screen(
    case: Case, object_id: str, groups: Groups, known: Known, every: Sequence[Found]
) -> Screen:
    """How one object is shown; ``every`` are its stretches as known now, the latest first."""
    kind, duties = case.type, case.shape.duties
    today = amsterdam_day(case.started_at)
    now = [one for one in every if one.history.period.covers(today)] or list(every[:1])
    then = held(kind, object_id, groups, case.asked.valid_on, known)
    is_marked = is_marked_in(duties.mark, [one.content for one in (*now, *then)])
    return screen_of(kind, case.shape.leaves, duties, is_marked=is_marked)


def _link(path: str, day: date, moment: datetime | None) -> str:
    """The page of the same object on another day, with another knowledge."""
    query = {VALID: day.isoformat()}
    if moment is not None:
        query[KNOWN] = as_utc_text(moment)
    return f"{path}?{urlencode(query)}"


def _typed(text: str) -> str:
    return text.strip()[:40]


def _same_day(moments: Sequence[datetime]) -> frozenset[datetime]:
    """Moments that share their day with another: they need the clock to be told apart."""
    days = Counter(map(amsterdam_day, moments))
    return frozenset(moment for moment in moments if days[amsterdam_day(moment)] > 1)
