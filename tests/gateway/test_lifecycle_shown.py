# SPDX-License-Identifier: EUPL-1.2
"""The catalogue shows where each version of a service stands, and the door says the same."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from tests.catalogue.offered import gathered
from tests.catalogue.pages_rig import bare_catalogue, described
from tests.gateway.pair_rig import Pair
from tests.gateway.test_lifecycle import declare, told

from landschap.catalogue import store
from landschap.gateway.lifecycle import Lifecycle
from landschap.platform import postgres
from landschap.purposes.model import midnight
from landschap.purposes.store import current_snapshot


def day(ahead: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=ahead)


@pytest.mark.case("S-15")
async def test_each_version_shows_where_it_stands_and_a_deprecated_one_says_so_in_headers(
    pair: Pair,
) -> None:
    side = pair.weesp
    catalogue = await postgres.pool(side.settings, "catalogue")
    ended = {"x-deprecated": str(day(-90)), "x-sunset": str(day(-1))}
    infos: dict[str, Any] = {"0.9.0": {}, "1.0.0": ended, "2.0.0": {}, "3.0.0": {}}
    for version, info in infos.items():
        name = await gathered(catalogue, version, described("Uitkeringen", version, info))
        # The second is the one that the door answers for now.
        service = "uitkeringen" if version == "2.0.0" else ""
        await store.offer(catalogue, name, store.Offer(audience=("everyone",), service=service))
    ends = Lifecycle(deprecated=day(-1), sunset=day(365))
    await declare(pair, ends)
    register, _ = await current_snapshot(side.pools.purposes, owner=side.own.peer_id.value)
    pools = {"fsc": side.pools.fsc, "gateway": side.pools.gateway, "catalogue": catalogue}
    app = bare_catalogue(side.settings, pools, lambda: register)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://weesp") as client:
        page = (await client.get(f"/catalogus/{name}")).text
    table = page[page.index('id="versies"') : page.index('id="wijz"')]
    rows = {
        version: next(row for row in table.split("<tr") if f">{version}" in row)
        for version in infos
    }
    words = {
        version: " ".join(re.sub(r"<[^>]+>", " ", row).split()) for version, row in rows.items()
    }
    assert "Ontwerp" in words["0.9.0"]
    assert "Actief geen einde aangekondigd" in words["3.0.0"]
    assert "Gestopt op" in words["1.0.0"]
    assert "Stopt op" in words["2.0.0"]
    for version, days in (
        ("1.0.0", (day(-90), day(-1))),
        ("2.0.0", (ends.deprecated, ends.sunset)),
    ):
        assert all(f'datetime="{each}"' in rows[version] for each in days), version
    # What the page says of the version that the door answers for, each answer says too.
    headers = await told(pair, "deprecation")
    assert headers["deprecation"] == f"@{int(midnight(ends.deprecated).timestamp())}"
    last = parsedate_to_datetime(headers["sunset"])
    assert last == ends.ends_at
    await declare(pair, None)
    await catalogue.close()
