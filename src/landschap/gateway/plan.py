# SPDX-License-Identifier: EUPL-1.2
"""What nginx must carry, as a value: the listeners of one organisation and what stands behind them.

Every text that will stand in the configuration is checked here, once: a value that exists can not
break out of its line. `carrier.render` makes the text.
Source: FSC Core, "Inway", "Outway", "Manager".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from landschap.vocabulary.identifiers import InvalidValue

HTTP2_UPSTREAM = (1, 29, 4)
"""The first nginx that speaks HTTP/2 with what is behind it."""

_THUMBPRINT = re.compile(r"(?:[A-Za-z0-9_-]{43})?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"[0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}\]")
_SERVICE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
# Between single quotes in the configuration: nothing that ends them, or is a variable.
_NOTICE = re.compile(r"[ -#%&(-~]{1,2000}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_UPSTREAM = re.compile(r"[a-z0-9._-]{1,300}")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
_PATH = re.compile(r"""[^"\\$\x00-\x1f\x7f]+""")


def _require(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise InvalidValue(f"{what} {text[:80]!r} can not stand in the configuration of nginx")


def service_upstream_name(service: str) -> str:
    """The upstream of an own service. Names differ by more than case; `services` sees to it."""
    return f"own-{service.lower()}"


def peer_upstream_name(host: str, port: int) -> str:
    """The upstream of a peer's Inway: one per host name, since pooled TLS is shared inside it."""
    return f"peer-{host.lower()}-{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """An address and port nginx listens on."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _require(_ADDRESS, self.host, "address")
        if not 1 <= self.port <= 65535:
            raise InvalidValue(f"port {self.port} does not exist")

    def text(self) -> str:
        """``address:port`` as nginx wants it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Own certificate and key, whom we trust, and the revocation lists when there are any.

    ``thumbprint`` is that of the certificate: the decider is told which one a peer will see.
    """

    certificate: PurePath
    key: PurePath
    trust_anchors: PurePath
    crl: PurePath | None = None
    thumbprint: str = ""

    def __post_init__(self) -> None:
        for path in (self.certificate, self.key, self.trust_anchors, self.crl):
            if path is not None:
                _require(_PATH, str(path), "path")
        _require(_THUMBPRINT, self.thumbprint, "thumbprint")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUpstream:
    """Where an own service answers: ``unix:/path`` or ``address:port``; extra headers it gets.

    ``http2``: the service speaks HTTP/2 only. ``websocket``: an upgrade may be asked of it.
    ``notices``: headers that every answer of it gets, such as the announcement of its end.
    """

    service: str
    server: str
    headers: tuple[str, ...] = ()
    http2: bool = False
    websocket: bool = False
    notices: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _require(_SERVICE, self.service, "service")
        _require_server(self.server)
        for name, value in self.notices:
            _require(_HEADER, name, "notice")
            _require(_NOTICE, value, "notice")
        for header in self.headers:
            _require(_HEADER, header, "header")

    @property
    def name(self) -> str:
        """The name the decider answers with."""
        return service_upstream_name(self.service)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerUpstream:
    """The Inway of a peer: the host name in its certificate and the address it was resolved to."""

    host: str
    port: int
    address: str

    def __post_init__(self) -> None:
        _require(_HOST, self.host, "host name")
        _require(_ADDRESS, self.address, "address")
        _require(_UPSTREAM, self.name, "upstream")

    @property
    def name(self) -> str:
        """The name the decider answers with."""
        return peer_upstream_name(self.host, self.port)

    @property
    def server(self) -> str:
        """``address:port``."""
        return f"{self.address}:{self.port}"


def _require_server(server: str) -> None:
    if server.startswith("unix:"):
        _require(_PATH, server, "socket")
        return
    host, _, port = server.rpartition(":")
    _require(_ADDRESS, host, "address")
    if not port.isdigit():
        raise InvalidValue(f"{server!r} has no port")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerDoor:
    """The Manager for peers: mutual TLS, proxied to our Manager's socket."""

    listen: Listen
    socket: PurePath


@dataclass(frozen=True, slots=True, kw_only=True)
class InwayDoor:
    """The Inway: mutual TLS, a decision per request, own services behind it.

    ``peer_requests_per_second`` counts per client certificate, before the decision, and None
    switches it off. ``max_body_bytes`` is the largest any service takes (0: no limit); the
    decider refuses what is too large for one service.
    """

    listen: Listen
    services: tuple[ServiceUpstream, ...] = ()
    peer_requests_per_second: int | None = None
    peer_burst: int = 1000
    max_body_bytes: int = 0
    answer_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwayDoor:
    """The Outway for own applications: plain HTTP on loopback, or TLS.

    With ``client_ca`` an application may prove itself by a certificate of that internal CA.
    ``headers`` are those of a client that may leave the house besides the fixed few.
    """

    listen: Listen
    peers: tuple[PeerUpstream, ...] = ()
    tls: bool = False
    client_ca: PurePath | None = None
    headers: tuple[str, ...] = ()
    max_body_bytes: int = 0
    answer_seconds: int = 60

    def __post_init__(self) -> None:
        if not self.tls and not self.listen.host.startswith(("127.", "[::1]")):
            raise InvalidValue(
                f"the Outway listens on {self.listen.text()} without TLS; plain HTTP is for "
                "loopback addresses only"
            )
        if self.client_ca is not None and not self.tls:
            raise InvalidValue("an internal client CA at the Outway needs TLS there")
        for header in self.headers:
            _require(_HEADER, header, "header")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDoor:
    """The pages for people. Plain HTTP only for ``*.localhost`` names, in a test environment."""

    listen: Listen
    server_name: str
    socket: PurePath
    tls: bool = True

    def __post_init__(self) -> None:
        _require(_HOST, self.server_name, "host name")
        if not self.tls and not self.server_name.endswith(".localhost"):
            raise InvalidValue(
                f"pages of {self.server_name} without TLS: only *.localhost may, in a test"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """Open data: no login, so every address is counted. ``files`` is the folder of bulk files.

    Rates are per address: without a key, with one, and of asking for a key.
    """

    listen: Listen
    server_name: str
    socket: PurePath
    files: PurePath
    tls: bool = True
    requests_per_second: int = 20
    key_requests_per_second: int = 100
    new_keys_per_minute: int = 6
    burst: int = 60
    answer_seconds: int = 60

    def __post_init__(self) -> None:
        _require(_HOST, self.server_name, "host name")
        _require(_PATH, str(self.files), "path")
        if not self.tls and not self.server_name.endswith(".localhost"):
            raise InvalidValue(
                f"open data of {self.server_name} without TLS: only *.localhost may, in a test"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDoor:
    """A listener for applications of our own: as the Outway, plain HTTP on loopback, or TLS.

    With ``client_ca`` one may prove itself by a certificate of that internal CA.
    """

    called: ClassVar[str]

    listen: Listen
    socket: PurePath
    tls: bool = False
    client_ca: PurePath | None = None

    def __post_init__(self) -> None:
        if not self.tls and not self.listen.host.startswith(("127.", "[::1]")):
            raise InvalidValue(
                f"{self.called} listens on {self.listen.text()} without TLS; plain HTTP is "
                "for loopback addresses only"
            )
        if self.client_ca is not None and not self.tls:
            raise InvalidValue(f"an internal client CA at {self.called} needs TLS there")


class DecisionsDoor(OwnDoor):
    """The decision point, for own gateways."""

    __slots__ = ()
    called = "the decision point"


class LogDoor(OwnDoor):
    """The processing log, for applications that account for what they do."""

    __slots__ = ()
    called = "the processing log"


Door = ManagerDoor | InwayDoor | OutwayDoor | WebDoor | OpenDoor | OwnDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPlan:
    """Everything one organisation's nginx carries.

    ``run`` holds sockets and the pid file (a short path: a unix socket has 108 bytes), ``logs``
    the access and error log. ``worker_user`` only when nginx is started by root.
    """

    run: PurePath
    logs: PurePath
    decide_socket: PurePath
    tls: Tls
    nginx_version: tuple[int, int, int]
    workers: int = 1
    worker_user: str | None = None
    manager: ManagerDoor | None = None
    inway: InwayDoor | None = None
    outway: OutwayDoor | None = None
    web: WebDoor | None = None
    open: OpenDoor | None = None
    decisions: DecisionsDoor | None = None
    logboek: LogDoor | None = None
    header_timeout_seconds: int = 10

    def __post_init__(self) -> None:
        for path in (self.run, self.logs, self.decide_socket):
            _require(_PATH, str(path), "path")
        if self.worker_user is not None:
            _require(_USER, self.worker_user, "user")
        if not self.knows(HTTP2_UPSTREAM) and any(each.http2 for each in self._services()):
            raise InvalidValue("this nginx can not speak HTTP/2 with a service; it needs 1.29.4")
        names = [upstream.name for upstream in self._upstreams()]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InvalidValue(f"two upstreams have one name: {', '.join(sorted(twice))}")
        places = [door.listen.text() for door in self.doors()]
        if len(set(places)) < len(places):
            raise InvalidValue(f"two listeners on one address: {', '.join(places)}")

    def doors(self) -> tuple[Door, ...]:
        """The listeners that are configured."""
        every = (
            *(self.manager, self.inway, self.outway, self.web, self.open),
            *(self.decisions, self.logboek),
        )
        return tuple(door for door in every if door is not None)

    def _upstreams(self) -> tuple[ServiceUpstream | PeerUpstream, ...]:
        peers = self.outway.peers if self.outway else ()
        return (*self._services(), *peers)

    def _services(self) -> tuple[ServiceUpstream, ...]:
        return self.inway.services if self.inway else ()

    @property
    def version_socket(self) -> PurePath:
        """Where the running configuration tells its version."""
        return self.run / "carrier.sock"

    @property
    def access_log(self) -> PurePath:
        """One JSON object a line; no path, no query, no person."""
        return self.logs / "access.json"

    @property
    def error_log(self) -> PurePath:
        """What nginx itself has to say."""
        return self.logs / "error.log"

    def knows(self, since: tuple[int, int, int]) -> bool:
        """True when this nginx has the directives that came with ``since``."""
        return self.nginx_version >= since
