# SPDX-License-Identifier: EUPL-1.2
"""What an extract of a logical source is made with: by a command, and by the worker."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from landschap.cli.composition import pseudonym_space
from landschap.integration.access import RegisterAccess
from landschap.integration.bulk.anonymity import Question
from landschap.integration.bulk.extracts import Form
from landschap.integration.bulk.schedule import Schedule
from landschap.integration.connectors.bulk.delivering import Delivery
from landschap.integration.connectors.bulk.engine import Limits
from landschap.integration.connectors.bulk.gathering import NoBegin
from landschap.integration.connectors.bulk.office import Delivered, Office, Told, Wish
from landschap.integration.connectors.bulk.reidentifying import Hit, Reidentification, Search
from landschap.integration.connectors.opening import (
    EXAMPLES_SUFFIX,
    SNAPSHOTS_FOLDER,
    SOURCES_FOLDER,
    SUFFIX,
    Surroundings,
    client_session,
    close_doors,
    open_doors,
    read_declaration,
)
from landschap.integration.fitting import check_registers
from landschap.integration.mistakes import Report
from landschap.integration.model import Declaration
from landschap.integration.rows import Connector, Moment
from landschap.integration.worker import MADE_FOLDER, SCHEDULES_FOLDER, ExtractDeps
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import living_keys, newest_pseudonym_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.persons.store import marked, said_of
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.registers.models import Registers
from landschap.vocabulary.times import amsterdam_day

WORK_FOLDER = "extracten-werk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An extract as it was asked for. ``receiver`` is empty for our own organisation."""

    name: str
    purpose: str
    form: Form
    folder: Path
    receiver: str = ""
    fields: tuple[str, ...] | None = None
    valid_on: date | None = None
    known_at: datetime | None = None
    geometry: str = ""
    anonymous: Question | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where extracts are made: who delivers, and how sources are reached."""

    settings: Settings
    office: Office
    around: Surroundings

    @property
    def work(self) -> Path:
        """Where is worked."""
        return self.settings.paths.data / WORK_FOLDER

    async def deliver(self, asked: Asked, limits: Limits, told: Told) -> Delivered:
        """Make one extract. Raises Trouble, ProblemError, DeclarationError."""
        wish = self.wish(asked)
        # One extract is under one key; the next may be under a newer one.
        key_id, line_key = newest_pseudonym_key(self.settings)
        office = replace(self.office, key_id=key_id, line_key=line_key)
        delivery = Delivery(office, wish, limits, self.work)
        async with self._doors(asked, wish) as doors:
            return await delivery.run(self.around, doors, told=told)

    async def reidentify(self, asked: Asked, search: Search) -> Hit | None:
        """Whose a pseudonym in an extract is. Raises as `deliver`."""
        wish = self.wish(asked)
        looking = Reidentification(self.office, wish, living_keys(self.settings), self.work)
        async with self._doors(asked, wish) as doors:
            return await looking.run(search, self.around, doors, Limits())

    def wish(self, asked: Asked) -> Wish:
        """What is wanted, with the declaration as it is now. Raises Trouble, DeclarationError."""
        declaration, path = self._declared(asked.name)
        return self._wish(asked, declaration, path)

    @asynccontextmanager
    async def _doors(self, asked: Asked, wish: Wish) -> AsyncIterator[Mapping[str, Connector]]:
        """The sources, open. Raises Trouble for all that goes wrong with them."""
        try:
            doors = open_doors(wish.declaration, self.around)
        except (OSError, ValueError) as error:
            raise Trouble(
                f"a source of {asked.name} can not be opened: {error}",
                "`landschap source status` names the source",
            ) from None
        try:
            yield doors
        except NoBegin as none:
            why = none.reason or "it is asked by key, and has no list of keys"
            raise Trouble(
                f"{none.source}, the first source of {asked.name}, can not be read whole: {why}",
                "an extract begins at a register, a database or a file",
            ) from None
        except OSError as error:
            raise Trouble(
                f"the extract could not be written: {error.strerror}",
                "make room, or choose another place",
            ) from None
        finally:
            await close_doors(doors)

    def _declared(self, name: str) -> tuple[Declaration, Path]:
        """The logical source of this name and its file. Raises Trouble and DeclarationError."""
        found: dict[str, tuple[Declaration, Path]] = {}
        for path in sorted(self.around.folder.glob(f"*{SUFFIX}")):
            if not path.name.endswith(EXAMPLES_SUFFIX):
                declaration = read_declaration(path)
                found[declaration.name] = declaration, path
        if name not in found:
            near = difflib.get_close_matches(name, found, n=1)
            hint = f"did you mean {near[0]}?" if near else "`landschap source list` shows them"
            raise Trouble(f"there is no logical source {name}", hint)
        declaration, path = found[name]
        check_registers(declaration, self.around.registers, Report(str(path)))
        return declaration, path

    def _wish(self, asked: Asked, declaration: Declaration, path: Path) -> Wish:
        now = datetime.now(UTC)
        today = amsterdam_day(now)
        valid_on = asked.valid_on or today
        return Wish(
            declaration=declaration,
            declaration_sha256=sha256(path.read_bytes()).hexdigest(),
            purpose=asked.purpose,
            receiver=asked.receiver or self.office.controller.value,
            form=asked.form,
            folder=asked.folder,
            moment=Moment(
                valid_on=valid_on,
                known_at=asked.known_at or now,
                today=valid_on == today,
                now=asked.known_at is None,
            ),
            fields=asked.fields,
            geometry=asked.geometry,
            anonymous=asked.anonymous,
            models=self._models(declaration),
            name=asked.file,
        )

    def _models(self, declaration: Declaration) -> dict[str, str]:
        """The versions of the information models behind a declaration, by register."""
        kinds = (each.access for each in declaration.sources.values())
        return {
            each.register: self.around.registers.type(each.register, each.object_type).version
            for each in kinds
            if isinstance(each, RegisterAccess)
        }


def extract_deps(settings: Settings) -> ExtractDeps:
    """What the worker follows schedules with: a room for each extract, closed after it."""

    async def make(schedule: Schedule, folder: Path, name: str) -> Delivered:
        asked = Asked(
            name=schedule.source,
            purpose=schedule.purpose,
            form=schedule.form,
            folder=folder,
            receiver=schedule.receiver,
            fields=schedule.fields,
            geometry=schedule.geometry,
            anonymous=schedule.anonymous,
            file=name,
        )
        async with AsyncExitStack() as stack:
            room = await extract_room(settings, stack, "extract")
            return await room.deliver(asked, Limits(), Told())

    return ExtractDeps(
        schedules=settings.path.parent / SCHEDULES_FOLDER,
        made=settings.paths.data / MADE_FOLDER,
        make=make,
    )


async def extract_room(settings: Settings, stack: AsyncExitStack, lane: str) -> Room:
    """The room, for as long as the stack is open. Raises Trouble and LogUnavailable."""
    folder, hosts = settings.path.parent, settings.network.hosts or {}
    models = folder / MODELS_FOLDER
    pools = {}
    for room in ("registers", "purposes"):
        pools[room] = await postgres.pool(settings, room, size=4)
        stack.push_async_callback(pools[room].close)
    log = LogWriter(settings, lane)
    await log.start()
    stack.push_async_callback(log.close)
    owner = settings.organisation.oin

    async def snapshot() -> Snapshot:
        return (await current_snapshot(pools["purposes"], owner=owner.value))[0]

    number, line_key = newest_pseudonym_key(settings)
    office = Office(
        snapshot=snapshot,
        marked=partial(marked, pools["purposes"]),
        log=log,
        controller=owner,
        pseudonym_key=secret_key(settings, "pseudonym"),
        line_key=line_key,
        key_id=number,
        pseudonym_space=pseudonym_space(settings),
        persons=partial(said_of, pools["purposes"]),
    )
    around = Surroundings(
        pool=pools["registers"],
        registers=read_models(models) if models.is_dir() else Registers({}),
        session=await stack.enter_async_context(client_session(hosts)),
        hosts=hosts,
        secrets=settings.paths.secrets,
        folder=folder / SOURCES_FOLDER,
        snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
    )
    return Room(settings=settings, office=office, around=around)
