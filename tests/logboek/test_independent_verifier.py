# SPDX-License-Identifier: EUPL-1.2
"""The verifier of one file, that has nothing in common with ours, says the same of any damage."""

from __future__ import annotations

import copy
import importlib.util
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.logboek.log_rig import line, permitted, refused

from landschap.cli.log_copy import CopiedLog, write_copy
from landschap.logboek.store import LogWriter
from landschap.logboek.verify import verify
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.keys import organisation_key, own_certificate

TOOL = Path(__file__).parents[2] / "tools/verify_log.py"
_SPEC = importlib.util.spec_from_file_location("verify_log", TOOL)
assert _SPEC is not None
assert _SPEC.loader is not None
tool = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)

Lines = list[dict[str, Any]]
_OTHER: dict[str, Any] = {
    "payload": '{"a":1}',
    "peer": "één \u2028\u007f",
    "kind": 3,
    "at": "2020-01-01T00:00:00Z",
    "id": "01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e",
}


@pytest.fixture
async def written(database: Any, tmp_path: Path) -> Path:
    """A copy of a log of two lanes of six batches each, with anchors after the second and fifth."""
    key: Any = organisation_key(database.settings)
    own = database.settings.organisation.oin.value
    signer = Signer(own, key, own_certificate(database.settings))
    pool = await database.pool("logboek")
    writers = [LogWriter(database.settings, name) for name in ("a-0", "b-0")]
    for writer in writers:
        await writer.start()
    for number in range(6):
        for writer in writers:
            await writer.append([permitted(), line(), refused(), line(), permitted()])
        if number in {1, 4}:
            assert await anchor_now(pool, signer) is not None
    for writer in writers:
        await writer.close()
    target = tmp_path / "log.jsonl"
    await write_copy(pool, own, target, lambda _: None)
    return target


