# SPDX-License-Identifier: EUPL-1.2
"""Figures of the parts: each process tells its own on a socket, the supervisor joins them.

The admin listener is the one place where operators and Prometheus look. A part that does not
answer is left out; that it is not well is told by ``landschap_part_up``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from landschap.platform import admin
from landschap.platform.admin import Answer
from landschap.platform.folders import check_socket_path
from landschap.platform.settings import Settings
from landschap.platform.sockets import listening

__all__ = [
    "figures_of",
    "joined",
    "part_registry",
    "shadow_fields",
    "source_running",
    "source_up",
    "sources_refused",
    "stopped_fields",
    "telling",
]

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = 2.0
_MOST_BYTES = 4 * 1024 * 1024


def part_registry() -> CollectorRegistry:
    """A registry for one process, with its CPU, memory and open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


_stopped: WeakKeyDictionary[CollectorRegistry, Counter] = WeakKeyDictionary()


def stopped_fields(registry: CollectorRegistry) -> Counter:
    """The one alarm of all that cut answers in a process: what left although it was not asked.

    Label ``source`` is the logical source, or the service that is held at the door.
    """
    if registry not in _stopped:
        _stopped[registry] = Counter(
            "landschap_integration_fields_stopped",
            "Fields outside the permit, stopped when the answer left. Must stay zero.",
            ["source"],
            registry=registry,
        )
    return _stopped[registry]


_up: WeakKeyDictionary[CollectorRegistry, Gauge] = WeakKeyDictionary()


def source_up(registry: CollectorRegistry) -> Gauge:
    """Whether the last question to a source was answered: 1, or 0 when it failed.

    Labels: ``source`` the logical source, ``part`` the source in it.
    """
    if registry not in _up:
        _up[registry] = Gauge(
            "landschap_integration_source_up",
            "Whether the last question to a source was answered.",
            ["source", "part"],
            registry=registry,
        )
    return _up[registry]


_shadow: WeakKeyDictionary[CollectorRegistry, Counter] = WeakKeyDictionary()


def shadow_fields(registry: CollectorRegistry) -> Counter:
    """What a copy said beside the answers of its source, by field.

    Labels: ``source`` the logical source, ``field``, and ``outcome``: ``equal``, ``different``,
    ``copy_only``, ``source_only``, ``unknown``, or ``left_out`` (a whole answer, when too many
    were being compared).
    """
    if registry not in _shadow:
        _shadow[registry] = Counter(
            "landschap_integration_shadow",
            "Fields of a copy compared with the answer of its source.",
            ["source", "field", "outcome"],
            registry=registry,
        )
    return _shadow[registry]


_running: WeakKeyDictionary[CollectorRegistry, Gauge] = WeakKeyDictionary()


def source_running(registry: CollectorRegistry) -> Gauge:
    """Which text of a logical source answers in a process: since when, in seconds of Unix time.

    Labels: ``source`` the logical source, ``version`` and ``digest`` of its declaration.
    """
    if registry not in _running:
        _running[registry] = Gauge(
            "landschap_integration_source_running",
            "Since when this text of a logical source answers, in seconds of Unix time.",
            ["source", "version", "digest"],
            registry=registry,
        )
    return _running[registry]


_refused: WeakKeyDictionary[CollectorRegistry, Gauge] = WeakKeyDictionary()


def sources_refused(registry: CollectorRegistry) -> Gauge:
    """Mistakes in files of logical sources, whose former text goes on answering meanwhile."""
    if registry not in _refused:
        _refused[registry] = Gauge(
            "landschap_integration_sources_refused",
            "Mistakes in files of logical sources; the former text answers meanwhile.",
            registry=registry,
        )
    return _refused[registry]


@asynccontextmanager
async def telling(
    settings: Settings, part: str, registry: CollectorRegistry, more: Callable[[], str] = str
) -> AsyncIterator[None]:
    """Tell the figures of this process while the block runs; ``more`` gives text beside them."""

    async def page() -> Answer:
        return Answer(200, generate_latest(registry) + more().encode(), PLAIN)

    server = await admin.listen_on(listening(_socket(settings, part)), {"/metrics": page})
    try:
        yield
    finally:
        server.close()


async def figures_of(settings: Settings, parts: Iterable[str]) -> Mapping[str, str]:
    """What each part tells now; one that says nothing in time is absent."""
    names = list(parts)
    told = await asyncio.gather(*(_ask(_socket(settings, name)) for name in names))
    return {name: text for name, text in zip(names, told, strict=True) if text}


def joined(told: Mapping[str, str]) -> bytes:
    """The figures of all parts as one text, each with the label ``part``.

    What one part says twice or can not be read makes that part absent, not the others.
    """
    families: dict[str, Metric] = {}
    for part, text in told.items():
        with contextlib.suppress(ValueError):
            for family in list(text_string_to_metric_families(text)):
                kept = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "part": part}
                    kept.add_sample(sample.name, labels, sample.value)
    registry = CollectorRegistry()
    registry.register(_Given(families.values()))
    return generate_latest(registry)


class _Given(Collector):
    """Families that were made already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield from self._families

    def describe(self) -> Iterator[Metric]:
        """Nothing: their names are not reserved anywhere."""
        yield from ()


def _socket(settings: Settings, part: str) -> Path:
    return check_socket_path(settings.paths.run / f"{part}.figures")


async def _ask(path: Path) -> str:
    """The body that is told there, empty when there is none."""
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=_MOST_BYTES)
            try:
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await writer.drain()
                answer = await reader.read(-1)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""
    head, _, body = answer.partition(b"\r\n\r\n")
    return body.decode("utf-8", "replace") if b" 200 " in head.partition(b"\r\n")[0] else ""
