# SPDX-License-Identifier: EUPL-1.2
"""The desk, for two rooms: the console keeps visits, the portal serves the person in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from landschap.platform.keys import secret_key

if TYPE_CHECKING:
    from litestar.datastructures import Cookie

    from landschap.cli.composition import Composition
    from landschap.console.desk import Whom
    from landschap.console.pages.context import Opens
    from landschap.vocabulary.desk import AtDesk, Desk


async def book_of(parts: Composition) -> Desk | None:
    """What the portal asks of visits; None where there is no desk."""
    from landschap.console.desk.store.book import Book

    console = parts.settings.oidc.console
    if parts.settings.desk is None or console is None:
        return None
    return Book(await parts.pool("console"), console.issuer)


async def opens_of(parts: Composition) -> Opens | None:
    """How a session of the portal begins for the person of a visit; None without a desk."""
    from landschap.portal.pages.at_desk import opener

    settings = parts.settings
    if settings.desk is None:
        return None
    begin = opener(await parts.pool("portal"), secret_key(settings, "session"), settings.desk.level)

    async def opens(at: AtDesk, whom: Whom, since: int) -> Cookie:
        return await begin(at, whom.bsn, whom.name, since)

    return opens
