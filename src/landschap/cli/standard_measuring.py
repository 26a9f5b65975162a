# SPDX-License-Identifier: EUPL-1.2
"""How our own services stand to standards: measured by checks of ours, else as declared.

    deur          offered at our Inway, which lets nobody in without a contract
    beschrijving  the description that our registers and sources give of themselves keeps the
                  design rules, strictly
    openapi       the same is a valid OpenAPI document
    logboek       of each service about persons that was asked, lines were recorded
    doel          each connection of a service about persons is bound to purposes, and a policy
                  opens it

Of a service whose description is not ours to make nothing is measured: the organisation declares.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Finding, Mode, Severity
from landschap.catalogue.rules import RULES
from landschap.catalogue.scoring import score_of
from landschap.fsc.store import connection_grants
from landschap.gateway.store import services
from landschap.integration.connectors.opening import read_declarations
from landschap.integration.description import describe
from landschap.logboek.accounts import LEAST_SUBJECTS
from landschap.logboek.store.recorded import Recorded, recorded_between
from landschap.platform.loops import forever, pause
from landschap.platform.telemetry import logger
from landschap.platform.trouble import Trouble
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.model import Text
from landschap.purposes.store import current_snapshot
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.registers.describing import About, document_of
from landschap.registers.standards.client import standards_of
from landschap.registers.standards.model import Measured, Standing, State, standing_of
from landschap.registers.standards.reading import WrongStandards
from landschap.registers.standards.store import keep_day, last_day
from landschap.vocabulary.times import amsterdam_day

if TYPE_CHECKING:
    import asyncpg

    from landschap.fsc.connections import ConnectionGrant
    from landschap.platform.settings import Settings
    from landschap.purposes.snapshot import Snapshot
    from landschap.vocabulary.ijson import JsonValue

SOURCES_FOLDER = "bronnen"
LOOKED_BACK = timedelta(days=30)
_OF_OPENAPI = frozenset({"parser", "invalid-ref", "oas3-schema", "nlgov:openapi3"})
_MOST_NAMED = 5
_LOOK_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """A pool of each room that is asked."""

    gateway: asyncpg.Pool
    purposes: asyncpg.Pool
    fsc: asyncpg.Pool
    log: asyncpg.Pool
    registers: asyncpg.Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """Everything that is measured by, read once."""

    at_the_door: bool
    snapshot: Snapshot
    grants: Sequence[ConnectionGrant]
    recorded: Mapping[str, Recorded]
    findings: Mapping[str, Sequence[Finding]]

    def is_personal(self, service: str) -> bool:
        known = self.snapshot.services.get((self.snapshot.owner, service))
        return known is not None and known.personal

    def connections(self, service: str) -> list[ConnectionGrant]:
        owner = self.snapshot.owner
        return [
            each
            for each in self.grants
            if each.service_name == service
            and (each.service_delegator_peer_id or each.service_peer_id).value == owner
        ]


async def measure(settings: Settings, rooms: Rooms, now: datetime) -> Sequence[Standing]:
    """How each of our services stands to each standard now. Raises Trouble for a wrong list."""
    folder, day = settings.path.parent, amsterdam_day(now)
    try:
        known = standards_of(folder)
    except WrongStandards as error:
        remedy = "repair standaarden.toml; docs/how-to/standards.md shows its form"
        raise Trouble(f"standaarden.toml: {error}", remedy) from None
    names = [each.name for each in await services(rooms.gateway)]
    snapshot, _ = await current_snapshot(rooms.purposes)
    world = _World(
        at_the_door=settings.listen.inway is not None,
        snapshot=snapshot,
        grants=[e for e in await connection_grants(rooms.fsc, now) if e.valid_at(now)],
        recorded=await recorded_between(rooms.log, now - LOOKED_BACK, now),
        findings=_findings(settings, names),
    )
    return [
        standing_of(
            standard,
            name,
            _CHECKS[standard.check](world, name) if standard.check else None,
            known.declared,
            day,
        )
        for standard in known.standards
        for name in names
    ]


async def measure_and_keep(settings: Settings, rooms: Rooms, now: datetime) -> Sequence[Standing]:
    """The same, kept as that of the day. Raises Trouble."""
    found = await measure(settings, rooms, now)
    await keep_day(rooms.registers, amsterdam_day(now), found)
    return found


async def keep_measuring(settings: Settings, rooms: Rooms, stop: asyncio.Event) -> None:
    """Measure once a day, soon after midnight or after the start, until ``stop``."""

    async def measuring() -> None:
        while not stop.is_set():
            now = datetime.now(UTC)
            if await last_day(rooms.registers, amsterdam_day(now)) != amsterdam_day(now):
                try:
                    await measure_and_keep(settings, rooms, now)
                except Trouble as error:  # a wrong list stops no other work
                    logger().error("standards not measured", why=error.what)
            await pause(stop, _LOOK_SECONDS)

    await forever(measuring, stop, "measuring standards")


def _findings(settings: Settings, names: Sequence[str]) -> dict[str, Sequence[Finding]]:
    """What is found in the descriptions of services that describe themselves."""
    schemas = structures()
    return {
        name: check(read_document(json.dumps(document).encode()), Mode.STRICT, schemas)
        for name, document in _documents(settings).items()
        if name in names
    }


def _documents(settings: Settings) -> dict[str, Mapping[str, JsonValue]]:
    folder, organisation = settings.path.parent, settings.organisation
    contact = organisation.contact or {}
    about = About(
        version="1.0.0",
        organisation=organisation.name,
        email=contact.get("email", ""),
        url=contact.get("url", ""),
    )
    registers = read_models(folder / MODELS_FOLDER)
    declared = read_declarations(folder / SOURCES_FOLDER, registers)
    return {
        **{name: document_of(each, about) for name, each in registers.by_name.items()},
        **{name: describe(each, about) for name, each in declared.items()},
    }


def _at_the_door(world: _World, service: str) -> Measured:
    if not world.at_the_door:
        return _unknown("Hier luistert geen Inway.", "No Inway listens here.")
    count = len(world.connections(service))
    return Measured(
        state=State.CONFORMS,
        evidence=Text(
            nl=f"Alleen te bereiken door de Inway, met contract. Er gelden {count} contracten.",
            en=f"Reached through the Inway only, with a contract. {count} contracts are in force.",
        ),
    )


def _described(world: _World, service: str, codes: frozenset[str] | None) -> Measured:
    findings = world.findings.get(service)
    if findings is None:
        return _unknown(
            "De beschrijving van deze dienst maken wij niet zelf.",
            "We do not make the description of this service ourselves.",
        )
    wrong = sorted({
        each.code
        for each in findings
        if RULES[each.code].severity is Severity.ERROR and (codes is None or each.code in codes)
    })  # fmt: skip
    named = ", ".join(wrong[:_MOST_NAMED])
    if wrong:
        return Measured(
            state=State.DIFFERS,
            evidence=Text(nl=f"Regels niet gehaald: {named}.", en=f"Rules not met: {named}."),
        )
    score = score_of(findings)
    return Measured(
        state=State.CONFORMS,
        evidence=Text(
            nl=f"Geen fout in de beschrijving; score {score}.",
            en=f"No error in the description; score {score}.",
        ),
    )


def _recorded(world: _World, service: str) -> Measured:
    if not world.is_personal(service):
        return _not_about_persons()
    found = world.recorded.get(service, Recorded(0, 0))
    if not found.passed:
        return _unknown(
            "In de laatste 30 dagen kwam hier geen vraag binnen.",
            "No question came in here in the last 30 days.",
        )
    (asked, asked_en), (lines, lines_en) = _few(found.passed), _few(found.lines)
    return Measured(
        state=State.CONFORMS if found.lines else State.DIFFERS,
        evidence=Text(
            nl=f"In de laatste 30 dagen: {asked} vragen, {lines} regels in het logboek.",
            en=f"In the last 30 days: {asked_en} questions, {lines_en} lines in the log.",
        ),
    )


def _few(count: int) -> tuple[str, str]:
    """A count in both languages; this is read by everybody, so few questions are not told."""
    if 0 < count < LEAST_SUBJECTS:
        return f"minder dan {LEAST_SUBJECTS}", f"fewer than {LEAST_SUBJECTS}"
    return str(count), str(count)


def _by_purpose(world: _World, service: str) -> Measured:
    if not world.is_personal(service):
        return _not_about_persons()
    owner = world.snapshot.owner
    policies = sum(
        len(rules)
        for (provider, name, _), by_purpose in world.snapshot.permits.items()
        if (provider, name) == (owner, service)
        for rules in by_purpose.values()
    )
    bounds = [read_bound(each.properties) for each in world.connections(service)]
    bare = sum(not isinstance(each, Bound) or not each.purposes for each in bounds)
    return Measured(
        state=State.DIFFERS if bare or not policies else State.CONFORMS,
        evidence=Text(
            nl=f"{policies} regels openen de dienst; {bare} van {len(bounds)} contracten"
            " noemen geen doel.",
            en=f"{policies} rules open the service; {bare} of {len(bounds)} contracts"
            " name no purpose.",
        ),
    )


def _not_about_persons() -> Measured:
    return Measured(
        state=State.NOT_APPLICABLE,
        evidence=Text(
            nl="Deze dienst gaat niet over mensen.", en="This service is not about people."
        ),
    )


def _unknown(nl: str, en: str) -> Measured:
    return Measured(state=State.UNKNOWN, evidence=Text(nl=nl, en=en))


_CHECKS: Mapping[str, Callable[[_World, str], Measured]] = {
    "deur": _at_the_door,
    "beschrijving": lambda world, service: _described(world, service, None),
    "openapi": lambda world, service: _described(world, service, _OF_OPENAPI),
    "logboek": _recorded,
    "doel": _by_purpose,
}
