# SPDX-License-Identifier: EUPL-1.2
"""Telling others of changes, at least once and in order per object, and acting on their notices."""

from landschap.registers.worker.delivering import NoticeDeps, deliver_notices, run_notices
from landschap.registers.worker.doors import (
    AddressDoor,
    Answer,
    Door,
    Doors,
    Letter,
    OutwayDoor,
    Unreached,
    Way,
)
from landschap.registers.worker.figures import Figures
from landschap.registers.worker.inbox import Handler, handle_received, tell_log
from landschap.registers.worker.untold import Checked, Untold

__all__ = [
    "AddressDoor",
    "Answer",
    "Checked",
    "Door",
    "Doors",
    "Figures",
    "Handler",
    "Letter",
    "NoticeDeps",
    "OutwayDoor",
    "Unreached",
    "Untold",
    "Way",
    "deliver_notices",
    "handle_received",
    "run_notices",
    "tell_log",
]
