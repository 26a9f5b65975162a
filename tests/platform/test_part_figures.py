# SPDX-License-Identifier: EUPL-1.2
"""The figures of every process come together at the one place where operators look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from tests.throwaway import organisation

from landschap.platform.identity import Issued
from landschap.platform.part_figures import figures_of, joined, part_registry, telling
from landschap.platform.settings import Settings

_DECIDER = """# TYPE landschap_decider_verdicts counter
landschap_decider_verdicts_total{lane="decider-0",door="inway",code="permitted"} 3
# TYPE landschap_decider_epoch gauge
landschap_decider_epoch{lane="decider-0"} 7
"""


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    """An organisation with a run folder of its own."""
    made = organisation(short_folder / "figures", anchor)
    run = short_folder / "figures" / "r"
    run.mkdir(exist_ok=True)
    return replace(made, paths=replace(made.paths, run=run))


async def test_a_part_tells_its_own_process_and_what_it_counts(settings: Settings) -> None:
    registry = part_registry()
    Counter("landschap_stopped", "Stopped.", registry=registry).inc(2)
    async with telling(settings, "web", registry, lambda: _DECIDER):
        told = await figures_of(settings, ["web", "nginx"])
    assert list(told) == ["web"]
    lines = joined(told).decode().splitlines()
    assert 'landschap_stopped_total{part="web"} 2.0' in lines
    assert 'landschap_decider_epoch{lane="decider-0",part="web"} 7.0' in lines
    assert any(line.startswith('process_resident_memory_bytes{part="web"}') for line in lines)


async def test_a_part_that_has_gone_is_left_out_and_may_come_back(settings: Settings) -> None:
    async with telling(settings, "worker", CollectorRegistry(), lambda: "up 1\n"):
        assert await figures_of(settings, ["worker"])
    assert await figures_of(settings, ["worker"]) == {}
    async with telling(settings, "worker", CollectorRegistry(), lambda: "up 2\n"):
        assert await figures_of(settings, ["worker"]) == {"worker": "up 2\n"}


def test_the_same_figure_of_two_parts_is_one_family_with_two_samples() -> None:
    other = _DECIDER.replace("decider-0", "decider-1")
    text = joined({"decider-0": _DECIDER, "decider-1": other}).decode()
    assert text.count("# TYPE landschap_decider_verdicts_total counter") == 1
    for number in (0, 1):
        labels = f'code="permitted",door="inway",lane="decider-{number}",part="decider-{number}"'
        assert f"landschap_decider_verdicts_total{{{labels}}} 3.0" in text


def test_what_can_not_be_read_makes_only_that_part_absent() -> None:
    text = joined({"web": "this is {no figure\n", "worker": "up 1\n"}).decode()
    assert 'up{part="worker"} 1.0' in text
    assert "figure" not in text
