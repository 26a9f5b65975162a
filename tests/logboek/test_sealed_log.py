# SPDX-License-Identifier: EUPL-1.2
"""Who operates the database of a sealed log proves it and does not read it; the controller does."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.logboek.book_rig import account_of, account_on
from tests.logboek.book_rig import line as delivered
from tests.logboek.log_rig import OWN, PERSON, line, permitted, pseudonym, refused
from tests.logboek.sealed_rig import sealed, without_keys, written_by
from tests.logboek.test_counting import other_draft, request_of, response_of
from tests.logboek.test_independent_verifier import TOOL
from tests.logboek.test_log_commands import run, run_alone
from tests.logboek.test_record_proof import _damage, _ours, _theirs
from tests.throwaway import Database

from landschap.cli.keys import keys
from landschap.cli.log import log
from landschap.cli.log_copy import write_copy
from landschap.cli.verify import verify
from landschap.console.pages.evidence import proof_json
from landschap.logboek import store
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Record
from landschap.logboek.sealing import NotOpened, is_sealed, key_named_in, opened_alone
from landschap.logboek.store import LogWriter
from landschap.logboek.store.helping import Helper
from landschap.logboek.store.reached import reached_between
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.ids import uuid7
from landschap.platform.keys import organisation_key, own_certificate
from landschap.platform.log_keys import LOST, kept_keys, rotate_log_key, sealing_key
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import parse_moment

SINCE, UNTIL = parse_moment("2020-01-01T00:00:00Z"), parse_moment("2100-01-01T00:00:00Z")
PURPOSE = "https://doelen.proefdorp.test/id/bijstand-vaststellen"
FIELD = "uitkering.maandbedrag"
HOW_TO = Path(__file__).parents[2] / "docs/how-to/seal-the-log.md"
_ROOMS = ("logboek", "purposes", "gateway")


@pytest.fixture
async def closed(database: Database) -> AsyncIterator[Database]:
    """A database whose organisation seals its log."""
    made = sealed(database)
    yield made
    made.close()


async def _read(database: Database) -> list[Record]:
    return await store.latest(await database.pool("logboek"), since=SINCE, limit=100)


async def _sign(database: Database) -> None:
    key: Any = organisation_key(database.settings)
    own = database.settings.organisation.oin.value
    signer = Signer(own, key, own_certificate(database.settings))
    assert await anchor_now(await database.pool("logboek"), signer) is not None


async def _dump(database: Database) -> dict[str, set[bytes]]:
    """Every value of every column of the log, as its owner sees them: text, and bytes as bytes."""
    owner = await database.administrator()
    tables = await owner.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'logboek'"
    )
    found: dict[str, set[bytes]] = {}
    for (table,) in tables:
        for row in await owner.fetch(f'SELECT * FROM logboek."{table}"'):
            for column, value in row.items():
                told = value if isinstance(value, bytes) else str(value).encode()
                found.setdefault(column, set()).add(told)
    await owner.close()
    return found


def _open_columns() -> set[str]:
    """The columns of a record that stay open, as the how-to tells them."""
    _, _, table = HOW_TO.read_text("utf-8").partition("| Column of `logboek.record` |")
    rows = [each for each in table.partition("\n\n")[0].splitlines() if each.startswith("| `")]
    return {name.strip(" `") for row in rows for name in row.split("|")[1].split(",")}


async def _write_secrets(database: Database) -> list[bytes]:
    """Records of each kind, and one delivered by an application; what nobody may find of them."""
    case = str(uuid7())
    told = {"peer": OWN, "policy": "bijstand@3", "purpose": PURPOSE, "role": "klantmanager",
            "delegator": "", "fields": [FIELD], "visible": [FIELD]}  # fmt: skip
    subject: Any = {"type": "employee", "id": "j.devries", "properties": {"roles": ["sociaal"]}}
    body: Any = {
        "adl.core.request": request_of(told, subject=subject),
        "adl.core.response": response_of(told),
    }
    async with written_by(database) as writer:
        await writer.append([permitted(), refused(), other_draft(body)])
        await writer.append([line(processing_id=case, purpose=PURPOSE, data_groups=("schulden",))])
    pools = {name: await database.pool(name) for name in _ROOMS}
    async with account_on(database.settings, pools) as account:
        one = delivered(name="Schuldhulp besproken")
        assert (await account.deliver(one)).status_code == 201
        [kept] = await account.kept(one["trace_id"])
    return [
        *(case.encode(), PURPOSE.encode(), FIELD.encode(), b"j.devries", b"klantmanager"),
        *(b"sociaal", b"schulden", b"uitkering.soort", b"Schuldhulp", b"zaaksysteem"),
        *(b"Uitkering en woning", b"visible", b"decision", b"outcome", b"bijstand@3"),
        *(PERSON.encode(), as_subject_id(pseudonym()).encode()),
        hashlib.sha256(kept.text()).digest(),
    ]


def _found(secret: list[bytes], seen: dict[str, set[bytes]]) -> set[str]:
    """The columns in which something is found, as it is or in another writing."""
    written = [w for each in secret for w in (each, base64.b64encode(each), each.hex().encode())]
    return {
        column
        for column, values in seen.items()
        if any(word in value for value in values for word in written)
    }


async def test_the_owner_of_the_database_reads_only_what_finds_records(
    database: Database, closed: Database
) -> None:
    secret = await _write_secrets(closed)
    seen = await _dump(closed)
    assert _found(secret, seen) == set()
    assert all(is_sealed(value) for value in seen["payload"])
    assert {len(each) % 256 for each in seen["payload"]} == {54}  # sizes tell blocks of 256
    assert seen["form"] == {b"None"}
    owner = await closed.administrator()
    columns = await owner.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'logboek' AND table_name = 'record'"
    )
    assert {row[0] for row in columns} - {"payload", "form"} == _open_columns()
    assert len(await _read(closed)) == 5
    # The same in an open log is found, so that this looks where it should.
    await owner.execute("TRUNCATE logboek.record, logboek.batch, logboek.seen")
    await owner.close()
    async with written_by(database) as writer:
        await writer.append([line(purpose=PURPOSE)])
    assert _found(secret, await _dump(database)) == {"payload"}


async def test_a_line_that_is_delivered_again_is_known_under_every_key(closed: Database) -> None:
    pools = {name: await closed.pool(name) for name in _ROOMS}
    async with account_on(closed.settings, pools) as account:
        one, other = delivered(), delivered()
        assert (await account.deliver(one)).status_code == 201
        key = account.client.headers["X-Api-Key"]
    rotate_log_key(closed.settings)
    async with account_of(closed.settings, pools, key, OWN) as account:
        told = (await account.deliver(one, other)).json()["lines"]
        assert [each["result"] for each in told] == ["duplicate", "created"]
        assert (await account.deliver(other)).json()["lines"][0]["result"] == "duplicate"
        changed = await account.deliver(one | {"name": "Iets anders"})
        assert changed.json()["code"] == "log_lines_conflict"


async def test_a_log_is_proved_without_a_key_and_opened_with_it(
    closed: Database, tmp_path: Path
) -> None:
    async with written_by(closed) as writer:
        for _ in range(3):
            await writer.append([permitted(), refused(), line()])
    await _sign(closed)
    operator = without_keys(closed)
    report = await run(closed, verify, "log", "--content", "--json")
    assert json.loads(report.stdout)["opened"] == 9
    pool = await operator.pool("logboek", role="landschap_log_reader")
    copied = tmp_path / "log.jsonl"
    await write_copy(pool, OWN, copied, lambda _: None)
    anchor = str(closed.settings.identity.trust_anchors[0])
    assert (await run_alone("--file", str(copied), "--trust-anchor", anchor)).exit_code == 0
    theirs = [sys.executable, "-I", "-S", str(TOOL), str(copied)]
    assert subprocess.run(theirs, capture_output=True, check=False).returncode == 0
    assert b"bijstand" not in copied.read_bytes().replace(b"verwerkingsactiviteiten/bijstand", b"")
    async with store.snapshot(pool) as seen:
        heads = [each.made async for each in seen.batches()]
        helper = Helper(operator.settings, "landschap_log_reader", await seen.exported())
        end = (heads[-1].lane, heads[-1].last)
        assert await helper.read(None, end, heads) == bytes([1] * 3)
        await helper.close()
    operator.close()


async def test_what_the_operator_moves_or_changes_shows_and_does_not_open(closed: Database) -> None:
    async with written_by(closed) as writer:
        first, second, third = await writer.append([permitted(), permitted(), line()])
    owner = await closed.administrator()
    # Moved with all that proves it there, as if the leaves did not tell.
    await owner.execute(
        "UPDATE logboek.record AS r SET payload = o.payload FROM logboek.record AS o "
        "WHERE r.record_id = $1 AND o.record_id = $2",
        *(first, second),
    )
    await owner.close()
    result = await run(closed, verify, "log", "--content", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 7
    assert [(each["harm"], each["record"]) for each in told["findings"]] == [
        ("record_changed", str(first)), ("record_closed", str(first)),
    ]  # fmt: skip
    assert told["opened"] == 2
    pool = await closed.pool("logboek")
    moved = await store.by_record(pool, first)
    assert moved is not None
    with pytest.raises(NotOpened, match="does not open with it") as refusal:
        moved.content()
    assert (refusal.value.refusal.code, refusal.value.refusal.status) == ("log_record_closed", 503)
    with pytest.raises(NotOpened):  # nothing is counted without it
        await store.uses_between(pool, await store.lanes(pool), SINCE, UNTIL)
    assert len(await reached_between(pool, SINCE, UNTIL)) == 1
    assert await store.by_record(pool, third) is not None


async def test_a_proof_opens_its_own_record_for_who_has_the_file(
    closed: Database, tmp_path: Path
) -> None:
    async with written_by(closed) as writer:
        [own, _] = await writer.append([line(purpose=PURPOSE), line()])
    await _sign(closed)
    target, anchor = tmp_path / "proof.jsonl", str(closed.settings.identity.trust_anchors[0])
    assert (await run(closed, log, "proof", str(own), "--to", str(target))).exit_code == 0
    shown = await run_alone("--file", str(target), "--trust-anchor", anchor, "--json")
    told = json.loads(shown.stdout)
    assert (told["proved"], told["content"]["landschap"]["purpose_uri"]) == (True, PURPOSE)
    assert PURPOSE in (await run_alone("--file", str(target))).stdout
    theirs = [sys.executable, "-I", "-S", str(TOOL), str(target)]
    assert subprocess.run(theirs, capture_output=True, check=False).returncode == 0
    # So it is in the evidence of a trace.
    pool = await closed.pool("logboek")
    record = await store.by_record(pool, own)
    assert record is not None
    proof = await store.proof_of(pool, record)
    assert proof is not None
    given: Any = proof_json(proof)
    alone = opened_alone(
        base64.b64decode(given["payload"]), own, OWN, bytes.fromhex(given["opens"])
    )
    assert alone == record.text()
    whole = [json.loads(each) for each in target.read_text().splitlines()]
    for seed in range(15):
        lines = copy.deepcopy(whole)
        what = _damage(lines, random.Random(seed)) if seed > 1 else "opens"
        lines[0]["opens"] = whole[0]["opens"] if seed > 1 else ("00" * 32, "00")[seed]
        target.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines))
        assert not _ours(target), what
        assert not _theirs(target), what


async def test_new_records_are_sealed_with_the_new_key_and_all_are_read(closed: Database) -> None:
    async with written_by(closed) as writer:
        await writer.append([line()])
        reader = await closed.pool("logboek")  # of a process that goes on
        told = await run(closed, keys, "rotate", "log")
        assert told.stdout.startswith("key 2 of the log is made"), told.stdout
        await writer.append([line()])  # this one was started before
    async with written_by(closed) as writer:
        await writer.append([line()])
    found = await store.latest(reader, since=SINCE, limit=9)
    assert all(each.content()["landschap"] for each in found)
    names = [each.key_id for each in kept_keys(closed.settings)]
    assert [key_named_in(each.payload) for each in reversed(found)] == [names[0], *names]
    listed = await run(closed, keys, "list", "--json")
    rows = {each["name"]: each for each in json.loads(listed.stdout)}
    assert names[0].hex() in rows["log 1"]["does"]
    assert "sealed with it" in rows["log 2"]["does"]
    with pytest.raises(Trouble, match="2 records are sealed with key 1"):
        await run(closed, keys, "shred", "1", "--of", "log", "--yes")
    with pytest.raises(Trouble, match="sealed with now"):
        await run(closed, keys, "shred", "2", "--of", "log", "--yes")
    rotate_log_key(closed.settings)
    rotate_log_key(closed.settings)
    unused = kept_keys(closed.settings)[2]
    for _ in range(2):  # also when it comes back with a back-up
        unused.path.write_text("ab" * 32)
        await run(closed, keys, "shred", "3", "--of", "log", "--yes")
        assert not unused.path.exists()
    with pytest.raises(Trouble, match="destroyed already"):
        await run(closed, keys, "shred", "3", "--of", "log", "--yes")


async def test_a_lost_key_stops_the_writer_and_tells_what_is_still_proved(closed: Database) -> None:
    settings = closed.settings
    async with written_by(closed) as writer:
        [record] = await writer.append([line()])
    [key] = kept_keys(settings)
    kept = key.path.read_text()
    key.path.unlink()
    with pytest.raises(Trouble, match="key 1 of the log is lost") as lost:
        LogWriter(settings, "dicht-0")
    assert LOST in str(lost.value)
    with pytest.raises(Trouble, match="is lost"):
        rotate_log_key(settings)
    key.path.write_text("0" * 64)
    with pytest.raises(Trouble, match="is another key"):
        sealing_key(settings)
    closed.close()
    fresh = Database(name=closed.name, settings=settings)
    [one] = await _read(fresh)
    assert one.record_id == record
    with pytest.raises(NotOpened, match=f"key {key.key_id.hex()} of the log, which is not here"):
        one.content()
    report = await run(fresh, verify, "log", "--content")
    assert report.exit_code == 0, report.stdout
    assert f"what 1 records say: they are sealed with key {key.key_id.hex()}" in report.stdout
    key.path.unlink()
    given_up = await run(fresh, keys, "shred", "1", "--of", "log", "--lost", "--yes")
    assert LOST.split("; ")[0] in given_up.stdout
    with pytest.raises(Trouble, match="no key to seal"):
        sealing_key(settings)
    assert rotate_log_key(settings) == 2
    async with written_by(fresh) as writer:
        await writer.append([line()])
    key.path.write_text(kept)  # found again: what was given up is not read all the same
    new, old = await _read(fresh)
    assert new.content()["landschap"]
    with pytest.raises(NotOpened):
        old.content()
    fresh.close()
