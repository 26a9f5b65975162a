# SPDX-License-Identifier: EUPL-1.2
"""The three addresses of what people decide on: all of it, one, and the decision on that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.console.known import Known
from landschap.console.pages.context import (
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    lines_of_form,
)


class Decided(Protocol):
    """The pages behind these addresses. Each checks itself whether this employee may see it."""

    async def every(self, asked: Asked[Known]) -> Response[Any]:
        """All that can be decided on."""
        ...

    async def one(self, asked: Asked[Known], name: str, /) -> Response[Any]:
        """One, by how its address names it."""
        ...

    async def decide(
        self, asked: Asked[Known], name: str, given: Mapping[str, str], /
    ) -> Response[Any]:
        """What the form said of it: every field in one line."""
        ...


def decision_routes(deps: ConsoleDeps, path: str, pages: Decided) -> list[HTTPRouteHandler]:
    """The routes under a path; who is not logged in is sent to log in, and then back."""
    door = door_of(deps)

    @get(both(path))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.every(asked) if asked.session else door.to_login(asked)

    @get(both(f"{path}/{{name:str}}"))
    async def one(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.one(asked, name) if asked.session else door.to_login(asked)

    @post(both(f"{path}/{{name:str}}"), status_code=303)
    async def decide(name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        return await pages.decide(asked, name, await lines_of_form(door, request, asked.session))

    return [every, one, decide]
