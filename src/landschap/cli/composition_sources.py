# SPDX-License-Identifier: EUPL-1.2
"""Our logical sources, as they answer behind the Inway."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from litestar.types import ControllerRouterHandler

from landschap.integration import api
from landschap.integration.connectors.comparing import Shadow
from landschap.integration.connectors.notices import (
    NOTICES_FOLDER,
    placed_out,
    read_mappings,
    read_schemas,
    way_out,
)
from landschap.integration.connectors.opening import (
    SNAPSHOTS_FOLDER,
    SOURCES_FOLDER,
    Surroundings,
    client_session,
    open_doors,
)
from landschap.integration.connectors.serving import Serving
from landschap.integration.connectors.telling import tellers
from landschap.integration.model import Declaration
from landschap.integration.rows import Connector
from landschap.integration.stuf import api as notices
from landschap.platform.trouble import Trouble
from landschap.registers import api as register_api
from landschap.registers.api.desk import Desk
from landschap.registers.models import Registers

if TYPE_CHECKING:
    from landschap.cli.composition import Composition


async def source_routes(
    made: Composition, registers: Registers, given: Any
) -> list[ControllerRouterHandler]:
    """The routes of all that is declared; ``given`` is what every own service stands on.

    Raises DeclarationError, and Trouble for a source that can not be opened.
    """
    settings = made.settings
    folder, hosts = settings.path.parent / SOURCES_FOLDER, settings.network.hosts or {}
    around = Surroundings(
        pool=await made.pool("registers"),
        registers=registers,
        session=await made.enter(client_session(hosts)),
        hosts=hosts,
        secrets=settings.paths.secrets,
        folder=folder,
        snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
    )
    serving = Serving(folder, registers, lambda each: opened(each, around), made.metrics)
    made.stack.push_async_callback(serving.close)
    serving.begin()
    shadow = Shadow(serving.sides, made.metrics)
    made.stack.push_async_callback(shadow.settled)
    stop = asyncio.Event()
    following = asyncio.create_task(serving.follow(stop), name="logical sources")
    made.stack.callback(following.cancel)
    return api.routes(
        api.Deps(
            declarations=serving.declarations,
            doors=serving.doors,
            shadow=shadow,
            metrics=made.metrics,
            about=made.about(),
            **given,
        )
    )


async def notice_routes(made: Composition, own: register_api.Deps) -> list[ControllerRouterHandler]:
    """The routes that take StUF notices for registers, and tell their changes. Raises
    DeclarationError, and Trouble for a key that can not be read.
    """
    desk, settings = Desk(own), made.settings
    mappings = read_mappings(settings.path.parent / NOTICES_FOLDER, own.registers)
    schemas = read_schemas(settings.path.parent / NOTICES_FOLDER, mappings)
    telling = {name: each.out for name, each in mappings.items() if each.out is not None}
    if not telling:
        return notices.routes(desk, mappings, schemas)
    hosts = settings.network.hosts or {}
    session, secrets = await made.enter(client_session(hosts)), settings.paths.secrets
    try:
        doors = {name: way_out(each, session, secrets) for name, each in telling.items()}
    except OSError as error:
        raise Trouble(
            f"StUF notices can not be sent: {error.filename}: {error.strerror}",
            f"put the file in {secrets}, or take `uit` away",
        ) from None
    moved = {
        name: each if each.out is None else replace(each, out=placed_out(each.out, hosts))
        for name, each in mappings.items()
    }
    return [
        *notices.routes(desk, mappings, schemas),
        *notices.telling_routes(desk, tellers(desk, moved, doors, schemas)),
    ]


def opened(declaration: Declaration, around: Surroundings) -> dict[str, Connector]:
    """The doors of one logical source. Raises Trouble."""
    try:
        return open_doors(declaration, around)
    except (OSError, ValueError) as error:
        place = getattr(error, "filename", None)
        why = f"{place}: {getattr(error, 'strerror', None)}" if place else str(error)
        raise Trouble(
            f"a source of the logical source {declaration.name} can not be opened: {why}",
            "`landschap source status` names the source; mend it, or take the declaration away",
        ) from None
