# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the processing log as a service of our own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from landschap.cli.composition import pseudonym_keys, pseudonym_space

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from landschap.cli.composition import Composition
    from landschap.logboek.api.writing import WritingDeps


async def log_of(parts: Composition) -> ASGIApp:
    """The processing log, for applications of our own."""
    from landschap.logboek.api import log_app, writing

    return log_app([*writing.routes(await _writing(parts))])


async def _writing(parts: Composition) -> WritingDeps:
    from functools import partial

    from landschap.gateway.store.applications import application_named
    from landschap.logboek.api.ingesting import Book
    from landschap.logboek.api.writing import WritingDeps
    from landschap.logboek.describing import document
    from landschap.logboek.ingest import Keys
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
            keys=Keys(organisation.oin.value, pseudonym_space(settings), pseudonym_keys(settings)),
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
