# SPDX-License-Identifier: EUPL-1.2
"""The worker process: what happens later.

Contracts are put to our validator, contracts and signatures delivered, tokens fetched ahead, the
directory told where we are, the access log of nginx followed, the ends of the log signed, the log
verified when an officer asks for it, our half of transactions held against the other, security
events brought to the watch, changes of registers told to who subscribed, catalogues of peers
gathered, what persons said brought to organisations that were away, and months of the log destroyed
after their term. Each of these looks after itself; together they end when asked to.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from landschap.cli.accepting import keep_accepted
from landschap.cli.composition import Composition
from landschap.cli.composition_insight import insight_of
from landschap.cli.composition_saying import control_of, courier_of, voice_of
from landschap.cli.log_destroying import keep_destroying
from landschap.cli.notices import notice_work
from landschap.cli.verifying import verified
from landschap.console.council.store.gathering import Sources, gather
from landschap.console.council.store.standing import kept_standards
from landschap.console.council.worker import CouncilDeps, keep_reporting
from landschap.console.desk.worker import keep_wiping
from landschap.console.links.worker import LinkDeps, keep_comparing
from landschap.console.verifying.worker import VerifyDeps, keep_verifying
from landschap.fsc import worker as fsc
from landschap.fsc.client.deciding import Decider, keep_deciding
from landschap.fsc.witnesses.worker import WitnessDeps, keep_witnessed
from landschap.gateway.saying.worker import (
    keep_bringing,
    keep_bringing_reports,
    keep_forgetting_reports,
)
from landschap.gateway.security.worker import follow_refusals
from landschap.gateway.store import offered_services
from landschap.gateway.usage.store import Rooms
from landschap.gateway.worker import AccessDeps, follow_access
from landschap.logboek.store import LogWriter
from landschap.logboek.worker import Signer, keep_anchoring
from landschap.platform.loops import pause
from landschap.platform.part_figures import telling
from landschap.platform.processes import tell_ready
from landschap.platform.revocation import keep_lists
from landschap.platform.siem.delivery import keep_delivering
from landschap.platform.siem.outbox import set_receivers
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.registers.models import Registers
from landschap.registers.standards.client import standards_of
from landschap.registers.worker.terms import keep_terms

if TYPE_CHECKING:
    import asyncpg

    from landschap.fsc.own import OwnPeer
    from landschap.platform.credentials import Credentials
    from landschap.platform.settings import Settings


_CALM_SECONDS = 120.0
_SCHEDULES = "extracten"


async def _access(made: Composition) -> AccessDeps:
    writer = LogWriter(made.settings, "worker")
    await writer.start()
    made.stack.push_async_callback(writer.close)
    made.take_log(writer)
    return AccessDeps(
        folder=made.settings.paths.data / "logs",
        gateway=await made.pool("gateway"),
        fsc=await made.pool("fsc"),
        logboek=await made.pool("logboek"),
        writer=writer,
        controller=made.settings.organisation.oin.value,
    )


async def _following(made: Composition, access: AccessDeps, stop: asyncio.Event) -> None:
    """Follow the access log; bring what persons said to others, make the copies they asked for."""
    voice = await voice_of(made, await insight_of(made), access.writer)
    async with asyncio.TaskGroup() as group:
        group.create_task(follow_access(access, stop))
        held = await made.pool("registers")
        group.create_task(keep_terms(held, stop))
        group.create_task(keep_forgetting_reports(access.gateway, held, stop))
        if voice is not None:
            group.create_task(keep_bringing(voice, stop))
            models = made.settings.path.parent / MODELS_FOLDER
            registers = read_models(models) if models.is_dir() else Registers({})
            courier = courier_of(made, voice, registers, held)
            group.create_task(keep_bringing_reports(courier, stop))
        if made.settings.oidc.portal is not None:
            # Imported here: pages are more than all other work needs.
            from landschap.cli.composition_pages import portal_of
            from landschap.portal.worker import keep_making

            control = await control_of(made, None)
            group.create_task(keep_making(control, partial(portal_of, made), stop))


async def keep_watched(made: Composition, log_pool: asyncpg.Pool, stop: asyncio.Event) -> None:
    """Bring security events to the watch; without one, see that none are kept."""
    pool = await made.pool("platform")
    if not made.settings.siem.receivers():
        await set_receivers(pool, made.settings.siem)
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_delivering(made.settings, pool, made.metrics, stop))
        group.create_task(follow_refusals(log_pool, pool, stop))


async def _verifying(made: Composition, stop: asyncio.Event) -> None:
    """Verify the log for whoever asks for it in the console."""
    pool = await made.pool("console")
    await keep_verifying(VerifyDeps(pool=pool, verify=partial(verified, made.settings)), stop)


async def _reporting(made: Composition, stop: asyncio.Event) -> None:
    """Make the quarterly reports that are asked for in the console; note that the log is up."""
    settings, pool = made.settings, await made.pool("console")
    rooms = Rooms(
        log=await made.pool("logboek"),
        purposes=await made.pool("purposes"),
        fsc=await made.pool("fsc"),
    )
    sources = Sources(
        console=pool,
        rooms=rooms,
        registers=await made.pool("registers"),
        oin=settings.organisation.oin.value,
        organisation=settings.organisation.name,
        standards=partial(
            kept_standards,
            await made.pool("registers"),
            partial(standards_of, settings.path.parent),
        ),
    )
    await keep_reporting(CouncilDeps(pool=pool, gather=partial(gather, sources)), stop)


async def _comparing(made: Composition, worker: fsc.WorkerDeps, stop: asyncio.Event) -> None:
    """Hold our half of transactions against the other, where somebody looks at what comes of it."""
    console = made.settings.oidc.console
    if console is None or not console.log_officers:
        return
    pools = {"pool": await made.pool("console"), "log": await made.pool("logboek")}
    await keep_comparing(LinkDeps(worker=worker, **pools), stop)


async def _for_the_console(made: Composition, worker: fsc.WorkerDeps, stop: asyncio.Event) -> None:
    """What officers ask for in the console, or find there."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_verifying(made, stop))
        group.create_task(_reporting(made, stop))
        group.create_task(_comparing(made, worker, stop))
        if made.settings.desk is not None:
            days = made.settings.desk.kept_days
            group.create_task(keep_wiping(await made.pool("console"), days, stop))
        group.create_task(_standing(made, stop))
        group.create_task(_gathering(made, stop))


