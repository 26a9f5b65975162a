# SPDX-License-Identifier: EUPL-1.2
"""The table ``[voice]``: another decision point that must agree with what we permit.

It stands in the file of a service, and as ``[outway.voice]`` in the settings.

    [voice]
    address = "https://pdp.example/access/v1/evaluation"   # or OPA: .../v1/data/landschap/allow
    kind = "authzen"                                       # authzen | opa
    timeout_ms = 250                                       # at most 500
    key_file = "pdp-sleutel"                               # in the secrets folder; a bearer token

It can only take away, and without its answer in time nothing is permitted.
Source: AuthZEN 1.0, "Access Evaluation"; house algorithm, R15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from landschap.purposes.authzen.voice import KINDS, Voice, digest_of, request_of
from landschap.purposes.decision import Question
from landschap.vocabulary.ijson import JsonValue

VOICE_KEYS = ("address", "kind", "timeout_ms", "key_file")
# nginx waits two seconds for a decision, and the record must be durable within these as well.
MAX_TIMEOUT_MS = 500
MIN_TIMEOUT_MS = 10
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}(?:/[A-Za-z0-9._~/-]*)?")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Wrong = Callable[[str, str], None]


class VoiceWanted(msgspec.Struct, frozen=True):
    """Our policies permit it, and another decision point must agree."""

    voice: Voice
    request: Mapping[str, JsonValue]
    about: str


def wanted_of(voice: Voice, question: Question, owner: str, traceparent: str) -> VoiceWanted:
    """What this voice is asked about this question."""
    request = request_of(question, owner, traceparent)
    return VoiceWanted(voice, request, digest_of(request))


def read_voice(table: Mapping[str, object], wrong: Wrong) -> Voice:
    """The voice in a table; every mistake is told to ``wrong`` with its key."""
    kind = table.get("kind", KINDS[0])
    if kind not in KINDS:
        wrong("kind", f"one of {', '.join(KINDS)}")
    timeout = table.get("timeout_ms", Voice.__dataclass_fields__["timeout_ms"].default)
    right = isinstance(timeout, int) and not isinstance(timeout, bool)
    if not right or not MIN_TIMEOUT_MS <= timeout <= MAX_TIMEOUT_MS:  # type: ignore[operator]  # a number by then
        wrong("timeout_ms", f"a whole number from {MIN_TIMEOUT_MS} to {MAX_TIMEOUT_MS}")
        timeout = MIN_TIMEOUT_MS
    key_file = table.get("key_file", "")
    if key_file != "" and not (isinstance(key_file, str) and _FILE.fullmatch(key_file)):
        wrong("key_file", "the name of a file in the secrets folder, without a path")
        key_file = ""
    return Voice(
        address=_address(table.get("address"), wrong),
        kind=str(kind),
        timeout_ms=int(str(timeout)),
        key_file=str(key_file),
    )


def _address(given: object, wrong: Wrong) -> str:
    if not isinstance(given, str) or not _ADDRESS.fullmatch(given):
        wrong(
            "address", "is missing, or no address such as https://pdp.example/access/v1/evaluation"
        )
        return ""
    parts = urlsplit(given)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        wrong("address", "names no host, or a port that does not exist")
    elif parts.scheme == "http" and host not in _LOOPBACK:
        wrong("address", "needs https, because it does not lie on this machine (127.0.0.1)")
    return given
