# SPDX-License-Identifier: EUPL-1.2
"""A REST service of another party as a source.

It is asked for the needed columns only and for the same two times as every source. What goes with
a question is closed: our key to the service and ``traceparent``. The permit, the asking
organisation and its user stay here. A service that another organisation offers under a contract is
asked through our own Outway: that alone gets the permit too, and declares for us.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from landschap.integration.access import RestAccess
from landschap.integration.connectors.guarding import Guard, all_of
from landschap.integration.connectors.over_http import (
    Request,
    RestDoor,
    answered,
    read_limited,
    trace_headers,
)
from landschap.integration.model import Axes, Source
from landschap.integration.paging import ElsewhereError, goes_on, next_page
from landschap.integration.rows import (
    Moment,
    Question,
    Reason,
    Row,
    SourceFailed,
    at_path,
    has_path,
    key_text,
)
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.times import as_utc_text

_KEY = re.compile(r"\{([A-Za-z0-9_]+)\}")


class HostResolver(AbstractResolver):
    """Resolves the names of the map to the addresses in it, all others by the system."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = dict(hosts)
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of one host. Raises OSError when there is none."""
        known = self._hosts.get(host)
        if known is None:
            return await self._system.resolve(host, port, family)
        found = await self._system.resolve(known, port, family)
        return [{**result, "hostname": host} for result in found]

    async def close(self) -> None:
        """Nothing is held."""
        await self._system.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One page of an answer: its records, where the next one is, and how large it was."""

    records: list[JsonValue]
    following: str
    size: int


class RestConnector:
    """Asks one REST source, some keys per request, some requests at a time."""

    def __init__(self, source: Source, access: RestAccess, door: RestDoor) -> None:
        self._source = source
        self._access = access
        self._door = door
        self._guard = Guard(access.concurrency)

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys. Raises SourceFailed; one failed request fails the question."""
        keys = question.keys
        size = self._access.batch
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        if len(batches) == 1:
            return await self._guarded(question, batches[0])
        tasks = [asyncio.create_task(self._guarded(question, batch)) for batch in batches]
        found = await all_of(tasks)
        return [row for rows in found for row in rows]

    async def _guarded(self, question: Question, keys: Sequence[str]) -> list[Row]:
        return await self._guard.run(partial(self._request, question, keys))

    async def _request(self, question: Question, keys: Sequence[str]) -> list[Row]:
        """The rows of all pages; a source that has no end to them gives too much."""
        access = self._access
        url = address(access, question, self._source.axes, keys)
        seen, rows, left = {url}, list[Row](), access.max_bytes
        for _ in range(access.max_pages):
            page = await self._page(url, question, left)
            if page is None:
                return rows
            rows += [row_of(record, access, question) for record in page.records]
            left -= page.size
            if not page.following:
                return rows
            if page.following in seen:
                raise SourceFailed(Reason.UNREADABLE)
            url = page.following
            seen.add(url)
        raise SourceFailed(Reason.TOO_LARGE)

    async def _page(self, url: str, question: Question, left: int) -> _Page | None:
        access = self._access
        found = (200, 404) if access.batch == 1 else (200,)
        request = Request(method="GET", url=url, headers=self._headers(question), found=found)
        async with answered(self._door, request) as answer:
            if answer.status == 404:
                return None
            body = await read_limited(answer, left)
            link = ", ".join(answer.headers.getall("Link", ()))
        value = _json(body)
        return _Page(
            records=records_in(value, access.records),
            following=_following(value, link, access.next_path, url),
            size=len(body),
        )

    def _headers(self, question: Question) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self._access.secret_header:
            headers[self._access.secret_header] = self._door.secret
        if self._access.contract:
            headers.update(_by_contract(self._access, question))
        headers.update(trace_headers(question.trace))
        return headers


def _json(body: bytes) -> JsonValue:
    try:
        return loads(body, max_bytes=len(body))
    except InvalidJson:
        raise SourceFailed(Reason.UNREADABLE) from None


def _following(value: JsonValue, link: str, path: str, url: str) -> str:
    """Where the next page is. Raises SourceFailed for one that may not be asked."""
    if not path:
        if goes_on(value, link):
            raise SourceFailed(Reason.UNREADABLE)
        return ""
    try:
        return next_page(value, link, path, url)
    except ElsewhereError:
        raise SourceFailed(Reason.UNREADABLE) from None


def _by_contract(access: RestAccess, question: Question) -> dict[str, str]:
    """What our Outway has to know: by which contract, for what, and to answer which question."""
    named = "Fsc-Grant-Hash" if access.contract.startswith("$") else "Fsc-Grant-Alias"
    headers = {named: access.contract}
    purpose = access.purpose or (question.behalf.purpose if question.behalf else "")
    if purpose:
        headers["Doelbinding"] = purpose
    if question.behalf is not None:
        headers["Permit"] = question.behalf.permit
    return headers


def address(access: RestAccess, question: Question, axes: Axes, keys: Sequence[str]) -> str:
    """The URL of one request: keys, needed columns, and the times the source understands."""
    joined = ",".join(quote(key, safe="") for key in keys)
    url = _KEY.sub(lambda _: joined, access.url)
    pairs = []
    if access.fields_parameter:
        # The period is asked for too: without it a value could not say since when it holds.
        period = (access.period.begin, access.period.end, access.period.registered)
        wanted = dict.fromkeys([*question.columns, *(path for path in period if path)])
        pairs.append((access.fields_parameter, ",".join(wanted)))
    pairs += _times(question.moment, axes)
    query = "&".join(f"{name}={quote(value, safe=',.:')}" for name, value in pairs)
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _times(moment: Moment, axes: Axes) -> list[tuple[str, str]]:
    if axes is Axes.NONE:
        return []
    pairs = [("geldigOp", moment.valid_on.isoformat())]
    if axes is Axes.BOTH:
        pairs.append(("beschikbaarOp", as_utc_text(moment.known_at)))
    return pairs


def records_in(value: JsonValue, path: str) -> list[JsonValue]:
    """The records at a dotted path of the answer. Raises SourceFailed when it holds no list of
    objects there.
    """
    found = at_path(value, path)
    records = list(found) if isinstance(found, list) else [found]
    if not all(isinstance(record, Mapping) for record in records):
        raise SourceFailed(Reason.UNREADABLE)
    return records


def row_of(record: JsonValue, access: RestAccess, question: Question) -> Row:
    """One record as a row: the asked columns only, whatever more the source sent.

    Raises SourceFailed for a record that does not say what it is about, and for one that lacks a
    column of a source that always writes them all.
    """
    period = access.period
    values = {column: at_path(record, column) for column in question.columns}
    key = key_text(at_path(record, question.by))
    lacks = access.complete and not all(has_path(record, column) for column in question.columns)
    if not key or lacks:
        raise SourceFailed(Reason.UNREADABLE)
    return Row(
        id=key,
        values=values,
        begin=_optional_text(record, period.begin),
        end=_optional_text(record, period.end),
        registered=_optional_text(record, period.registered),
        clock=access.clock if period.registered else "",
    )


def _optional_text(record: JsonValue, path: str) -> str | None:
    value = at_path(record, path) if path else None
    return value if isinstance(value, str) and value else None
