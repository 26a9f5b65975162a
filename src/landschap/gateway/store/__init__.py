# SPDX-License-Identifier: EUPL-1.2
"""Our memory of services and applications (schema ``gateway``), and what is built from all rooms.

Other rooms are asked through their own functions, with a pool of their own role.
"""

from landschap.gateway.store.accesses import (
    SecurityEvent,
    access_totals,
    events_in,
    forget_old,
    keep_read,
    keep_swept,
    read_position,
    security_events,
    swept_until,
)
from landschap.gateway.store.carrying import OUTGOING_HEADERS, carrier_plan
from landschap.gateway.store.declared import (
    CARRIER_CHANNEL,
    Difference,
    ListedApplication,
    add_application,
    apply_services,
    inway_of,
    listed_applications,
    offered_services,
    revoke_application,
    services,
)
from landschap.gateway.store.measured import measured
from landschap.gateway.store.worlds import Pools, load_world

__all__ = [
    "CARRIER_CHANNEL",
    "OUTGOING_HEADERS",
    "Difference",
    "ListedApplication",
    "Pools",
    "SecurityEvent",
    "access_totals",
    "add_application",
    "apply_services",
    "carrier_plan",
    "events_in",
    "forget_old",
    "inway_of",
    "keep_read",
    "keep_swept",
    "listed_applications",
    "load_world",
    "measured",
    "offered_services",
    "read_position",
    "revoke_application",
    "security_events",
    "services",
    "swept_until",
]
