# SPDX-License-Identifier: EUPL-1.2
"""The log in PostgreSQL: written by group commit, read by functions, never changed.

LogWriter        append drafts; returns when they are durable
by_transaction, by_trace, by_record     records of one question, one trace, one identifier
uses_of          the lines about one subject, newest first
fsc_records      transactions, as far as the asking peer is named in them
add_anchor, lane_ends                   for the worker that signs
batches, records, anchors, dropped_months    for verification, in the order of the lanes
"""

from __future__ import annotations

from landschap.logboek.store.writer import LogWriter

__all__ = ["LogWriter"]
