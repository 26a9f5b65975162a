# SPDX-License-Identifier: EUPL-1.2
"""Scheduled extracts: when one is due, which are kept, what happens when one fails."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.integration.extract_rig import MONITOR, opened_village

from landschap.cli.composition_extracts import extract_deps
from landschap.cli.source_commands import source
from landschap.integration.bulk.anonymity import Question
from landschap.integration.bulk.schedule import InvalidSchedule, Schedule, parse_schedule
from landschap.integration.worker import ExtractDeps, Keeper, keep_extracting

TEXT = f'bron = "bewoning"\ndoel = "{MONITOR}"\nvorm = "jsonl"\nelke = "dag"\nom = 02:30:00\nbewaar = 2\n'
# In winter Dutch time is an hour later than UTC.
MORNING = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "now", "slot"),
    [
        ("dag", datetime(2026, 11, 25, 1, 29, tzinfo=UTC), date(2026, 11, 24)),
        ("dag", datetime(2026, 11, 25, 1, 30, tzinfo=UTC), date(2026, 11, 25)),
        ("dag", datetime(2026, 7, 25, 0, 30, tzinfo=UTC), date(2026, 7, 25)),
        ("week", MORNING, date(2026, 11, 23)),
        ("week", datetime(2026, 11, 23, 1, tzinfo=UTC), date(2026, 11, 16)),
        ("maand", MORNING, date(2026, 11, 1)),
        ("maand", datetime(2026, 11, 1, 1, tzinfo=UTC), date(2026, 10, 1)),
    ],
)
def test_the_day_an_extract_is_due_for_is_told_in_dutch_time(
    every: str, now: datetime, slot: date
) -> None:
    schedule = parse_schedule("monitor", TEXT.replace('"dag"', f'"{every}"'))
    assert schedule.slot(now) == slot
    made = f"monitor-{slot.isoformat()}.jsonl.manifest.json"
    assert schedule.is_due(now, ())
    assert schedule.is_due(now, (made.removesuffix(".manifest.json"),))
    assert not schedule.is_due(now, (made,))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('elke = "dag"', 'elke = "uur"', "elke"),
        ("om = 02:30:00", 'om = "nacht"', "om"),
        ("bewaar = 2", "bewaar = 0", "bewaar"),
        ("bewaar = 2", "bewaren = 2", "bewaren"),
        ("bewaar = 2", "minstens = 5", "minstens"),
        ('bron = "bewoning"', "bron = 1", "bron"),
        ('elke = "dag"\n', "", "elke"),
    ],
)
def test_a_schedule_that_can_not_be_followed_names_its_key(old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidSchedule, match=f"^{told}:"):
        parse_schedule("monitor", TEXT.replace(old, new))
    found = parse_schedule("monitor", TEXT + 'quasi = ["postcode"]\nminstens = 5\n')
    assert found.anonymous == Question(quasi=("postcode",), least=5)


class Makes:
    """Makes a file and a manifest, or fails."""

    def __init__(self) -> None:
        self.failing = False
        self.made: list[str] = []

    async def __call__(self, schedule: Schedule, folder: Path, name: str) -> None:
        self.made.append(name)
        if self.failing:
            raise OSError("no room")
        folder.mkdir(exist_ok=True)
        for ending in ("", ".manifest.json"):
            (folder / f"{name}.{schedule.form.value}{ending}").write_text("{}")


async def test_what_is_due_is_made_once_the_oldest_go_and_a_failure_waits(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "monitor.toml").write_text(TEXT)
    (tmp_path / "plan" / "fout.toml").write_text("bron = 1")
    makes = Makes()
    keeper = Keeper(ExtractDeps(schedules=tmp_path / "plan", made=tmp_path / "uit", make=makes))
    for day in range(4):
        (tmp_path / "uit").mkdir(exist_ok=True)
        # One that was ended on the way left what is half.
        for half in (".monitor-2026-11-01.jsonl", ".monitor-2026-11-01.jsonl.manifest.json"):
            (tmp_path / "uit" / f"{half}.deel").touch()
        await keeper.look(MORNING + timedelta(days=day))
        await keeper.look(MORNING + timedelta(days=day, minutes=1))
    assert makes.made == [f"monitor-2026-11-2{day}" for day in (5, 6, 7, 8)]
    assert sorted(path.name for path in (tmp_path / "uit").iterdir()) == [
        f"monitor-2026-11-2{day}.jsonl{ending}" for day in (7, 8) for ending in ("", ".manifest.json")
    ]  # fmt: skip
    makes.failing = True
    begin = MORNING + timedelta(days=4)
    for minutes in (0, 1, 4, 6, 7, 12, 17):
        await keeper.look(begin + timedelta(minutes=minutes))
    # Tried again after five minutes, and then after ten.
    assert makes.made[4:] == ["monitor-2026-11-29"] * 3


async def test_what_can_not_be_removed_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "monitor.toml").write_text(TEXT)
    # A folder where a file should be.
    (tmp_path / "uit" / "monitor-2026-11-01.jsonl").mkdir(parents=True)
    (tmp_path / "uit" / "monitor-2026-11-01.jsonl.manifest.json").touch()
    makes = Makes()
    keeper = Keeper(ExtractDeps(schedules=tmp_path / "plan", made=tmp_path / "uit", make=makes))
    for day in range(4):
        await keeper.look(MORNING + timedelta(days=day))
    assert len(makes.made) == 4


async def test_who_is_asked_to_stop_gives_up_a_long_extract(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "monitor.toml").write_text(TEXT)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def make(_schedule: Schedule, _folder: Path, _name: str) -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()

    stop = asyncio.Event()
    deps = ExtractDeps(schedules=tmp_path / "plan", made=tmp_path / "uit", make=make)
    working = asyncio.create_task(keep_extracting(deps, stop))
    async with asyncio.timeout(40):
        await begun.wait()
        stop.set()
        await working
    assert ended.is_set()


@pytest.mark.long
async def test_the_worker_makes_a_real_one(database: Any) -> None:
    async with opened_village(database):
        settings = database.settings
        folder = settings.path.parent / "extracten"
        folder.mkdir()
        (folder / "monitor.toml").write_text(TEXT)
        stop = asyncio.Event()
        deps = extract_deps(settings)
        made = deps.made
        working = asyncio.create_task(keep_extracting(deps, stop))
        for _ in range(300):
            if list(made.glob("*.manifest.json")):
                break
            await asyncio.sleep(0.2)
        stop.set()
        await asyncio.wait_for(working, 20)
        (manifest,) = made.glob("*.manifest.json")
        assert json.loads(manifest.read_text())["aantal"] == 40
        words = ["schedule", "--config", str(settings.path), "--json"]
        (row,) = json.loads(CliRunner().invoke(source, words).stdout)
        assert (row["name"], row["made"]) == ("monitor", True)
