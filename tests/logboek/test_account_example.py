# SPDX-License-Identifier: EUPL-1.2
"""The programs of the page on accounting, run as they stand there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.book_rig import LINES, Account, account_on, line, pools_of, served
from tests.logboek.log_rig import pseudonym
from tests.ports import free_port
from tests.throwaway import Database

from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.records import Record
from landschap.logboek.store import uses_of

pytestmark = pytest.mark.long

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "account-for-an-application.md"
ANSWER = "Dorpsstraat 1"
DAY_AGO = datetime.now(UTC) - timedelta(days=1)
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def account(database: Database) -> AsyncIterator[Account]:
    async with account_on(database.settings, await pools_of(database)) as made:
        yield made


def programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


async def run(*command: str, **surroundings: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, **surroundings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def told(account: Account) -> list[Record]:
    """The lines about the person of the example, in order of recording."""
    found = await uses_of(account.book.pool, [pseudonym()], DAY_AGO, TOMORROW, 100)
    return found[::-1]


@pytest.mark.case("L22")
async def test_what_the_log_does_not_take_is_not_shown(account: Account) -> None:
    program, _ = programs()
    unknown = "https://register.example/activiteiten/bestaat-niet"
    key = account.client.headers["X-Api-Key"]
    async with served(account) as address:
        given = {"LOGBOEK": address, "LOGBOEK_SLEUTEL": key}
        code, out, err = await run("-c", program, ACTIVITEIT=unknown, **given)
        assert (code, out) == (1, "")
        assert "nothing is shown" in err
        assert await told(account) == []
        code, out, _ = await run("-c", program, ACTIVITEIT=ACTIVITY, **given)
        assert (code, out.strip()) == (0, ANSWER)
    (record,) = await told(account)
    own = record.content()["landschap"]
    assert isinstance(own, dict)
    assert own["processing_id"] == "Z-2026-00731"
    refused = await account.deliver(line(attributes={ACTIVITY_NAME: unknown}))
    assert refused.status_code == 422
    assert [each["rule"] for each in refused.json()["errors"]] == ["activity_unknown"]


@pytest.mark.case("L17")
async def test_with_the_log_away_the_journal_goes_on_and_is_delivered_in_order(
    account: Account, tmp_path: Path
) -> None:
    _, program = programs()
    journal, key_file = tmp_path / "journaal", tmp_path / "balie.key"
    journal.mkdir()
    key_file.write_text(account.client.headers["X-Api-Key"])
    deliver = ["-m", "landschap", "log", "deliver", str(journal), "--key-file", str(key_file)]
    earlier = line()
    earlier["start_time"] = earlier["end_time"]
    for _ in range(2):
        code, out, _ = await run("-c", program, ACTIVITEIT=ACTIVITY, JOURNAAL=str(journal))
        assert (code, out.strip()) == (0, ANSWER), "the application goes on without the log"
    # One act that began before all others, and came last into the journal.
    (journal / "zz.jsonl").write_text(json.dumps(earlier))
    refused = line(attributes={ACTIVITY_NAME: "https://elders.example/x"})
    (journal / "aa.jsonl").write_text(f"{json.dumps(line())}\n{json.dumps(refused)}")
    (journal / "bb.jsonl").write_text("geen JSON")
    nowhere = f"http://127.0.0.1:{free_port()}"
    code, _, err = await run(*deliver, "--to", nowhere)
    assert (code, "4 files wait" in err) == (5, True)
    assert await told(account) == []
    async with served(account) as address:
        code, out, _ = await run(*deliver, "--to", address, "--json")
        assert (code, json.loads(out)["created"]) == (6, 3)
        assert json.loads(out)["refused"] == ["aa.jsonl"]
        again = await run(*deliver, "--to", address)
    assert again[0] == 0
    assert list(journal.glob("*.jsonl")) == []
    aside = {each.name for each in (journal / "geweigerd").iterdir()}
    assert aside == {f"{n}.jsonl{end}" for n in ("aa", "bb") for end in ("", ".reason.json")}
    records = await told(account)
    began = [each.columns.at for each in records]
    assert len(began) == 3
    assert began == sorted(began)
    assert records[0].columns.span_id.hex() == earlier["span_id"]


async def test_the_line_on_the_page_is_lawful_but_for_its_day(account: Account) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (given,) = json.loads(text)
    now = line()
    given |= {"start_time": now["start_time"], "end_time": now["end_time"]}
    given["attributes"][ACTIVITY_NAME] = ACTIVITY
    answer = await account.client.post(LINES, json=[given])
    assert answer.status_code == 201
