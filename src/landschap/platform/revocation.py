# SPDX-License-Identifier: EUPL-1.2
"""Revocation lists on disk: fetched in time, verified, kept by rename, read by every process.

Freshness: a list is fetched again after `revocation.refresh_minutes`, and whatever that says
before the last quarter of its life begins; after a failure sooner, ten seconds at first. What comes
in must be signed by an authority of the Group, be no part of a list, have an end that is yet to
come, and be no older than what is held. Anything else is told and the held list stays.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import structlog
from cryptography import x509

from landschap.platform.folders import inherit_owner, private_folder
from landschap.platform.identity import read_certificates
from landschap.platform.oidc import HostResolver
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.revocation import Revocation, RevocationList, read_revocation_list

FOLDER = "revocation"
_MAX_BYTES = 50_000_000
_FETCH = aiohttp.ClientTimeout(total=60, connect=5)
_FILE_AGAIN_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 10.0
_LEAST_PAUSE_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of one configured list; ``why`` says why there is none, or is empty."""

    source: str
    list: RevocationList | None
    why: str = ""


def sources(settings: Settings) -> tuple[str, ...]:
    """Every configured list: a path or an address, each once."""
    single = [str(settings.identity.crl)] if settings.identity.crl is not None else []
    return tuple(dict.fromkeys([*single, *settings.revocation.lists]))


def authorities(settings: Settings) -> list[x509.Certificate]:
    """Whose lists count: trust anchors, our own intermediates, and those configured for it."""
    identity = settings.identity
    found = [c for path in identity.trust_anchors for c in read_certificates(path)]
    found += read_certificates(identity.certificate)[1:]
    found += [c for path in settings.revocation.authorities for c in read_certificates(path)]
    return found


def kept_file(settings: Settings, source: str) -> Path:
    """Where the last good list of a source is kept."""
    name = hashlib.sha256(source.encode()).hexdigest()[:16]
    return settings.paths.data / FOLDER / f"{name}.crl"


def held_lists(settings: Settings, now: datetime) -> list[Held]:
    """The list that counts for each source: what was kept, or a newer one in its own file."""
    configured = sources(settings)
    if not configured:
        return []
    trusted = authorities(settings)
    return [_held(settings, source, trusted, now) for source in configured]


def revocation_of(settings: Settings, now: datetime) -> Revocation | None:
    """What certificates are held against; None when the Group has no lists.

    A list that was never had leaves a gap, and a gap refuses.
    """
    held = held_lists(settings, now)
    if not held:
        return None
    found = [each.list for each in held if each.list is not None]
    return Revocation.of(found, refuse_ended=settings.revocation.ended == "refuse")


def require_lists(settings: Settings, now: datetime) -> None:
    """Fetch what was never fetched, so that nothing starts without it. Raises Trouble."""
    missing = [each for each in held_lists(settings, now) if each.list is None]
    for each in missing:
        try:
            asyncio.run(renew(settings, each.source, now))
        except InvalidValue as error:
            raise Trouble(
                f"there is no revocation list of {each.source}: {error}",
                "put it there or correct revocation.lists; without it no peer can be trusted",
            ) from None


async def renew(settings: Settings, source: str, now: datetime) -> bool:
    """Fetch one list and keep it; False when it is the one we have. Raises InvalidValue."""
    content = await _fetch(settings, source)
    trusted = authorities(settings)
    fetched = read_revocation_list(content, trusted, now)
    if fetched.ended(now):
        raise InvalidValue(f"the list there ended on {fetched.until:%Y-%m-%d %H:%M} UTC")
    file = kept_file(settings, source)
    before = _read(file, trusted, now)
    if isinstance(before, RevocationList):
        if before.is_newer_than(fetched):
            raise InvalidValue(
                f"the list there is of {fetched.from_:%Y-%m-%d %H:%M}, older than the one held"
            )
        if before.pem == fetched.pem:
            return False
    _keep(file, fetched.pem)
    return True


async def keep_lists(settings: Settings, stop: asyncio.Event) -> None:
    """Keep every list fresh until ``stop``; each has a task, so a slow one delays no other."""
    configured = sources(settings)
    if not configured:
        await stop.wait()
        return
    async with asyncio.TaskGroup() as group:
        for source in configured:
            group.create_task(_keep_fresh(settings, source, stop))


