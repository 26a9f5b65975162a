# SPDX-License-Identifier: EUPL-1.2
"""Two organisations that really run: a field is corrected at Doesburg, and Weesp is told so.

Weesp received the old value once and subscribed to nothing. The notice goes through Doesburg's
Outway and Weesp's Inway into Weesp's inbox; who offers Doesburg no inbox is only listed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.gateway_scene import ACTIVITY, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair, conclude, want_tokens
from tests.gateway.test_notices_between import INBOX, agreed, services_of, worker_of_doesburg
from tests.gateway.test_receivers_command import CORRECTION, NUMBER, RESIDENT, THING
from tests.logboek.log_rig import entry
from tests.registers.notice_rig import until
from tests.registers.rig import WEESP as READY
from tests.registers.test_command import run

from landschap.gateway import store
from landschap.logboek.drafts import line_draft
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.registers.client import read_models
from landschap.registers.store import inbox
from landschap.vocabulary.identifiers import Oin

NO_INBOX = "00000099000000003000"
TELL = ("tell", THING, "geboortedatum", "--activity", ACTIVITY, "--case", "Z-2026-7", "--json")


@dataclass(kw_only=True)
class Scene:
    """Doesburg with a register of residents, what it sends, and the inbox of Weesp."""

    config: Path
    doesburg: Any
    weesp: Any
    sent: list[bytes]

    async def told(self, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, str]:
        """What the command says of each organisation."""
        capsys.readouterr()
        assert await run(self.config, *TELL, *more) == 0
        # The worker runs in this process, and writes its technical log before it.
        said = json.loads(capsys.readouterr().out.splitlines()[-1])
        return {each["organisation"]: each["state"] for each in said}

    async def kept(self) -> str:
        """Every byte that Weesp's inbox holds of what Doesburg brought."""
        rows = await self.weesp.fetch("SELECT r::text FROM registers.received r")
        return "\n".join(row[0] for row in rows)


async def _is_read(pair: Pair, peer: str) -> None:
    settings, now = pair.doesburg.settings, datetime.now(UTC)
    key = secret_key(settings, "pseudonym")
    line = entry(
        subject=subject_pseudonym(key, Oin.parse(DOESBURG), "bsn", NUMBER), controller=DOESBURG,
        peer=peer, data_groups=("geboortedatum",), valid_on=date(2024, 1, 1), known_at=now,
        started_at=now, ended_at=now,
    )  # fmt: skip
    writer = LogWriter(settings, "proef")
    await writer.start()
    await writer.append([line_draft(line, now=now, service="inwoners")])
    await writer.close()


def _config(pair: Pair) -> Path:
    settings = pair.doesburg.settings
    config = settings.path.with_name("met-register.toml")
    words = settings.path.read_text(encoding="utf-8")
    assert settings.postgres is not None
    config.write_text(f'{words}\n[postgres]\ndsn = "{settings.postgres.dsn}"\n', encoding="utf-8")
    shutil.copytree(READY / "registers", config.parent / "registers", dirs_exist_ok=True)
    return config


@pytest.fixture
async def scene(pair: Pair) -> AsyncIterator[Scene]:
    config = _config(pair)
    async with AsyncExitStack() as stack:
        for side, owner in ((pair.weesp, WEESP), (pair.doesburg, DOESBURG)):
            await side.change_register(agreed(owner))
        await store.apply_services(pair.weesp.pools.gateway, [INBOX], datetime.now(UTC))
        await conclude(pair, "meldingen")
        await want_tokens(pair)
        await stack.enter_async_context(services_of(pair.weesp))
        await pair.weesp.take_effect()
        await pair.doesburg.take_effect()
        pools = [
            await postgres.pool(each.settings, "registers") for each in (pair.doesburg, pair.weesp)
        ]
        for each in pools:
            stack.push_async_callback(each.close)
        assert await run(config, "load", "inwoners", str(READY / "gegevens/inwoners.jsonl")) == 0
        for peer in (WEESP, NO_INBOX):
            await _is_read(pair, peer)
        correction = config.with_name("inwoners.jsonl")
        correction.write_text(json.dumps(CORRECTION), encoding="utf-8")
        assert await run(config, "load", "inwoners", str(correction)) == 0
        registers = read_models(config.parent / "registers")
        sent = await stack.enter_async_context(worker_of_doesburg(pair, pools[0], registers))
        yield Scene(config=config, doesburg=pools[0], weesp=pools[1], sent=sent)


async def test_who_received_the_old_value_is_told_once_through_the_door(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await scene.told(capsys) == {WEESP: "untold", NO_INBOX: "not_reachable"}
    assert await scene.doesburg.fetchval("SELECT count(*) FROM registers.subscription") == 0
    assert (await scene.told(capsys, "--yes"))[WEESP] == "queued"

    async def received() -> bool:
        return (await scene.told(capsys))[WEESP] == "received"

    await until(received, 60)
    (kept,) = await inbox.latest(scene.weesp, 10, "-gecorrigeerd")
    assert kept.peer == DOESBURG
    assert kept.received.type == "nl.inwoners.inwoner-gecorrigeerd"
    assert kept.received.dataref == f"/inwoners/v1/inwoners/{RESIDENT}"
    (body,) = [each for each in scene.sent if each]
    assert json.loads(body)["id"] == kept.received.event_id
    for personal in (NUMBER, "1985-03-18", "Siebrand", "Zaal", "geboortedatum", "bsn"):
        assert personal.encode() not in body
        assert personal not in await scene.kept()
    # A second run tells nobody twice, and queues nothing.
    again = await scene.told(capsys, "--yes")
    assert again == {WEESP: "received", NO_INBOX: "not_reachable"}
    assert await scene.doesburg.fetchval("SELECT count(*) FROM registers.notice") == 0
    assert len(await inbox.latest(scene.weesp, 10)) == 1
    assert [each for each in scene.sent if each] == [body]
