# SPDX-License-Identifier: EUPL-1.2
"""Choosing the fields of an operation, and trying it out through our own Outway.

/catalogus/{naam}/proef/{bewerking}?veld=...&manier=...&zaak=...

What is chosen stands in the address, so that it can be shared; no person and no secret does. What
is sent goes as the employee who is logged in, and the Outway decides and records as ever. Against
real data nothing is sent without a right of this employee to the purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.agreeing import own_form
from landschap.catalogue.pages.api import Known, can_try, known_of
from landschap.catalogue.pages.context import BASE, START, CatalogueDeps, api_link, both
from landschap.catalogue.pages.persons import BY_NUMBER, PERSONS
from landschap.catalogue.pages.sending import Tried, Trying, tried
from landschap.catalogue.pages.trying_words import FAULTS, REFUSED
from landschap.catalogue.reading import read_operation
from landschap.catalogue.reading.operations import Operation
from landschap.catalogue.reading.outline import servers_of
from landschap.catalogue.trying.filled import (
    Fault,
    Filled,
    body_of,
    field_paths,
    keyed_parameters,
    persons_in,
    question_of,
    takes_fields,
    takes_person,
)
from landschap.catalogue.trying.told import allowed_fields, answer_text, sent_text
from landschap.catalogue.trying.ways import (
    Chosen,
    Employee,
    Way,
    covering,
    is_production,
    purposes_by_field,
    stopped,
    ways_of,
)
from landschap.gateway.tracing.words import OUTCOMES, RULES
from landschap.gateway.users import level_of
from landschap.platform.web import N_, Link
from landschap.platform.web.door import AnyRequest, Asked
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError, Refusal

_KEYS = ("veld", "manier", "zaak", "gekozen")
_MOST_FIELDS, _LONGEST = 100, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that one try stands on."""

    known: Known
    operation: Operation
    server: str
    snapshot: Snapshot
    ways: Sequence[Way]
    paths: Mapping[str, str]
    fields: tuple[str, ...]
    way: Way | None
    number: str
    is_production: bool

    @property
    def is_personal(self) -> bool:
        """True unless it is known that these are no data about persons."""
        return self.known.criteria.personal is not False

    @property
    def service(self) -> tuple[str, str]:
        """Who answers, and under which name."""
        return (self.known.criteria.provider, self.known.criteria.service)


