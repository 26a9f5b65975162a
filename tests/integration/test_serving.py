# SPDX-License-Identifier: EUPL-1.2
"""Logical sources follow their files while the process runs; what is wrong takes no place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.integration.other_rig import asked, values

from landschap.cli.composition_sources import opened
from landschap.integration.connectors import serving as subject
from landschap.integration.connectors.opening import Surroundings
from landschap.integration.connectors.serving import Serving
from landschap.integration.mistakes import DeclarationError
from landschap.platform.part_figures import source_running, sources_refused
from landschap.registers.models import Registers

TEXT = """\
logische_bron: {name}
versie: {version}
sleutel: id
bronnen:
  adressen: {{soort: bestand, pad: {file}, vorm: jsonl, sleutels: [id], bronhouder: Proefdorp}}
wortel: {{bron: adressen, op: id}}
velden:
  id: {{uit: [adressen.id]}}
  straat: {{uit: [adressen.straat]}}
"""


class Place:
    """A folder of declarations, and what answers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.metrics = folder, CollectorRegistry()
        around = Surroundings(folder=folder, secrets=folder, snapshots=folder.parent / "m")
        self.serving = Serving(
            folder, Registers({}), lambda each: opened(each, around), self.metrics
        )

    def write(self, name: str, version: str = "1.0.0", file: str = "a.jsonl") -> None:
        text = TEXT.format(name=name, version=version, file=file)
        (self.folder / f"{name}.yaml").write_text(text)

    async def look(self) -> None:
        """Two looks: what is being written is not taken over."""
        await self.serving.look()
        await self.serving.look()

    def version(self, name: str) -> str | None:
        found = self.serving.declarations.get(name)
        return found.version if found else None

    async def street(self, name: str) -> list[object]:
        question = asked("1", columns=["straat"], by="id")
        return [
            row["straat"]
            for row in values(await self.serving.doors[name]["adressen"].rows(question))
        ]

    def running(self) -> set[tuple[str, str]]:
        samples = next(iter(source_running(self.metrics).collect())).samples
        return {(each.labels["source"], each.labels["version"]) for each in samples}

    def digests(self) -> set[str]:
        samples = next(iter(source_running(self.metrics).collect())).samples
        return {each.labels["digest"] for each in samples}

    def wrong(self) -> float:
        return float(next(iter(sources_refused(self.metrics).collect())).samples[0].value)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """One logical source that answers."""
    folder = tmp_path / "bronnen"
    folder.mkdir()
    for name, street in (("a", "Hoogstraat"), ("b", "Laagstraat")):
        (folder / f"{name}.jsonl").write_text(f'{{"id": "1", "straat": "{street}"}}\n')
    made = Place(folder)
    made.write("adressen")
    made.serving.begin()
    yield made
    await made.serving.close()


async def test_a_new_text_takes_its_place_and_what_began_on_the_former_one_ends_on_it(
    place: Place,
) -> None:
    former = place.serving.doors["adressen"]["adressen"]
    assert await place.street("adressen") == ["Hoogstraat"]
    place.write("adressen", "1.1.0", "b.jsonl")
    await place.serving.look()
    assert place.version("adressen") == "1.0.0"  # seen once: somebody may be writing
    await place.serving.look()
    assert place.version("adressen") == "1.1.0"
    assert await place.street("adressen") == ["Laagstraat"]
    rows = await former.rows(asked("1", columns=["straat"], by="id"))
    assert values(rows) == [{"straat": "Hoogstraat"}]
    assert place.running() == {("adressen", "1.1.0")}


async def test_what_did_not_change_keeps_its_doors(place: Place) -> None:
    doors, digests = place.serving.doors["adressen"], place.digests()
    place.write("straten", file="b.jsonl")
    file = place.folder / "adressen.yaml"
    file.write_text(f"# Alleen uitleg\n{file.read_text()}")
    await place.look()
    assert place.serving.doors["adressen"] is doors
    assert not digests & place.digests()
    assert await place.street("straten") == ["Laagstraat"]
    assert place.running() == {("adressen", "1.0.0"), ("straten", "1.0.0")}


async def test_a_wrong_text_takes_no_place_and_others_go_on(place: Place) -> None:
    (place.folder / "adressen.yaml").write_text("logische_bron: adressen\nversie: 2.0.0\n")
    place.write("straten", file="b.jsonl")
    with capture_logs() as told:
        await place.look()
        await place.look()
    assert place.version("adressen") == "1.0.0"
    assert await place.street("adressen") == ["Hoogstraat"]
    assert place.version("straten") == "1.0.0"
    assert place.wrong() > 0
    assert [each["event"] for each in told].count("sources_not_taken_over") == 1
    place.write("adressen", "2.0.0")
    await place.look()
    assert (place.version("adressen"), place.wrong()) == ("2.0.0", 0)


async def test_a_source_that_can_not_be_opened_is_tried_again(place: Place) -> None:
    text = TEXT.format(name="adressen", version="1.1.0", file="b.jsonl")
    needs = "soort: database, verbinding: zaken.dsn, tabel: adressen"
    (place.folder / "adressen.yaml").write_text(
        text.replace("soort: bestand, pad: b.jsonl, vorm: jsonl", needs)
    )
    await place.look()
    assert (place.version("adressen"), place.wrong()) == ("1.0.0", 1)
    # Beside the folder that is followed, or in it: what was missing is there.
    (place.folder / "zaken.dsn").write_text("sqlite:////dev/null")
    await place.look()
    assert (place.version("adressen"), place.wrong()) == ("1.1.0", 0)


async def test_a_file_that_is_gone_or_says_another_name_ends_what_it_said(place: Place) -> None:
    place.write("straten")
    await place.look()
    (place.folder / "straten.yaml").unlink()
    (place.folder / "adressen.yaml").write_text(
        TEXT.format(name="wegen", version="1.0.0", file="a.jsonl")
    )
    await place.look()
    assert set(place.serving.declarations) == {"wegen"}
    assert place.running() == {("wegen", "1.0.0")}


async def test_the_doors_of_a_former_text_are_closed_when_no_question_can_need_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[object] = []

    async def close(*doors: object) -> None:
        closed.extend(doors)

    monkeypatch.setattr(subject, "close_doors", close)
    monkeypatch.setattr(subject, "_GRACE_SECONDS", -60.0)
    former = place.serving.doors["adressen"]
    place.write("adressen", "1.1.0")
    await place.look()
    async with asyncio.timeout(40):
        while former not in closed:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0)
    assert place.serving.doors["adressen"] not in closed


async def test_at_the_start_nothing_may_be_wrong(place: Place) -> None:
    (place.folder / "fout.yaml").write_text("logische_bron: fout\n")
    with pytest.raises(DeclarationError):
        Place(place.folder).serving.begin()


async def test_following_sees_what_changes_until_it_is_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "LOOK_SECONDS", 0.01)
    stop = asyncio.Event()
    work = asyncio.create_task(place.serving.follow(stop))
    place.write("adressen", "1.2.0")
    async with asyncio.timeout(40):
        while place.version("adressen") != "1.2.0":  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(work, 40)
