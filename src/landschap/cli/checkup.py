# SPDX-License-Identifier: EUPL-1.2
"""What the doctor looks at: each check gives lines, and each line that is not well has a remedy."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from landschap.cli.ends import agreed_endings, own_endings
from landschap.platform import nginx, postgres
from landschap.platform.credentials import read_credentials
from landschap.platform.identity_checks import WARN_DAYS, check_identity
from landschap.platform.keys import KEY_NAMES, secret_key
from landschap.platform.listeners import require_free
from landschap.platform.log_keys import kept_keys, sealing_key
from landschap.platform.postgres.migrations import pending_migrations
from landschap.platform.pseudonym_keys import generations, living_keys
from landschap.platform.seal_keys import SEAL_NAMES, seal_keys
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

if TYPE_CHECKING:
    from landschap.cli.held_back import Word

_LOW_DISK_BYTES = 1_000_000_000
_CLOCK_SECONDS = 2.0
_PEER_SECONDS = 5.0
_HTTPS_PORT = 443


class State(StrEnum):
    """How something is."""

    WELL = "well"
    SOON = "soon"
    WRONG = "wrong"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at."""

    subject: str
    state: State
    what: str
    remedy: str = ""


Check = Callable[[Settings], AsyncIterator[Line]]


async def look(settings: Settings) -> AsyncIterator[Line]:
    """All checks, one after the other; a check that cannot be done is a line as well."""
    for subject, check in CHECKS.items():
        try:
            async for each in check(settings):
                yield each
        except Trouble as trouble:
            yield line(subject, State.WRONG, trouble.what, trouble.remedy)


async def _identity(settings: Settings) -> AsyncIterator[Line]:
    now = datetime.now(UTC)
    findings = check_identity(settings, now)
    for finding in findings:
        state = State.WRONG if finding.fatal else State.SOON
        yield line("certificate", state, finding.what, finding.remedy)
    for each in own_endings(settings, now):
        days = int(each.days_left(now))
        told = f"{each.name} ends in {days} days, on {each.ends:%Y-%m-%d}"
        # A list lives for days; that it is late is a finding above.
        if each.step(now) is None or each.name.startswith("revocation"):
            yield line("certificate", State.WELL, told)
        elif each.name != "organisation":
            yield line("certificate", State.SOON, told, each.remedy)


async def _secrets(settings: Settings) -> AsyncIterator[Line]:
    if not settings.paths.secrets.exists():
        yield line("keys", State.SOON, "not made yet", "start `landschap serve` once")
        return
    for name in KEY_NAMES:
        secret_key(settings, name)
    sealing_key(settings)
    former = sum(len(seal_keys(settings, name)) - 1 for name in SEAL_NAMES)
    sealing = len([each for each in kept_keys(settings) if each.destroyed_at is None])
    living_keys(settings)
    of_lines = sum(not (e.is_shared or e.destroyed_at) for e in generations(settings))
    count = len(KEY_NAMES) + of_lines + sealing + former
    open_files = [
        path
        for path in (settings.identity.key, *settings.paths.secrets.rglob("*"))
        if path.is_file() and path.stat().st_mode & 0o077
    ]
    for path in open_files:
        yield line("keys", State.WRONG, f"others may read {path}", f"chmod 600 {path}")
    if not open_files:
        yield line("keys", State.WELL, f"{count} keys, readable by their owner only")


async def _disk(settings: Settings) -> AsyncIterator[Line]:
    place = next(p for p in (settings.paths.data, *settings.paths.data.parents) if p.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / 1e9:.1f} GB free for {settings.paths.data}"
    if free < _LOW_DISK_BYTES:
        yield line("disk", State.WRONG, told, "make room: a full disk stops every question")
    else:
        yield line("disk", State.WELL, told)


async def _nginx(settings: Settings) -> AsyncIterator[Line]:
    found = nginx.program(settings)
    version = ".".join(map(str, found.version))
    if found.version < (1, 27, 4):
        told = f"nginx {version} may close idle connections when it reloads"
        yield line("nginx", State.SOON, told, "from 1.27.4 on it does not")
    else:
        yield line("nginx", State.WELL, f"nginx {version}")


async def _database(settings: Settings) -> AsyncIterator[Line]:
    async with postgres.running(settings):
        pending = await pending_migrations(settings)
        connection = await postgres.administrator(settings)
        try:
            before = datetime.now(UTC)
            version, theirs = await connection.fetchrow(
                "SELECT current_setting('server_version'), clock_timestamp()"
            )
            after = datetime.now(UTC)
        finally:
            await connection.close()
    if int(version.split(".")[0]) < 18:
        yield line("database", State.WRONG, f"PostgreSQL {version}", "use PostgreSQL 18 or newer")
    elif pending:
        told = f"PostgreSQL {version}, {len(pending)} migrations to apply"
        yield line("database", State.SOON, told, "`landschap serve` applies them when it starts")
    else:
        yield line("database", State.WELL, f"PostgreSQL {version}, up to date")
    off = max((before - theirs).total_seconds(), (theirs - after).total_seconds())
    if off > _CLOCK_SECONDS:
        told = f"the database's clock differs {off:.0f} s from ours"
        yield line("clock", State.WRONG, told, "let both machines follow a time server (NTP)")
    else:
        yield line("clock", State.WELL, "our clock and the database's agree")


