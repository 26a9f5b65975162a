# SPDX-License-Identifier: EUPL-1.2
"""An example question of a logical source, run: its plan, what each source did, and the answer.

    /console/bronnen/{bron}/proef?voorbeeld=1                the example with this number, in order
    /console/bronnen/{bron}/proef?voorbeeld=1&bronnen=echt   the same question, to the real sources

The rows are those that stand in the example, so nobody is asked about. It is a look all the same:
with purpose and case, in the log before it is shown; without a record there is no page. Real
sources: `source_asking`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.console.known import Known
from landschap.console.pages.context import (
    SOURCES,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.looking import Looking, to_choosing
from landschap.console.pages.source_asking import Asking, may_ask
from landschap.console.pages.sources import Workshop, has_workshop
from landschap.console.pages.start import task_of
from landschap.console.sources import version_of
from landschap.console.sources.picture import pictured
from landschap.console.sources.store.library import SourceFile
from landschap.integration.connectors.rehearsal import Rehearsal, rehearsed
from landschap.integration.examples import Example, differences
from landschap.integration.model import Declaration
from landschap.platform.web import N_, Link
from landschap.purposes.decision import Decision
from landschap.vocabulary.ijson import JsonValue

_EXAMPLE, _SOURCES, _REAL = "voorbeeld", "bronnen", "echt"
_WHY = {"koppeling": N_("koppeling"), "logregel": N_("logregel"), "volgorde": N_("volgorde")}


def source_trying_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of one example."""
    if not has_workshop(deps):
        return []
    door, trying = door_of(deps), Trying(deps)

    @get(both("/bronnen/{stem:str}/proef"), opt={"query": (_EXAMPLE, _SOURCES)})
    async def run(stem: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        trying.shop.require(asked)
        file = await trying.shop.file(stem)
        number = asked.query.get(_EXAMPLE, "1")
        if asked.query.get(_SOURCES, "") == _REAL:
            return await trying.ask(asked, file, number)
        return await trying.run(asked, file, file.text, number)

    return [run]


class Trying:
    """Runs examples, of the file that lies there or of a text that is being written."""

    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.shop = Workshop(deps)
        self.looking = Looking(deps)

    @staticmethod
    def needs_task(asked: Asked[Known], declaration: Declaration | None) -> bool:
        """True when it is about persons and no purpose and case are chosen."""
        about_persons = declaration is not None and declaration.subject is not None
        return about_persons and session_of(asked).known.task is None

    async def run(
        self,
        asked: Asked[Known],
        file: SourceFile,
        text: str,
        number: str,
        form: Mapping[str, Sequence[str]] | None = None,
    ) -> Response[Any]:
        """The page of one example; away to choose a purpose when none is chosen.

        ``form`` is what was being written, to go on with afterwards.
        """
        declaration = (await self.shop.library.check(text, file.name)).declaration
        if declaration is None:
            raise refuse(409, "source_wrong", "There are mistakes in this declaration")
        if self.needs_task(asked, declaration):
            return to_choosing(asked)
        example = self._example(file, declaration, number)
        decision = self.looking.would_permit_source(asked, declaration.name, (declaration.key,))
        permitted = decision.visible if decision.allow else None
        await self._recorded(asked, declaration, example, text, decision)
        found = await rehearsed(declaration, example, permitted)
        carried = [
            (name, value)
            for name, values in (form or {}).items()
            if name not in ("token", "doe")
            for value in values
        ]
        return self._page(asked, file, (example, carried), found, decision)

    async def ask(self, asked: Asked[Known], file: SourceFile, number: str) -> Response[Any]:
        """The same question, to the real sources of the file that lies there."""
        declaration = (await self.shop.library.check(file.text, file.name)).declaration
        if declaration is None:
            raise refuse(409, "source_wrong", "There are mistakes in this declaration")
        if session_of(asked).known.task is None:
            return to_choosing(asked)
        example = self._example(file, declaration, number)
        decision = self.looking.would_permit_source(asked, declaration.name, (declaration.key,))
        found = await Asking(self.deps).ask(asked, declaration, example)
        return self._page(asked, file, (example, []), found, decision, is_real=True)

    def _example(self, file: SourceFile, declaration: Declaration, number: str) -> Example:
        examples, wrong = self.shop.examples(file, declaration)
        if wrong:
            raise refuse(409, "source_wrong", "There are mistakes in the examples")
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
        if not 1 <= place <= len(examples):
            raise refuse(404, "not_found", "There is no such example")
        return examples[place - 1]

    async def _recorded(
        self,
        asked: Asked[Known],
        declaration: Declaration,
        example: Example,
        text: str,
        decision: Decision,
    ) -> None:
        """Written down before it is run. Raises ProblemError when it can not be."""
        known = session_of(asked).known
        context: dict[str, JsonValue] = {
            "example": example.name,
            "text": version_of(text),
            "wouldBe": "allowed" if decision.allow else decision.code,
        }
        if known.task is not None:
            context |= {"purpose": known.task.purpose, "case": known.task.case}
        what = ("logical source", declaration.name)
        await self.looking.deed(known, "proefvraag", what, context, "example data")

    def _page(
        self,
        asked: Asked[Known],
        file: SourceFile,
        what: tuple[Example, Sequence[tuple[str, str]]],
        found: Rehearsal,
        decision: Decision,
        *,
        is_real: bool = False,
    ) -> Response[str]:
        example, carried = what
        words = words_of(self.deps, asked)
        body = dict(found.body)
        values = {
            "file": file,
            "example": example,
            "path": f"{SOURCES.path}/{file.stem}",
            "carried": carried,
            "task": task_of(self.deps, asked),
            "plan": found.plan,
            "picture": pictured(found.plan),
            "timings": {each.source: each for each in found.timings},
            "longest": max((each.took_ms for each in found.timings), default=0) or 1,
            "took": found.took_ms,
            "answer": json.dumps(body["resultaten"], indent=2, ensure_ascii=False),
            "origins": list(_origins(body)),
            "gaps": body["ontbreekt"],
            "wrong": [] if is_real or _cut(decision, example) else list(differences(example, body)),
            "is_real": is_real,
            "can_ask": may_ask(self.deps) and decision.allow and not is_real and not carried,
            "number": asked.query.get(_EXAMPLE, "1"),
            "left_out": sorted(_cut(decision, example)),
            "allowed": decision.allow,
            "reason": decision.code,
            "why": lambda name: words.say(_WHY[name]) if name in _WHY else name,
        }
        return door_of(self.deps).show(
            asked,
            "console/source_try.html",
            words.say(N_("Proef: %(name)s"), name=example.name),
            values=values,
            part=SOURCES.path,
            crumbs=(START, SOURCES, Link(path=f"{SOURCES.path}/{file.stem}", label=file.stem)),
        )


def _cut(decision: Decision, example: Example) -> frozenset[str]:
    """The fields of an example that the purpose does not permit, where it permits any."""
    return example.fields - decision.visible if decision.allow else frozenset()


def _origins(body: Mapping[str, JsonValue]) -> Sequence[Mapping[str, Any]]:
    """Each value beside where it comes from, in order of the answer."""
    told: Any = body["herkomst"]
    return [
        {"pointer": pointer, "value": _at(body["resultaten"], pointer), **facts}
        for pointer, facts in told.items()
    ]


def _at(value: JsonValue, pointer: str) -> Any:
    """What stands at a pointer of an answer; those have no signs that are written otherwise."""
    found: Any = value
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found
