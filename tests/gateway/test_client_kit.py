# SPDX-License-Identifier: EUPL-1.2
"""The client kit and ``landschap call`` through both doors, as somebody uses them who starts."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import shlex
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.gateway.gateway_rig import http_answer
from tests.gateway.gateway_scene import ASSISTANCE, WEESP
from tests.gateway.pair_rig import Pair

from landschap.cli import roof
from landschap.client import AsyncLandschap, Landschap, Refused

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
