# SPDX-License-Identifier: EUPL-1.2
"""Our decisions for gateways of our own: the AuthZEN decision point.

    POST /access/v1/evaluation             one question
    POST /access/v1/evaluations            several, on one snapshot
    POST /access/v1/search/subject         who may; also resource and action
    GET  /.well-known/authzen-configuration
    GET  /access/v1/openapi.json           this interface, described

Who asks is an application of this organisation, with the key or certificate it has for the Outway.
A denial is HTTP 200. Each call leaves one record, durable before the answer; the record is refused
when the register changed meanwhile, and then it is decided again.
Source: AuthZEN 1.0; Authorization Decision Log; house decision: own side of the Outway.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from litestar import Request, Response, get, post
from litestar.types import ASGIApp, ControllerRouterHandler

from landschap.gateway import refusals
from landschap.gateway.api.point_records import Asking, Told, record_of
from landschap.gateway.api.voices import Voices
from landschap.gateway.memory import Memory, digest
from landschap.gateway.store.points import PointWorld
from landschap.gateway.voices import VoiceWanted
from landschap.gateway.world import Application
from landschap.logboek.faults import InvalidRecord, LogUnavailable, StaleDecision
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, json_response, make_app, problem_response
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.purposes.authzen import evaluating, messages, searching
from landschap.purposes.authzen.description import document_of, metadata_of
from landschap.purposes.authzen.messages import Evaluation, Unclear, Unreadable, Words
from landschap.purposes.authzen.voice import digest_of, request_of
from landschap.purposes.decision import Decision, Question
from landschap.purposes.steps import Step
from landschap.purposes.vetoes import denied, judge, with_voice
from landschap.vocabulary.ijson import InvalidJson, loads
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.tracing import parse_traceparent

AnyRequest = Request[Any, Any, Any]

MAX_BODY_BYTES = 32_768
"""A record holds 64 kB: the question, and what was decided on it."""
MAX_EVALUATIONS = 50
_MAX_DEPTH = 16
# The register may change again while a question is decided again; more often is an accident.
_ATTEMPTS = 5
_REQUEST_ID = re.compile(r"[!-~]{1,200}")


@dataclass(slots=True, kw_only=True)
class PointDeps:
    """What the decision point needs. ``load`` reads the world of now; ``address`` is its name."""

    owner: str
    address: str
    organisation: str
    email: str
    url: str
    load: Callable[[], Awaitable[PointWorld]]
    log: LogWriter
    voices: Voices


class DecisionPoint:
    """Decides what it is asked; holds the world until a record says that it is old."""

    def __init__(self, deps: PointDeps) -> None:
        self._deps = deps
        self._memory = Memory()
        self._world: PointWorld | None = None

    async def answer(self, event: str, request: AnyRequest) -> Response[bytes]:
        """The answer to one call, once its record is durable.

        Raises ProblemError for a call that is refused as such: it is recorded as well.
        """
        raw = await request.body()
        for _ in range(_ATTEMPTS):
            world = self._world or await self._reload()
            told = await self._told(event, request, raw, world)
            try:
                await self._record(told, world)
            except StaleDecision as stale:
                await self._newer(stale.epoch)
                continue
            if told.refusal is not None:
                raise ProblemError(told.refusal)
            return json_response(told.answer)
        raise LogUnavailable("the register changes faster than can be decided")

    async def _record(self, told: Told, world: PointWorld) -> None:
        draft = record_of(told, world.snapshot.version)
        try:
            await self._deps.log.append([draft], decided_epoch=world.epoch)
        except InvalidRecord:
            # The log may not hold what was asked; the refusal of that holds nothing of it.
            bare = told.without_content(refusals.not_loggable())
            draft = record_of(bare, world.snapshot.version)
            await self._deps.log.append([draft], decided_epoch=world.epoch)
            raise ProblemError(refusals.not_loggable()) from None

    async def _reload(self) -> PointWorld:
        try:
            self._world = await self._deps.load()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ProblemError(_undecided()) from error
        return self._world

    async def _newer(self, epoch: int) -> None:
        if self._world is None or self._world.epoch < epoch:
            await self._reload()

    async def _told(self, event: str, request: AnyRequest, raw: bytes, world: PointWorld) -> Told:
        """What is answered, with everything its record holds."""
        asking = _asking(event, request)
        application = self._application(request, world)
        if application is None:
            return Told(asking=asking, refusal=refusals.application_unknown())
        asking = asking.by(application.name)
        try:
            body = _body(request, raw)
            _request_id(request)
            asking = asking.about(body)
            if event == "access_evaluations" and body.get("evaluations"):
                return await self._several(asking, body, world)
            if event.startswith("search_"):
                return self._found(asking, body, world)
            return await self._one(asking.named("access_evaluation"), body, world)
        except (Unreadable, InvalidJson) as error:
            return Told(asking=asking, refusal=_unreadable(str(error)))
        except ProblemError as error:
            return Told(asking=asking, refusal=error.refusal)

    async def _one(self, asking: Asking, body: Words, world: PointWorld) -> Told:
        try:
            asked = messages.read_evaluation(body, self._deps.owner)
        except Unclear as error:
            answer = evaluating.unclear(str(error))
            return Told(asking=asking, answer=answer, context=answer["context"])
        decision = await self._decision(asked, world, asking)
        answer = evaluating.answer_of(decision, world.snapshot, asked.ignored)
        return Told(asking=asking, answer=answer, decisions=(decision,))

    async def _several(self, asking: Asking, body: Words, world: PointWorld) -> Told:
        semantic = messages.semantic_of(body)
        given = body.get("evaluations")
        if not isinstance(given, list) or len(given) > MAX_EVALUATIONS:
            raise Unreadable(f"evaluations is a list of at most {MAX_EVALUATIONS} questions")
        found: list[evaluating.Answer] = []
        decisions: list[Decision | None] = []
        for item in given:
            answer, decision = await self._item(asking, body, item, world)
            found.append(answer)
            decisions.append(decision)
            allowed = answer["decision"] is True
            if (semantic == "deny_on_first_deny" and not allowed) or (
                semantic == "permit_on_first_permit" and allowed
            ):
                break
        return Told(asking=asking, answer={"evaluations": found}, decisions=tuple(decisions))

    async def _item(
        self, asking: Asking, body: Words, item: Any, world: PointWorld
    ) -> tuple[evaluating.Answer, Decision | None]:
        try:
            asked = messages.read_evaluation(messages.merged(body, item), self._deps.owner)
        except Unreadable as error:
            return evaluating.failed_item(str(error)), None
        except Unclear as error:
            return evaluating.unclear(str(error)), None
        decision = await self._decision(asked, world, asking)
        return evaluating.answer_of(decision, world.snapshot, asked.ignored), decision

    def _found(self, asking: Asking, body: Words, world: PointWorld) -> Told:
        kind = asking.event.removeprefix("search_")
        page = searching.page_of(body, world.snapshot)
        try:
            asked = messages.read_evaluation(body, self._deps.owner, without=(kind,))
        except Unclear as error:
            empty: evaluating.Answer = {
                "results": [],
                "page": {"next_token": "", "count": 0, "total": 0},
                "context": evaluating.unclear(str(error))["context"],
            }
            return Told(asking=asking, answer=empty)
        question = self._with_facts(asked.question, world)
        answer = searching.search(kind, question, world.snapshot, asking.at, body, page)
        if asked.ignored:
            answer["context"] = {"ignored": list(asked.ignored)}
        return Told(asking=asking, answer=answer)

    async def _decision(self, asked: Evaluation, world: PointWorld, asking: Asking) -> Decision:
        """Ours first; another engine is asked only what we permit, and can only take away."""
        question = self._with_facts(asked.question, world)
        is_ours = question.provider in {"", self._deps.owner}
        offered = world.services.get(question.service) if is_ours else None
        veto = offered.veto if offered else None
        decision = judge(question, world.snapshot, asking.at, veto)
        if offered is None or not decision.allow:
            return decision
        if offered.blocked:
            step = Step("R15", "service_misconfigured", "fail", "blocked")
            return denied(decision, "vetoed", "service_misconfigured", step)
        if voice := offered.service.voice:
            request = request_of(question, self._deps.owner, asking.onward())
            wanted = VoiceWanted(voice, request, digest_of(request))
            decision = with_voice(decision, await self._deps.voices.hear(wanted))
        return evaluating.settled(decision, asked, world.snapshot)

    def _with_facts(self, question: Question, world: PointWorld) -> Question:
        """With what we know beside it. Whether a case of another is open only that other knows."""
        case = question.facts.case
        is_own = question.organisation == self._deps.owner and not question.delegatee
        known = is_own and world.cases is not None
        facts = question.facts._replace(
            case_open=case in (world.cases or ()) if known else None, marked=world.marked
        )
        return dataclasses.replace(question, facts=facts)

    def _application(self, request: AnyRequest, world: PointWorld) -> Application | None:
        key = request.headers.get("x-api-key", "")
        if key:
            return world.keys.get(digest(key))
        escaped = request.headers.get("x-client-cert", "")
        thumbprint = self._memory.client_certificate(escaped) if escaped else ""
        return world.certificates.get(thumbprint) if thumbprint else None


def point_app(deps: PointDeps) -> ASGIApp:
    """The application."""
    shape = AppShape(
        title="Decision point",
        version="1.0.0",
        max_body_bytes=MAX_BODY_BYTES,
        render=_render,
    )
    return make_app(_routes(DecisionPoint(deps), deps), shape)


def _routes(point: DecisionPoint, deps: PointDeps) -> list[ControllerRouterHandler]:
    async def told(event: str, request: AnyRequest) -> Response[bytes]:
        return _with_id(await point.answer(event, request), request)

    @post("/access/v1/evaluation", opt={"query": ()}, status_code=200)
    async def evaluation(request: AnyRequest) -> Response[bytes]:
        return await told("access_evaluation", request)

    @post("/access/v1/evaluations", opt={"query": ()}, status_code=200)
    async def evaluations(request: AnyRequest) -> Response[bytes]:
        return await told("access_evaluations", request)

    @post("/access/v1/search/subject", opt={"query": ()}, status_code=200)
    async def search_subject(request: AnyRequest) -> Response[bytes]:
        return await told("search_subject", request)

    @post("/access/v1/search/resource", opt={"query": ()}, status_code=200)
    async def search_resource(request: AnyRequest) -> Response[bytes]:
        return await told("search_resource", request)

    @post("/access/v1/search/action", opt={"query": ()}, status_code=200)
    async def search_action(request: AnyRequest) -> Response[bytes]:
        return await told("search_action", request)

    @get("/.well-known/authzen-configuration", opt={"query": ()})
    async def metadata(request: AnyRequest) -> Response[bytes]:
        return _with_id(json_response(metadata_of(deps.address)), request)

    @get("/access/v1/openapi.json", opt={"query": ()})
    async def description() -> Response[bytes]:
        document = document_of(deps.address, deps.organisation, email=deps.email, url=deps.url)
        return json_response(
            document,
            media_type="application/openapi+json;version=3.1",
            headers={"Access-Control-Allow-Origin": "*"},
        )

    searches = [search_subject, search_resource, search_action]
    return [evaluation, evaluations, *searches, metadata, description]


def _asking(event: str, request: AnyRequest) -> Asking:
    given = parse_traceparent(
        request.headers.get("traceparent"), request.headers.get("tracestate", "")
    )
    return Asking(
        event=event,
        at=datetime.now(UTC),
        trace_id=given.trace_id if given else new_trace_id(),
        parent=given.span_id if given else None,
        span_id=new_span_id(),
    )


def _body(request: AnyRequest, raw: bytes) -> Words:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Unreadable("the header Content-Type is application/json")
    body = loads(raw, max_bytes=MAX_BODY_BYTES, max_depth=_MAX_DEPTH)
    if not isinstance(body, Mapping):
        raise Unreadable("the body is a JSON object")
    return body


def _request_id(request: AnyRequest) -> None:
    given = request.headers.get("x-request-id")
    if given is not None and not _REQUEST_ID.fullmatch(given):
        raise Unreadable("the header X-Request-ID is 1 to 200 printable characters without spaces")


def _with_id(answer: Response[bytes], request: AnyRequest) -> Response[bytes]:
    given = request.headers.get("x-request-id")
    if given and _REQUEST_ID.fullmatch(given):
        answer.headers["X-Request-ID"] = given
    return answer


def _render(refusal: Refusal, request: AnyRequest) -> Response[Any]:
    answer = problem_response(refusal, instance=request.url.path)
    if refusal.code == "application_unknown":
        answer.headers["WWW-Authenticate"] = "ApiKey"
    return _with_id(answer, request)


def _undecided() -> Refusal:
    return Refusal(
        code="decisions_unavailable",
        status=503,
        title="The decision point can not decide now",
        detail="The register of this organisation can not be read, and so nothing is permitted.",
        missing="a database that answers",
        owner="the operators of this organisation",
        fault=Fault.OURS,
    )


def _unreadable(why: str) -> Refusal:
    return Refusal(
        code="request_invalid",
        status=400,
        title="The question is not well formed",
        detail=f"{why[0].upper()}{why[1:]}.",
        missing="a well-formed question",
        owner="the application that asks",
    )
