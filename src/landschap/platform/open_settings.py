# SPDX-License-Identifier: EUPL-1.2

"""The settings of open data: who publishes, under which licence, how much anybody may ask."""

from __future__ import annotations

from dataclasses import dataclass

from landschap.platform import options as o
from landschap.platform.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSettings:
    """Open data without login. Source: Wet hergebruik van overheidsinformatie, art. 5 and 9."""

    publisher: str = option(
        o.text,
        "URI of this organisation in the catalogue, such as "
        "https://identifier.overheid.nl/tooi/id/gemeente/gm0457; absent: one under addresses.open.",
        default="",
    )
    licence: str = option(
        o.text,
        "URI of the licence of everything that is open.",
        default="http://creativecommons.org/publicdomain/zero/1.0/deed.nl",
    )
    source_code: str = option(
        o.text,
        "Where anybody finds the source code of what runs here; who changed it names their own.",
        default="https://landschap.example/landschap.git",
    )
    requests_per_second: int = option(
        o.whole_number(1, 1_000_000), "Requests per second of one address.", default=20
    )
    burst: int = option(
        o.whole_number(1, 1_000_000), "Requests an address may be ahead.", default=60
    )
    key_requests_per_second: int = option(
        o.whole_number(1, 1_000_000),
        "Requests per second of one address that asks with a key.",
        default=100,
    )
    key_requests_per_day: int = option(
        o.whole_number(1, 1_000_000_000), "Quota of a new key.", default=100_000
    )
    new_keys_per_minute: int = option(
        o.whole_number(1, 1_000), "Keys that one address may ask for in a minute.", default=6
    )
    bulk_minutes: int = option(
        o.whole_number(1, 10_080),
        "Bulk files are made again this long after a change at the earliest; each day they are "
        "looked at.",
        default=60,
    )
    bulk_versions: int = option(
        o.whole_number(1, 1_000), "Versions of the bulk files that are kept.", default=3
    )
