# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The settings of security events: which watch (SIEM, SOC) receives them, and how much waits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option, section


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogSettings:
    """A receiver of syslog over TLS. Source: RFC 5424, RFC 5425."""

    address: str = option(
        o.web_address("tls"), "The receiver, such as tls://siem.example:6514; port 6514 if none."
    )
    authority: Path | None = option(
        o.a_path, "CA of the receiver (PEM); left out: those of the system.", default=None
    )
    certificate: Path | None = option(
        o.a_path, "Certificate by which the receiver knows us (PEM).", default=None
    )
    key: Path | None = option(o.a_path, "The private key of that certificate.", default=None)
    resend_seconds: int = option(
        o.whole_number(1, 600),
        "What was sent this short before a connection broke is sent again.",
        default=30,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpSettings:
    """A receiver of OpenTelemetry logs over HTTP; `/v1/logs` is added to the address."""

    address: str = option(o.web_address("https", "http"), "The receiver; https outside a test.")
    authority: Path | None = option(
        o.a_path, "CA of the receiver (PEM); left out: those of the system.", default=None
    )
    token_file: Path | None = option(
        o.a_path, "File with the token sent as `Authorization: Bearer`.", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SiemSettings:
    """Security events, in OCSF, to whoever watches. Without a receiver none are kept."""

    syslog: SyslogSettings | None = section(
        SyslogSettings, "Send as syslog over TLS.", optional=True
    )
    otlp: OtlpSettings | None = section(OtlpSettings, "Send as OpenTelemetry logs.", optional=True)
    buffer_events: int = option(
        o.whole_number(100, 100_000_000),
        "Events that may wait for a receiver; what does not fit is counted, and the count is told.",
        default=1_000_000,
    )
    keep_hours: int = option(
        o.whole_number(1, 8_760),
        "How long an event that was received is kept, to be sent again on request.",
        default=168,
    )

    def receivers(self) -> tuple[str, ...]:
        """The names of the receivers that are set."""
        given = {"syslog": self.syslog, "otlp": self.otlp}
        return tuple(name for name, one in given.items() if one is not None)
