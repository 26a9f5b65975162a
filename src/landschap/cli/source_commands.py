# SPDX-License-Identifier: EUPL-1.2
"""``landschap source``, whole: each module adds its commands to the group."""

from __future__ import annotations

from landschap.cli import source_compare, source_extract, source_proposals
from landschap.cli.source import source

__all__ = ["source", "source_compare", "source_extract", "source_proposals"]
