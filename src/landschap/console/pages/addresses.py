# SPDX-License-Identifier: EUPL-1.2
"""Addresses of registers in the console. What a person is known by never stands in one readably.

A search goes by form, and its result has an address that only this session can open. So has an
object that is named by somebody's number.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from urllib.parse import quote

import msgspec

from landschap.console.known import Known
from landschap.console.pages.context import BASE, Asked, ConsoleDeps, refuse, session_of
from landschap.platform.web.sealed import NONCE_BYTES, seal, unseal
from landschap.registers.annotations import PersonalData
from landschap.registers.models import ObjectType

_SEALED = "~"
_HIDDEN = {PersonalData.IDENTIFYING, PersonalData.SPECIAL}
_MAX_SEALED = 4096


class Searched(msgspec.Struct, frozen=True):
    """A search: by which property, for which value."""

    path: str
    value: str


def type_path(kind: ObjectType) -> str:
    """The page of an object type."""
    return f"{BASE}/register/{kind.register}/{kind.collection}"


def object_path(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, object_id: str) -> str:
    """The page of an object."""
    name = quote(object_id, safe="")
    if kind.properties[kind.identification].personal_data in _HIDDEN:
        name = _SEALED + _sealed(deps, asked, kind, object_id.encode())
    return f"{type_path(kind)}/{name}"


def object_id_of(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, name: str) -> str:
    """Which object an address is about. Raises ProblemError (404) for one that does not open."""
    if kind.properties[kind.identification].personal_data not in _HIDDEN:
        return name
    opened = _opened(deps, asked, kind, name.removeprefix(_SEALED))
    return opened.decode()


def found_path(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, what: Searched) -> str:
    """The page with what a search finds."""
    key = _sealed(deps, asked, kind, msgspec.json.encode(what))
    return f"{type_path(kind)}/gevonden/{key}"


def searched_in(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, key: str) -> Searched:
    """The search in an address. Raises ProblemError (404) for one that does not open."""
    return msgspec.json.decode(_opened(deps, asked, kind, key), type=Searched)


def pointed_at(deps: ConsoleDeps, kind: ObjectType, target: str) -> ObjectType | None:
    """The type a relation leads to, None when it is not here."""
    register, _, name = target.rpartition(".")
    try:
        return deps.registers.registers.type(register or kind.register, name)
    except KeyError:
        return None


def _label(asked: Asked[Known], kind: ObjectType) -> bytes:
    return b"landschap.console.address\x1f" + kind.key.encode() + session_of(asked).hash


def _sealed(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, value: bytes) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = seal(value, deps.session_key, _label(asked, kind), nonce)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _opened(deps: ConsoleDeps, asked: Asked[Known], kind: ObjectType, text: str) -> bytes:
    value = None
    if len(text) <= _MAX_SEALED and text.isascii():
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            value = unseal(sealed, deps.session_key, _label(asked, kind))
        except (binascii.Error, ValueError):
            value = None
    if value is None:
        raise refuse(404, "not_found", "There is nothing at this address in this session")
    return value
