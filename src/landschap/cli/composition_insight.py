# SPDX-License-Identifier: EUPL-1.2
"""The parts of the composition that cross to other organisations for one person's uses."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.notices import outside_session
from landschap.platform.keys import PermitKeys, secret_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from litestar.types import ControllerRouterHandler

    from landschap.cli.composition import Composition
    from landschap.fsc.certificates import PeerCertificate
    from landschap.fsc.own import OwnPeer
    from landschap.gateway.insight.api import Certificate
    from landschap.gateway.insight.client import Insight

_HOW = "make it with `landschap application add portaal`"
log = structlog.get_logger(__name__)
# What a person's login must be at least, where this organisation has no portal that says so.
_SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"


async def insight_of(parts: Composition) -> Insight | None:
    """How our portal asks others; None without an Outway, or without a key for it."""
    from landschap.fsc.client import Identity
    from landschap.gateway.insight.client import Insight

    settings = parts.settings
    path = settings.portal.application_key
    if not settings.listen.outway or path is None:
        return None
    if not path.exists():
        log.warning("no other organisation can be asked", missing=str(path), remedy=_HOW)
    identity = Identity(settings)
    parts.follow(identity)
    return Insight(
        pool=await parts.pool("fsc"),
        session=await parts.enter(outside_session()),
        outway=f"http://{settings.listen.outway}",
        own=lambda: identity.own,
        # Read with each question, so that a key that is made or replaced later works at once.
        key=lambda: path.read_text(encoding="ascii").strip(),
    )


def minimum_level(parts: Composition) -> str:
    """How sure a login in another portal must be."""
    portal = parts.settings.oidc.portal
    return portal.minimum_level if portal else _SUBSTANTIAL


async def certificates_of(
    parts: Composition,
) -> tuple[Callable[[], OwnPeer], Certificate]:
    """Who we are at a moment, and the certificates of others, asked where they are not known."""
    from landschap.gateway.client import Peers

    identity, client = await parts.peer()
    fsc = await parts.pool("fsc")

    async def certificate(peer: str, thumbprint: str, now: datetime) -> PeerCertificate | None:
        return await Peers(fsc, identity.own, client).certificate(peer, thumbprint, now)

    return lambda: identity.own, certificate


async def insight_routes(parts: Composition) -> list[ControllerRouterHandler]:
    """The service `logboek-inzage` for the portals of others."""
    from landschap.gateway.insight.api import InsightDeps, routes
    from landschap.gateway.insight.store import Book
    from landschap.gateway.usage.store import Rooms
    from landschap.logboek.ingest import Keys

    settings, number = parts.settings, version("landschap")
    fsc = await parts.pool("fsc")
    organisation, snapshot = settings.organisation, await parts.snapshot()
    _, certificate = await certificates_of(parts)
    deps = InsightDeps(
        book=Book(
            rooms=Rooms(
                log=await parts.pool("logboek"), purposes=await parts.pool("purposes"), fsc=fsc
            ),
            own=organisation.oin,
            own_name=organisation.name,
            look_activity=settings.portal.look_activity,
        ),
        log=await parts.log(),
        keys=Keys(organisation.oin.value, pseudonym_space(settings), pseudonym_keys(settings)),
        certificate=certificate,
        about=parts.about(),
        minimum_level=minimum_level(parts),
        mandate_services=settings.portal.mandate_services,
        permit_key=secret_key(settings, "permit"),
        permit_keys=PermitKeys(settings),
        field_sets=lambda: snapshot().field_sets,
        version=number,
    )
    return routes(deps)
