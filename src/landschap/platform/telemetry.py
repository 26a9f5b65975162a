# SPDX-License-Identifier: EUPL-1.2
"""What operators see: lines of the technical log, and figures for Prometheus.

Lines and labels hold no number of a person, no name of one and no raw path.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Info
from prometheus_client.exposition import generate_latest

from landschap.platform.logboek_settings import LogSettings

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


_listener: Callable[[str, str, str, str], None] | None = None


def start_logging(log: LogSettings, part: str) -> None:
    """Send our lines and those of libraries to standard output, each with the part's name."""
    text = sys.stdout.isatty() if log.format == "auto" else log.format == "text"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    last = _text_form() if text else _json_form()
    structlog.configure(
        processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log.level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(part=part)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    # Libraries speak up from warning on, whatever our own level is.
    logging.basicConfig(
        handlers=[handler], level=max(_LEVELS[log.level], logging.WARNING), force=True
    )


def _text_form() -> list[Any]:
    plain = structlog.dev.plain_traceback
    colours = sys.stdout.isatty()
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]


def _json_form() -> list[Any]:
    """One JSON object a line; never the values of variables, which hold keys and persons."""
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]


def logger() -> Any:
    """The technical log of this process."""
    return structlog.get_logger()


def security_event(*, door: str, peer: str, code: str, reason: str, **more: str) -> None:
    """One line ``security``: somebody was refused for what they are or try.

    ``peer`` is a Peer ID or "" when nobody was recognised; ``code`` stands in the answer too. An
    operator finds all of them by ``"event": "security"``.
    """
    structlog.get_logger("landschap.security").warning(
        "security", door=door, peer=peer[:255], code=code, reason=reason[:300], **more
    )
    if _listener is not None:
        _listener(door, peer[:255], code, reason[:300])


def listen_to_security(listener: Callable[[str, str, str, str], None] | None) -> None:
    """Have each security event of this process told to ``listener`` as well; None ends that."""
    global _listener  # noqa: PLW0603 - one per process, as the log is
    _listener = listener


class Figures:
    """The figures of one organisation's supervisor, in a registry of their own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        Info("landschap_build", "What runs here.", registry=self.registry).info(
            {"version": version}
        )
        self._restarts: dict[str, int] = {}
        self._carried: dict[tuple[str, str, int], tuple[int, int, float]] = {}
        self.carried = (
            self._carried_counter("answers", "Answers of nginx, from its access log."),
            self._carried_counter("sent_bytes", "Bytes of those answers."),
            self._carried_counter("busy_seconds", "Seconds from question to end of answer."),
        )
        self.part_up = self._gauge("landschap_part_up", "1 when the part does its work.", "part")
        self.part_restarts = Counter(
            "landschap_part_restarts",
            "Times the part was started again.",
            ["part"],
            registry=self.registry,
        )
        self.certificate_days = self._gauge(
            "landschap_certificate_left_days", "Days until the certificate or list ends.", "name"
        )
        self.contract_days = self._gauge(
            "landschap_contract_left_days", "Days until the connection grant ends.", "grant"
        )
        self.reports = self._gauge(
            "landschap_reports", "Reports that a value is wrong, without a decision yet.", "state"
        )
        self.held_back = self._gauge(
            "landschap_held_back", "Decisions that uses are not told to residents.", "state"
        )
        self.reloads = Counter(
            "landschap_carrier_reloads",
            "Changes of nginx's configuration by outcome.",
            ["outcome"],
            registry=self.registry,
        )

    def set_carried(
        self, totals: Iterable[tuple[tuple[str, str, int], tuple[int, int, float]]]
    ) -> None:
        """Bring the counters of what nginx carried to totals by door, upstream and status."""
        for (door, upstream, status), total in totals:
            labels = {"door": door, "upstream": upstream, "status": str(status)}
            known = self._carried.get((door, upstream, status), (0, 0, 0.0))
            for counter, old, new in zip(self.carried, known, total, strict=True):
                counter.labels(**labels).inc(max(0, new - old))
            self._carried[door, upstream, status] = total

    def set_restarts(self, part: str, total: int) -> None:
        """Bring the counter of one part to the total that the supervisor keeps."""
        known = self._restarts.get(part, 0)
        self.part_restarts.labels(part=part).inc(total - known)
        self._restarts[part] = total

    def _carried_counter(self, name: str, words: str) -> Counter:
        labels = ["door", "upstream", "status"]
        return Counter(f"landschap_carrier_{name}", words, labels, registry=self.registry)

    def exposition(self) -> bytes:
        """All figures in Prometheus text form."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, words: str, label: str) -> Gauge:
        return Gauge(name, words, [label], registry=self.registry)
