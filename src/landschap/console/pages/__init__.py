# SPDX-License-Identifier: EUPL-1.2
"""The console's routes, and how a refusal looks there.

deps = ConsoleDeps(...)
make_app([*portal_routes, *routes(deps)], shape)
"""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from landschap.console.pages.context import BASE, ConsoleDeps, console_shape, door_of
from landschap.console.pages.contracts import contract_routes
from landschap.console.pages.council import council_routes
from landschap.console.pages.deciding import deciding_routes
from landschap.console.pages.desk import desk_routes
from landschap.console.pages.emergency import emergency_routes
from landschap.console.pages.held import held_routes
from landschap.console.pages.integrity import integrity_routes
from landschap.console.pages.lying import place_routes
from landschap.console.pages.minimising import minimising_routes
from landschap.console.pages.objects import object_routes
from landschap.console.pages.persons import person_routes
from landschap.console.pages.processing import processing_routes
from landschap.console.pages.proposing import proposing_routes
from landschap.console.pages.refused import is_console, refusal_page
from landschap.console.pages.registers import register_routes
from landschap.console.pages.reports import report_routes
from landschap.console.pages.requests import request_routes
from landschap.console.pages.rights import rights_routes
from landschap.console.pages.source_deciding import source_deciding_routes
from landschap.console.pages.source_editing import source_editing_routes
from landschap.console.pages.source_trying import source_trying_routes
from landschap.console.pages.sources import source_routes
from landschap.console.pages.start import start_routes
from landschap.console.pages.terms import term_routes
from landschap.console.pages.trace import trace_routes
from landschap.console.pages.watchers import watcher_routes
from landschap.platform.web.login import login_routes

__all__ = ["BASE", "ConsoleDeps", "console_shape", "is_console", "refusal_page", "routes"]


def routes(deps: ConsoleDeps) -> list[ControllerRouterHandler]:
    """All pages of the console, in both languages."""
    return [
        *start_routes(deps),
        *login_routes(door_of(deps)),
        *emergency_routes(deps),
        *register_routes(deps),
        *object_routes(deps),
        *report_routes(deps),
        *contract_routes(deps),
        *deciding_routes(deps),
        *proposing_routes(deps),
        *minimising_routes(deps),
        *processing_routes(deps),
        *trace_routes(deps),
        *person_routes(deps),
        *desk_routes(deps),
        *request_routes(deps),
        *integrity_routes(deps),
        *held_routes(deps),
        *rights_routes(deps),
        *term_routes(deps),
        *council_routes(deps),
        *watcher_routes(deps),
        *place_routes(deps),
        *source_deciding_routes(deps),
        *source_routes(deps),
        *source_editing_routes(deps),
        *source_trying_routes(deps),
    ]
