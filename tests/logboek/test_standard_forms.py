# SPDX-License-Identifier: EUPL-1.2
"""Every shape of line and transaction that we make fits its standard, and a wrong one does not."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.logboek.log_rig import OTHER, entry, permitted
from tests.logboek.standard_forms import LINE, TRANSACTION, faults

from landschap.logboek.payloads import Outcome, line_payload


def made(**changes: Any) -> dict[str, Any]:
    payload: Any = line_payload(entry(**changes), now=datetime.now(UTC))
    return deepcopy(payload["ldv"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": None, "subject_type": None, "key_id": None},
        {"subject": None, "subject_type": None, "key_id": None, "activity": None},
        {"name": ""},
        {"parent_span_id": b"\x07" * 8},
        {"outcome": Outcome.FAILED, "exception_type": "LostOutcome"},
        {"outcome": Outcome.CANCELLED},
        {"processor_url": "urn:nld:oin:00000099000000002000"},
        {"next_logbook": "https://elders.example/logboek/v1"},
        {"system_version": "4.2", "purpose": "https://doelen.example/p", "processing_id": "Z-1"},
    ],
)
def test_every_line_fits_the_standard(changes: dict[str, Any]) -> None:
    assert faults(LINE, made(**changes)) == []


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
@pytest.mark.parametrize("delegators", [(None, None), (OTHER, None), (None, OTHER), (OTHER, OTHER)])
def test_every_transaction_fits_the_standard(direction: Any, delegators: Any) -> None:
    fsc: Any = permitted(direction=direction, delegators=delegators).payload["fsc"]
    assert faults(TRANSACTION, fsc) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("status",), "error"),
        (("status",), 2),
        (("start_time",), "2026-11-30T10:00:00Z"),
        (("end_time",), -1),
        (("trace_id",), "0" * 32),
        (("span_id",), "0AF7651916CD43DD"),
        (("parent_span_id",), ""),
        (("name",), ""),
        (("operation_id",), "0123456789abcdef"),
        (("attributes", "dpl.landschap.purpose"), "https://doelen.example/p"),
        (("attributes", "dpl.core.confidentiality_level"), "hoog"),
        (("attributes", "dpl.core.processing_activity_id"), "14"),
        (("attributes", "exception.type"), "LostOutcome"),
        (("attributes", "dpl.core.data_subject_id_type"), None),
        (("attributes", "dpl.core.processing_activity_id"), None),
    ],
)
def test_what_the_standard_does_not_have_does_not_fit(place: tuple[str, ...], value: Any) -> None:
    line = made()
    _set(line, place, value)
    assert faults(LINE, line)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("direction",), "incoming"),
        (("service_name",), "ab"),
        (("created_at",), "1764500000"),
        (("transaction_id",), "9b2f3f0a-1c7e-4f5e-8d3a-0123456789ab"),
        (("source", "type"), "SOURCE_TYPE_DELEGATED_SOURCE"),
        (("destination", "delegator_peer_id"), OTHER),
        (("grant_hash",), None),
    ],
)
def test_a_wrong_transaction_does_not_fit(place: tuple[str, ...], value: Any) -> None:
    fsc: Any = deepcopy(permitted().payload["fsc"])
    _set(fsc, place, value)
    assert faults(TRANSACTION, fsc)


def _set(target: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Put a value in a place; None takes it away."""
    *way, last = place
    for name in way:
        target = target[name]
    if value is None:
        del target[last]
    else:
        target[last] = value
