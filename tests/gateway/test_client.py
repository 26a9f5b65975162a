# SPDX-License-Identifier: EUPL-1.2
"""What a question waits for: the issuer's keys, a peer's certificate, a token; once for all.

And who asks through both doors with the client kit, as somebody uses it who starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shlex
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from joserfc.jwk import ECKey
from tests.gateway.gateway_rig import http_answer
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair
from tests.throwaway import Database

from landschap.cli import roof
from landschap.client import AsyncLandschap, Landschap, Refused
from landschap.gateway.client import UserKeys
from landschap.gateway.doors import TokenWanted
from landschap.platform.settings import Settings


class Issuer:
    """An issuer of employees' tokens, with what it says about itself."""

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[str] = []
        self.says: dict[str, Any] = {}
        self.keys: list[ECKey] = []

    def turn(self, kid: str) -> None:
        self.keys = [ECKey.generate_key("P-256", parameters={"kid": kid})]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/jwks":
            keys = [key.as_dict(private=False) for key in self.keys]
            return web.Response(text=json.dumps({"keys": keys}))
        told = {"issuer": self.address, "jwks_uri": f"{self.address}/jwks"}
        return web.Response(text=json.dumps({**told, **self.says}))


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    made.turn("k1")
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.address = f"http://127.0.0.1:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
def settings(database: Database) -> Settings:
    return database.settings


async def test_keys_are_found_through_the_discovery_document(
    issuer: Issuer, settings: Settings
) -> None:
    keys = await UserKeys(settings, issuer.address).renew(None)
    assert keys is not None
    assert [key.kid for key in keys] == ["k1"]
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]


async def test_many_who_wait_ask_the_issuer_once(issuer: Issuer, settings: Settings) -> None:
    found = UserKeys(settings, issuer.address)
    all_keys = await asyncio.gather(*(found.renew(None) for _ in range(20)))
    assert all(keys is found.held for keys in all_keys)
    assert len(issuer.asked) == 2


async def test_unknown_key_does_not_make_us_ask_with_every_question(
    issuer: Issuer, settings: Settings
) -> None:
    found = UserKeys(settings, issuer.address)
    first = await found.renew(None)
    issuer.turn("k2")
    assert await found.renew(first) is None
    assert len(issuer.asked) == 2


@pytest.mark.parametrize(
    "says",
    [{"issuer": "https://elders.test"}, {"jwks_uri": None}, {"jwks_uri": "http://127.0.0.1:1/"}],
)
async def test_issuer_that_says_something_else_gives_no_keys(
    issuer: Issuer, settings: Settings, says: dict[str, Any]
) -> None:
    issuer.says = says
    assert await UserKeys(settings, issuer.address).renew(None) is None


async def test_issuer_that_is_away_gives_no_keys(settings: Settings) -> None:
    assert await UserKeys(settings, "http://127.0.0.1:1").renew(None) is None


async def test_certificate_of_a_peer_comes_from_its_manager_and_must_be_its_own(pair: Pair) -> None:
    peers = pair.doesburg.keeper.peers
    thumbprint = pair.weesp.own.certificate.thumbprint
    now = datetime.now(UTC)
    # It signed the contract, so it stands in our own memory; forget that it does.
    await pair.doesburg.administrator.execute(
        "DELETE FROM fsc.signature WHERE thumbprint = $1", thumbprint
    )
    await pair.doesburg.administrator.execute(
        "DELETE FROM fsc.certificate WHERE thumbprint = $1", thumbprint
    )
    found = await peers.certificate(WEESP, thumbprint, now)
    assert found is not None
    assert found.peer_id.value == WEESP
    assert await peers.certificate(WEESP, "A" * 43, now) is None
    assert await peers.certificate("00000099000000005000", "B" * 43, now) is None


async def test_certificate_in_our_memory_counts_only_for_its_own_peer(pair: Pair) -> None:
    peers = pair.weesp.keeper.peers
    thumbprint = pair.doesburg.own.certificate.thumbprint
    now = datetime.now(UTC)
    found = await peers.certificate(DOESBURG, thumbprint, now)
    assert found is not None
    assert await peers.certificate(WEESP, thumbprint, now) is None


async def test_many_questions_that_lack_one_token_fetch_it_once(pair: Pair) -> None:
    keeper = pair.doesburg.keeper
    grant = pair.grants["pand-open"]
    own = pair.doesburg.own.certificate.thumbprint
    wanted = TokenWanted(grant, own)
    assert pair.weesp.carrier
    before = len(pair.weesp.carrier.access_lines())
    got = await asyncio.gather(*(keeper.obtain(wanted) for _ in range(20)))
    assert all(got)
    assert pair.doesburg.desk.holdings.world.tokens[grant, own].text
    await asyncio.sleep(0.1)
    assert len(pair.weesp.carrier.access_lines()) <= before + 1


async def test_token_for_a_grant_nobody_knows_is_not_to_be_had(pair: Pair) -> None:
    own = pair.doesburg.own.certificate.thumbprint
    assert not await pair.doesburg.keeper.obtain(TokenWanted("$1$3$unknown", own))


