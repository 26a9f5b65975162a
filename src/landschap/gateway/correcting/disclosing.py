# SPDX-License-Identifier: EUPL-1.2
"""Which receivers of a corrected value the person concerned may be told of.

All of them are told of the correction; the person hears of those that stand in a use that may be
told, and not of a day on which only what is held back happened. Source: UAVG art. 41; AVG art. 19.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from landschap.gateway.uses.line import object_in, text_in
from landschap.logboek.disclosure import Disclosure
from landschap.logboek.records import Record


def told_since(
    records: Iterable[Record], disclosed: Disclosure, peer: str, since: datetime
) -> datetime | None:
    """When an organisation first stands in a use that may be told, from ``since`` on; else None.

    ``records`` are the lines about the person.
    """
    moments = (
        each.columns.at
        for each in records
        if each.columns.at >= since and disclosed.told(each) is each and peer in _parties(each)
    )
    return min(moments, default=None)


def _parties(record: Record) -> tuple[str, str]:
    own = object_in(record.content().get("landschap"))
    return text_in(own.get("peer_oin")), text_in(own.get("delegator_oin"))
