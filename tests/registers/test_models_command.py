# SPDX-License-Identifier: EUPL-1.2
"""``landschap model`` as it is typed; the page in the manual is typed from top to bottom."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.docs.walking import Block, blocks_of, says
from tests.registers.rig import FULL, ROOT
from tests.throwaway import Cluster, organisation

from landschap.cli import main
from landschap.registers.client.models import READY

PAGE = ROOT / "docs" / "how-to" / "information-model.md"


@pytest.fixture
async def desk(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an organisation without registers; commands are typed in it."""
    made = await cluster.fresh(tmp_path / "organisation")
    folder = tmp_path / "weesp"
    dsn = cluster.dsn(made.name)
    organisation(folder, cluster.anchor, more=f'\n[postgres]\ndsn = "{dsn}"\n')
    shutil.copytree(made.settings.paths.secrets, folder / "secrets")
    monkeypatch.chdir(folder)
    return folder


def typed(words: Sequence[str]) -> int:
    """The exit code of ``landschap WORDS``."""
    with pytest.raises(SystemExit) as way_out:
        main(words)
    code = way_out.value.code
    assert isinstance(code, int)
    return code


async def test_the_page_of_the_manual_is_true(
    desk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    blocks = blocks_of(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) > 5
    for block in blocks:
        code = await asyncio.to_thread(_run, block, desk)
        out, err = capfd.readouterr()
        assert bool(code) is (block.how == "fails"), (block.line, out, err)
        if block.says is not None:
            assert says(out + err, block.says), (block.line, out, err)
    assert (desk / "registers" / "vergunningen" / "omgevingsvergunning.migratie.toml").is_file()


def _run(block: Block, folder: Path) -> int:
    """A block of our commands in this process, and of others in a shell."""
    lines = block.typed.strip().splitlines()
    if all(line.startswith("landschap ") and ">" not in line for line in lines):
        return max(typed(shlex.split(line)[1:]) for line in lines)
    ours = [line for line in lines if line.startswith("landschap ")]
    if ours:
        return max(typed(shlex.split(line.partition(">")[0])[1:]) for line in ours)
    return subprocess.run(["bash", "-ec", block.typed], cwd=folder, check=False).returncode


def test_mistakes_come_with_file_place_and_nearest_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(READY / "bag", tmp_path / "bag")
    file = tmp_path / "bag" / "pand.schema.json"
    model = json.loads(file.read_text())
    status = model["properties"]["status"]
    status["x-persoongegeven"] = status.pop("x-persoonsgegeven")
    file.write_text(json.dumps(model))
    assert typed(["model", "check", str(tmp_path), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert {"file": str(file), "pointer": "/properties/status/x-persoongegeven",
            "detail": "is no annotation here; did you mean x-persoonsgegeven",
            } in body["mistakes"]  # fmt: skip
    assert typed(["model", "check", str(tmp_path / "bag" / "woonplaats.schema.json")]) == 0
    assert typed(["model", "check", str(tmp_path / "bag")]) == 1
    assert "did you mean x-persoonsgegeven" in capsys.readouterr().err


def test_a_file_that_no_register_reads_is_not_called_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(READY / "bag", tmp_path / "bag")
    alone = tmp_path / "pand.schema.json"
    shutil.copy(tmp_path / "bag" / "pand.schema.json", alone)
    assert typed(["model", "check", str(alone)]) == 1
    assert f"{alone}: /: belongs to no register" in capsys.readouterr().err
    renamed = (tmp_path / "bag" / "pand.schema.json").rename(tmp_path / "bag" / "pand.json")
    assert typed(["model", "check", str(renamed), "--json"]) == 1
    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (mistake["file"], "is no file of a register" in mistake["detail"]) == (
        str(renamed),
        True,
    )


def test_a_relation_to_a_type_that_is_not_there_is_told_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("bag", "vergunningen"):
        shutil.copytree(READY / name, tmp_path / name)
    file = tmp_path / "vergunningen" / "omgevingsvergunning.schema.json"
    file.write_text(file.read_text().replace('"bag.pand"', '"bag.pant"'))
    assert typed(["model", "check", str(tmp_path)]) == 1
    assert (
        "/properties/panden/x-verwijst-naar: there is no type bag.pant; did you mean bag.pand"
        in (capsys.readouterr().err)
    )
    # Alone, a register can not see the others; that is said.
    assert typed(["model", "check", str(tmp_path / "vergunningen")]) == 0
    assert "not followed, the other register is not here" in capsys.readouterr().err


def test_two_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("old", "new"):
        shutil.copytree(READY / "bag", tmp_path / name)
    old, new = (tmp_path / name / "pand.schema.json" for name in ("old", "new"))
    assert typed(["model", "diff", str(old), str(new)]) == 0
    assert "nothing changed" in capsys.readouterr().out
    model = json.loads(new.read_text())
    model["x-versie"] = "1.1.0"
    model["properties"]["status"]["enum"].remove("Pand gesloopt")
    new.write_text(json.dumps(model))
    assert typed(["model", "diff", str(old), str(new), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert (body["from"], body["to"], body["mayFollow"]) == ("1.0.0", "1.1.0", False)
    assert body["changes"] == [
        {"change": "code-removed", "property": "status", "detail": "no longer takes Pand gesloopt",
         "effect": "migration"},
    ]  # fmt: skip


def test_an_import_tells_what_it_did_not_carry_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(__file__).parent / "modellen" / "gebouwen.mim.json"
    words = ["model", "import", "--from", "mim", str(source), "--out", str(tmp_path / "gebouwen")]
    assert typed(words) == 0
    assert "look at this: /$defs/NergensGebruikt" in capsys.readouterr().err
    assert typed(["model", "check", str(tmp_path / "gebouwen")]) == 0
    assert typed(words) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_ready_model_is_never_written_over_files_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cluster: Cluster
) -> None:
    organisation(tmp_path, cluster.anchor)
    config = ["--config", str(tmp_path / "organisation.toml")]
    assert typed(["model", "use", "hr", *config]) == 0
    assert typed(["model", "use", "hr", *config]) == 1
    assert typed(["model", "use", "bga", *config]) == 1
    assert "did you mean bag" in capsys.readouterr().err


async def test_profiles_of_the_trade_register_load_by_command(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profiles = FULL.parent / "kvk-test"
    if not profiles.is_dir():
        pytest.skip(f"the profiles are not here ({profiles.name})")
    assert await asyncio.to_thread(typed, ["model", "use", "hr"]) == 0
    assert (desk / "registers" / "hr" / "vestiging.schema.json").is_file()
    capsys.readouterr()
    for added, passed_over in ((3, 0), (0, 3)):
        assert (
            await asyncio.to_thread(typed, ["register", "load", "hr", str(profiles), "--json"]) == 0
        )
        done = json.loads(capsys.readouterr().out)
        assert (done["added"], done["passedOver"]) == (added, passed_over)