def trying_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of trying out; none where it is not set up."""
    if deps.trying is None:
        return []
    pages = _Pages(deps, deps.trying)

    @get(both("/{name:str}/proef/{slug:str}"), opt={"query": _KEYS})
    async def form(name: FromPath[str], slug: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        given = {key: request.query_params.getall(key, []) for key in _KEYS}
        return pages.form(asked, await pages.case(asked, name, slug, given), Filled(), {})

    @post(both("/{name:str}/proef/{slug:str}"), status_code=200)
    async def send(name: FromPath[str], slug: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await context.asked_of(deps, request)
        if asked.session is None:
            return deps.door.to_login(asked)
        sent = await own_form(deps, asked, request)
        given = {key: [str(each) for each in sent.getall(key, [])] for key in _KEYS}
        case = await pages.case(asked, name, slug, given)
        if sent.get("stap") == "bekijk":
            return Redirect(asked.at(pages.address(case)), status_code=303)
        return await pages.send(asked, case, sent)

    return [form, send]


class _Pages:
    def __init__(self, deps: CatalogueDeps, trying: Trying) -> None:
        self.deps = deps
        self.trying = trying

    async def case(
        self, asked: Asked[Any], name: str, slug: str, given: Mapping[str, Sequence[str]]
    ) -> _Case:
        """What is tried. Raises NotFoundException for what can not be tried here."""
        known = await known_of(self.deps, asked, name)
        if known.document is None or not can_try(self.deps, known):
            raise NotFoundException
        value = known.document.value
        operation = await self.deps.shelf.worked(partial(read_operation, value, slug))
        if operation is None:
            raise NotFoundException
        snapshot, criteria = await self.trying.snapshot(), known.criteria
        fields = snapshot.services.get((criteria.provider, criteria.service))
        paths = field_paths(operation, fields.fields if fields else ())
        wanted = tuple(each for each in dict.fromkeys(given["veld"]) if each in paths)
        number = next(iter(given["zaak"]), "")[:60]
        chosen = Chosen(
            fields=wanted[:_MOST_FIELDS] or None if takes_fields(operation) else None, case=number
        )
        ways = await self._ways(asked, known, snapshot, chosen)
        key = next(iter(given["manier"]), "")
        return _Case(
            known=known,
            operation=operation,
            server=next(iter(servers_of(value, known.api.source)), ""),
            snapshot=snapshot,
            ways=ways,
            paths=paths if takes_fields(operation) else {},
            fields=chosen.fields or (),
            way=next((each for each in ways if each.key == key), None),
            number=number,
            is_production=is_production(
                self.deps.settings.organisation.environment,
                self.deps.settings.organisation.oin.value,
                known.criteria,
            ),
        )

    async def _ways(
        self, asked: Asked[Any], known: Known, snapshot: Snapshot, chosen: Chosen
    ) -> list[Way]:
        own = await self.deps.own()
        person = asked.session.known if asked.session is not None else None
        who = Employee(
            oin=own.oin,
            roles=tuple(person.roles) if person else (),
            level=level_of(person.level) if person else "",
        )
        return ways_of(who, known.criteria, own.grants, snapshot, chosen, listed.now())

    def form(
        self, asked: Asked[Any], case: _Case, filled: Filled, errors: Mapping[str, str]
    ) -> Response[str]:
        """The form; ``errors`` are by the part they are about."""
        say = partial(self.deps.site.say, asked.language)
        told = {about: say(FAULTS[why]) for about, why in errors.items()}
        content = body_of(case.operation)
        actions = {each.action for each in case.ways} or {"raadplegen"}
        by_field = purposes_by_field(case.snapshot, case.service, list(case.paths), actions)
        values = {
            **self._shared(asked, case),
            "errors": told,
            "labels": self._labels(case, say),
            "filled": filled,
            "parameters": keyed_parameters(case.operation),
            "body": filled.body or (content.example if content else ""),
            "has_body": content is not None,
            "by_field": by_field,
            "covering": covering(by_field, case.fields),
            "purposes": self._purposes(asked, case.snapshot, by_field),
            "persons": PERSONS if not case.is_production and takes_person(case.operation) else (),
            "access": self._access(case),
            "can_prove": self._token(asked) != "",
        }
        title = say(N_("Uitproberen: %(title)s"), title=case.known.api.title)
        return context.show(
            self.deps, asked, "trying.html", title, values=values, crumbs=self._crumbs(case),
            part=BASE, status=400 if errors else 200, is_wrong=bool(errors),
        )  # fmt: skip

    async def send(self, asked: Asked[Any], case: _Case, sent: FormMultiDict) -> Response[str]:
        """Send it, or say why not."""
        filled = _filled(case, sent)
        question = question_of(
            case.operation, case.server, "/".join(case.service), filled, case.way
        )
        if isinstance(question, Fault):
            return self.form(asked, case, filled, {question.about: question.why})
        refusal = self._stopped(asked, case, len(persons_in(question.json)))
        if refusal is not None:
            return await self._result(asked, case, None, refusal)
        try:
            found = await tried(self.trying, question, self._token(asked))
        except InvalidValue:
            return self.form(asked, case, filled, {"vraag": "unsendable"})
        except ProblemError as error:
            return await self._result(asked, case, None, error.refusal)
        return await self._result(asked, case, found, None, BY_NUMBER.get(filled.person))

    def _stopped(self, asked: Asked[Any], case: _Case, persons: int) -> Refusal | None:
        if not self._token(asked):
            return Refusal(
                code="tryout_not_permitted",
                status=403,
                title="Nothing was sent",
                detail="Your log-in gave no proof of who you are that the Outway takes.",
                missing="an access token of the employees' issuer",
                owner="who manages the log-in, and [oidc.employees] of this organisation",
            )
        return stopped(
            case.way,
            production=case.is_production,
            personal=case.is_personal,
            persons=persons,
        )

    def _token(self, asked: Asked[Any]) -> str:
        """What proves the employee at the Outway; empty without, and then nothing is sent."""
        if self.deps.settings.oidc.employees is None or asked.session is None:
            return ""
        return str(asked.session.known.access_token)

    async def _result(
        self,
        asked: Asked[Any],
        case: _Case,
        found: Tried | None,
        refusal: Refusal | None,
        person: object = None,
    ) -> Response[str]:
        say = partial(self.deps.site.say, asked.language)
        problem = found.problem if found else None
        suggested = allowed_fields(problem.problem) if problem else ()
        values = {
            **self._shared(asked, case),
            "found": found,
            "refusal": refusal,
            "person": person,
            "question": sent_text(found.sent, self.trying.outway.partition("//")[2])
            if found
            else "",
            "answer": answer_text(found.answer) if found and found.answer else "",
            "suggested": suggested,
            "fitting": self.address(replace(case, fields=suggested)) if suggested else "",
            "again": self.address(case),
            "access": self._access(case),
            "names": await self.deps.names(),
            "rules": RULES,
            "outcomes": OUTCOMES,
            "words": REFUSED.get(refusal.code if refusal else problem.code if problem else "", ""),
        }
        title = say(N_("Uitgeprobeerd: %(title)s"), title=case.known.api.title)
        return context.show(
            self.deps, asked, "tried.html", title, values=values, crumbs=self._crumbs(case),
            part=BASE, status=refusal.status if refusal else 200,
        )  # fmt: skip

    def _shared(self, asked: Asked[Any], case: _Case) -> dict[str, Any]:
        return {
            "api": case.known.api,
            "case": case,
            "operation": case.operation,
            "here": f"{BASE}/{case.known.api.name}/proef/{case.operation.entry.slug}",
            "is_dutch": asked.language == "nl",
        }

    def _labels(self, case: _Case, say: Any) -> dict[str, str]:
        return {
            "vraag": say(N_("Inhoud van de vraag (JSON)")),
            "persoon": say(N_("Testpersoon")),
            "zaak": say(N_("Nummer van de zaak")),
            **{key: each.name for key, each in keyed_parameters(case.operation).items()},
        }

    def _purposes(
        self, asked: Asked[Any], snapshot: Snapshot, by_field: Mapping[str, Sequence[str]]
    ) -> dict[str, str]:
        """Each purpose that opens a field, in words."""
        found = {}
        for uri in {each for every in by_field.values() for each in every}:
            label = snapshot.purposes[uri].purpose.label if uri in snapshot.purposes else None
            words = (label.nl if asked.language == "nl" else label.en) if label else uri
            found[uri] = words
        return found

    def address(self, case: _Case) -> str:
        """The form with what was chosen; nobody and no secret stands in it."""
        chosen = {
            "veld": list(case.fields),
            "manier": case.way.key if case.way else "",
            "zaak": case.number,
        }
        pairs = urlencode({key: each for key, each in chosen.items() if each}, doseq=True)
        here = f"{BASE}/{case.known.api.name}/proef/{case.operation.entry.slug}"
        return f"{here}?{pairs}" if pairs else here

    def _access(self, case: _Case) -> str:
        """Where access is asked with these fields; empty where nobody can ask it."""
        if self.deps.agreeing is None or case.known.is_own:
            return ""
        pairs = urlencode({"veld": list(case.fields)}, doseq=True)
        path = f"{BASE}/{case.known.api.name}/toegang"
        return f"{path}?{pairs}" if pairs else path

    def _crumbs(self, case: _Case) -> tuple[Link, ...]:
        name = case.known.api.name
        return (
            START,
            api_link(case.known.api),
            Link(path=f"{BASE}/{name}/naslag", label=N_("Naslag")),
        )


def _filled(case: _Case, sent: FormMultiDict) -> Filled:
    person = str(sent.get("persoon", ""))
    values = {key: str(sent.get(key, ""))[:_LONGEST] for key in keyed_parameters(case.operation)}
    return Filled(
        fields=case.fields,
        values=values,
        body=str(sent.get("vraag", "")),
        person=person if person in BY_NUMBER and not case.is_production else "",
        case=case.number,
    )
