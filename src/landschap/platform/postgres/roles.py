# SPDX-License-Identifier: EUPL-1.2
"""Who may log in to the database, and with which password.

The administrator made by initdb starts the server and runs migrations; `landschap_owner` owns all
tables and cannot log in; each room has `landschap_<room>` with what its migrations grant it.
Passwords are 256 random bits in the secrets folder, one file each, readable by its owner only.

Roles belong to a whole server. On one that controllers share, each carries the OIN of its
controller, `landschap_<OIN>_<room>`; in our code and in the secrets folder it keeps its short name.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from landschap.platform.folders import inherit_owner, private_folder, write_private
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

ADMINISTRATOR = "landschap"
OWNER = "landschap_owner"
# Every room's own role is a member: what all rooms may do is granted to this one.
ROOMS = "landschap_rooms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that a room needs: its own, or an extra one declared in its ``roles.toml``."""

    name: str
    room: str
    login: bool = True
    extra: bool = False


def role_of(room: str) -> str:
    """The role a room's own pools log in as."""
    return f"landschap_{room}"


def on_server(settings: Settings, role: str) -> str:
    """The name that a role has on the server: with our OIN where other controllers' roles are."""
    if not settings.postgres.shared:
        return role
    return f"landschap_{settings.organisation.oin.value}_{role.removeprefix('landschap_')}"


def password_file(settings: Settings, role: str) -> Path:
    """Where a role's password is kept."""
    return settings.paths.secrets / "postgres" / role


def password_of(settings: Settings, role: str) -> str:
    """The password of a role. Raises Trouble when it was never made or may not be read."""
    path = password_file(settings, role)
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise Trouble(
            f"there is no password for the database role {role} ({path})",
            "start `landschap serve` once, or restore the secrets folder from your back-up",
        ) from None
    except OSError as error:
        raise Trouble(
            f"the password of the database role {role} cannot be read: {error.strerror}",
            f"run as the user that owns {path}",
        ) from None


def make_password(settings: Settings, role: str) -> tuple[str, bool]:
    """The password of a role, made when absent; and whether it was made now."""
    path = password_file(settings, role)
    if path.exists():
        return password_of(settings, role), False
    private_folder(settings.paths.secrets)
    inherit_owner(private_folder(path.parent))
    password = secrets.token_urlsafe(32)
    write_private(path, password.encode())
    return password, True
