# SPDX-License-Identifier: EUPL-1.2
"""`landschap service list --published` and `service publish`, against a real directory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import (
    ASKER,
    ASKER_NAME,
    PROVIDER,
    PROVIDER_NAME,
    Operator,
    operator,
)
from tests.fsc.manager_rig import Group, stored, submit


@pytest.fixture(scope="module")
async def provider(group: Group) -> Operator:
    return await operator(group, PROVIDER, PROVIDER_NAME)


@pytest.fixture(scope="module")
async def asker(group: Group, provider: Operator) -> Operator:
    return await operator(group, ASKER, ASKER_NAME)


async def test_services_that_the_directory_lists(
    group: Group, asker: Operator, provider: Operator
) -> None:
    gids = group.managers[rig.DIRECTORY]
    for name in ("woonplaats", "inkomen"):
        tree = rig.content(rig.publication_grant(PROVIDER, rig.DIRECTORY, service=name))
        assert (await submit(gids, provider.manager.own, tree)).status == 201
        assert (await stored(gids, tree)).state(datetime.now(UTC)) == "valid"
    told = (await asker.run("service", "list", "--published", "--json")).json["services"]
    assert {(e["name"], e["providerPeerId"], e["providerName"]) for e in told} >= {
        ("woonplaats", PROVIDER, PROVIDER_NAME),
        ("inkomen", PROVIDER, PROVIDER_NAME),
    }
    some = await asker.run("service", "list", "--published", "--name", "Woon", "--json")
    assert [each["name"] for each in some.json["services"]] == ["woonplaats"]
    none = await asker.run("service", "list", "--published", "--peer", rig.WEESP, "--json")
    assert none.json == {"services": []}
    assert "inkomen" in (await asker.run("service", "list", "--published")).out
    wrong = await asker.run("service", "list", "--name", "x")
    assert wrong.code == 2


async def test_only_a_declared_service_is_published(asker: Operator) -> None:
    done = await asker.run("service", "publish", "--service", "onbekend", "--yes")
    assert done.code == 3
    assert "there is no service 'onbekend'" in done.err
