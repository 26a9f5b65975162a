# SPDX-License-Identifier: EUPL-1.2
"""Other engines at the Outway: what our policies let out, they may still keep in."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.gateway_rig import Heard, Party, http_answer, start_party
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE, BASIS, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair

from landschap.fsc.store import token_rows
from landschap.gateway.api.engines import engines_of
from landschap.gateway.world import Engines
from landschap.platform.settings import load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes.authzen import names
from landschap.purposes.authzen.voice import Voice

HIGH = "urn:etoegang:core:assurance-class:loa4"


@pytest.fixture
def other() -> Iterator[Party]:
    """Another decision point of Doesburg."""
    party = start_party()
    party.answer_with(says(True))
    yield party
    party.stop()


@pytest.fixture
async def pair(pair: Pair) -> AsyncIterator[Pair]:
    """Both organisations, and afterwards an Outway with nobody beside it."""
    yield pair
    await beside(pair)


def says(decision: bool, *obligations: dict[str, Any]) -> bytes:
    body = {"decision": decision, "context": {"obligations": list(obligations)}}
    return http_answer(200, body=json.dumps(body).encode())


async def beside(pair: Pair, **engines: Any) -> None:
    """Doesburg's Outway as it is with these in its settings."""
    keeper = pair.doesburg.keeper
    keeper.engines = Engines(**engines)
    await keeper.reload()


def voice_of(party: Party, **changes: Any) -> Voice:
    return Voice(address=f"http://{party.address}/access/v1/evaluation", **changes)


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


async def said_in_the_record(pair: Pair, answer: tuple[int, dict[str, str], bytes]) -> Any:
    (record,) = await pair.doesburg.records(answer[1]["fsc-transaction-id"])
    adl: Any = record.content()["adl"]
    return adl["body"]["adl.core.response"]["context"]["vetoes"]


async def test_it_is_asked_what_we_are_going_to_declare_and_nothing_of_the_person(
    pair: Pair, other: Party
) -> None:
    await beside(pair, voice=voice_of(other))
    answer = await pair.ask(Zaak="Z-2026-1")
    assert answer[0] == 200
    (heard,) = other.heard
    request = json.loads(heard.body)
    assert request["subject"] == {"type": names.PEER, "id": DOESBURG, "properties": {}}
    assert request["resource"]["id"] == "uitkeringen"
    assert request["resource"]["properties"] == {
        "provider": WEESP, "fields": ["uitkering.soort"],
    }  # fmt: skip
    assert request["context"]["doelbinding"] == ASSISTANCE
    assert request["context"]["grondslag"] == [BASIS]
    told = heard.head.decode() + heard.body.decode()
    for kept in ("999993653", ACTIVITY, "_zoek", "eyJ", "zaaksysteem", "Z-2026-1"):
        assert kept not in told
    (step,) = await said_in_the_record(pair, answer)
    assert (step["rule"], step["subject"], step["outcome"]) == ("R15", "127.0.0.1", "ok")


async def test_its_no_keeps_the_question_in_and_so_does_its_silence(
    pair: Pair, other: Party
) -> None:
    def late(_: Heard) -> bytes:
        time.sleep(0.4)
        return says(True)

    for answer, engine, expected in (
        (says(False), voice_of(other), (403, "vetoed")),
        (late, voice_of(other, timeout_ms=100), (503, "pdp_unavailable")),
        (http_answer(500), voice_of(other), (503, "pdp_unavailable")),
        (says(True), voice_of(other, key_file="er-is-geen"), (503, "pdp_unavailable")),
    ):
        other.answer_with(answer)
        await beside(pair, voice=engine)
        told = await pair.ask()
        assert code_of(told) == expected
        assert (await said_in_the_record(pair, told))[-1]["outcome"] == "fail"
    assert not pair.service.heard
    step_up = {"id": "1", "type": "step-up", "properties": {"acr_value": HIGH}}
    other.answer_with(says(True, step_up))
    await beside(pair, voice=voice_of(other))
    told = await pair.ask()
    assert code_of(told) == (403, "loa_too_low")
    assert json.loads(told[2])["acr_value"] == HIGH


