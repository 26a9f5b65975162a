# SPDX-License-Identifier: EUPL-1.2
"""The demo in its two forms: each its own server, or one that a service centre keeps for all."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.landscape.conftest import NETWORK, WEB_PORT

from landschap.cli.demo.landscape import landscape_in
from landschap.cli.demo.service_centre import require_same_shape
from landschap.cli.demo.story import Story
from landschap.platform.trouble import Trouble

# What differs between any two runs.
_OF_A_RUN = {"transactionId", "seconds"}
_ANSWERS = (
    "answer with the expected benefit and building",
    "the same day, as it was known earlier",
    "of age, without the day of birth",
    "question without purpose: refused and logged",
    "purpose the contract lacks: refused, missing link named",
    "field the purpose does not need: refused",
    "token with another certificate: refused",
)


def _steady(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in seen.items() if key not in _OF_A_RUN}


@pytest.mark.long
@pytest.mark.case("S-53")
async def test_the_collective_form_gives_the_same_answers_and_keeps_logs_apart(
    story: Story,
) -> None:
    own = {name: act for name, act in story.steps() if name in _ANSWERS}
    expected = {name: _steady(await act()) for name, act in own.items()}
    folder = Path(tempfile.mkdtemp(prefix="ls-collective-"))
    folder.chmod(0o755)
    try:
        report = await _collective(folder)
        settings = [
            (folder / member / "organisation.toml").read_text()
            for member in ("register", "weesp", "doesburg")
        ]
        servers = sorted(path.parent.parent.name for path in folder.glob("*/data/postgres"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    steps = {step["name"]: step for step in report["steps"]}
    assert report["ok"], [step for step in report["steps"] if not step["ok"]]
    assert {name: _steady(steps[name]["seen"]) for name in _ANSWERS} == expected
    assert all("shared = true" in text for text in settings)
    assert set(servers) <= {"servicecentrum"}, "an organisation has a server of its own"
    apart = steps["on the shared server neither gets into the other's database"]["seen"]
    assert apart["refused"] == apart["tried"] == 10
    read = steps["the operator of the shared server reads no record of the log"]["seen"]
    assert (read["found by the operator"], read["sealed"]) == ([], read["records"])


async def _collective(folder: Path) -> Any:
    where = ["--dir", str(folder), "--network", str(NETWORK - 50), "--web-port", str(WEB_PORT - 5)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "landschap", "demo", "--check", "--json"),
        *("--shape", "collective", *where),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out, err.decode(errors="replace")[-2000:]
    return json.loads(out)


def test_a_landscape_made_in_one_form_is_refused_in_the_other(tmp_path: Path) -> None:
    for made_collective in (False, True):
        folder = tmp_path / str(made_collective)
        made = landscape_in(folder, collective=made_collective)
        require_same_shape(made)  # nothing is there yet
        keys = ["register", *(["servicecentrum"] if made_collective else [])]
        for key in keys:
            (folder / key).mkdir(parents=True)
            (folder / key / "organisation.toml").touch()
        require_same_shape(made)
        with pytest.raises(Trouble, match="was made with --shape"):
            require_same_shape(landscape_in(folder, collective=not made_collective))
