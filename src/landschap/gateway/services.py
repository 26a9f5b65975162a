# SPDX-License-Identifier: EUPL-1.2
"""The services an organisation offers through its Inway, as declared in ``services/*.toml``.

    name = "uitkeringen"                  # the FSC service name
    upstream = "landschap"                # our own services; or unix:... or http://address:port/base
    recording = "self"                    # self: it writes lines itself; intent: no personal data;
                                          # hold: cut and recorded at the door, see `holding`
    declaration = "signed"                # signed | unsigned | none (only with intent)
    headers = ["Accept-Crs"]              # extra request headers it receives
    trace = "child"                       # child | untouched
    permit = true                         # send it the Permit; own services always get it
    protocol = "http/1.1"                 # http/1.1 | http/2: what the service itself speaks
    events = false                        # true: it may answer with server-sent events
    websocket = false                     # true: a WebSocket may be opened (only with intent)
    inways = ["https://b.example:443"]    # the Inways that offer it; absent: each of ours

    [lifecycle]                           # how it ends, see `lifecycle`
    deprecated = 2027-01-01

    [methods]                             # what each method does with data; others are refused
    GET = "raadplegen"

    [limits]
    body_bytes = 1048576                  # 0: no limit

    [voice]                               # another decision point that must agree
    address = "https://pdp.example/access/v1/evaluation"

    [veto]                                # rules of our own that only forbid
    cedar = '''@id("nachts") forbid(principal, action, resource) when { context.niveau < 4 };'''

`read_service` tells every mistake of a file at once. Nothing is guessed: what is unknown is refused
with the nearest name. Every key is explained in ``docs/reference/services.md``.
Source: FSC Core, "Service"; house decision: recording per service is mandatory.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from landschap.gateway.holding.model import Hold
from landschap.gateway.holding.reading import LIMITS, TABLES, read_hold, refuse_tables
from landschap.gateway.lifecycle import LIFECYCLE_KEYS, Lifecycle, read_lifecycle
from landschap.gateway.voices import VOICE_KEYS, read_voice
from landschap.purposes.authzen.voice import Voice
from landschap.purposes.cedar import mistakes_in
from landschap.purposes.model import ACTIONS

__all__ = ["LANDSCHAP", "Mistake", "Service", "read_service"]

LANDSCHAP = "landschap"
"""The upstream that stands for the organisation's own services."""

DEFAULT_METHODS: Mapping[str, str] = {
    "GET": "raadplegen",
    "HEAD": "raadplegen",
    "POST": "raadplegen",
}
DEFAULT_BODY_BYTES = 1_048_576
MOST_BODY_BYTES = 16_777_216
"""Of a question that is read whole (hold)."""
_KNOWN = (
    "name", "upstream", "recording", "declaration", "headers", "trace", "permit", "protocol",
    "events", "websocket", "inways", "methods", "limits", "voice", "veto",
    "lifecycle", *TABLES,
)  # fmt: skip
_RECORDINGS = ("self", "intent", "hold")
_DECLARATIONS = ("signed", "unsigned", "none")
_TRACES = ("child", "untouched")
_PROTOCOLS = ("http/1.1", "http/2")
# FSC allows 1 to 100 characters, its log record 3 to 255.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,98}[A-Za-z0-9]")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_METHOD = re.compile(r"[A-Z]{2,20}")
_HTTP = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})((?:/\S*)?)")
_BASE = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
# As it stands in a token, and in addresses.inway of the Inway that is meant.
_INWAY = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?")
# Headers that carry identity, trust or the course of the connection are never extra headers.
_RESERVED = (
    "authorization", "connection", "content-length", "cookie", "doelbinding", "expect", "forwarded",
    "host", "keep-alive", "permit", "purpose-declaration", "te", "traceparent", "tracestate",
    "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
)  # fmt: skip
_RESERVED_PREFIXES = ("fsc-", "x-fsc-", "x-forwarded-", "x-landschap-", "proxy-")


class Mistake(NamedTuple):
    """One thing wrong with a file, at the line of its key (0 when it has none)."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One declared service.

    ``upstream`` is `LANDSCHAP`, ``unix:path`` or ``http://host:port`` (``https`` only of one that
    is held); ``base`` stands before the path of every question. ``methods`` maps a method to the
    action it is. ``inways`` are the addresses of the Inways that offer it; empty: each Inway of
    this organisation. ``voice`` must agree with what our policies permit; ``cedar`` holds rules
    that only forbid; ``hold`` says how its answers are cut and recorded at the door;
    ``lifecycle`` how it ends.
    """

    name: str
    upstream: str
    base: str = ""
    recording: str = "self"
    declaration: str = "signed"
    headers: tuple[str, ...] = ()
    trace: str = "child"
    permit: bool = True
    protocol: str = "http/1.1"
    events: bool = False
    websocket: bool = False
    inways: tuple[str, ...] = ()
    methods: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_METHODS))
    body_bytes: int = DEFAULT_BODY_BYTES
    voice: Voice | None = None
    cedar: str = ""
    hold: Hold | None = None
    lifecycle: Lifecycle | None = None

    def offered_at(self, inway: str) -> bool:
        """True when the Inway of this address offers it."""
        return not self.inways or inway in self.inways