async def _contracts(settings: Settings) -> AsyncIterator[Line]:
    from landschap.cli.operation import contract_ends

    now = datetime.now(UTC)
    async with postgres.running(settings):
        if await pending_migrations(settings):
            return
        ends = await contract_ends(settings, now)
        agreed = await agreed_endings(settings, now)
    soon = {grant: end for grant, end in ends.items() if (end - now).days < WARN_DAYS}
    for grant, end in soon.items():
        told = f"connection {grant[:16]}... ends on {end:%Y-%m-%d}"
        yield line("contract", State.SOON, told, "propose its successor: `landschap contract`")
    for each in agreed:
        if each.kind != "contract" and each.step(now) is not None:
            days = int(each.days_left(now))
            told = f"{each.name[:40]} rests on a certificate that ends in {days} days"
            yield line("contract", State.SOON, told, each.remedy)
    if not soon:
        yield line("contract", State.WELL, f"{len(ends)} connections in force")


async def _held_back(settings: Settings) -> AsyncIterator[Line]:
    from landschap.cli.held_back import words

    async for each in _said(settings, "held back", words):
        yield each


async def _reports(settings: Settings) -> AsyncIterator[Line]:
    from landschap.cli.decision_terms import words

    async for each in _said(settings, "reports", words):
        yield each


async def _said(
    settings: Settings, subject: str, words: Callable[[Settings], AsyncIterator[Word]]
) -> AsyncIterator[Line]:
    """What is said of it as lines, once the database is as this version needs it."""
    async with postgres.running(settings):
        if await pending_migrations(settings):
            return
        async for each in words(settings):
            late = State.WRONG if each.is_alarm else State.SOON
            state = late if each.remedy else State.WELL
            yield line(subject, state, each.what, each.remedy)


async def _parts(settings: Settings) -> AsyncIterator[Line]:
    """The running parts by the admin listener; when nothing runs, whether it could."""
    admin = settings.listen.admin
    if admin is None:
        remedy = "set listen.admin to see health and figures"
        yield line("parts", State.SOON, "there is no admin listener", remedy)
        return
    status = await asyncio.to_thread(_status_of, f"http://{admin}/health/ready")
    if status == 200:
        yield line("parts", State.WELL, "all parts do their work")
    elif status is not None:
        told = f"not all parts work (http://{admin}/health/ready names them)"
        yield line("parts", State.WRONG, told, "see the log of `landschap serve`")
    else:
        require_free(settings.listen)
        told = "nothing runs now; the configured addresses are free"
        yield line("parts", State.SOON, told, "start `landschap serve`")


async def _directory(settings: Settings) -> AsyncIterator[Line]:
    from landschap.fsc.client.tls import peer_context

    if settings.directory is None:
        return
    address = settings.directory.manager_address
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or _HTTPS_PORT
    try:
        now = datetime.now(UTC)
        context = peer_context(read_credentials(settings, now), settings.directory.peer_id)
        async with asyncio.timeout(_PEER_SECONDS):
            _, writer = await asyncio.open_connection(
                settings.network.hosts.get(host, host), port, ssl=context, server_hostname=host
            )
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except ssl.SSLError as error:
        # Those that we raise ourselves, for another Peer ID, have only words.
        why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error
        told = f"the directory {address} is not trusted: {why}"
        remedy = f"`landschap doctor {settings.directory.peer_id}` says which part of it"
        yield line("directory", State.WRONG, told, remedy)
    except (OSError, TimeoutError) as error:
        told = f"the directory {address} does not answer: {error or 'no answer in 5 s'}"
        yield line("directory", State.WRONG, told, "check [directory], [network.hosts], firewalls")
    else:
        yield line("directory", State.WELL, f"{address} answers, its certificate is trusted")


def _status_of(address: str) -> int | None:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own listener
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def line(subject: str, state: State, what: str, remedy: str = "") -> Line:
    """A line."""
    return Line(subject=subject, state=state, what=what, remedy=remedy)


CHECKS: dict[str, Check] = {
    "certificate": _identity,
    "keys": _secrets,
    "disk": _disk,
    "nginx": _nginx,
    "database": _database,
    "contract": _contracts,
    "held back": _held_back,
    "reports": _reports,
    "parts": _parts,
    "directory": _directory,
}
