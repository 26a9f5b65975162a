# SPDX-License-Identifier: EUPL-1.2
"""Whether the log can be trusted, on a page: verified on request, by an officer, with a reason."""

from __future__ import annotations

import asyncio

from tests.console.console_rig import Console
from tests.portal.visiting import Seen, Visitor

HERE = "/console/integriteit"
WHY = "Controle van deze maand"


async def verified(visitor: Visitor, reason: str = WHY) -> Seen:
    """Have it verified, and wait until that is done."""
    token = visitor.token(await visitor.get("/console/spoor"))
    sent = await visitor.post(HERE, {"token": token, "reden": reason})
    if sent.status != 303:
        return sent
    async with asyncio.timeout(40):
        while "Wij rekenen het logboek na" in (page := await visitor.get(HERE)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return page


async def test_an_intact_log_is_told_and_what_is_not_proved(console: Console) -> None:
    visitor = await console.visit("fg")
    before = await visitor.get(HERE)
    assert "Het logboek is heel" not in before.text
    assert "landschap verify log --witnesses" in before.text
    assert "loopt gelijk met de databank" in before.text
    page = await verified(visitor)
    assert "Het logboek is heel" in page.text
    assert "no anchor was signed yet" in page.text
    assert WHY in (await visitor.get("/console/meekijkers")).text


async def test_a_changed_record_is_named(console: Console) -> None:
    visitor = await console.visit("fg")
    owner = await console.database.administrator()
    changed, service = await owner.fetchrow(
        "SELECT record_id, service FROM logboek.record ORDER BY record_id LIMIT 1"
    )
    setting = "UPDATE logboek.record SET service = $1 WHERE record_id = $2"
    await owner.execute(setting, "iets-anders", changed)
    try:
        page = await verified(visitor)
    finally:
        # Other tests share this log.
        await owner.execute(setting, service, changed)
        await owner.close()
    assert "Het logboek is niet heel" in page.text
    assert str(changed) in page.text


async def test_without_a_reason_or_the_role_nothing_is_verified(console: Console) -> None:
    officer = await console.visit("fg2")
    assert (await verified(officer, "kort")).status == 400
    assert (await (await console.visit("burgerzaken")).get(HERE)).status == 403