PERSON = {"burgerservicenummer": "999993653"}


def address(pair: Pair) -> str:
    return f"http://{pair.outway.host}:{pair.outway.port}"


@pytest.mark.parametrize("service", ["uitkeringen", f"{WEESP}/uitkeringen"])
async def test_contract_and_purpose_go_by_name(pair: Pair, service: str) -> None:
    pair.service.answer_with(http_answer(200, body=b'{"soort": "bijstand"}'))
    kit = Landschap(address(pair), key=pair.key)
    answer = await asyncio.to_thread(
        kit.ask, service, "/v1/_zoek", purpose="bijstand", fields=["uitkering.soort"], json=PERSON
    )
    assert answer.data == {"soort": "bijstand"}
    assert answer.decision.startswith("allow")
    (heard,) = pair.service.heard
    assert json.loads(heard.body) == PERSON
    for side in (pair.doesburg, pair.weesp):
        (record,) = await side.records(answer.transaction_id)
        assert ASSISTANCE in json.dumps(record.content(), default=str)


async def test_refusals_of_both_doors_say_what_lacks(pair: Pair) -> None:
    async with AsyncLandschap(address(pair), key=pair.key) as kit:
        with pytest.raises(Refused) as without:
            await kit.ask("uitkeringen", "/v1/_zoek", json=PERSON)
        with pytest.raises(Refused) as unknown:
            await kit.ask("uitkeringen", "/v1/_zoek", json=PERSON, purpose="bestaat-niet")
        with pytest.raises(Refused) as excess:
            await kit.ask(
                "uitkeringen", "/v1/_zoek", purpose="bijstand", fields=["adres.straat"], json=PERSON
            )
        with pytest.raises(Refused) as nowhere:
            await kit.ask("niets", "/", purpose="bijstand")
        explained = await kit.ask(
            "uitkeringen", "/v1/_zoek", purpose="bijstand", fields=["uitkering.soort"],
            json=PERSON, explain=True,
        )  # fmt: skip
    assert without.value.code == "purpose_missing"
    assert unknown.value.code == "purpose_unknown"
    assert excess.value.code == "fields_excess"
    assert excess.value.owner
    assert nowhere.value.status == 400 or nowhere.value.code
    assert explained.data["executed"] is False
    assert not pair.service.heard


async def called(pair: Pair, *words: str, given: bytes = b"", key: str = "") -> Result:
    environment = {"LANDSCHAP_OUTWAY": address(pair), "LANDSCHAP_KEY": key or pair.key}
    run = partial(CliRunner(env=environment).invoke, roof, ["call", *words], input=given)
    return await asyncio.to_thread(run)


async def test_the_terminal_asks_and_tells(pair: Pair, tmp_path: Path) -> None:
    pair.service.answer_with(http_answer(200, body=b'{"soort": "bijstand"}'))
    words = ("uitkeringen/v1/_zoek", "-p", "bijstand", "--field", "uitkering.soort")
    body = json.dumps(PERSON).encode()
    file = tmp_path / "vraag.json"
    file.write_bytes(body)
    asked = await called(pair, *words, "--data", f"@{file}")
    assert (asked.exit_code, json.loads(asked.stdout)) == (0, {"soort": "bijstand"}), asked.stderr
    assert "transaction " in asked.stderr
    piped = await called(pair, *words, "--data", "-", "--json", given=body)
    told = json.loads(piped.stdout)
    assert (piped.exit_code, told["status"], told["answer"]) == (0, 200, {"soort": "bijstand"})
    assert await pair.weesp.records(told["transactionId"])
    nobody = await called(pair, *words, "--data", "-", "--json", given=body, key="x" * 40)
    # Before it stands what the decider of this test, in the same process, tells its operator.
    told = json.loads(nobody.stdout.splitlines()[-1])
    assert (nobody.exit_code, told["code"]) == (4, "application_unknown")
    assert len(pair.service.heard) == 2


def blocks(kind: str) -> list[str]:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "ask-from-a-program.md"
    return re.findall(rf"```{kind}\n(.*?)```", page.read_text(), flags=re.DOTALL)


async def test_the_manual_works_as_it_is_typed(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.service.answer_with(http_answer(200, body=b'{"soort": "bijstand"}'))
    monkeypatch.chdir(tmp_path)
    Path("vraag.json").write_text(json.dumps(PERSON))
    (line,) = (
        each for text in blocks("sh") for each in text.splitlines() if "landschap call" in each
    )
    done = await called(pair, *shlex.split(line)[2:])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"soort": "bijstand"})
    monkeypatch.setenv("LANDSCHAP_OUTWAY", address(pair))
    monkeypatch.setenv("LANDSCHAP_KEY", pair.key)
    for text in blocks("python"):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            await asyncio.to_thread(exec, text, {"__name__": "manual"})
        assert "{'soort': 'bijstand'}" in told.getvalue()
    assert len(pair.service.heard) == 3
