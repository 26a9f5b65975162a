# SPDX-License-Identifier: EUPL-1.2
"""``landschap catalogue``, whole: each module adds its commands to the group."""

from __future__ import annotations

from landschap.cli import catalogue_publishing
from landschap.cli.catalogue import catalogue

__all__ = ["catalogue", "catalogue_publishing"]
