# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention``: how long registers keep what they hold, and destroying it in time."""

from landschap.cli.retention import executing, forgetting, holding, listing, ruling
from landschap.cli.retention.group import retention

__all__ = ["executing", "forgetting", "holding", "listing", "retention", "ruling"]
