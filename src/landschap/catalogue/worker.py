# SPDX-License-Identifier: EUPL-1.2
"""What a new text of an API sets in motion: checked, compared, kept, published, followers told.

The command line and the pages go the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from landschap.catalogue import store
from landschap.catalogue.beside import Beside, with_beside
from landschap.catalogue.changes import Change, breaking
from landschap.catalogue.changes.comparing import changes_between
from landschap.catalogue.client import NotTold, structures, tell
from landschap.catalogue.describing import described
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import Document, read_document
from landschap.catalogue.findings import Finding, Mode
from landschap.catalogue.notices import event_of
from landschap.catalogue.particulars import particulars_of
from landschap.catalogue.phases import standing_of
from landschap.catalogue.publishing import (
    Given,
    Lack,
    given_before,
    lacks_of,
    publication_of,
)
from landschap.catalogue.reading.outline import member, table
from landschap.catalogue.scoring import score_of
from landschap.platform.settings import Settings
from landschap.registers.open.client import publisher_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a text; ``missing`` is what a published API lacks to be published anew."""

    outcome: str
    name: str
    findings: Sequence[Finding] = ()
    changes: Sequence[Change] = ()
    missing: Sequence[str] = ()

    def as_json(self, source: str) -> dict[str, object]:
        """As the command line tells it."""
        told: dict[str, object] = {"source": source, "outcome": self.outcome, "name": self.name}
        if self.outcome == "same":
            return told
        return {
            **told,
            "score": score_of(self.findings),
            "findings": len(self.findings),
            "breaking": [each.message for each in breaking(self.changes)],
            "missing": list(self.missing),
        }


async def take(pool: asyncpg.Pool, place: str, raw: bytes, beside: Beside | None = None) -> Taken:
    """Take in a text of an API; one that was not seen before is checked, compared and kept.

    ``beside`` fills in what the text leaves open; without it, what was filled in when the API was
    published last. Raises UnreadableDocument.
    """
    if beside is None:
        before_this = await store.last_published(pool, place)
        beside = before_this.filled.beside if before_this else {}
    known = await store.held(pool, place)
    if known is not None and known.digest == store.digest_of(raw) and not beside:
        if not known.is_whole:
            await store.keep_particulars(pool, place, particulars_of(read_document(raw)))
        return await _same(pool, place, known)
    raw, document = with_beside(raw, read_document(raw), beside)
    before = read_document(known.document) if known is not None else None
    if known is not None and before is not None and _means_the_same(before, document):
        return await _same(pool, place, known)
    findings = check(document, Mode.OFFICIAL, structures())
    changes = changes_between(before, document) if before is not None else []
    checked = (score_of(findings), len(findings))
    outcome = "changed" if known else "new"
    name = await store.keep(pool, place, raw, described(document), checked, changes, outcome)
    await store.keep_particulars(pool, place, particulars_of(document))
    return Taken(
        outcome=outcome,
        name=name,
        findings=findings,
        changes=changes,
        missing=await _published_anew(pool, place, name, document),
    )


async def publish(
    pool: asyncpg.Pool,
    settings: Settings,
    name: str,
    given: Given,
    to: store.Offer,
    *,
    only_check: bool = False,
) -> list[Lack]:
    """Publish the newest text of an API and show it to these; what it lacks, when it is not done.

    Raises LookupError when there is no such API.
    """  # fmt: skip
    api = await store.api_named(pool, name)
    held = await store.held(pool, api.source) if api else None
    if held is None:
        raise LookupError(f"there is no API {name}")
    before = await store.publication(pool, name)
    document = read_document(held.document)
    beside = given_before(before.said, given) if before else given
    lacks = lacks_before(document, beside, settings)
    if not lacks and not only_check:
        service = to.service or (await store.offered(pool, name)).service
        said = publication_of(document, beside)
        shown_to = store.Offer(audience=to.audience, service=service)
        await store.publish(pool, name, held.number, said, shown_to)
    return lacks


def lacks_before(document: Document, given: Given, settings: Settings) -> list[Lack]:
    """What is missing before a text can be published: of the text, and of who publishes it."""
    lacks = lacks_of(publication_of(document, given))
    if not settings.addresses.web:
        lacks.append(Lack(name="address of the catalogue", mend="settings: addresses.web"))
    if not publisher_of(settings).email:
        mend = "settings: organisation.contact, email"
        lacks.append(Lack(name="contact of the organisation", mend=mend))
    info = table(member(document.value, "info"))
    fault = standing_of("", info, datetime.now(UTC)).fault
    return [*lacks, Lack(name="life cycle", mend=fault)] if fault else lacks


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


async def _same(pool: asyncpg.Pool, place: str, known: store.Held) -> Taken:
    await store.note(pool, place, "same")
    return Taken(outcome="same", name=known.name)


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
