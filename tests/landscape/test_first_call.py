# SPDX-License-Identifier: EUPL-1.2
"""How soon a newcomer has an answer, and what the doors add to the time of one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

import pytest
from tests.landscape.conftest import NETWORK, WEB_PORT

from landschap.cli.demo.story import Story

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 300
MOST_ADDED_SECONDS = 0.010
PER_SECOND, QUESTIONS = 50, 500
DOORS = {"doesburg": "outway", "weesp": "inway"}


@pytest.mark.long
@pytest.mark.case("S-56")
async def test_an_answer_within_five_minutes_of_a_clone_and_doors_that_add_under_ten_milliseconds(
    story: Story, tmp_path: Path
) -> None:
    answer = await story.ask()
    assert answer.status == 200, answer.text
    before = {place: len(_lines(story, place)) for place in DOORS}
    answered = await _ask_steadily(story)
    assert set(answered) == {200}
    added = await _added(story, before)
    assert median(added) < MOST_ADDED_SECONDS, f"{median(added) * 1000:.1f} ms"
    seconds = await asyncio.to_thread(_from_clone_to_answer, tmp_path)
    assert seconds < MOST_SECONDS, f"{seconds:.0f} s from clone to answer"


async def _ask_steadily(story: Story) -> list[int]:
    """So many questions, each begun at its own moment whether or not the former has its answer."""
    began = time.monotonic()

    async def one(number: int) -> int:
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        return (await story.ask()).status

    return await asyncio.gather(*(one(number) for number in range(QUESTIONS)))


async def _added(story: Story, before: dict[str, int]) -> list[float]:
    """Per question: the time in both doors that was not waited for what is behind them."""
    deadline = time.monotonic() + 40
    while True:
        inside: dict[str, list[float]] = {}
        for place, door in DOORS.items():
            for line in _lines(story, place)[before[place] :]:
                if line["door"] == door and line["tx"]:
                    took = float(line["seconds"]) - float(line["behind"])
                    inside.setdefault(line["tx"], []).append(took)
        whole = [sum(parts) for parts in inside.values() if len(parts) == len(DOORS)]
        if len(whole) >= QUESTIONS:
            return whole
        assert time.monotonic() < deadline, f"{len(whole)} questions in both access logs"
        await asyncio.sleep(0.5)


def _lines(story: Story, place: str) -> list[dict[str, str]]:
    [file] = (story.opened.landscape.folder / place).rglob("access.json")
    return [json.loads(line) for line in file.read_text().splitlines()]


def _from_clone_to_answer(folder: Path) -> float:
    """Seconds until the demo of a fresh clone, in an empty home, says that a question was answered."""
    clone, home = folder / "landschap", folder / "home"
    home.mkdir()
    leave_out = ("VIRTUAL_ENV", "PYTHONPATH", "TMPDIR")
    environment = {key: value for key, value in os.environ.items() if key not in leave_out}
    environment["HOME"] = str(home)
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, check=False, capture_output=True).returncode:
        pytest.skip("no clone can be made of a folder that is none itself")
    began = time.monotonic()
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True, timeout=MOST_SECONDS)
    subprocess.run(
        ["make", "setup", f"PYTHON={sys.executable}"],
        cwd=clone, env=environment, check=True, timeout=MOST_SECONDS,
    )  # fmt: skip
    options = ["--network", str(NETWORK - 60), "--web-port", str(WEB_PORT + 1500)]
    demo = subprocess.Popen(
        [clone / ".venv/bin/landschap", "demo", *options],
        cwd=clone, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    in_time = threading.Timer(MOST_SECONDS, demo.terminate)
    in_time.start()
    try:
        assert demo.stdout is not None
        told = []
        for line in demo.stdout:
            told.append(line)
            if "answer with the expected" in line and line.lstrip().startswith("ok"):
                return time.monotonic() - began
        pytest.fail("the demo ended without an answer:\n" + "".join(told))
    finally:
        in_time.cancel()
        demo.terminate()
        demo.communicate(timeout=60)
