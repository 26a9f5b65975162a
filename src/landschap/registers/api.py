# SPDX-License-Identifier: EUPL-1.2
"""Asking registers over HTTP: one object by its id, or a search with the key in the body.

    GET  /{register}/v1/{collectie}/{id}
    POST /{register}/v1/{collectie}/_zoek      {"burgerservicenummer": "..."}

The order is the rule: open the permit, understand the question, answer it, write the lines per
person and wait until they are durable, and only then let the answer go. No line, no answer.
A person's number is never in an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter
from landschap.platform.http import json_response
from landschap.platform.ids import new_span_id
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import HEADER, Permit, open_permit
from landschap.registers import store
from landschap.registers.answering import Shape, body_of, headers_of, no_version
from landschap.registers.asking import QUERY_KEYS, Asked, choose_fields, read_key, read_query
from landschap.registers.lines_of_use import Use, drafts_of, numbers_of
from landschap.registers.models import ObjectType, Registers
from landschap.registers.questions import AsOf, Found, Match
from landschap.registers.store.rows import Pool
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.tracing import TraceContext, parse_traceparent

_Granted = TypeVar("_Granted")
_AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the routes need, given by who composes the process.

    ``field_sets`` gives the field sets by key, for permits that name one; ``pseudonym_space`` is
    the URI of our pseudonyms, to which kind of subject and key generation are added.
    """

    registers: Registers
    pool: Pool
    log: LogWriter
    controller: Oin
    permit_key: bytes
    pseudonym_key: bytes
    key_id: int = 1
    pseudonym_space: str = "https://landschap.example/register/pseudoniem"
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict


