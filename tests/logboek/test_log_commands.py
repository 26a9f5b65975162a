# SPDX-License-Identifier: EUPL-1.2
"""`landschap verify` and `landschap log`, on a real log and on a copy of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from tests.logboek.log_rig import OTHER, line, permitted, refused

from landschap.cli.log import log
from landschap.cli.verify import verify
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.keys import organisation_key, own_certificate


async def run(
    database: Any, command: click.Command, *arguments: str, typed: str | None = None
) -> Result:
    """A command on the organisation of this database, in a thread: it has its own loop."""
    environment = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    config = ("--config", str(database.settings.path))
    return await asyncio.to_thread(
        CliRunner().invoke, command, [*arguments, *config], env=environment, input=typed,
        catch_exceptions=False,
    )  # fmt: skip


async def run_alone(*arguments: str) -> Result:
    """`landschap verify` without an organisation."""
    return await asyncio.to_thread(CliRunner().invoke, verify, [*arguments, "--config", "none"])


@pytest.fixture
async def drafts(database: Any, writer: LogWriter) -> list[Draft]:
    """What was written, with an anchor over it."""
    made = [permitted(), refused(peer=OTHER), line()]
    await writer.append(made)
    settings = database.settings
    key: Any = organisation_key(settings)
    signer = Signer(settings.organisation.oin.value, key, own_certificate(settings))
    assert await anchor_now(await database.pool("logboek"), signer) is not None
    return made


async def test_verify_tells_that_the_log_is_intact(database: Any, drafts: list[Draft]) -> None:
    result = await run(database, verify)
    assert result.exit_code == 0
    assert result.stdout.startswith("intact: 3 records in 1 batches of 1 lanes, 1 anchors")
    assert "not proved:" in result.stdout


async def test_verify_needs_no_key_of_the_organisation_and_tells_what_is_not_proved(
    database: Any, drafts: list[Draft], writer: LogWriter
) -> None:
    """All keys are lost: what was signed is proved, what came after the last anchor is not."""
    await writer.append([line()])
    settings = database.settings
    settings.identity.key.unlink()
    for each in settings.paths.secrets.glob("*.key"):
        each.unlink()
    result = await run(database, verify)
    assert result.exit_code == 0
    assert result.stdout.startswith("intact: 4 records in 2 batches of")
    assert "1 batches were written after the last anchor" in result.stdout
    assert "had later ones been cut off, it would not show" in result.stdout


@pytest.mark.case("L53")
async def test_verify_ends_with_7_and_names_the_record(database: Any, drafts: list[Draft]) -> None:
    owner = await database.administrator()
    record = await owner.fetchval(
        "UPDATE logboek.record SET peer = 'x' WHERE pos = 1 RETURNING record_id"
    )
    await owner.close()
    result = await run(database, verify, "--json")
    assert result.exit_code == 7
    report = json.loads(result.stdout)
    assert report["intact"] is False
    assert report["findings"] == [
        {
            "harm": "record_changed",
            "detail": "a column or the payload is not what was written",
            "lane": "proef-0",
            "batch": 1,
            "position": 1,
            "record": str(record),
        }
    ]


async def test_a_copy_is_proved_without_the_database_and_a_changed_copy_is_not(
    database: Any, drafts: list[Draft], tmp_path: Path
) -> None:
    copy = tmp_path / "log.jsonl"
    result = await run(database, log, "export", str(copy))
    assert result.exit_code == 0
    assert "3 records copied" in result.stdout
    anchor = database.settings.identity.trust_anchors[0]
    alone = ["--file", str(copy), "--trust-anchor", str(anchor)]
    proved = await run_alone(*alone, "--json")
    assert proved.exit_code == 0, proved.output
    assert json.loads(proved.stdout)["records"] == 3
    assert json.loads(proved.stdout)["anchors"] == 1
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace("uitkering.soort", "uitkering.bedrag", 1), encoding="utf-8")
    assert (await run_alone(*alone)).exit_code == 7
    lines = text.splitlines(keepends=True)
    copy.write_text("".join(lines[:-1]), encoding="utf-8")
    shorter = await run_alone(*alone, "--json")
    [found] = json.loads(shorter.stdout)["findings"]
    assert (found["harm"], found["position"]) == ("record_removed", 2)


async def test_a_copy_without_trust_anchors_says_that_nobody_judged_the_signature(
    database: Any, drafts: list[Draft], tmp_path: Path
) -> None:
    copy = tmp_path / "log.jsonl"
    await run(database, log, "export", str(copy))
    result = await run_alone("--file", str(copy))
    assert result.exit_code == 0
    assert "no trust anchors were given" in result.stdout


@pytest.mark.parametrize(
    "text", ["", "{}\n", '{"log":2}\n', '{"log":1,"organisation":"x","copied_at":"x"}\nrubbish\n']
)
async def test_a_file_that_is_no_copy_is_refused_in_words(tmp_path: Path, text: str) -> None:
    copy = tmp_path / "log.jsonl"
    copy.write_text(text, encoding="utf-8")
    result = await run_alone("--file", str(copy))
    assert result.exit_code == 1
    assert result.exception is not None
    assert "log" in str(result.exception)


async def test_the_list_shows_kinds_and_outcomes_newest_first(
    database: Any, drafts: list[Draft]
) -> None:
    result = await run(database, log, "list", "--json")
    shown = json.loads(result.stdout)
    assert [one["kind"] for one in shown] == ["line", "adl", "fsc"]
    only = await run(database, log, "list", "--json", "--peer", OTHER, "--kind", "adl")
    assert len(json.loads(only.stdout)) == 1
    table = await run(database, log, "list")
    assert "permitted" in table.stdout
    assert "delivered" in table.stdout


async def test_show_finds_by_record_by_transaction_and_by_trace(
    database: Any, drafts: list[Draft]
) -> None:
    first = json.loads((await run(database, log, "list", "--json")).stdout)[-1]
    one = json.loads((await run(database, log, "show", first["record"], "--json")).stdout)
    assert one[0]["content"] == drafts[0].payload
    assert one[0]["proof"]["size"] == 3
    by_transaction = await run(database, log, "show", first["transactionId"], "--json")
    by_trace = await run(database, log, "show", first["traceId"], "--json")
    assert json.loads(by_transaction.stdout) == json.loads(by_trace.stdout) == [first]
    missing = await run(database, log, "show", "0" * 32)
    assert missing.exit_code == 3


async def test_a_chain_is_not_verified_together_with_the_whole_log(database: Any) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    for wrong, words in (
        (("--beside", __file__), "--beside goes with --chain"),
        (("--chain", trace, "--witnesses"), "leave --file and --witnesses out"),
        (("--chain", "geen-nummer"), "not a valid UUID"),
    ):
        result = await run(database, verify, *wrong)
        assert (result.exit_code, words in result.output) == (2, True), result.output
    result = await run(database, verify, "--chain", trace)
    assert (result.exit_code, trace[:8] in result.output) == (3, True)
