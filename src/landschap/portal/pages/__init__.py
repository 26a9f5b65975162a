# SPDX-License-Identifier: EUPL-1.2
"""The portal's routes, and the shape of the application that serves people.

deps = PortalDeps(...)
app = make_app(routes(deps), people_shape(deps))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from litestar.types import ControllerRouterHandler

from landschap.platform.http import AppShape
from landschap.platform.oidc import LEVELS
from landschap.platform.trouble import Trouble
from landschap.platform.web import static_route
from landschap.platform.web.login import login_routes
from landschap.portal.levels import unknown_services
from landschap.portal.pages.about import about_routes, refusal_page
from landschap.portal.pages.bearers import is_api
from landschap.portal.pages.consents import consent_routes
from landschap.portal.pages.context import (
    Control,
    OwnData,
    PortalDeps,
    door_of,
    portal_shape,
)
from landschap.portal.pages.copies import copy_routes
from landschap.portal.pages.correcting import correcting_routes
from landschap.portal.pages.desk_done import desk_routes
from landschap.portal.pages.evidence import evidence_routes
from landschap.portal.pages.leaving import leaving_routes
from landschap.portal.pages.limiting import counting, limited
from landschap.portal.pages.mandates import mandate_routes
from landschap.portal.pages.own import own_routes
from landschap.portal.pages.programs import program_routes
from landschap.portal.pages.proofs import proof_routes
from landschap.portal.pages.reported import reported_routes
from landschap.portal.pages.rights import rights_routes
from landschap.portal.pages.uses import use_routes
from landschap.registers.describing import About

__all__ = ["Control", "OwnData", "PortalDeps", "people_shape", "portal_shape", "routes"]

# Of the longest text, each character of which may be twelve when it is sent.
_MAX_FORM_BYTES = 40_960


def routes(deps: PortalDeps) -> list[ControllerRouterHandler]:
    """All pages of the portal, in both languages, with their files.

    Raises Trouble when people can log in but no activity covers their looking.
    """
    if deps.oidc is not None and not deps.look_activity:
        raise Trouble(
            "portal.look_activity is not set, so no resident's look can be recorded",
            "name the activity of your register that covers it, under [portal]",
        )
    own = deps.own
    mine = (
        [
            *own_routes(deps, own),
            *correcting_routes(deps, own),
            *reported_routes(deps, own),
            *evidence_routes(deps, own),
        ]
        if own is not None
        else []
    )
    control = deps.control
    said = (
        [
            *consent_routes(deps, control),
            *proof_routes(deps, control),
            *rights_routes(deps, control),
            *copy_routes(deps, control),
        ]
        if control
        else []
    )
    every = [
        *about_routes(deps),
        *leaving_routes(deps),
        *login_routes(door_of(deps)),
        *use_routes(deps),
        *mandate_routes(deps),
        *desk_routes(deps),
        *said,
        *mine,
        *program_routes(deps, _about(deps)),
        static_route(deps.static),
    ]
    _check_levels(deps.settings.portal.levels, every)
    return limited(deps, every)


def _about(deps: PortalDeps) -> About:
    organisation = deps.settings.organisation
    contact = organisation.contact or {}
    return About(
        version=deps.version,
        organisation=organisation.name,
        address=deps.settings.addresses.web,
        email=contact.get("email", ""),
        url=contact.get("url", "") or deps.settings.addresses.web,
    )


def _check_levels(levels: Mapping[str, str] | None, every: Sequence[Any]) -> None:
    """Raises Trouble for a level, or a service that needs one, that nobody knows."""
    every_path = (path for handler in every for path in getattr(handler, "paths", ()))
    # What programs ask needs the level of the page that shows the same.
    paths = [path for path in every_path if not is_api(path)]
    for service in unknown_services(levels, paths):
        raise Trouble(
            f"portal.levels names {service!r}, which is no service of the portal",
            "name the first part of an address, such as gebruik",
        )
    for service, level in (levels or {}).items():
        if level not in LEVELS:
            raise Trouble(
                f"portal.levels has {level!r} for {service}, which is not a known level",
                "use one of: " + ", ".join(LEVELS),
            )


def people_shape(deps: PortalDeps) -> AppShape:
    """What the application for people does in its own way: refusals are pages."""
    return AppShape(
        title="landschap",
        version=deps.version,
        max_body_bytes=_MAX_FORM_BYTES,
        headers=deps.site.headers,
        render=counting(deps, partial(refusal_page, deps)),
        strict_slashes=False,
    )
