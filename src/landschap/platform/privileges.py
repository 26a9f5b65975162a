# SPDX-License-Identifier: EUPL-1.2
"""Started as root: whether our own processes can run as the service user, and making it so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landschap.platform import system_users
from landschap.platform.folders import data_folder
from landschap.platform.revocation import FOLDER as LISTS
from landschap.platform.revocation import sources
from landschap.platform.settings import Settings
from landschap.platform.system_users import SystemUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """``service``: for PostgreSQL and nginx's workers; ``python``: for our own processes.

    Both are None when we are not root. ``python`` alone is None, with the reason in
    ``why_root``, when that user cannot run this interpreter or read what it needs.
    """

    service: SystemUser | None
    python: SystemUser | None
    why_root: str = ""


def arrange(settings: Settings) -> Privileges:
    """Choose the users, and give the secrets to the one that our processes run as.

    Raises Trouble when a configured user does not exist.
    """
    service = system_users.choose(
        settings.processes.user, owner_of=settings.paths.data / "postgres"
    )
    if service is None:
        return Privileges(service=None, python=None)
    closed = _closed_to(settings, service)
    if closed is not None:
        why = f"user {service.name} may not read {closed}"
        return Privileges(service=service, python=None, why_root=why)
    _hand_over(settings, service)
    return Privileges(service=service, python=service)


def _closed_to(settings: Settings, user: SystemUser) -> Path | None:
    """The first place that the user cannot get at; the secrets themselves are given to it."""
    for path in _needed(settings):
        if not user.may_read(path):
            return path
    folder = settings.paths.secrets
    return None if user.may_enter(folder.parent) else folder


def _needed(settings: Settings) -> Iterator[Path]:
    """What a process of ours reads: the interpreter, its library, our code, the settings, keys."""
    yield Path(sys.executable).resolve()
    yield Path(os.__file__)
    yield Path(__file__)
    yield settings.path
    identity = settings.identity
    yield from (identity.certificate, identity.key, *identity.trust_anchors)
    yield from (path for path in (identity.crl, identity.internal_ca) if path is not None)
    yield from settings.revocation.authorities
    if identity.pkcs11 is not None:
        yield from (identity.pkcs11.module, identity.pkcs11.pin_file, identity.pkcs11.certificate)
    yield from (Path(each) for each in settings.revocation.lists if each.startswith("/"))


def _hand_over(settings: Settings, user: SystemUser) -> None:
    """Give the user the folders for sockets and secrets, with the secrets in it."""
    user.own(settings.paths.run)
    user.own(settings.paths.secrets)
    for secret in settings.paths.secrets.rglob("*"):
        user.own(secret)
    # What became of keys of which there are several: without it a process trusts none of them.
    for memory in settings.paths.data.glob("*-keys.json"):
        user.own(memory)
    if sources(settings):
        folder = data_folder(settings.paths.data) / LISTS
        folder.mkdir(mode=0o755, exist_ok=True)
        for place in (folder, *folder.iterdir()):
            user.own(place)
