# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: TRY004 - a wrong value is a ValueError, whatever is wrong with it
"""What a setting may hold: kinds of values, each with its reader and its JSON Schema.

A setting is a dataclass field made by `option` (one value) or `section` (a table). The readers
take the value as TOML gives it and return the typed one; a wrong value raises ValueError with a
sentence that says what is expected. `platform.settings` declares, `platform.toml_reading` reads.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from landschap.vocabulary.identifiers import Oin, PeerId

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value: how it is read (relative paths start at ``folder``), and its schema."""

    read: Callable[[object, Path], Any]
    schema: Schema


@dataclass(frozen=True, slots=True)
class Option:
    """A setting with one value."""

    kind: Kind
    doc: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A setting that is a table; an absent optional one is None."""

    of: type
    doc: str
    optional: bool = False


def option(kind: Kind, doc: str, *, default: Any = MISSING, secret: bool = False) -> Any:
    """A dataclass field read from one TOML key; without a default the key is required."""
    metadata = {"option": Option(kind, doc, secret)}
    return dataclasses.field(default=default, metadata=metadata)


def section(of: type, doc: str, *, optional: bool = False) -> Any:
    """A dataclass field read from one TOML table."""
    metadata = {"section": Section(of, doc, optional)}
    if optional:
        return dataclasses.field(default=None, metadata=metadata)
    return dataclasses.field(metadata=metadata)


def _read_text(value: object, _: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text that is not empty")
    return value


text = Kind(_read_text, {"type": "string", "minLength": 1})


def choice(*values: str) -> Kind:
    """One of the named values."""

    def read(value: object, _: Path) -> str:
        if value not in values:
            raise ValueError(f"expected one of {', '.join(values)}")
        return str(value)

    return Kind(read, {"enum": list(values)})


def whole_number(lowest: int, highest: int) -> Kind:
    """An integer within bounds, both included."""

    def read(value: object, _: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        if not lowest <= value <= highest:
            raise ValueError(f"{value} is outside {lowest} to {highest}")
        return value

    return Kind(read, {"type": "integer", "minimum": lowest, "maximum": highest})


def _read_boolean(value: object, _: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


boolean = Kind(_read_boolean, {"type": "boolean"})


def _read_path(value: object, folder: Path) -> Path:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise ValueError("expected a path, relative to this file or absolute")
    return (folder / Path(value).expanduser()).absolute()


a_path = Kind(_read_path, {"type": "string", "minLength": 1})


def _read_source(value: object, folder: Path) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        if not urlsplit(value).hostname:
            raise ValueError("expected an address such as http://crl.example/latest.crl")
        return value
    return str(_read_path(value, folder))


a_source = Kind(_read_source, {"type": "string", "minLength": 1})


def _read_host_port(value: object, _: Path) -> str:
    words = "expected an address and a port, such as 127.0.0.1:8443 or [::1]:8443"
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[0-9.]+):([0-9]{1,5})", str(value))
    if match is None or not isinstance(value, str):
        raise ValueError(words)
    try:
        ipaddress.ip_address(match[1].strip("[]"))
    except ValueError:
        raise ValueError(words) from None
    if not 1 <= int(match[2]) <= 65535:
        raise ValueError(f"port {match[2]} is outside 1 to 65535")
    return value


host_port = Kind(_read_host_port, {"type": "string", "pattern": r"^(\[[^\]]+\]|[0-9.]+):[0-9]+$"})


def web_address(*schemes: str) -> Kind:
    """An address of scheme, host and optional port, without path, query or user."""

    def read(value: object, _: Path) -> str:
        words = f"expected an address such as {schemes[0]}://host.example:8443"
        if not isinstance(value, str):
            raise ValueError(words)
        parts = urlsplit(value)
        try:
            int(parts.port or 0)
        except ValueError:
            raise ValueError(words) from None
        if parts.scheme not in schemes or not parts.hostname or parts.username:
            raise ValueError(words)
        # A host with such a sign is none; in a header it would be more hosts, or another rule.
        if any(sign in parts.hostname for sign in "*;,'\""):
            raise ValueError(words)
        if parts.query or parts.fragment or any(c.isspace() for c in value):
            raise ValueError(f"{words}, without query or fragment")
        return value.rstrip("/")

    return Kind(read, {"type": "string", "pattern": f"^({'|'.join(schemes)})://"})


def _read_oin(value: object, _: Path) -> Oin:
    if not isinstance(value, str):
        raise ValueError("expected an OIN as text of twenty positions, in quotes")
    return Oin.parse(value)


an_oin = Kind(_read_oin, {"type": "string", "minLength": 20, "maxLength": 20})


def _read_peer_id(value: object, _: Path) -> PeerId:
    if not isinstance(value, str):
        raise ValueError("expected a Peer ID as text, in quotes")
    return PeerId.parse(value)


a_peer_id = Kind(_read_peer_id, {"type": "string", "minLength": 1, "maxLength": 255})


def several(kind: Kind) -> Kind:
    """A list of values of one kind."""

    def read(value: object, folder: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError('expected a list, such as ["one", "two"]')
        return tuple(kind.read(each, folder) for each in value)

    return Kind(read, {"type": "array", "items": dict(kind.schema)})


def table_of(kind: Kind) -> Kind:
    """A table whose keys are free and whose values are of one kind."""

    def read(value: object, folder: Path) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("expected a table of names and values")
        return {str(key): kind.read(each, folder) for key, each in value.items()}

    return Kind(read, {"type": "object", "additionalProperties": dict(kind.schema)})
