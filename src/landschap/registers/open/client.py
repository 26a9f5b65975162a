# SPDX-License-Identifier: EUPL-1.2
"""Files of open data: what registers say of themselves, and which bulk files there are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from landschap.platform.settings import Settings
from landschap.registers.models import InvalidModel, ObjectType, Registers
from landschap.registers.open.files import CURRENT, MANIFEST, Manifest
from landschap.registers.open.graph import Publisher
from landschap.registers.open.terms import Terms, read_terms
from landschap.registers.schemas import Fault

TERMS_FILE = "open.toml"


def terms_below(folder: Path, registers: Registers) -> Mapping[str, Terms]:
    """What each register below a folder says of itself. Raises InvalidModel."""
    found = {name: Terms() for name in registers.by_name}
    for path in sorted(folder.glob(f"*/{TERMS_FILE}")):
        register = registers.by_name.get(_register_in(path.parent))
        if register is None:
            continue
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InvalidModel(str(path), [Fault("", f"can not be read: {error}")]) from None
        found[register.name] = read_terms(given, register, str(path))
    return found


def _register_in(folder: Path) -> str:
    """The name of the register in a folder, which need not be that of the folder."""
    try:
        head = tomllib.loads((folder / "register.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(head.get("naam", ""))


def manifest_of(folder: Path, kind: ObjectType) -> Manifest | None:
    """What the current bulk files of a collection are; None when there are none."""
    return read_manifest(folder / kind.register / kind.collection / CURRENT / MANIFEST)


def read_manifest(path: Path) -> Manifest | None:
    """What the files beside a manifest are; None when it is not there, or can not be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        # What can not be read is made anew.
        return None


def publisher_of(settings: Settings) -> Publisher:
    """Who publishes what is ours: as the settings say, else this organisation."""
    organisation, addresses = settings.organisation, settings.addresses
    contact = organisation.contact or {}
    own = f"{addresses.open or addresses.web}/id/organisatie/{organisation.oin}"
    return Publisher(
        uri=settings.open.publisher or own,
        name=organisation.name,
        email=contact.get("email", ""),
        url=contact.get("url", ""),
    )
