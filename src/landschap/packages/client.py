# SPDX-License-Identifier: EUPL-1.2
"""Packages and the files of an organisation on disk.

Files change together: new content is written beside the old first, then each takes its place, and
when one can not, those before it are put back.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from landschap.packages.form import MAX_BYTES, MAX_FILE_BYTES, MAX_FILES, BrokenPackage
from landschap.packages.kinds import FOLDERS, kind_of

_STAGING = ".landschap-apply-"


class Unreadable(Exception):
    """A file or folder that can not be read or written; the message says which and why."""


def read_package(path: Path) -> bytes:
    """The bytes of a package. Raises Unreadable, and BrokenPackage when there are too many."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{path} can not be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise BrokenPackage(f"it is over {MAX_BYTES} bytes, which no package is")
    return data


def read_files(folder: Path) -> dict[str, str]:
    """The configuration below a folder, by its name in a package. Raises Unreadable."""
    found: dict[str, str] = {}
    for part in FOLDERS:
        for path in sorted((folder / part).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if kind_of(name) and path.is_file():
                _refuse_elsewhere(path, folder)
                found[name] = _text_of(path)
            if len(found) > MAX_FILES:
                raise Unreadable(f"{folder} holds more than {MAX_FILES} files of configuration")
    return found


def left_behind(folder: Path) -> list[str]:
    """Files in the folders of configuration that no package holds, such as examples."""
    return [
        name
        for part in FOLDERS
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and not kind_of(name := path.relative_to(folder).as_posix())
    ]


def read_toml(path: Path) -> dict[str, object]:
    """One TOML file. Raises Unreadable."""
    try:
        return tomllib.loads(_text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path} is no TOML: {error}") from None


@contextmanager
def written_together(folder: Path, changes: Mapping[str, str | None]) -> Iterator[None]:
    """The files as they are to be (None: gone) while the block runs, and after it.

    Raises Unreadable when one can not be written; then, and when the block raises, every file is
    as it was.
    """
    done: list[tuple[Path, Path | None]] = []
    try:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    except OSError as error:
        raise Unreadable(f"{folder} can not be written: {error.strerror}") from None
    try:
        try:
            _stage(staging, changes)
            for number, name in enumerate(changes):
                new, old = staging / f"new-{number}", staging / f"old-{number}"
                done.append(_put(folder / name, new, old))
        except OSError as error:
            raise Unreadable(f"{error.filename} can not be written: {error.strerror}") from None
        yield
    except BaseException:
        _put_back(done)
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(staging: Path, changes: Mapping[str, str | None]) -> None:
    for number, text in enumerate(changes.values()):
        if text is not None:
            with (staging / f"new-{number}").open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())


def _put(place: Path, new: Path, old: Path) -> tuple[Path, Path | None]:
    """Put a staged file in its place; gives the place and where the old one waits."""
    place.parent.mkdir(parents=True, exist_ok=True)
    was = old if place.exists() else None
    if was is not None:
        shutil.copy2(place, was)
    if new.exists():
        new.replace(place)
    else:
        place.unlink(missing_ok=True)
    return place, was


def _put_back(done: list[tuple[Path, Path | None]]) -> None:
    for place, was in reversed(done):
        with suppress(OSError):
            if was is None:
                place.unlink(missing_ok=True)
            else:
                was.replace(place)


def _refuse_elsewhere(path: Path, folder: Path) -> None:
    """A link that leads out of the folder would take along what nobody meant to give."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Unreadable(f"{path} leads to a file outside {folder}; put the file itself there")


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Unreadable(f"{path} is over {MAX_FILE_BYTES} bytes")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise Unreadable(f"{path} can not be read: {error.strerror}") from None
