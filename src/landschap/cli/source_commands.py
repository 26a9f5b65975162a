# SPDX-License-Identifier: EUPL-1.2
"""``landschap source``, whole: each module adds its commands to the group."""

from __future__ import annotations

from landschap.cli import (
    source_anonymity,
    source_compare,
    source_extract,
    source_proposals,
    source_reidentify,
    source_running,
    source_schedule,
)
from landschap.cli.source import source

__all__ = [
    "source",
    "source_anonymity",
    "source_compare",
    "source_extract",
    "source_proposals",
    "source_reidentify",
    "source_running",
    "source_schedule",
]
