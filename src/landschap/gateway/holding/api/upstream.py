# SPDX-License-Identifier: EUPL-1.2
"""The way to a held service: asked once, within limits, and its answer read whole.

No redirect is followed, no proxy of the environment, no cookie kept, nothing tried again: the
record says once. A connection serves one question, so that one that was closed meanwhile is never
taken for a question that was not sent.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog
from yarl import URL

from landschap.gateway.holding.answers import Answered, failed
from landschap.gateway.holding.model import Access
from landschap.gateway.services import Service
from landschap.integration.connectors.rest import HostResolver
from landschap.vocabulary.problems import ProblemError

log = structlog.get_logger(__name__)

_CHUNK_BYTES = 65_536
_CONNECT_SECONDS = 3.0
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where files are found and names resolve. ``longest`` bounds each answer, in seconds."""

    folder: Path
    secrets: Path
    hosts: Mapping[str, str]
    longest: float


class Upstream:
    """One held service as it is reached now. Raises OSError for files that can not be used."""

    def __init__(self, service: Service, around: Surroundings) -> None:
        assert service.hold is not None  # noqa: S101  # who calls it chose on that
        self._hold = service.hold
        self._around = around
        is_unix = service.upstream.startswith("unix:")
        self._base = "http://service" if is_unix else service.upstream
        self._stamps = _stamps(service.hold.access, around)
        self._secret = _secret(service.hold.access, around)
        self._tls = _tls(service.hold.access, around) if self._base.startswith("https:") else False
        self._socket = service.upstream.removeprefix("unix:") if is_unix else ""
        self._session: aiohttp.ClientSession | None = None

    def is_outdated(self) -> bool:
        """True when a file by which we prove ourselves was replaced since."""
        return _stamps(self._hold.access, self._around) != self._stamps

    async def close(self) -> None:
        """Close what was opened."""
        if self._session is not None:
            await self._session.close()

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answered:
        """The whole answer. Raises ProblemError when there is none that can be used."""
        access = self._hold.access
        sent = {**headers, "Accept-Encoding": "identity"}
        if access.header:
            sent[access.header] = self._secret
        try:
            async with asyncio.timeout(min(self._hold.answer_seconds, self._around.longest)):
                # What is in the path was understood and stays as it was written.
                url = URL(self._base + target, encoded=True)
                async with self._opened().request(
                    method, url, headers=sent, data=body or None, allow_redirects=False
                ) as answer:
                    return Answered(
                        status=answer.status,
                        media_type=answer.headers.get("Content-Type", ""),
                        body=await self._read(answer),
                    )
        except TimeoutError:
            words = "The service took longer than it may."
            raise ProblemError(failed("answer_too_late", words, status=504)) from None
        except aiohttp.ClientPayloadError:
            raise ProblemError(failed("answer_broken", "The answer broke off.")) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("held service not reached", error=type(error).__name__)
            raise ProblemError(
                failed("service_unreachable", "The service is not reached.")
            ) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": "landschap"},
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session

    def _connector(self) -> aiohttp.BaseConnector:
        if self._socket:
            place = str(self._around.folder / self._socket)
            return aiohttp.UnixConnector(place, force_close=True)
        hosts = {name: value.rsplit(":", 1)[0] for name, value in self._around.hosts.items()}
        tls = self._tls or True
        return aiohttp.TCPConnector(
            ssl=tls, resolver=HostResolver(hosts), force_close=True, use_dns_cache=False
        )

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        limit = self._hold.answer_bytes
        unpack = _unpacking(answer.headers.get("Content-Encoding", ""))
        if (answer.content_length or 0) > limit:
            raise _too_large(limit)
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            try:
                # One byte more than may be is enough to know; a bomb is never unpacked.
                body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
            except zlib.error:
                raise ProblemError(failed("answer_broken", "Its packing is damaged.")) from None
            if len(body) > limit:
                raise _too_large(limit)
        if unpack is not None and not unpack.eof:
            raise ProblemError(failed("answer_broken", "The answer broke off."))
        return bytes(body)


def _unpacking(encoding: str) -> zlib._Decompress | None:
    if encoding.strip().lower() in ("", "identity"):
        return None
    if encoding.strip().lower() in ("gzip", "x-gzip"):
        return zlib.decompressobj(_GZIP)
    raise ProblemError(failed("answer_untrimmable", "It is packed in a way that is not read."))


def _too_large(limit: int) -> ProblemError:
    return ProblemError(failed("answer_too_large", f"The answer is larger than {limit} bytes."))


def _stamps(access: Access, around: Surroundings) -> list[tuple[int, int]]:
    """By what a replaced file is known: its place on the disk and its moment. Raises OSError."""
    names = (
        (around.secrets, access.secret_file),
        (around.secrets, access.key),
        (around.folder, access.certificate),
        (around.folder, access.trust_anchors),
    )
    found = [(folder / name).stat() for folder, name in names if name]
    return [(each.st_ino, each.st_mtime_ns) for each in found]


def _secret(access: Access, around: Surroundings) -> str:
    if not access.secret_file:
        return ""
    return (around.secrets / access.secret_file).read_text(encoding="utf-8").strip()


def _tls(access: Access, around: Surroundings) -> ssl.SSLContext:
    """Raises OSError (which `ssl.SSLError` is) for files that are no certificate or key."""
    anchors = str(around.folder / access.trust_anchors) if access.trust_anchors else None
    context = ssl.create_default_context(cafile=anchors)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.certificate:
        context.load_cert_chain(around.folder / access.certificate, around.secrets / access.key)
    return context