async def _gathering(made: Composition, stop: asyncio.Event) -> None:
    """Gather the catalogues of peers and known addresses anew, once the start has calmed down."""
    settings = made.settings
    hours, path = settings.catalogue.gather_hours, settings.catalogue.application_key
    if not hours or await pause(stop, _CALM_SECONDS):
        return
    # Imported here, as below.
    from landschap.catalogue.peers.worker import GatherDeps, keep_gathering
    from landschap.fsc.client import HostMap

    asks = settings.listen.outway and path
    deps = GatherDeps(
        pool=await made.pool("catalogue"),
        agreed=await made.pool("fsc"),
        me=settings.organisation.oin.value,
        outway=f"http://{settings.listen.outway}" if asks else "",
        key=lambda: path.read_text(encoding="ascii").strip() if path else "",
        hosts=HostMap(settings.network.hosts, allow_private=settings.network.allow_private),
    )
    await keep_gathering(deps, stop, hours)


async def _standing(made: Composition, stop: asyncio.Event) -> None:
    """Measure each day how our services stand to standards, once the start has calmed down."""
    if await pause(stop, _CALM_SECONDS):
        return
    # Imported here: checking descriptions is more than all other work needs.
    from landschap.cli.standard_measuring import Rooms as StandardRooms
    from landschap.cli.standard_measuring import keep_measuring

    rooms = StandardRooms(
        gateway=await made.pool("gateway"),
        purposes=await made.pool("purposes"),
        fsc=await made.pool("fsc"),
        log=await made.pool("logboek"),
        registers=await made.pool("registers"),
    )
    await keep_measuring(made.settings, rooms, stop)


async def _keeping(settings: Settings, stop: asyncio.Event) -> None:
    """Keep lists of revoked certificates fresh, and the log no longer than it may be."""
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_lists(settings, stop))
        group.create_task(keep_destroying(settings, stop))
        group.create_task(_extracting(settings, stop))


async def _extracting(settings: Settings, stop: asyncio.Event) -> None:
    """Make the extracts that are scheduled, where any are."""
    if not (settings.path.parent / _SCHEDULES).is_dir():
        return
    # Imported here: reading whole sources is more than most let their worker do.
    from landschap.cli.composition_extracts import extract_deps
    from landschap.integration.worker import keep_extracting

    await keep_extracting(extract_deps(settings), stop)


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; the last anchor is signed on the way out."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        made = Composition(settings=settings, stack=stack)
        identity, client = await made.peer()

        def signer() -> Signer:
            signer = identity.own.signer
            return Signer(identity.own.peer_id.value, signer.key, signer.certificate.x509)

        log_pool = await made.pool("logboek")
        deps = fsc.WorkerDeps(
            settings=settings, pool=await made.pool("fsc"), own=identity.own, client=client
        )

        witnesses = WitnessDeps(worker=deps, log_pool=log_pool)
        renewed = asyncio.Event()

        async def take(own: OwnPeer, credentials: Credentials) -> None:
            client.take(own, credentials)
            deps.own = own
            renewed.set()
            # Tokens are bound to the certificate: have them fetched anew at once. While the
            # database is away they are when it is back: the loop looks twice a minute.
            await deps.pool.execute("SELECT platform.bump_epoch()")

        identity.take = take
        access = await _access(made)
        services = await made.pool("gateway")
        decider = Decider(
            settings=settings,
            pool=deps.pool,
            own=lambda: identity.own,
            offered=lambda: offered_services(services),
        )
        files = await made.open_files()
        notices = await notice_work(made, stop)
        await stack.enter_async_context(telling(settings, "worker", made.metrics))
        tell_ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_anchoring(log_pool, signer, stop))
            group.create_task(fsc.run_worker(deps, stop))
            group.create_task(keep_witnessed(witnesses, stop))
            group.create_task(_following(made, access, stop))
            group.create_task(_for_the_console(made, deps, stop))
            group.create_task(keep_watched(made, log_pool, stop))
            group.create_task(keep_deciding(decider, stop))
            group.create_task(_keeping(settings, stop))
            group.create_task(keep_accepted(deps, renewed, stop))
            if files is not None:
                from landschap.registers.open.worker import keep_files

                group.create_task(keep_files(files, stop))
            for work in notices:
                group.create_task(work())
