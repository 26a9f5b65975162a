# SPDX-License-Identifier: EUPL-1.2
"""Folders and small files: ours alone, whole or not at all, and never somebody else's."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from landschap.platform import folders
from landschap.platform.trouble import Trouble


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_data_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o775)
    folders.data_folder(tmp_path)
    assert mode(tmp_path) == 0o775
    assert mode(folders.data_folder(tmp_path / "new")) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_secret_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    folders.write_private(path, b"one")
    folders.write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(Trouble, match="cannot be written"):
        folders.write_private(tmp_path / "no" / "secret", b"x")


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="ascii")
    with pytest.raises(Trouble, match="cannot be made"):
        folders.private_folder(tmp_path / "taken")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(Trouble, match="is not a folder"):
        folders.private_folder(tmp_path / "link")


def test_a_run_folder_below_a_stranger_s_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Path(tempfile.mkdtemp())
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    squatted = shared / "landschap-0"
    squatted.mkdir()
    if os.geteuid() == 0:
        os.chown(squatted, 12_345, 12_345)
        with pytest.raises(Trouble, match="was made by another user"):
            folders.run_folder(squatted / "run")
    else:
        assert mode(folders.run_folder(squatted / "run")) == 0o700


def test_a_run_folder_is_taken_away_as_far_as_nobody_is_in_it(tmp_path: Path) -> None:
    run = tmp_path / "landschap-0" / "ab"
    for name in ("pg", "nginx-proxy", "tls"):
        (run / name).mkdir(parents=True)
    for name in ("serve.lock", "nginx.conf", "decide.sock", "tls/ab.key", "pg/.s.PGSQL.5432"):
        (run / name).touch()
    folders.leave_run_folder(run, shared=run / "pg", lock=run / "serve.lock")
    assert [str(each.relative_to(run)) for each in sorted(run.rglob("*"))] == [
        "pg",
        "pg/.s.PGSQL.5432",
    ]
    (run / "pg/.s.PGSQL.5432").unlink()
    folders.leave_run_folder(run, shared=run / "pg", lock=run / "serve.lock")
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_is_taken_away_but_not_that_of_a_neighbour(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "l" / "ours", tmp_path / "l" / "theirs"
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
        (folder / "serve.lock").touch()
    folders.leave_run_folder(ours, shared=ours / "pg", lock=ours / "serve.lock")
    assert not ours.exists()
    assert (theirs / "serve.lock").exists()
