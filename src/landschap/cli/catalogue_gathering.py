# SPDX-License-Identifier: EUPL-1.2
"""Gathering one description: what a new text of it sets in motion, and telling who follows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from landschap.catalogue import store
from landschap.catalogue.changes import breaking
from landschap.catalogue.changes.comparing import changes_between
from landschap.catalogue.client import NotFetched, NotTold, fetch, structures, tell
from landschap.catalogue.describing import described
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import MAX_BYTES, Document, UnreadableDocument, read_document
from landschap.catalogue.findings import Mode
from landschap.catalogue.notices import event_of
from landschap.catalogue.particulars import particulars_of
from landschap.catalogue.publishing import given_before, lacks_of, publication_of
from landschap.catalogue.scoring import score_of
from landschap.platform.settings import Settings
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
        known = await store.held(pool, place)
        if known is not None and known.digest == store.digest_of(raw):
            if not known.is_whole:
                await store.keep_particulars(pool, place, particulars_of(read_document(raw)))
            return await _same(pool, place, known)
        document = read_document(raw)
    except (NotFetched, OSError, UnreadableDocument) as error:
        why = f"{error.code}: {error}" if isinstance(error, UnreadableDocument) else str(error)
        await store.note(pool, place, "unreadable", why)
        return {"source": place, "outcome": "unreadable", "why": why}
    before = read_document(known.document) if known is not None else None
    if known is not None and before is not None and _means_the_same(before, document):
        return await _same(pool, place, known)
    findings = check(document, Mode.OFFICIAL, structures())
    changes = changes_between(before, document) if before is not None else []
    checked = (score_of(findings), len(findings))
    outcome = "changed" if known else "new"
    name = await store.keep(pool, place, raw, described(document), checked, changes, outcome)
    await store.keep_particulars(pool, place, particulars_of(document))
    return {
        "source": place,
        "outcome": outcome,
        "name": name,
        "score": checked[0],
        "findings": checked[1],
        "breaking": [each.message for each in breaking(changes)],
        "missing": await _published_anew(pool, place, name, document),
    }


async def tell_followers(pool: asyncpg.Pool, settings: Settings) -> Sequence[dict[str, object]]:
    """Bring every notice that waits; of one follower and API a later one never passes an earlier.

    Who answers that it wants no more is told no more.
    """
    oin, base = settings.organisation.oin.value, settings.addresses.web
    done: list[dict[str, object]] = []
    failed: set[tuple[int, str]] = set()
    for notice in await store.waiting(pool):
        if (notice.api, notice.address) in failed:
            continue
        why = ""
        try:
            await tell(notice.address, event_of(notice, oin, base))
        except NotTold as error:
            why = str(error)
            failed.add((notice.api, notice.address))
            if error.wants_no_more:
                await store.follow(pool, notice.name, notice.address, is_on=False, why=why)
        await store.told(pool, notice, why)
        done.append(
            {"name": notice.name, "text": notice.number, "address": notice.address,
             "told": not why, "why": why}
        )  # fmt: skip
    return done


async def _same(pool: asyncpg.Pool, place: str, known: store.Held) -> dict[str, object]:
    await store.note(pool, place, "same")
    return {"source": place, "outcome": "same", "name": known.name}


def _means_the_same(one: Document, other: Document) -> bool:
    """True when only the way it is written differs: order of keys, spaces, comments."""
    # As text, for to Python 1 is True as well.
    return _plain(one) == _plain(other)


def _plain(document: Document) -> str:
    return json.dumps(document.value, sort_keys=True)


async def _published_anew(
    pool: asyncpg.Pool, place: str, name: str, document: Document
) -> list[str]:
    """Publish the new text of what is published; what it lacks, when the old one stays."""
    before, held = await store.publication(pool, name), await store.held(pool, place)
    if before is None or held is None:
        return []
    said = publication_of(document, given_before(before.said))
    lacks = [f"{each.name} ({each.mend})" for each in lacks_of(said)]
    if not lacks:
        await store.publish(pool, name, held.number, said)
    return lacks


def _file(source: str) -> tuple[str, bytes]:
    """The whole path of a file, and what is in it."""
    path = Path(source).resolve()
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableDocument("too_large", f"more than {MAX_BYTES:,} bytes")
    return str(path), path.read_bytes()