async def _keep_fresh(settings: Settings, source: str, stop: asyncio.Event) -> None:
    pause, told = _FIRST_PAUSE_SECONDS, ""
    while not stop.is_set():
        now = datetime.now(UTC)
        try:
            changed = await renew(settings, source, now)
        except (InvalidValue, Trouble) as error:
            if str(error) != told:
                log.warning("revocation list not renewed", source=source, why=str(error))
            told, wait = str(error), min(pause, settings.revocation.refresh_minutes * 60)
            pause *= 2
        else:
            pause, told = _FIRST_PAUSE_SECONDS, ""
            wait = seconds_to_next(settings, source, now)
            if changed:
                log.info("revocation list renewed", source=source)
        if not _is_address(source):
            # A file costs nothing to look at, and who replaces it wants it to count.
            wait = min(wait, _FILE_AGAIN_SECONDS)
        try:
            await asyncio.wait_for(stop.wait(), wait)
        except TimeoutError:
            continue


def seconds_to_next(settings: Settings, source: str, now: datetime) -> float:
    """How long the list of this source may rest, by the rule of freshness."""
    longest = settings.revocation.refresh_minutes * 60.0
    held = _read(kept_file(settings, source), authorities(settings), now)
    if not isinstance(held, RevocationList):
        return _FIRST_PAUSE_SECONDS
    left = (held.alarm_at - now).total_seconds()
    # In the last quarter: often, but at a pace that an authority can bear.
    floor = min(_LEAST_PAUSE_SECONDS, (held.until - held.from_).total_seconds() / 20)
    return min(longest, max(left, floor))


def in_alarm(settings: Settings, now: datetime) -> Iterator[tuple[str, str]]:
    """The lists that are absent, ended or late: source, and what is wrong."""
    for each in held_lists(settings, now):
        if each.list is None:
            yield each.source, each.why
        elif each.list.ended(now):
            yield each.source, f"ended on {each.list.until:%Y-%m-%d %H:%M} UTC"
        elif now >= each.list.alarm_at:
            left = int((each.list.until - now).total_seconds())
            yield each.source, f"was not replaced in time; it still holds for {left} s"


def _held(
    settings: Settings, source: str, trusted: Sequence[x509.Certificate], now: datetime
) -> Held:
    kept = _read(kept_file(settings, source), trusted, now)
    there = kept if _is_address(source) else _read(Path(source), trusted, now)
    lists = [each for each in (kept, there) if isinstance(each, RevocationList)]
    if not lists:
        return Held(source=source, list=None, why=str(there))
    newest = lists[0]
    for each in lists[1:]:
        newest = each if each.is_newer_than(newest) else newest
    return Held(source=source, list=newest)


def _read(
    path: Path, trusted: Sequence[x509.Certificate], now: datetime
) -> RevocationList | InvalidValue:
    try:
        return read_revocation_list(path.read_bytes(), trusted, now)
    except FileNotFoundError:
        return InvalidValue("it was never fetched")
    except OSError as error:
        return InvalidValue(f"{path} cannot be read: {error.strerror}")
    except InvalidValue as error:
        return error


async def _fetch(settings: Settings, source: str) -> bytes:
    """The bytes of a list. Its signature protects it, so plain http does. Raises InvalidValue."""
    if not _is_address(source):
        try:
            return await asyncio.to_thread(Path(source).read_bytes)
        except OSError as error:
            raise InvalidValue(f"{source} cannot be read: {error.strerror}") from None
    connector = aiohttp.TCPConnector(resolver=HostResolver(settings.network.hosts or {}))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_FETCH, trust_env=True) as session,
            session.get(source) as answer,
        ):
            if answer.status != 200:
                raise InvalidValue(f"it answered {answer.status}")
            return await _limited(answer)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise InvalidValue(str(error) or type(error).__name__) from None


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_chunked(65_536):
        size += len(part)
        if size > _MAX_BYTES:
            raise InvalidValue(f"it is larger than {_MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _keep(file: Path, content: bytes) -> None:
    """A new file and a rename: whoever reads sees the old list or the new one."""
    if not file.parent.exists():
        private_folder(file.parent, mode=0o755)
        inherit_owner(file.parent)
    draft = file.with_suffix(".new")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        raise Trouble(f"{file} cannot be written: {error.strerror}", "see paths.data") from None


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))
