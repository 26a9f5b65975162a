# SPDX-License-Identifier: EUPL-1.2
"""Our logical sources, as they answer behind the Inway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.types import ControllerRouterHandler

from landschap.integration import api
from landschap.integration.connectors.opening import (
    SNAPSHOTS_FOLDER,
    SOURCES_FOLDER,
    Surroundings,
    client_session,
    close_doors,
    open_doors,
    read_declarations,
)
from landschap.registers.models import Registers

if TYPE_CHECKING:
    from landschap.cli.composition import Composition


async def source_routes(
    made: Composition, registers: Registers, given: Any
) -> list[ControllerRouterHandler]:
    """The routes of all that is declared; ``given`` is what every own service stands on.

    Raises DeclarationError, and OSError or ValueError for a source that can not be opened.
    """
    settings = made.settings
    folder, hosts = settings.path.parent / SOURCES_FOLDER, settings.network.hosts or {}
    declarations = read_declarations(folder, registers)
    around = Surroundings(
        pool=await made.pool("registers"),
        registers=registers,
        session=await made.enter(client_session(hosts)),
        hosts=hosts,
        secrets=settings.paths.secrets,
        folder=folder,
        snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
    )
    doors = {name: open_doors(each, around) for name, each in declarations.items()}
    made.stack.push_async_callback(close_doors, *doors.values())
    return api.routes(
        api.Deps(
            declarations=declarations,
            doors=doors,
            metrics=made.metrics,
            about=made.about(),
            **given,
        )
    )