async def test_its_yes_changes_no_refusal_of_ours_and_it_is_not_asked(
    pair: Pair, other: Party
) -> None:
    await beside(pair, voice=voice_of(other))
    refused = await pair.ask(Doelbinding="https://doelen.example/id/parkeren")
    assert refused[0] == 403
    assert not other.heard


async def test_it_is_asked_once_although_a_token_had_to_be_fetched_too(
    pair: Pair, other: Party
) -> None:
    await beside(pair, voice=voice_of(other))
    pool = pair.doesburg.pools.fsc
    await pool.execute("UPDATE fsc.token SET expires_at = now() - interval '1 hour'")
    await pair.doesburg.keeper.read_tokens()
    assert (await pair.ask())[0] == 200
    assert len(other.heard) == 1
    assert await token_rows.tokens(pool)


async def test_rules_in_cedar_keep_a_question_in_by_name(pair: Pair) -> None:
    rules = """
    @id("geen-norm") forbid(principal, action, resource)
    when { context.velden.contains("uitkering.norm") };
    """
    await beside(pair, cedar=rules)
    assert (await pair.ask())[0] == 200
    denied = await pair.ask("/v1/_zoek?fields=uitkering.soort,uitkering.norm")
    assert code_of(denied) == (403, "vetoed")
    assert "geen-norm" in json.loads(denied[2])["detail"]


async def test_with_rules_that_can_not_be_used_nothing_leaves(pair: Pair) -> None:
    await beside(pair, cedar='@id("x") forbid(principal, action, resource) when { context.nivo };')
    told = await pair.ask()
    assert code_of(told) == (503, "outway_misconfigured")
    assert "nivo" in json.loads(told[2])["why"]


def test_the_tables_of_the_settings_are_read_and_a_wrong_one_stops_the_start(
    pair_settings: Path,
) -> None:
    text = pair_settings.read_text()
    file = pair_settings.parent / "uitgaand.cedar"
    file.write_text('@id("x") forbid(principal, action, resource);')
    table = (
        '\n[outway.voice]\naddress = "{}"\nkind = "opa"\ntimeout_ms = 80\nkey_file = "sleutel"\n'
    )
    address = "http://127.0.0.1:8181/v1/data/uit"
    with_both = text.replace(
        "[outway.aliases]", '[outway]\nveto = "uitgaand.cedar"\n[outway.aliases]'
    )
    pair_settings.write_text(with_both + table.format(address))
    found = engines_of(load_settings(pair_settings, {}))
    assert found.voice == Voice(address=address, kind="opa", timeout_ms=80, key_file="sleutel")
    assert found.cedar == file.read_text()
    pair_settings.write_text(with_both + table.format("http://pdp.example/v1/data/uit"))
    with pytest.raises(Trouble, match=r"outway\.voice\.address: needs https"):
        engines_of(load_settings(pair_settings, {}))
    pair_settings.write_text(with_both.replace("uitgaand.cedar", "weg.cedar"))
    with pytest.raises(Trouble, match="does not exist"):
        engines_of(load_settings(pair_settings, {}))
    pair_settings.write_text(text)
    assert engines_of(load_settings(pair_settings, {})) == Engines()


@pytest.fixture
def pair_settings(pair: Pair, tmp_path: Path) -> Path:
    """A copy of Doesburg's settings."""
    place = pair.doesburg.settings.path.parent
    for name in ("organisation.toml", "organisation.crt", "organisation.key", "anchor.crt"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    (tmp_path / "organisation.key").chmod(0o600)
    return tmp_path / "organisation.toml"


def test_a_voice_has_every_field_of_its_settings() -> None:
    """One that was added and not read would be passed over."""
    from landschap.platform.outway_settings import VoiceSettings

    told = {each.name for each in dataclasses.fields(VoiceSettings)}
    assert told == {each.name for each in dataclasses.fields(Voice)}
