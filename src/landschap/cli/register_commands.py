# SPDX-License-Identifier: EUPL-1.2
"""``landschap register``, whole: each module adds its commands to the group."""

from __future__ import annotations

from landschap.cli import (
    register_export,
    register_history,
    register_holders,
    register_load,
    register_mapping,
    register_notices,
    register_receivers,
    register_tell,
)
from landschap.cli.register import register

__all__ = [
    "register",
    "register_export",
    "register_history",
    "register_holders",
    "register_load",
    "register_mapping",
    "register_notices",
    "register_receivers",
    "register_tell",
]
