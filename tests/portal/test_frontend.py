# SPDX-License-Identifier: EUPL-1.2
"""The front-end files: pinned, whole, with their licences, and gathered again only when needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tools import frontend

from landschap.platform.web.files import OWN_FILES, STYLE_SHEETS, read_static_files

ROOT = Path(__file__).resolve().parents[2]


def test_gathering_again_takes_no_time_and_changes_nothing() -> None:
    assert frontend.main() == 0
    before = {path: path.stat().st_mtime_ns for path in frontend.VENDOR.rglob("*")}
    started = time.monotonic()
    done = subprocess.run([sys.executable, "tools/frontend.py"], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert time.monotonic() - started < 5
    assert {path: path.stat().st_mtime_ns for path in frontend.VENDOR.rglob("*")} == before


def test_a_file_that_was_changed_or_lost_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "vendor"
    shutil.copytree(frontend.VENDOR, copy)
    monkeypatch.setattr(frontend, "VENDOR", copy)
    monkeypatch.setattr(frontend, "MANIFEST", copy / "manifest.json")
    wanted = frontend.fingerprint()
    assert frontend.is_complete(wanted)
    assert not frontend.is_complete("another lock")
    theme = copy / json.loads((copy / "manifest.json").read_text())["files"]["theme.css"]
    theme.write_bytes(theme.read_bytes() + b" ")
    assert not frontend.is_complete(wanted)
    theme.unlink()
    assert not frontend.is_complete(wanted)


def test_the_lock_pins_with_checksums_and_names_no_registry() -> None:
    text = (ROOT / "frontend" / "package-lock.json").read_text()
    packages = {name: each for name, each in json.loads(text)["packages"].items() if name}
    assert len(packages) > 100
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not any("resolved" in each or each.get("hasInstallScript") for each in packages.values())
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_each_shipped_package_has_an_open_licence_and_its_text_beside_it() -> None:
    manifest = json.loads(frontend.MANIFEST.read_text())
    assert {each["name"] for each in manifest["packages"]} == set(frontend.PACKAGES)
    for each in manifest["packages"]:
        assert each["licence"] in {"EUPL-1.2", "MIT", "OFL-1.1"}
        name = each["name"].strip("@").replace("/", "-")
        assert len((frontend.VENDOR / "LICENSES" / f"{name}.txt").read_text()) > 500


def test_style_sheets_ask_for_nothing_elsewhere() -> None:
    static = read_static_files()
    for name in STYLE_SHEETS:
        hashed = static.addresses[name].rsplit("/", 1)[1]
        text = static.by_hashed_name[hashed].content.decode()
        for address in re.findall(r"url\(([^)]*)\)", text):
            inside = address.strip("\"'")
            own = inside in static.by_hashed_name
            assert inside.startswith("data:") or own, (name, inside[:80])
        assert "@import" not in text


def test_a_name_with_a_hash_never_gets_other_content() -> None:
    static = read_static_files()
    for name in OWN_FILES:
        assert re.search(r"\.[0-9a-f]{12}\.", static.addresses[name])
    same = frontend.Gathered("a.css", b"x").hashed
    assert same == frontend.Gathered("a.css", b"x").hashed
    assert same != frontend.Gathered("a.css", b"y").hashed


def test_every_icon_a_template_asks_for_is_there() -> None:
    asked = {
        name
        for path in (ROOT / "src" / "landschap").rglob("templates/*.html")
        for name in re.findall(r"icon\(\"([a-z-]+)\"\)", path.read_text())
    }
    assert asked <= set(read_static_files().icon_strokes)
    assert "download" in asked
    assert '<path d="' in read_static_files().icon("download")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("npm error code ENOTFOUND\nnpm error network", "registry cannot be reached"),
        ("npm error code EINTEGRITY", "differs from its checksum"),
        ("npm error something else", "npm failed. It said:\n  npm error something else"),
    ],
)
def test_a_failure_of_npm_says_what_to_do(said: str, words: str) -> None:
    assert words in frontend.reason(said)
