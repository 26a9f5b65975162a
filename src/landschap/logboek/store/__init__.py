# SPDX-License-Identifier: EUPL-1.2
"""The log in PostgreSQL: written by group commit, read by functions, never changed.

What a room above may call:

    LogWriter                               append drafts; returns when they are durable
    by_transaction, by_trace, by_record     records of one question, one trace, one identifier
    by_transactions, open_intents           for the worker that closes what the doors began
    uses_of                                 the lines about one person, newest first
    crossed_between, by_records             transactions by the party they were with
    fsc_records                             transactions, as far as the asking peer is named in them
    latest, lanes                           for an officer of the own organisation
    decisions_between, count_decisions      the decisions of a period, in pages
    uses_between, deliveries_between        what was used under which policy, counted
    incident_scope                          whom and what the questions of a breach were about
    stretches, first_recorded               in which stretches, and from when there is a log
    snapshot, count_records, dropped_months the whole log in the order of verification
    proof_of, signed_proof                  one record, provable without the rest of the log
    lane_ends, last_anchor, add_anchor      for the worker that signs
"""

from __future__ import annotations

from landschap.logboek.store.counting import (
    DeliveryCount,
    UseCount,
    deliveries_between,
    first_recorded,
    stretches,
    uses_between,
)
from landschap.logboek.store.crossed import by_records, crossed_between
from landschap.logboek.store.decided import count_decisions, decisions_between
from landschap.logboek.store.handing import signed_proof
from landschap.logboek.store.incident import incident_scope
from landschap.logboek.store.proving import (
    Proof,
    Snapshot,
    add_anchor,
    count_records,
    dropped_months,
    lane_ends,
    last_anchor,
    proof_of,
    snapshot,
)
from landschap.logboek.store.reading import (
    LogFilters,
    LogPage,
    by_record,
    by_trace,
    by_transaction,
    by_transactions,
    fsc_records,
    lanes,
    latest,
    named_peers,
    open_intents,
    uses_of,
)
from landschap.logboek.store.waiting import Done
from landschap.logboek.store.writer import LogWriter

__all__ = [
    "DeliveryCount",
    "Done",
    "LogFilters",
    "LogPage",
    "LogWriter",
    "Proof",
    "Snapshot",
    "UseCount",
    "add_anchor",
    "by_record",
    "by_records",
    "by_trace",
    "by_transaction",
    "by_transactions",
    "count_decisions",
    "count_records",
    "crossed_between",
    "decisions_between",
    "deliveries_between",
    "dropped_months",
    "first_recorded",
    "fsc_records",
    "incident_scope",
    "lane_ends",
    "lanes",
    "last_anchor",
    "latest",
    "named_peers",
    "open_intents",
    "proof_of",
    "signed_proof",
    "snapshot",
    "stretches",
    "uses_between",
    "uses_of",
]