def read_service(text: str) -> Service | list[Mistake]:
    """The service in one TOML text, or everything that is wrong with it."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        return [Mistake(int(found[1]) if found else 0, "", f"not TOML: {error}")]
    reading = _Reading(text, tree)
    service = reading.service()
    return reading.mistakes or service


class _Reading:
    """One pass over one file; every wrong value leaves a mistake and a harmless stand-in."""

    def __init__(self, text: str, tree: Mapping[str, object]) -> None:
        self.lines = text.splitlines()
        self.tree = tree
        self.mistakes: list[Mistake] = []

    def service(self) -> Service:
        self._refuse_unknown(self.tree, _KNOWN, "")
        name = self._text("name")
        if name and not _NAME.fullmatch(name):
            self._wrong("name", "3 to 100 letters, digits, dots, dashes and underscores")
        recording = self._choice("recording", _RECORDINGS, "")
        upstream, base = self._upstream(recording)
        declaration = self._choice("declaration", _DECLARATIONS, "signed")
        if declaration == "none" and recording != "intent":
            self._wrong("declaration", '"none" is for services without personal data (intent)')
        headers = self._headers()
        return Service(
            name=name,
            upstream=upstream,
            base=base,
            recording=recording,
            declaration=declaration,
            headers=headers,
            trace=self._choice("trace", _TRACES, "child"),
            permit=self._permit(upstream, recording),
            protocol=self._protocol(upstream),
            events=self._flag("events", default=False),
            websocket=self._websocket(recording),
            inways=self._inways(),
            methods=self._methods(),
            body_bytes=self._body_bytes(),
            voice=self._voice(),
            cedar=self._cedar(),
            hold=self._hold(recording, upstream, headers),
            lifecycle=self._lifecycle(),
        )

    def _hold(self, recording: str, upstream: str, headers: tuple[str, ...]) -> Hold | None:
        if recording != "hold":
            refuse_tables(self.tree, self._wrong)
            return None
        if upstream == LANDSCHAP:
            self._wrong("recording", "our own services write their lines themselves (self)")
        for key, usual in (("protocol", "http/1.1"), ("events", False)):
            if self.tree.get(key, usual) != usual:
                self._wrong(key, "not with hold: an answer is read whole before it leaves")
        return read_hold(self.tree, headers, self._wrong)

    def _voice(self) -> Voice | None:
        if "voice" not in self.tree:
            return None
        table = self._table("voice", VOICE_KEYS)
        return read_voice(table, lambda key, message: self._wrong(f"voice.{key}", message))

    def _lifecycle(self) -> Lifecycle | None:
        if "lifecycle" not in self.tree:
            return None
        return read_lifecycle(self._table("lifecycle", LIFECYCLE_KEYS), self._wrong)

    def _cedar(self) -> str:
        if "veto" not in self.tree:
            return ""
        given = self._table("veto", ("cedar",)).get("cedar")
        if not isinstance(given, str):
            self._wrong("veto.cedar", "a text with rules in Cedar")
            return ""
        for message in mistakes_in(given):
            self._wrong("veto.cedar", message)
        return given

    def _table(self, key: str, known: tuple[str, ...]) -> Mapping[str, object]:
        table = self.tree.get(key)
        if not isinstance(table, dict):
            self._wrong(key, f"a table [{key}] with {', '.join(known)}")
            return {}
        self._refuse_unknown(table, known, f"{key}.")
        return table

    def _upstream(self, recording: str) -> tuple[str, str]:
        given = self._text("upstream")
        if given == LANDSCHAP or not given:
            return given, ""
        if given.startswith("unix:") and re.fullmatch(r'unix:[^"\\$\s]+', given):
            return given, ""
        match = _HTTP.fullmatch(given)
        is_https = match is not None and match[1] == "https"
        if match is None or not 1 <= int(match[3]) <= 65535 or (is_https and recording != "hold"):
            self._wrong(
                "upstream", f'"{LANDSCHAP}", "unix:path" or "http://host:port/base"; https is'
                ' supported towards a service with recording = "hold"'
            )  # fmt: skip
            return "", ""
        base = match[4].rstrip("/")
        if not _BASE.fullmatch(base):
            self._wrong("upstream", "its base path holds letters, digits, . _ ~ - and / only")
        return f"{match[1]}://{match[2]}:{match[3]}", base

    def _permit(self, upstream: str, recording: str) -> bool:
        if recording == "hold":
            # The door's own application opens it; the service behind never sees it.
            if not self._flag("permit", default=True):
                self._wrong("permit", "always made with hold; the service itself never gets it")
            return True
        given = self._flag("permit", default=upstream == LANDSCHAP)
        if upstream == LANDSCHAP and not given:
            self._wrong("permit", "our own services answer only with a Permit")
        return given

    def _protocol(self, upstream: str) -> str:
        given = self._choice("protocol", _PROTOCOLS, "http/1.1")
        if upstream == LANDSCHAP and given != "http/1.1":
            self._wrong("protocol", "our own services speak http/1.1")
        return given

    def _websocket(self, recording: str) -> bool:
        given = self._flag("websocket", default=False)
        if given and recording != "intent":
            # Who asks what inside the tunnel is seen and recorded by nobody.
            self._wrong("websocket", "only for a service without personal data (intent)")
        return given

    def _inways(self) -> tuple[str, ...]:
        given = self.tree.get("inways", [])
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            self._wrong("inways", 'a list of addresses, such as ["https://inway-b.example:443"]')
            return ()
        for each in given:
            if not _INWAY.fullmatch(each):
                self._wrong("inways", f"{each[:80]!r} is no address such as https://host:port")
        return tuple(dict.fromkeys(given))

    def _flag(self, key: str, *, default: bool) -> bool:
        given = self.tree.get(key, default)
        if isinstance(given, bool):
            return given
        self._wrong(key, "true or false")
        return False

    def _headers(self) -> tuple[str, ...]:
        given = self.tree.get("headers", [])
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            self._wrong("headers", 'a list of names, such as ["Accept-Crs"]')
            return ()
        for each in given:
            low = each.lower()
            if not _HEADER.fullmatch(each):
                self._wrong("headers", f"{each!r} is no name of a header")
            elif low in _RESERVED or low.startswith(_RESERVED_PREFIXES):
                self._wrong("headers", f"{each} is set by the door and never passed on")
        return tuple(dict.fromkeys(given))

    def _methods(self) -> Mapping[str, str]:
        given = self.tree.get("methods")
        if given is None:
            return dict(DEFAULT_METHODS)
        if not isinstance(given, dict) or not given:
            self._wrong("methods", 'a table such as GET = "raadplegen"')
            return {}
        for method, action in given.items():
            if not _METHOD.fullmatch(method) or method in {"CONNECT", "TRACE"}:
                self._wrong(f"methods.{method}", "no method that can be offered")
            if action not in ACTIONS:
                near = difflib.get_close_matches(str(action), ACTIONS, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._wrong(f"methods.{method}", f"{action!r} is no action{hint}")
        return {method: str(action) for method, action in given.items()}

    def _body_bytes(self) -> int:
        limits = self.tree.get("limits", {})
        if not isinstance(limits, dict):
            self._wrong("limits", "a table with body_bytes")
            return 0
        is_held = self.tree.get("recording") == "hold"
        known = ("body_bytes", *LIMITS) if is_held else ("body_bytes",)
        self._refuse_unknown(limits, known, "limits.")
        given = limits.get("body_bytes", DEFAULT_BODY_BYTES)
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 2**40:
            self._wrong("limits.body_bytes", "a whole number of bytes; 0 is no limit")
            return 0
        if is_held and not 1 <= given <= MOST_BODY_BYTES:
            self._wrong("limits.body_bytes", f"with hold a number from 1 to {MOST_BODY_BYTES}")
        return given

    def _text(self, key: str) -> str:
        given = self.tree.get(key)
        if isinstance(given, str) and given.strip():
            return given
        self._wrong(key, "is missing" if given is None else "expected text")
        return ""

    def _choice(self, key: str, values: tuple[str, ...], default: str) -> str:
        given = self.tree.get(key, default)
        if given in values:
            return str(given)
        words = f"one of {', '.join(values)}"
        self._wrong(key, f"is missing; {words}" if given == "" else words)
        return values[0]

    def _refuse_unknown(
        self, table: Mapping[str, object], known: tuple[str, ...], prefix: str
    ) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self._wrong(prefix + key, f"unknown key; {hint}")

    def _wrong(self, key: str, message: str) -> None:
        self.mistakes.append(Mistake(self._line(key), key, message))

    def _line(self, key: str) -> int:
        last = key.rpartition(".")[2]
        pattern = re.compile(rf"\s*\[?\s*\"?{re.escape(last)}\"?\s*(?:=|\])")
        return next((n for n, line in enumerate(self.lines, 1) if pattern.match(line)), 0)
