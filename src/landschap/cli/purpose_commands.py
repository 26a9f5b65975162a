# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose``, whole: each module adds its commands to the group."""

from __future__ import annotations

from landschap.cli import (
    purpose_dpia,
    purpose_import,
    purpose_lists,
    purpose_replay,
    purpose_unused,
    purpose_used,
)
from landschap.cli.purpose import purpose

__all__ = [
    "purpose",
    "purpose_dpia",
    "purpose_import",
    "purpose_lists",
    "purpose_replay",
    "purpose_unused",
    "purpose_used",
]
