# SPDX-License-Identifier: EUPL-1.2
"""How the rooms become applications: which pools, keys and writers each of them gets.

Everything is made here and closed with the stack that was given; no room makes its own
connections, and none has more than its own role may do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, TypedDict, TypeVar

import asyncpg
import structlog

from landschap.cli.composition_accounts import accounts_desk
from landschap.cli.composition_open import (
    bulk_deps,
    read_open,
    sharing_of,
    standards_desk,
)
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.credentials import SIGNERS_WAIT_SECONDS
from landschap.platform.keys import PermitKeys, secret_key
from landschap.platform.part_figures import part_registry
from landschap.platform.pseudonym_keys import LivingKeys
from landschap.platform.settings import Settings
from landschap.platform.sockets import open_files_folder

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from litestar.types import ASGIApp
    from prometheus_client import CollectorRegistry

    from landschap.fsc.client import Identity, ManagerClient
    from landschap.fsc.own import OwnPeer
    from landschap.platform.credentials import Credentials
    from landschap.purposes.model import FieldSet
    from landschap.purposes.second_look import Persons
    from landschap.purposes.store import Following
    from landschap.registers.describing import About
    from landschap.registers.open.worker import BulkDeps
    from landschap.vocabulary.identifiers import Oin

T = TypeVar("T")
log = structlog.get_logger(__name__)

_FOLLOW_SECONDS = 1.0


class _OwnService(TypedDict):
    """What every service of ours needs to open permits and to write its lines."""

    persons: Persons
    log: LogWriter
    controller: Oin
    permit_key: bytes
    permit_keys: PermitKeys
    pseudonym_key: bytes
    line_key: Callable[[], tuple[int, bytes]]
    field_sets: Callable[[], Mapping[str, FieldSet]]
    pseudonym_space: str


@dataclass(slots=True, kw_only=True)
class Composition:
    """The parts of one process, each made once, when it is first needed."""

    settings: Settings
    stack: AsyncExitStack
    metrics: CollectorRegistry = field(default_factory=part_registry)
    _pools: dict[str, asyncpg.Pool] = field(default_factory=dict)
    _log: LogWriter | None = None
    _followed: Following | None = None

    async def pool(self, room: str) -> asyncpg.Pool:
        """The pool of a room, as the room's own role."""
        if room not in self._pools:
            made = await postgres.pool(self.settings, room)
            self.stack.push_async_callback(made.close)
            self._pools[room] = made
        return self._pools[room]

    async def log(self) -> LogWriter:
        """The one lane of this process."""
        if self._log is None:
            writer = LogWriter(self.settings, "web", lanes=2)
            await writer.start()
            self.stack.push_async_callback(writer.close)
            self._log = writer
        return self._log

    def take_log(self, writer: LogWriter) -> None:
        """Write by this lane, that the process has already and closes itself."""
        self._log = writer

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Open a resource that closes with the process."""
        return await self.stack.enter_async_context(resource)

    async def peer(self, *, wait_seconds: float = 0.0) -> tuple[Identity, ManagerClient]:
        """Who we are towards peers, and our voice to their Managers; both follow the files.

        ``wait_seconds`` is how long a replaced certificate waits before it is used here.
        """
        from landschap.fsc.client import Identity, ManagerClient

        identity = Identity(self.settings, wait_seconds=wait_seconds)
        own, credentials = identity.own, identity.credentials
        client = await self.enter(ManagerClient(self.settings, own, credentials))

        async def take(own: OwnPeer, credentials: Credentials) -> None:
            client.take(own, credentials)

        identity.take = take
        self.follow(identity)
        return identity, client

    def follow(self, identity: Identity) -> None:
        """Let who we are follow the files for as long as this process lives."""
        task = asyncio.create_task(identity.follow(), name="identity")
        self.stack.callback(task.cancel)

    async def manager(self) -> ASGIApp:
        """The Manager, for other peers' Managers and Outways."""
        from landschap.fsc.api import ManagerDeps, manager_app
        from landschap.fsc.autosign import grant_types
        from landschap.gateway.store import inway_of, offered_services

        # Our deciders must know a new key before a token is signed with it.
        identity, client = await self.peer(wait_seconds=SIGNERS_WAIT_SECONDS)
        own = identity.own
        services = await self.pool("gateway")

        async def offered() -> frozenset[str]:
            return await offered_services(services)

        async def inway(service: str) -> str:
            return await inway_of(services, service, own.inway_address)

        deps = ManagerDeps(
            pool=await self.pool("fsc"),
            log_pool=await self.pool("logboek"),
            own=own,
            client=client,
            offered=offered,
            auto_sign=grant_types(
                self.settings.fsc.auto_sign,
                is_directory=own.is_directory,
                ways=self.settings.fsc.sign.ways(),
            ),
            token_ttl=timedelta(seconds=self.settings.fsc.token_ttl_seconds),
            inway_of=inway,
            witnesses=frozenset(self.settings.witness.peers),
        )

        async def take(own: OwnPeer, credentials: Credentials) -> None:
            client.take(own, credentials)
            deps.own = own

        identity.take = take
        return manager_app(deps)

    async def services(self) -> ASGIApp:
        """Our own registers and logical sources, as they answer behind the Inway."""
        from landschap.cli.composition_catalogue import catalogue_routes
        from landschap.cli.composition_insight import insight_routes
        from landschap.cli.composition_saying import saying_routes
        from landschap.cli.composition_sources import notice_routes, source_routes
        from landschap.platform.http import AppShape, make_app
        from landschap.registers import api as register_api
        from landschap.registers.client import MODELS_FOLDER, read_models
        from landschap.registers.store import adopt

        folder = self.settings.path.parent
        registers = read_models(folder / MODELS_FOLDER)
        for each in registers.by_name.values():
            # A model that would make what is stored unreadable stops the start, not an answer.
            await adopt(await self.pool("registers"), each)
        given = await self.own_service()
        own = register_api.Deps(
            registers=registers,
            pool=await self.pool("registers"),
            about=self.about(),
            notice_hosts=self.settings.notifications.hosts,
            **given,
        )
        shape = AppShape(title="Services", version="1.0.0")
        sources = [*await source_routes(self, registers, given), *await notice_routes(self, own)]
        insight = [*await insight_routes(self), *await saying_routes(self)]
        catalogue = await catalogue_routes(self)
        return make_app([*sources, *register_api.routes(own), *insight, *catalogue], shape)

    async def hold(self) -> ASGIApp:
        """Between the Inway and services that do not know our Permit."""
        from functools import partial

        from landschap.gateway.holding.api import HoldApp, HoldDeps
        from landschap.gateway.holding.api.recording import Pseudonyms
        from landschap.gateway.holding.api.served import ServedServices
        from landschap.gateway.holding.api.upstream import Surroundings as Around
        from landschap.purposes.persons.store import said_of

        settings, snapshot = self.settings, await self.snapshot()
        around = Around(
            folder=settings.path.parent,
            secrets=settings.paths.secrets,
            hosts=settings.network.hosts or {},
            # nginx waits this long for us: the refusal must come before it gives up.
            longest=max(1.0, settings.limits.answer_seconds - 2.0),
        )
        return HoldApp(
            HoldDeps(
                services=ServedServices(await self.pool("gateway"), around),
                log=await self.log(),
                pseudonyms=Pseudonyms(
                    key=secret_key(settings, "pseudonym"),
                    controller=settings.organisation.oin,
                    space=pseudonym_space(settings),
                    line_key=LivingKeys(settings).newest,
                ),
                permit_keys=PermitKeys(settings),
                field_sets=lambda: snapshot().field_sets,
                persons=partial(said_of, await self.pool("purposes")),
                metrics=self.metrics,
            )
        )

    async def open_data(self) -> ASGIApp:
        """What of our registers anybody may see."""
        from landschap.platform.web import Site, read_static_files
        from landschap.registers import api as register_api
        from landschap.registers.open.api.app import OpenDeps, Uses, open_app
        from landschap.registers.open.api.processing import ProcessingDesk
        from landschap.registers.open.client import publisher_of
        from landschap.registers.open.pages import site_shape

        settings, static = self.settings, read_static_files()
        pool = await self.pool("registers")
        snapshot = await self.snapshot()
        registers, terms = read_open(settings)
        about = self.about(settings.addresses.open)
        shared = sharing_of(settings, snapshot, await self.pool("gateway"), await self.pool("fsc"))
        data = register_api.Deps(
            registers=registers,
            pool=pool,
            about=about,
            log=await self.log(),
            controller=settings.organisation.oin,
            permit_key=secret_key(settings, "permit"),
            pseudonym_key=secret_key(settings, "pseudonym"),
        )
        return open_app(
            OpenDeps(
                data=data,
                uses=await self.enter(Uses(pool).kept()),
                requests_per_day=settings.open.key_requests_per_day,
                terms=terms,
                folder=open_files_folder(settings),
                licence=settings.open.licence,
                publisher=publisher_of(settings),
                site=Site(
                    settings, static, site_shape(version("landschap"), tells_processing=True)
                ),
                static=static,
                web=settings.addresses.web,
                processing=ProcessingDesk(snapshot=snapshot, pool=await self.pool("purposes")),
                sharing=shared,
                standards=standards_desk(settings, pool, shared),
                accounts=accounts_desk(
                    await self.pool("console"),
                    await self.pool("purposes"),
                    await self.pool("logboek"),
                ),
            )
        )

    async def decision_point(self) -> ASGIApp:
        """Our decisions, for gateways of our own."""
        from landschap.gateway.api.decision_point import PointDeps, point_app
        from landschap.gateway.api.voices import Voices
        from landschap.gateway.store.points import PointWorlds

        settings = self.settings
        owner = settings.organisation.oin.value
        gateway, purposes = await self.pool("gateway"), await self.pool("purposes")
        contact = settings.organisation.contact or {}
        return point_app(
            PointDeps(
                owner=owner,
                address=settings.addresses.decisions,
                organisation=settings.organisation.name,
                email=contact.get("email", ""),
                url=contact.get("url", ""),
                load=PointWorlds(gateway, purposes, owner).load,
                log=await self.log(),
                voices=await self.enter(Voices(settings)),
            )
        )

    async def open_files(self) -> BulkDeps | None:
        """What the worker needs for bulk files; None when no open data is served."""
        if not self.settings.listen.open:
            return None
        return bulk_deps(self.settings, await self.pool("registers"))

    async def own_service(self) -> _OwnService:
        """What a service of ours needs to open permits and to write its lines."""
        from functools import partial

        from landschap.purposes.persons.store import said_of

        snapshot = await self.snapshot()
        return {
            "persons": partial(said_of, await self.pool("purposes")),
            "log": await self.log(),
            "controller": self.settings.organisation.oin,
            "permit_key": secret_key(self.settings, "permit"),
            "permit_keys": PermitKeys(self.settings),
            "pseudonym_key": secret_key(self.settings, "pseudonym"),
            "line_key": LivingKeys(self.settings).newest,
            "field_sets": lambda: snapshot().field_sets,
            "pseudonym_space": pseudonym_space(self.settings),
        }

    def about(self, address: str = "") -> About:
        """What our documents say of us."""
        from landschap.registers.describing import About

        organisation = self.settings.organisation
        contact = organisation.contact or {}
        return About(
            version="1.0.0",
            organisation=organisation.name,
            address=address,
            email=contact.get("email", ""),
            url=contact.get("url", ""),
        )

    async def snapshot(self) -> Following:
        """The register of purposes in force, looked at again when the epoch has risen."""
        from landschap.purposes.store import following

        if self._followed is None:
            self._followed = held = await following(await self.pool("purposes"))

            async def follow() -> None:
                while True:
                    await asyncio.sleep(_FOLLOW_SECONDS)
                    try:
                        await held.newest()
                    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                        # A permit that names a set we do not have yet is refused; nothing leaks.
                        log.warning("register of purposes not read", error=type(error).__name__)

            task = asyncio.create_task(follow(), name="register of purposes")
            self.stack.callback(task.cancel)
        return self._followed

    async def logboek(self) -> ASGIApp:
        """The processing log, for applications of our own."""
        from landschap.cli.composition_log import log_of

        return await log_of(self)

    async def people(self) -> ASGIApp:
        """The pages: the portal for residents, the console for employees."""
        from landschap.cli.composition_pages import people

        return await people(self)


def pseudonym_space(settings: Settings) -> str:
    """The address that names our pseudonyms: other organisations' are never comparable to ours.

    Source: Logboek Dataverwerkingen, `dpl.core.data_subject_id_type`.
    """
    return f"{settings.addresses.web or settings.addresses.manager}/register/pseudoniem"


def pseudonym_keys(settings: Settings) -> Mapping[int, bytes]:
    """The living keys of pseudonyms by their number, the newest last, as they are now.

    Raises Trouble.
    """
    return LivingKeys(settings)