def routes(deps: Deps) -> list[ControllerRouterHandler]:
    """The routes of all registers."""
    desk = _Desk(deps)

    @get("/{register:str}/v1/{collectie:str}/{identificatie:str}", opt={"query": QUERY_KEYS})
    async def one(
        register: FromPath[str],
        collectie: FromPath[str],
        identificatie: FromPath[str],
        request: _AnyRequest,
    ) -> Response[bytes]:
        return await desk.one(desk.type(register, collectie), identificatie, request)

    @post(
        "/{register:str}/v1/{collectie:str}/_zoek",
        status_code=HTTPStatus.OK,
        opt={"query": QUERY_KEYS},
    )
    async def search(
        register: FromPath[str], collectie: FromPath[str], request: _AnyRequest
    ) -> Response[bytes]:
        return await desk.search(desk.type(register, collectie), request)

    return [one, search]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One permitted question on its way."""

    type: ObjectType
    permit: Permit
    asked: Asked
    shape: Shape
    trace: TraceContext | None
    path: str
    started_at: datetime


class _Desk:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def type(self, register: str, collection: str) -> ObjectType:
        """The object type at this address. Raises ProblemError 404."""
        known = self._deps.registers.by_name.get(register)
        kind = known.by_collection(collection) if known else None
        if kind is None:
            raise ProblemError(_NO_COLLECTION)
        return kind

    async def one(self, kind: ObjectType, object_id: str, request: _AnyRequest) -> Response[bytes]:
        """One object. Raises ProblemError."""
        case = self._case(kind, request)
        question, found = await self._ask(case, [object_id])
        existed = bool(found) or await self._existed(question, object_id)
        await self._record(case, [object_id], found)
        if not found:
            raise ProblemError(no_version(question, existed=existed))
        bodies = [body_of(one, question, case.shape) for one in found]
        # More than one only when a begin is partly unknown: then both possible answers.
        body: JsonValue = bodies[0] if len(bodies) == 1 else {"mogelijk": bodies}
        headers = headers_of(case.path, case.asked, question, found, body)
        return json_response(body, headers={**headers, **_preference(case)})

    async def search(self, kind: ObjectType, request: _AnyRequest) -> Response[bytes]:
        """Objects by a search key. Raises ProblemError."""
        case = self._case(kind, request)
        wanted = _granted(read_key(kind, await request.body()))
        if wanted.path not in case.permit.searchable:
            await self._record(case, wanted, [], refused=True)
            raise ProblemError(_key_not_permitted(kind, wanted.path))
        question, found = await self._ask(case, wanted)
        await self._record(case, wanted, found)
        body: JsonValue = {"items": [body_of(one, question, case.shape) for one in found]}
        headers = headers_of(case.path, case.asked, question, found, body)
        return json_response(body, headers={**headers, **_preference(case)})

    def _case(self, kind: ObjectType, request: _AnyRequest) -> _Case:
        now = datetime.now(UTC)
        permit = _granted(self._permit(kind, request, now))
        preferences = request.headers.get("prefer", "").replace(" ", "")
        asked = _granted(
            read_query(kind, _query(request), now, strict="handling=strict" in preferences)
        )
        lenient = "handling=lenient" in preferences
        leaves, left_out = _granted(choose_fields(kind, asked, permit.fields, lenient=lenient))
        return _Case(
            type=kind,
            permit=permit,
            asked=asked,
            shape=Shape(leaves=leaves, left_out=left_out, with_history=asked.wants_history),
            trace=parse_traceparent(
                request.headers.get("traceparent"), request.headers.get("tracestate", "")
            ),
            path=request.url.path,
            started_at=now,
        )

    def _permit(self, kind: ObjectType, request: _AnyRequest, now: datetime) -> Permit | Refusal:
        path = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope["query_string"]
        target = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        return open_permit(
            request.headers.get(HEADER, ""),
            self._deps.permit_key,
            now=now,
            method=request.method,
            target=target,
            service=kind.register,
            field_sets=self._deps.field_sets(),
        )

    async def _ask(self, case: _Case, wanted: Sequence[str] | Match) -> tuple[AsOf, list[Found]]:
        asked, register = case.asked, self._deps.registers.by_name[case.type.register]
        known = await store.known_at(
            self._deps.pool, register, case.started_at, asked.moment, clock=asked.clock
        )
        if asked.number is not None:
            known = replace(known, number=min(known.number, asked.number))
        question = AsOf(
            type=case.type,
            wanted=wanted,
            valid_on=asked.valid_on,
            known=known,
            uncertainty=asked.uncertainty,
        )
        return question, await store.as_of(self._deps.pool, question)

    async def _existed(self, question: AsOf, object_id: str) -> bool:
        groups = await store.history_of(self._deps.pool, question.type, object_id)
        return any(question.known.includes(one) for group in groups.values() for one in group)

    async def _record(
        self,
        case: _Case,
        wanted: Sequence[str] | Match,
        found: Sequence[Found],
        *,
        refused: bool = False,
    ) -> None:
        """Write the lines; without personal data the record of the door says enough."""
        if not case.type.holds_personal_data:
            return
        outcome = Outcome.DELIVERED if found else Outcome.NOTHING_FOUND
        subject = case.type.subject
        kind = subject.subject_kind if subject else ""
        use = Use(
            permit=case.permit,
            controller=self._deps.controller.value,
            type=case.type,
            trace=case.trace,
            started_at=case.started_at,
            ended_at=max(datetime.now(UTC), case.started_at),
            outcome=Outcome.REFUSED if refused else outcome,
            leaves=case.shape.leaves,
            key_id=self._deps.key_id,
            subject_type=f"{self._deps.pseudonym_space}/{kind}/{self._deps.key_id}",
        )
        try:
            subjects = [
                subject_pseudonym(self._deps.pseudonym_key, self._deps.controller, kind, number)
                for number in numbers_of(case.type, wanted, found)
            ]
            await self._deps.log.append(drafts_of(use, subjects, _spans()))
        except (InvalidRecord, InvalidValue):
            raise ProblemError(_UNRECORDABLE) from None


_NO_COLLECTION = Refusal(
    code="not_found",
    status=HTTPStatus.NOT_FOUND,
    title="There is nothing at this address",
    detail="No register has this collection.",
)
_UNRECORDABLE = Refusal(
    code="log_record_impossible",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="This use can not be recorded",
    detail="Nothing was delivered, because the log would not tell whose data it was.",
    missing="a lawful log record",
    owner="the operators of this organisation",
    fault=Fault.OURS,
)


def _key_not_permitted(kind: ObjectType, path: str) -> Refusal:
    return Refusal(
        code="search_not_permitted",
        status=HTTPStatus.FORBIDDEN,
        title="Searching by this key is not permitted for this purpose",
        detail=f"{kind.collection} may not be searched by {path}: that would be use of it.",
        missing=f"{path} as a search key in the policy of this purpose",
        owner="the privacy officer of this organisation",
    )


def _query(request: _AnyRequest) -> dict[str, str]:
    """The query string; a key that stands twice is refused. Raises ProblemError."""
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in query:
            raise ProblemError(
                Refusal(
                    code="query_twice",
                    status=HTTPStatus.BAD_REQUEST,
                    title="A query parameter stands twice",
                    detail=f"{name} may be given once.",
                )
            )
        query[name] = value
    return query


def _preference(case: _Case) -> dict[str, str]:
    return {"Preference-Applied": "handling=lenient"} if case.shape.left_out else {}


def _granted(found: _Granted | Refusal) -> _Granted:
    if isinstance(found, Refusal):
        raise ProblemError(found)
    return found


def _spans() -> Iterator[bytes]:
    while True:
        yield new_span_id()
