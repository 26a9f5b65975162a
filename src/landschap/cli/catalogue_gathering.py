# SPDX-License-Identifier: EUPL-1.2
"""Gathering one description, from a file or an address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from landschap.catalogue import store
from landschap.catalogue.client import NotFetched, fetch
from landschap.catalogue.documents import MAX_BYTES, UnreadableDocument
from landschap.catalogue.worker import take
from landschap.platform.trouble import Trouble

_ENDINGS = ("*.yaml", "*.yml", "*.json")


def sources_at(place: str) -> list[str]:
    """The documents at a place. Raises Trouble for a place where there are none."""
    if place.startswith(("https://", "http://")):
        return [place]
    path = Path(place)
    if path.is_dir():
        found = sorted(str(file) for ending in _ENDINGS for file in path.glob(ending))
        if not found:
            raise Trouble(f"{place} holds no .yaml or .json", "name the folder of the descriptions")
        return found
    if not path.is_file():
        raise Trouble(f"{place} is not there", "name a file, a folder or an address")
    return [place]


async def gather(pool: asyncpg.Pool, source: str) -> dict[str, object]:
    """Read one description; a text that was not seen before is checked, compared and kept."""
    place = source
    try:
        if "://" in source:
            raw = await fetch(source)
        else:
            place, raw = await asyncio.to_thread(_file, source)
        return (await take(pool, place, raw)).as_json(place)
    except (NotFetched, OSError, UnreadableDocument) as error:
        why = f"{error.code}: {error}" if isinstance(error, UnreadableDocument) else str(error)
        await store.note(pool, place, "unreadable", why)
        return {"source": place, "outcome": "unreadable", "why": why}


def _file(source: str) -> tuple[str, bytes]:
    """The whole path of a file, and what is in it."""
    path = Path(source).resolve()
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableDocument("too_large", f"more than {MAX_BYTES:,} bytes")
    return str(path), path.read_bytes()
