# SPDX-License-Identifier: EUPL-1.2
"""Folders and small files of the organisation: made with the right owner and mode, or refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from landschap.platform.system_users import SystemUser
from landschap.platform.trouble import Trouble

# sun_path is 108 bytes on Linux and 104 on macOS and BSD, the closing zero included.
MAX_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103


def private_folder(path: Path, *, owner: SystemUser | None = None, mode: int = 0o700) -> Path:
    """Make a folder that only ``owner`` (else we) may write. Raises Trouble."""
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise Trouble(f"{path} is not a folder", "remove it or configure another place")
        if found.st_uid != os.geteuid() and os.geteuid() != 0:
            raise Trouble(
                f"{path} belongs to another user",
                "run as that user, remove the folder, or configure another place",
            )
        path.chmod(mode)
        if owner is not None:
            owner.own(path)
    except OSError as error:
        raise Trouble(f"{path} cannot be made: {error.strerror}", _remedy(error)) from None
    return path


def data_folder(path: Path) -> Path:
    """Make a folder for data when it is absent; one that is there keeps its mode and owner.

    Made by root, others may pass through it: the database runs as another user. Raises Trouble.
    """
    if path.is_dir():
        return path
    return private_folder(path, mode=0o711 if os.geteuid() == 0 else 0o700)


def run_folder(path: Path, *, user: SystemUser | None = None) -> Path:
    """Make the run folder: only we and the group of ``user`` may pass through it.

    What is made inside gets that group too, so that nginx's workers reach our sockets.
    """
    if not path.parent.exists():
        private_folder(path.parent, mode=0o755)
    _refuse_squatted(path.parent)
    private_folder(path, mode=0o700)
    if user is not None:
        os.chown(path, -1, user.gid)
        path.chmod(0o2710)
    return path


def leave_run_folder(path: Path, *, shared: Path, lock: Path) -> None:
    """Take away a run folder that we made ourselves, with the keys and sockets in it.

    The folder ``shared`` stays while somebody is in it: a command that works on the database has
    its socket there. ``lock`` goes last: who starts while we end must find it taken.
    """
    for each in path.iterdir():
        with contextlib.suppress(OSError):
            if each == shared:
                each.rmdir()
            elif each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each != lock:
                each.unlink()
    with contextlib.suppress(OSError):
        lock.unlink(missing_ok=True)
        path.rmdir()
        path.parent.rmdir()


def _refuse_squatted(folder: Path) -> None:
    """A folder in the shared temporary place must be ours: its owner can swap what is in it."""
    shared = Path(tempfile.gettempdir())
    if folder.parent == shared and folder.lstat().st_uid not in {0, os.geteuid()}:
        raise Trouble(
            f"{folder} was made by another user",
            "remove it, or set paths.run to a folder of your own",
        )


def write_private(path: Path, content: bytes, owner_of: Path | None = None) -> None:
    """Write a file that only its owner may read, in one step: it is there whole or not at all.

    Written by root, it belongs to the owner of its folder, or of ``owner_of``: the user that our
    processes run as.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        inherit_owner(draft, owner_of)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Trouble(f"{path} cannot be written: {error.strerror}", _remedy(error)) from None


def inherit_owner(path: Path, owner_of: Path | None = None) -> None:
    """As root: give what was made to the owner of the folder it stands in, or of ``owner_of``."""
    if os.geteuid() == 0:
        folder = (owner_of or path.parent).stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def check_socket_path(path: Path) -> Path:
    """Give back a path that a unix socket can have. Raises Trouble when it is too long."""
    size = len(os.fsencode(path))
    if size > MAX_SOCKET_PATH_BYTES:
        raise Trouble(
            f"the socket path {path} has {size} bytes; at most {MAX_SOCKET_PATH_BYTES} fit",
            "set paths.run to a short folder, such as /run/landschap",
        )
    return path


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "give this user the right to write there, or configure another place"
    if error.errno == 28:  # ENOSPC
        return "make room on that disk, then start again"
    return "configure another place under [paths]"