def _change_record(lines: Lines, dice: random.Random) -> None:
    one = dice.choice([each["record"] for each in lines if "record" in each])
    name = dice.choice(["payload", "peer", "kind", "at", "salt", "leaf", "trace_id", "subject"])
    if name in {"salt", "leaf", "trace_id"}:
        one[name] = dice.randbytes(len(one[name]) // 2).hex()
    elif name == "subject":
        one[name] = dice.randbytes(16).hex()
    else:
        one[name] = _OTHER[name]


def _remove(kind: str) -> Callable[[Lines, random.Random], None]:
    def remove(lines: Lines, dice: random.Random) -> None:
        lines.remove(dice.choice([each for each in lines if kind in each]))

    return remove


def _insert_record(lines: Lines, dice: random.Random) -> None:
    places = [place for place, each in enumerate(lines) if "record" in each]
    place = dice.choice(places)
    made = copy.deepcopy(lines[place])
    made["record"]["id"] = made["record"]["id"][:-4] + f"{dice.randrange(2**16):04x}"
    lines.insert(place + 1, made)
    lines[min(places) :] = sorted(
        lines[min(places) :], key=lambda each: (each["record"]["lane"], each["record"]["id"])
    )


def _swap_records(lines: Lines, dice: random.Random) -> None:
    one, other = dice.sample([each["record"] for each in lines if "record" in each], 2)
    one["position"], other["position"] = other["position"], one["position"]
    if dice.random() < 0.5:
        one["batch"], other["batch"] = other["batch"], one["batch"]


def _change_batch(lines: Lines, dice: random.Random) -> None:
    one = dice.choice([each["batch"] for each in lines if "batch" in each])
    name = dice.choice(["root", "prev", "head", "size", "no"])
    if name in {"root", "prev", "head"}:
        one[name] = dice.randbytes(32).hex()
    else:
        one[name] += 1


def _cut_tail(lines: Lines, dice: random.Random) -> None:
    lane, left = dice.choice(["a-0", "b-0"]), dice.randrange(6)
    lines[:] = [
        each
        for each in lines
        if not ("batch" in each and each["batch"]["lane"] == lane and each["batch"]["no"] > left)
        and not (
            "record" in each and each["record"]["lane"] == lane and each["record"]["batch"] > left
        )
    ]


def _change_anchor(lines: Lines, dice: random.Random) -> None:
    one = dice.choice([each["anchor"] for each in lines if "anchor" in each])
    name = dice.choice(["jws", "at", "id"])
    if name == "jws":
        place = dice.randrange(len(one["jws"]))
        one["jws"] = one["jws"][:place] + dice.choice("ABCxyz.") + one["jws"][place + 1 :]
    else:
        one[name] = _OTHER[name]


DAMAGE = (
    _change_record, _remove("record"), _remove("batch"), _remove("anchor"), _insert_record,
    _swap_records, _change_batch, _cut_tail, _change_anchor,
)  # fmt: skip


def place_of(found: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(found.get(name) for name in ("harm", "lane", "batch", "position", "record"))


async def _both(path: Path) -> tuple[Counter[Any], Counter[Any]]:
    ours = await verify(CopiedLog(path))
    theirs = tool.verify(path)
    assert theirs.counts["records"] == ours.records
    return Counter(place_of(dict(each.body())) for each in ours.findings), Counter(
        place_of(each) for each in theirs.findings
    )


async def test_both_find_an_untouched_log_intact(written: Path) -> None:
    ours, theirs = await _both(written)
    assert ours == theirs == Counter()
    told = subprocess.run(
        [sys.executable, "-I", "-S", TOOL, written, "--json"], capture_output=True, check=False
    )
    assert told.returncode == 0
    body = json.loads(told.stdout)
    assert (body["intact"], body["records"], body["anchors"]) == (True, 60, 2)
    assert len(body["signers"]) == 1


async def test_both_find_the_same_in_fifty_logs_damaged_at_random(
    written: Path, tmp_path: Path
) -> None:
    title, *whole = [json.loads(each) for each in written.read_text().splitlines()]
    harmed = Counter[str]()
    for seed in range(50):
        dice, lines = random.Random(seed), copy.deepcopy(whole)
        for damage in dice.choices(DAMAGE, k=dice.choice([1, 1, 2, 3])):
            damage(lines, dice)
        damaged = tmp_path / f"{seed}.jsonl"
        damaged.write_text(
            "".join(
                json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n"
                for each in (title, *lines)
            )
        )
        ours, theirs = await _both(damaged)
        assert ours == theirs, f"seed {seed}"
        harmed.update({place[0] for place in ours})
    assert len(harmed) >= 10, "the damage is of too few kinds"


async def test_the_end_that_was_cut_off_with_its_anchors_shows_by_what_others_kept(
    written: Path, tmp_path: Path
) -> None:
    title, *lines = [json.loads(each) for each in written.read_text().splitlines()]
    anchors = [each["anchor"]["jws"] for each in lines if "anchor" in each]
    lines.remove(next(each for each in lines if each.get("anchor", {}).get("jws") == anchors[1]))
    lines = [
        each
        for each in lines
        if "anchor" in each
        or each.get("batch", {}).get("no", 0) + each.get("record", {}).get("batch", 0) <= 4
    ]
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(json.dumps(each) + "\n" for each in (title, *lines)))
    ours, theirs = await _both(cut)
    assert ours == theirs == Counter(), "a lawful end, as far as the copy itself can tell"
    kept = tmp_path / "kept.txt"
    kept.write_text("\n".join(anchors))
    found = [each["harm"] for each in tool.verify(cut, kept).findings]
    assert found == ["anchor_removed", "tail_cut", "tail_cut"]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\n", b'{"log":2}\n', b"[1]\n"])
def test_another_file_is_told_to_be_no_copy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    told = subprocess.run([sys.executable, "-I", TOOL, path], capture_output=True, check=False)
    assert told.returncode == 2
    assert b"Traceback" not in told.stderr
