# SPDX-License-Identifier: EUPL-1.2
"""A new text of an API as a notice to who follows it: a CloudEvent with what it breaks.

    {"specversion": "1.0", "id": "5f4c...", "source": "urn:nld:oin:0000...:systeem:catalogus",
     "type": "nl.apicatalogus.beschrijving-gewijzigd", "subject": "parkeren",
     "time": "2026-11-24T12:00:00Z", "dataref": "https://host/catalogus/parkeren.json",
     "data": {"title": "Parkeren", "version": "2.0.0", "changes": 3,
              "breaking": ["post /x is gone"], "breakingTotal": 1}}

``id`` follows from what is told, so a notice that is sent again has the same.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents HTTP webhook 1.0.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from landschap.catalogue.changes import Weight
from landschap.registers.notices import SPEC_VERSION, source_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

TYPE = "nl.apicatalogus.beschrijving-gewijzigd"
_MOST = 20
_ADDRESS = re.compile(r"https?://[!-~]{1,490}")
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}|(?:.+\.)?localhost|::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A new text of an API, and the address that is to be told."""

    api: int
    name: str
    number: int
    address: str
    at: datetime
    title: str
    version: str
    changes: Sequence[JsonValue]


def event_of(notice: Notice, oin: str, base: str) -> dict[str, JsonValue]:
    """The notice as a CloudEvent; ``base`` is the address of our pages, without a slash."""
    source, moment = source_of(oin, "catalogus"), as_utc_text(notice.at)
    told = [each for each in notice.changes if isinstance(each, dict)]
    breaks = [each["message"] for each in told if each["weight"] == Weight.BREAKING.value]
    return {
        "specversion": SPEC_VERSION,
        "id": str(uuid5(NAMESPACE_URL, f"{source}#{notice.name}#{notice.number}#{moment}")),
        "source": source,
        "type": TYPE,
        "subject": notice.name,
        "time": moment,
        "datacontenttype": "application/json",
        "dataref": f"{base}/catalogus/{notice.name}.json",
        "data": {
            "title": notice.title,
            "version": notice.version,
            "changes": len(told),
            "breaking": breaks[:_MOST],
            "breakingTotal": len(breaks),
        },
    }


def is_deliverable(address: str) -> bool:
    """True for an https address without a user; plain http only within this machine."""
    if not _ADDRESS.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username or parts.password:
        return False
    return parts.scheme == "https" or _LOOPBACK.fullmatch(host) is not None
