# SPDX-License-Identifier: EUPL-1.2
"""Our checks beside the official linter, rule by rule and place by place, and our own APIs before both.

The linter is Spectral with the official rules; it is installed once, beside the packages of Python.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from tests.catalogue.installing import SCRIPTS, from_npm
from tests.catalogue.test_design_rules import BASELINE, CHANGES, Change
from tests.catalogue.test_our_descriptions import OPENAPI, documents

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode

pytestmark = pytest.mark.long
OFFICIAL = Path(__file__).parent / "official"
Findings = set[tuple[str, tuple[str, ...]]]


@pytest.fixture(scope="module")
def linter() -> Path:
    """The official linter, of the pinned version."""
    return from_npm(OFFICIAL, "official-linter") / "spectral"


def official(linter: Path, files: Sequence[Path]) -> dict[str, Findings]:
    """What the official linter finds: for each file the codes and places."""
    command = [
        str(SCRIPTS / "node"), str(linter.resolve()), "lint", "--ruleset",
        str(OFFICIAL / "ruleset.yaml"), "--format", "json", "--quiet",
        *map(str, files),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Findings] = {str(each): set() for each in files}
    for each in json.loads(done.stdout or "[]"):
        path = tuple(str(step) for step in each["path"])
        told[each["source"]].add((each["code"], path))
    return told


def ours(raw: bytes) -> Findings:
    found = check(read_document(raw), Mode.OFFICIAL, structures())
    return {(each.code, tuple(each.path)) for each in found}


def differing(linter: Path, files: Iterable[Path]) -> Mapping[str, object]:
    """The files on which the two disagree, with what only one of them says."""
    every = list(files)
    theirs = official(linter, every)
    told = {}
    for each in every:
        here, there = ours(each.read_bytes()), theirs[str(each)]
        if here != there:
            told[each.name] = {
                "only ours": sorted(here - there),
                "only theirs": sorted(there - here),
            }
    return told


@pytest.mark.case("S-29")
def test_descriptions_of_others_get_the_same_findings(linter: Path) -> None:
    if not OPENAPI.is_dir():
        pytest.skip("the public descriptions are not here")
    files = sorted([*OPENAPI.glob("*.yaml"), *OPENAPI.glob("*.json")])
    assert len(files) >= 23
    assert differing(linter, files) == {}
    assert sum(len(ours(each.read_bytes())) for each in files) > 500


@pytest.mark.case("S-29")
def test_no_api_of_ours_has_a_finding(linter: Path, tmp_path: Path) -> None:
    files = []
    for number, (_, document) in enumerate(documents()):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(document), encoding="utf-8")
    names = {str(file): name for file, (name, _) in zip(files, documents(), strict=True)}
    told = official(linter, files)
    assert {names[file]: found for file, found in told.items() if found} == {}


def test_one_change_to_a_sound_description_gets_the_same_findings(
    linter: Path, tmp_path: Path
) -> None:
    files = []
    for number, change in enumerate(CHANGES):
        files.append(tmp_path / f"{number:03}.yaml")
        files[-1].write_text(changed(change), encoding="utf-8")
    assert len(files) > 50
    assert differing(linter, files) == {}


def changed(change: Change) -> str:
    document = copy.deepcopy(BASELINE)
    change(document)
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return text
