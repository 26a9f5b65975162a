# SPDX-License-Identifier: EUPL-1.2
"""``landschap register subscriptions`` and ``inbox``: what operators see and do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from tests.registers.rig import WEESP
from tests.registers.test_command import run
from tests.registers.test_inbox import event
from tests.throwaway import Cluster, organisation

from landschap.platform.ids import uuid7
from landschap.registers import client, store
from landschap.registers.inbox import read_events
from landschap.registers.store import inbox
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscriptions import Filters, Subscription, Wanted
from landschap.vocabulary.problems import granted

PEER = "00000099000000002000"


class Scene:
    """An organisation with the demo's registers, and one subscription to the buildings."""

    def __init__(self, config: Path, pool: asyncpg.Pool, own: UUID) -> None:
        self.config = config
        self.pool = pool
        self.own = own

    async def type(self, *words: str) -> int:
        given = [str(self.own) if word == "OWN" else word for word in words]
        return await run(self.config, *given)


@pytest.fixture
async def scene(cluster: Cluster, tmp_path: Path) -> Scene:
    made = await cluster.fresh(tmp_path / "organisation")
    folder = tmp_path / "weesp"
    organisation(folder, cluster.anchor, more=f'\n[postgres]\ndsn = "{cluster.dsn(made.name)}"\n')
    shutil.copytree(made.settings.paths.secrets, folder / "secrets")
    shutil.copytree(WEESP / "registers", folder / "registers")
    pool = await made.pool("registers")
    bag = client.read_models(folder / "registers").by_name["bag"]
    readings = client.read_extract(bag, WEESP / "gegevens" / "bag")
    async for _ in store.load(pool, bag, readings[:120]):
        pass
    asking = kept.Asking(
        subscription_id=uuid7(), peer=PEER, purpose="p", policy="p@1", transaction_id=uuid7()
    )
    wanted = Wanted(sink="fsc:meldingen", filters=Filters(type_keys=("bag.pand",)), since=0)
    own = await kept.subscribe(pool, bag, asking, wanted)
    assert isinstance(own, Subscription)
    return Scene(folder / "organisation.toml", pool, own.subscription_id)


async def test_an_operator_sees_holds_and_sends_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await scene.type("subscriptions", "list", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["register"], told["peer"], told["status"]) == ("bag", PEER, "aangevraagd")
    assert told["filters"] == {"collecties": ["panden"]}
    assert told["unread"] == 120
    assert await scene.type("subscriptions", "list", "--register", "bag") == 0
    out = capsys.readouterr().out
    assert all(word in out for word in (str(scene.own), "fsc:meldingen", PEER))
    assert await scene.type("subscriptions", "pause", "OWN", "--reason", "onderhoud") == 0
    assert await scene.type("subscriptions", "show", "OWN", "--json") == 0
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (shown["status"], shown["reden"]) == ("gepauzeerd", "onderhoud")
    assert await scene.type("subscriptions", "resume", "OWN") == 0
    await scene.pool.execute("UPDATE registers.subscription SET position = 100")
    assert await scene.type("subscriptions", "replay", "OWN", "--after", "40") == 0
    assert "everything after 40" in capsys.readouterr().out
    found = await kept.subscription(scene.pool, scene.own)
    assert found is not None
    assert found.position == 40
    assert await scene.type("subscriptions", "end", "OWN") == 0
    capsys.readouterr()
    assert await scene.type("subscriptions", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_what_was_given_up_is_listed_and_sent_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await scene.pool.execute(
        """INSERT INTO registers.notice VALUES ($1, 7, 'bag.pand', '0457100000000001',
               'WIJZIGING', now(), true, 15, now(), now(), 'answered 422')""",
        scene.own,
    )
    assert await scene.type("subscriptions", "dead", "OWN", "--json") == 0
    (dead,) = json.loads(capsys.readouterr().out)
    assert (dead["volgnummer"], dead["attempts"], dead["lastError"]) == (7, 15, "answered 422")
    assert await scene.type("subscriptions", "dead", "OWN") == 0
    assert "answered 422" in capsys.readouterr().out
    assert await scene.type("subscriptions", "replay", "OWN", "--dead") == 0
    assert "1 notices" in capsys.readouterr().out
    assert await scene.type("subscriptions", "dead", "OWN", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_mistakes_are_told_with_the_way_out(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, code, said in (
        (("show", "0194e0a0-0000-7000-8000-000000000000"), 1, "there is no subscription"),
        (("show", "x"), 2, "not a valid UUID"),
        (("resume", "OWN"), 1, "only what is paused goes on"),
        (("replay", "OWN"), 2, "give either --after NUMBER or --dead"),
        (("replay", "OWN", "--after", "999999999"), 1, "give a number up to 0"),
        (("list", "--register", "kadaster"), 1, "there is no register kadaster"),
    ):
        assert await scene.type("subscriptions", *words) == code, words
        assert said in " ".join(capsys.readouterr().err.split()), words


async def test_the_inbox_tells_what_came(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps([event(1), event(2)]).encode()
    events = granted(read_events("application/cloudevents-batch+json", body, PEER))
    assert await inbox.keep(scene.pool, events, PEER) == 2
    assert await scene.type("inbox", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in told] == ["e2", "e1"]
    assert told[0]["handledAt"] is None
    assert await scene.type("inbox") == 0
    out = capsys.readouterr().out
    assert "nl.bag.pand-gewijzigd" in out
    assert "waits" in out
