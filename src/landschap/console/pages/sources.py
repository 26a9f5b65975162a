# SPDX-License-Identifier: EUPL-1.2
"""Logical sources as who works on them sees them: their state, their columns, their file.

    /console/bronnen           every logical source, and whether each of its sources can be asked
    /console/bronnen/{bron}    one: columns of each source, where each field comes from, the file

Nobody is asked about for this: a database tells its columns, a file is read, a service must answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    is_source_officer,
    refuse,
    session_of,
    words_of,
)
from landschap.console.sources import Checked, examples_of, mapped, version_of, with_mistakes
from landschap.console.sources.dutch import Said, said
from landschap.console.sources.store.library import Library, SourceFile
from landschap.integration.connectors.discovery import Columns, discovered
from landschap.integration.connectors.health import Health, look_at
from landschap.integration.examples import Example
from landschap.integration.model import Declaration
from landschap.platform.web import N_
from landschap.vocabulary.mistakes import Mistake

# So many logical sources are looked at at the same time; each has a limit of its own.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all pages of sources stand on."""

    deps: ConsoleDeps

    @property
    def library(self) -> Library:
        """The folder of declarations."""
        around = self.deps.sources
        if around is None:
            raise refuse(404, "not_found", "There are no logical sources here")
        return Library(around.folder, self.deps.registers.registers)

    def require(self, asked: Asked[Known]) -> None:
        """Raises ProblemError for who does not work on sources."""
        if not is_source_officer(self.deps, session_of(asked).known):
            raise refuse(403, "role_not_allowed", "Only who works on logical sources sees these")

    async def file(self, stem: str) -> SourceFile:
        """One declaration. Raises ProblemError (404)."""
        found = await self.library.one(stem)
        if found is None:
            raise refuse(404, "not_found", "There is no such logical source")
        return found

    async def titles(self, known: Known) -> Mapping[str, str]:
        """The logical sources that an employee may try, by their service; none for others."""
        if not has_workshop(self.deps) or not is_source_officer(self.deps, known):
            return {}
        checks = [
            await self.library.check(each.text, each.name) for each in await self.library.every()
        ]
        every = [each.declaration for each in checks if each.declaration is not None]
        return {each.name: each.title or each.name for each in every}

    def examples(
        self, file: SourceFile, declaration: Declaration | None
    ) -> tuple[Sequence[Example], Sequence[Mistake]]:
        """The examples beside a file, as they fit a declaration."""
        if declaration is None:
            return (), ()
        return examples_of(file.examples, file.examples_name, declaration)

    async def health(self, declaration: Declaration) -> Sequence[Health]:
        """How each source is now."""
        assert self.deps.sources is not None  # noqa: S101  # the library was there
        return await look_at(declaration, self.deps.sources)

    async def columns(
        self, declaration: Declaration | None, lying: Declaration | None
    ) -> Mapping[str, Columns]:
        """The columns of each source; only what stands in the file that lies there is opened."""
        if declaration is None or self.deps.sources is None:
            return {}
        trusted = lying or replace(declaration, sources={})
        return await discovered(declaration, self.deps.sources, trusted)

    def say(self, asked: Asked[Known], message: str, nearest: str = "") -> Said:
        """What a check says, in the language of the page as far as it is known in it."""
        return said(message, nearest, is_dutch=asked.language == "nl")


def source_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of looking; none where nobody works on sources."""
    if not has_workshop(deps):
        return []
    door, pages = door_of(deps), _Pages(deps)

    @get(both("/bronnen"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.every(asked) if asked.session else door.to_login(asked)

    @get(both("/bronnen/{stem:str}"))
    async def one(stem: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.one(asked, stem) if asked.session else door.to_login(asked)

    return [every, one]


def has_workshop(deps: ConsoleDeps) -> bool:
    """True where there are declarations, and somebody may work on them."""
    console = deps.settings.oidc.console
    return deps.sources is not None and console is not None and bool(console.source_officers)


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.shop = Workshop(deps)

    async def every(self, asked: Asked[Known]) -> Response[str]:
        self.shop.require(asked)
        files = await self.shop.library.every()
        read = [await self.shop.library.check(each.text, each.name) for each in files]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def looked(check: Checked) -> Sequence[Health]:
            async with limit:
                return await self.shop.health(check.declaration) if check.declaration else ()

        health = await asyncio.gather(*map(looked, read))
        values = {
            "rows": [
                {"file": file, "check": check, "health": found}
                for file, check, found in zip(files, read, health, strict=True)
            ],
            "say": lambda words: self.shop.say(asked, words),
        }
        title = words_of(self.deps, asked).say(SOURCES.label)
        return door_of(self.deps).show(
            asked, "console/sources.html", title, values=values, part=SOURCES.path, crumbs=(START,)
        )

    async def one(self, asked: Asked[Known], stem: str) -> Response[str]:
        self.shop.require(asked)
        file = await self.shop.file(stem)
        check = await self.shop.library.check(file.text, file.name)
        declaration = check.declaration
        health: Sequence[Health] = ()
        columns: Mapping[str, Columns] = {}
        if declaration is not None:
            health, columns = await asyncio.gather(
                self.shop.health(declaration), self.shop.columns(declaration, declaration)
            )
        examples, wrong = self.shop.examples(file, declaration)
        words = words_of(self.deps, asked)
        values = {
            "file": file,
            "check": check,
            "health": health,
            "columns": columns,
            "used": _used(declaration),
            "fields": mapped(declaration) if declaration else (),
            "examples": examples,
            "lines": with_mistakes(file.text, check.mistakes),
            "example_lines": [
                each for each in with_mistakes(file.examples, wrong) if each.mistakes
            ],
            "version": version_of(file.text),
            "path": f"{SOURCES.path}/{stem}",
            "say": lambda words, nearest="": self.shop.say(asked, words, nearest),
        }
        title = declaration.title or declaration.name if declaration else file.name
        return door_of(self.deps).show(
            asked, "console/source.html", words.say(N_("Bron: %(name)s"), name=title),
            values=values, part=SOURCES.path, crumbs=(START, SOURCES),
        )  # fmt: skip


def _used(declaration: Declaration | None) -> Mapping[str, set[str]]:
    """The columns that fields are made of, by source."""
    found: dict[str, set[str]] = {}
    for field in declaration.fields.values() if declaration else ():
        for column in field.columns:
            found.setdefault(column.source, set()).add(column.name)
    return found
