# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the processing log by the older municipal standard."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from litestar.types import ControllerRouterHandler

    from landschap.logboek.api.reading import ReadingDeps
    from landschap.logboek.api.writing import WritingDeps
    from landschap.logboek.vng_answers import Activity
    from landschap.platform.settings import Settings

_AS_AT_THE_OTHER_DOORS = ("create:normal", "read:normal")


def vng_routes(
    settings: Settings, purposes: asyncpg.Pool, writes: WritingDeps, reads: ReadingDeps
) -> list[ControllerRouterHandler]:
    """The routes of this standard, on what the other interfaces of the log rest on."""
    from landschap.logboek.api import vng_reading, vng_writing
    from landschap.logboek.describing_vng import document
    from landschap.purposes.public import id_of
    from landschap.purposes.store import activity_at, activity_numbered

    address = f"{settings.addresses.logboek}{vng_writing.BASE}"
    organisation = settings.organisation
    contact = organisation.contact or {}
    granted = settings.vng.applications

    def rights(application: str) -> Collection[str]:
        return granted.get(application, ()) if granted else _AS_AT_THE_OTHER_DOORS

    async def told_of(uri: str, moment: datetime) -> Activity | None:
        from landschap.logboek.vng_answers import Activity

        found = await activity_at(purposes, uri, moment)
        if found is None:
            return None
        return Activity(id=id_of(uri), name=found.name.nl, log_retention=found.log_retention)

    writing = vng_writing.VngWritingDeps(
        book=writes.book,
        address=address,
        authenticate=writes.authenticate,
        rights=rights,
        disclosed=reads.disclosed,
        activity_of=partial(activity_numbered, purposes),
        describe=partial(
            document,
            address,
            organisation.name,
            email=contact.get("email", ""),
            url=contact.get("url", ""),
        ),
    )
    reading = vng_reading.VngReadingDeps(
        pool=reads.pool,
        keys=reads.keys,
        address=address,
        reader=reads.reader,
        rights=rights,
        disclosed=reads.disclosed,
        activity_at=told_of,
    )
    return [*vng_writing.routes(writing), *vng_reading.routes(reading)]
