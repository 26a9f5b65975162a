# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the processing log as a service of our own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from landschap.cli.composition import pseudonym_keys, pseudonym_space

if TYPE_CHECKING:
    from collections.abc import Collection

    from litestar.types import ASGIApp

    from landschap.cli.composition import Composition
    from landschap.gateway.store.log_readers import Readers
    from landschap.logboek.api.reading import ReadingDeps
    from landschap.logboek.api.writing import WritingDeps
    from landschap.logboek.disclosure import Disclosure
    from landschap.logboek.ingest import Keys
    from landschap.logboek.readers import Auditor
    from landschap.platform.settings import Settings


async def log_of(parts: Composition) -> ASGIApp:
    """The processing log, for applications of our own and for who may read it."""
    from landschap.cli.composition_vng import vng_routes
    from landschap.logboek.api import log_app, reading, writing

    writes, reads = await _writing(parts), await _reading(parts)
    by_the_old_standard = vng_routes(parts.settings, await parts.pool("purposes"), writes, reads)
    return log_app([*writing.routes(writes), *reading.routes(reads), *by_the_old_standard])


async def _reading(parts: Composition) -> ReadingDeps:
    from landschap.console.officers.store import LogLook, note_log_look
    from landschap.logboek.api.reading import ReadingDeps
    from landschap.logboek.store.holds import disclosure
    from landschap.platform.ids import uuid7
    from landschap.purposes.store import confidential_activities, current_snapshot

    settings, console = parts.settings, await parts.pool("console")
    log, purposes = await parts.pool("logboek"), await parts.pool("purposes")

    async def noted(reader: Auditor, reason: str, at: datetime) -> None:
        look = LogLook(
            look_id=uuid7(),
            at=at,
            subject=reader.subject,
            name=reader.subject,
            kind="lezen",
            about="regels",
            reason=reason,
        )
        await note_log_look(console, look)

    async def disclosed(person: Collection[bytes] | None) -> Disclosure:
        return await disclosure(log, await confidential_activities(purposes), person)

    async def known_purposes() -> Collection[str]:
        return (await current_snapshot(purposes))[0].purposes

    return ReadingDeps(
        pool=log,
        log=await parts.log(),
        keys=_keys(settings),
        address=settings.addresses.logboek,
        organisation=settings.organisation.name,
        reader=(await _readers(parts)).reader,
        disclosed=disclosed,
        purposes=known_purposes,
        noted=noted,
    )


async def _readers(parts: Composition) -> Readers:
    from landschap.gateway.client import UserKeys
    from landschap.gateway.store.log_readers import Readers, auditor_rules, resident_rules

    settings = parts.settings
    auditors, residents = auditor_rules(settings.oidc), resident_rules(settings.oidc)
    return Readers(
        pool=await parts.pool("gateway"),
        pseudonyms=_keys(settings),
        auditors=auditors,
        auditor_keys=UserKeys(settings, auditors.tokens.issuer) if auditors else None,
        residents=residents,
        resident_keys=UserKeys(settings, residents.tokens.issuer) if residents else None,
    )


def _keys(settings: Settings) -> Keys:
    from landschap.logboek.ingest import Keys

    oin = settings.organisation.oin.value
    return Keys(oin, pseudonym_space(settings), pseudonym_keys(settings))


async def _writing(parts: Composition) -> WritingDeps:
    from functools import partial

    from landschap.gateway.store.applications import application_named
    from landschap.logboek.api.ingesting import Book
    from landschap.logboek.api.writing import WritingDeps
    from landschap.logboek.describing import document
    from landschap.purposes.store import activity_at

    settings, purposes = parts.settings, await parts.pool("purposes")
    organisation = settings.organisation
    contact = organisation.contact or {}

    async def version_at(uri: str, moment: datetime) -> int | None:
        found = await activity_at(purposes, uri, moment)
        return found.version if found else None

    return WritingDeps(
        book=Book(
            pool=await parts.pool("logboek"),
            log=await parts.log(),
            keys=_keys(settings),
            version_at=version_at,
        ),
        authenticate=partial(application_named, await parts.pool("gateway")),
        metrics=parts.metrics,
        describe=partial(
            document,
            settings.addresses.logboek,
            organisation.name,
            email=contact.get("email", ""),
            url=contact.get("url", ""),
        ),
    )
