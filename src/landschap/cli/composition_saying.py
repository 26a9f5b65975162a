# SPDX-License-Identifier: EUPL-1.2
"""The parts of the composition by which a person is heard: here, by others, and for others."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.composition_insight import certificates_of, minimum_level
from landschap.platform.keys import PermitKeys, secret_key
from landschap.platform.seal_keys import SealKeys

if TYPE_CHECKING:
    from asyncpg import Pool
    from litestar.types import ControllerRouterHandler

    from landschap.cli.composition import Composition
    from landschap.gateway.insight.client import Insight
    from landschap.gateway.saying.client import Voice
    from landschap.gateway.saying.client.reports import Courier
    from landschap.gateway.saying.proof import Controller
    from landschap.gateway.saying.store import Rooms
    from landschap.logboek.store import LogWriter
    from landschap.portal.pages import Control
    from landschap.registers.models import Registers


def controller_of(parts: Composition) -> Controller:
    """Who our receipts are of."""
    from landschap.gateway.saying.proof import Controller

    settings = parts.settings
    organisation = settings.organisation
    return Controller(
        number=organisation.oin.value,
        name=organisation.name,
        address=settings.addresses.web,
        email=(organisation.contact or {}).get("email", ""),
    )


async def rooms_of(parts: Composition) -> Rooms:
    """The pools of what was said."""
    from landschap.gateway.saying.store import Rooms

    return Rooms(gateway=await parts.pool("gateway"), purposes=await parts.pool("purposes"))


async def voice_of(parts: Composition, insight: Insight | None, writer: LogWriter) -> Voice | None:
    """How we tell others; None where no other organisation can be asked."""
    from landschap.gateway.saying.client import Voice

    settings = parts.settings
    if insight is None or not settings.portal.look_activity:
        return None
    return Voice(
        insight=insight,
        pool=await parts.pool("gateway"),
        writer=writer,
        controller=settings.organisation.oin.value,
        activity=settings.portal.look_activity,
        space=pseudonym_space(settings),
        certificate=(await certificates_of(parts))[1],
        seal_keys=SealKeys(settings, "request"),
    )


async def control_of(parts: Composition, insight: Insight | None) -> Control:
    """What the portal needs to hear a person."""
    from landschap.fsc.client import Identity
    from landschap.portal.pages import Control

    identity = Identity(parts.settings)
    parts.follow(identity)
    return Control(
        rooms=await rooms_of(parts),
        own=lambda: identity.own,
        by=controller_of(parts),
        voice=await voice_of(parts, insight, await parts.log()),
        seal_keys=SealKeys(parts.settings, "request"),
    )


def courier_of(parts: Composition, voice: Voice, registers: Registers, pool: Pool) -> Courier:
    """How reports of persons are brought to who holds a register."""
    from landschap.gateway.saying.client.reports import Courier

    return Courier(
        voice=voice,
        registers=registers,
        pool=pool,
        evidence_keys=SealKeys(parts.settings, "evidence"),
    )


async def saying_routes(parts: Composition) -> list[ControllerRouterHandler]:
    """The service `zeggenschap` for the portals of others."""
    from landschap.gateway.saying.api import SayingDeps, routes
    from landschap.gateway.saying.api.reports import ReportDeps, report_routes
    from landschap.logboek.ingest import Keys
    from landschap.registers.client import MODELS_FOLDER, read_models
    from landschap.registers.models import Registers

    settings, snapshot = parts.settings, await parts.snapshot()
    own, certificate = await certificates_of(parts)
    keys = Keys(
        settings.organisation.oin.value, pseudonym_space(settings), pseudonym_keys(settings)
    )
    saying = SayingDeps(
        rooms=await rooms_of(parts),
        log=await parts.log(),
        keys=keys,
        person_key=secret_key(settings, "pseudonym"),
        certificate=certificate,
        own=own,
        by=controller_of(parts),
        about=parts.about(),
        snapshot=snapshot.newest,
        minimum_level=minimum_level(parts),
        permit_key=secret_key(settings, "permit"),
        permit_keys=PermitKeys(settings),
        seal_keys=SealKeys(settings, "request"),
        field_sets=lambda: snapshot().field_sets,
        version=version("landschap"),
    )
    models = settings.path.parent / MODELS_FOLDER
    reports = ReportDeps(
        saying=saying,
        registers=read_models(models) if models.is_dir() else Registers({}),
        pool=await parts.pool("registers"),
        evidence_keys=SealKeys(settings, "evidence"),
    )
    return [*routes(saying), *report_routes(reports)]
