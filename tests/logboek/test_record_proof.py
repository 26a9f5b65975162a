# SPDX-License-Identifier: EUPL-1.2
"""The proof of one record holds for who has nothing but the file, and any change of it shows."""

from __future__ import annotations

import copy
import json
import random
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.logboek.log_rig import line, permitted, refused
from tests.logboek.test_independent_verifier import TOOL, tool
from tests.logboek.test_log_commands import run, run_alone

from landschap.cli.log import log
from landschap.logboek.proofs import InvalidProof, check_proof, read_proof
from landschap.logboek.store import LogWriter, latest
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.keys import organisation_key, own_certificate
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import parse_moment

SINCE = parse_moment("2020-01-01T00:00:00Z")


async def _sign(database: Any) -> None:
    settings, key = database.settings, organisation_key(database.settings)
    signer = Signer(settings.organisation.oin.value, key, own_certificate(settings))  # type: ignore[arg-type]
    assert await anchor_now(await database.pool("logboek"), signer) is not None


@pytest.fixture
async def record(database: Any, writer: LogWriter) -> str:
    """The third of five records of the second batch of four, with one anchor over all."""
    for _ in range(4):
        await writer.append([permitted(), refused(), line(), line(), permitted()])
    found = await latest(await database.pool("logboek"), since=SINCE, limit=100)
    return str(sorted(each.record_id for each in found)[7])


async def _proof(database: Any, record: str, target: Path) -> Path:
    await _sign(database)
    result = await run(database, log, "proof", record, "--to", str(target))
    assert result.exit_code == 0, result.output
    return target


async def test_who_has_only_the_file_knows_that_the_record_was_there(
    database: Any, record: str, tmp_path: Path
) -> None:
    path = await _proof(database, record, tmp_path / "proof.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    anchor = str(database.settings.identity.trust_anchors[0])
    ours = await run_alone("--file", str(path), "--trust-anchor", anchor, "--json")
    told = json.loads(ours.stdout)
    assert (ours.exit_code, told["proved"], told["record"]) == (0, True, record)
    assert told["organisation"] == database.settings.organisation.oin.value
    theirs = subprocess.run(
        [sys.executable, "-I", "-S", TOOL, path], capture_output=True, text=True, check=False
    )
    assert (theirs.returncode, theirs.stdout.splitlines()[-1]) == (0, "intact"), theirs
    held = [json.loads(each) for each in path.read_text().splitlines()]
    assert [next(iter(each)) for each in held[1:]] == ["anchor", *["batch"] * 3, "record"]


async def test_a_record_that_nobody_signed_yet_is_not_proved(
    database: Any, record: str, tmp_path: Path
) -> None:
    target = tmp_path / "proof.jsonl"
    with pytest.raises(Trouble, match="no signature is over it"):
        await run(database, log, "proof", record, "--to", str(target))
    assert not target.exists()
    unknown = await run(database, log, "proof", record[:-4] + "ffff", "--to", str(target))
    assert unknown.exit_code == 3


async def test_every_change_of_the_file_is_found_by_both(
    database: Any, record: str, tmp_path: Path
) -> None:
    path = await _proof(database, record, tmp_path / "proof.jsonl")
    whole = [json.loads(each) for each in path.read_text().splitlines()]
    damaged = tmp_path / "damaged.jsonl"
    for seed in range(120):
        lines = copy.deepcopy(whole)
        what = _damage(lines, random.Random(seed))
        damaged.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines))
        damaged.write_text(damaged.read_text().replace('": ', '":').replace(', "', ',"'))
        assert not _ours(damaged), what
        assert not _theirs(damaged), what


def _damage(lines: list[dict[str, Any]], dice: random.Random) -> str:
    place = dice.randrange(1, len(lines))
    kind, one = next(iter(lines[place].items()))
    choice = dice.randrange(10)
    if choice == 0:
        del lines[place]
        return f"no {kind} in place {place}"
    if choice == 1:
        path = lines[0]["path"]
        path[dice.randrange(len(path))] = dice.randbytes(32).hex()
        return "path"
    if choice == 2:
        lines[0]["path"].append(dice.randbytes(32).hex())
        return "longer path"
    if choice == 3:
        lines[0]["organisation"] = "00000099000000009000"
        return "organisation"
    name = dice.choice(list(one))
    value = one[name]
    if isinstance(value, int):
        one[name] = value + 1
    elif name in {"id", "first", "last", "transaction_id"}:
        one[name] = "01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e"
    elif name == "at":
        one[name] = "2020-01-01T00:00:00Z"
    elif name == "jws":
        # Within the payload: the last character of a signature can have bits that mean nothing.
        begin = value.index(".") + 20
        one[name] = value[:begin] + ("A" if value[begin] != "A" else "B") + value[begin + 1 :]
    elif name in {"payload", "lane", "peer", "service", "grant_hash", "activity"}:
        one[name] = value + "x"
    else:
        one[name] = dice.randbytes(len(value) // 2).hex()
    return f"{kind}.{name}"


def _ours(path: Path) -> bool:
    try:
        check_proof(read_proof(path.read_bytes()), None)
    except InvalidProof:
        return False
    return True


def _theirs(path: Path) -> bool:
    try:
        return not tool.verify_proof(path).findings
    except (ValueError, KeyError, IndexError):
        return False


async def test_a_strangers_certificate_does_not_prove(
    database: Any, record: str, tmp_path: Path
) -> None:
    path = await _proof(database, record, tmp_path / "proof.jsonl")
    with pytest.raises(InvalidProof, match="not one of"):
        check_proof(read_proof(path.read_bytes()), lambda _certificate, _organisation: False)
    for data in (b"", b"{}\n", b'{"proof":2}\n', b"\xff", b'{"proof":1}\nx'):
        with pytest.raises(InvalidProof):
            read_proof(data)
