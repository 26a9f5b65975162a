# SPDX-License-Identifier: EUPL-1.2
"""A question to a service, and how it is sent to the Outway.

The service never sees these headers as they are: the Outway reads them, decides, and signs what
leaves. Source: ``docs/how-to/ask-from-a-program.md``; house decision: own side of the Outway.
"""

from __future__ import annotations

import json as json_text
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode

from landschap.vocabulary.identifiers import passes_eleven_test
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

_METHOD = re.compile(r"[A-Z]{3,10}")
_HASH = re.compile(r"\$\d+\$\d+\$.+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
_LONGEST = 8_000
_FRAMING = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "expect", "te", "trailer",
     "upgrade"}
)  # fmt: skip
_SAFE = "/-._~:@!$'()*,;="


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    ``service`` names the contract: a service, ``peer/service``, either with ``@delegator``, a name
    of the settings, or a grant hash. ``path`` is the address within the service. ``purpose`` is a
    URI, or the last part of one of the contract or of the own register. ``fields`` are paths;
    ``valid_on`` and ``known_at`` the moments of ``geldigOp`` and ``beschikbaarOp``. ``json`` is
    sent as the body; keys of persons belong there, and never in an address.
    """

    service: str
    path: str
    purpose: str = ""
    method: str = ""
    fields: Sequence[str] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    json: JsonValue = None
    valid_on: str = ""
    known_at: str = ""
    case: str = ""
    action: str = ""
    lenient: bool = False
    explain: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A question as it goes over the line; ``target`` is path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def sent_of(question: Question, *, key: str = "", token: str = "") -> Sent:
    """The request for a question. Raises InvalidValue, before anything leaves."""
    body = b"" if question.json is None else json_text.dumps(question.json).encode()
    method = question.method.upper() or ("POST" if body else "GET")
    if not _METHOD.fullmatch(method):
        raise InvalidValue(f"{question.method!r} is no method of HTTP")
    own = {
        "Fsc-Grant-Hash": "",
        "Fsc-Grant-Alias": "",
        **_contract(question.service),
        "X-Api-Key": key,
        "Authorization": f"Bearer {token}" if token else "",
        "Doelbinding": question.purpose,
        "Handeling": question.action,
        "Zaak": question.case,
        "Prefer": _prefer(question),
        "Content-Type": "application/json" if body else "",
    }
    told = {name: value for name, value in {**_further(question, own), **own}.items() if value}
    for name, value in told.items():
        if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise InvalidValue(f"the header {name[:100]} can not be sent: it is not plain text")
    return Sent(method=method, target=_target(question), headers=told, body=body)


def _further(question: Question, own: Collection[str]) -> dict[str, str]:
    """The headers beside our own. Names differ by more than their capitals: no header is there
    twice, and none takes the place of one of ours. Raises InvalidValue.
    """
    ours = {name.lower() for name in own}
    found = {"accept": ("Accept", "application/json")}
    for name, value in question.headers.items():
        if name.lower() in _FRAMING:
            raise InvalidValue(f"the header {name} can not be given: it is made while sending")
        if name.lower() not in ours:
            found[name.lower()] = (name, value)
    return dict(found.values())


def _contract(name: str) -> dict[str, str]:
    if not name:
        raise InvalidValue("name the service that is asked")
    return {"Fsc-Grant-Hash" if _HASH.fullmatch(name) else "Fsc-Grant-Alias": name}


def _prefer(question: Question) -> str:
    wanted = ("handling=lenient" if question.lenient else "", "explain" if question.explain else "")
    return ", ".join(each for each in wanted if each)


def _target(question: Question) -> str:
    if not question.path.startswith("/"):
        raise InvalidValue(f"the path {question.path[:100]!r} does not begin with a /")
    path, _, given = question.path.partition("?")
    query = {
        **({"fields": ",".join(question.fields)} if question.fields else {}),
        **({"geldigOp": question.valid_on} if question.valid_on else {}),
        **({"beschikbaarOp": question.known_at} if question.known_at else {}),
        **question.query,
    }
    target = quote(path, safe=_SAFE + "%")
    parts = [each for each in (given, urlencode(query, safe=",:")) if each]
    target += f"?{'&'.join(parts)}" if parts else ""
    if not target.isascii() or not target.isprintable() or " " in target:
        raise InvalidValue("the address can not be sent: it is not plain text")
    if len(target) > _LONGEST:
        raise InvalidValue(f"the address is longer than {_LONGEST:,} characters")
    # However it is written: what reads the address sees the signs, not their escapes.
    if any(passes_eleven_test(each) for each in _NINE_DIGITS.findall(unquote(target))):
        raise InvalidValue("the address holds the number of a person; send it in the body")
    return target
