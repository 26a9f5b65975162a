# SPDX-License-Identifier: EUPL-1.2
"""The wire forms of the three standards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.logboek.log_rig import (
    ACTIVITY,
    GRANT,
    OTHER,
    OWN,
    PEER,
    SERVICE,
    entry,
    line,
    permitted,
    pseudonym,
)

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.payloads import AdlEntry, Outcome, adl_payload, line_payload
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Draft, Kind, encode
from landschap.platform.ids import new_span_id, new_trace_id

NOW = datetime.now(UTC)


def _line(**changes: object) -> dict[str, Any]:
    return line_payload(entry(**changes), now=datetime.now(UTC))


def test_an_incoming_transaction_names_both_peers_and_the_grant() -> None:
    draft = permitted()
    fsc: Any = draft.payload["fsc"]
    assert fsc == {
        "transaction_id": str(draft.transaction_id),
        "direction": "DIRECTION_INCOMING",
        "grant_hash": GRANT,
        "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": PEER},
        "destination": {"type": "DESTINATION_TYPE_DESTINATION", "service_peer_id": OWN},
        "service_name": SERVICE,
        "created_at": int(draft.at.timestamp()),
    }
    assert draft.peer == PEER


def test_a_delegated_transaction_names_its_delegators() -> None:
    fsc: Any = permitted(direction="outgoing", delegators=(OTHER, PEER)).payload["fsc"]
    assert fsc["direction"] == "DIRECTION_OUTGOING"
    assert fsc["source"] == {
        "type": "SOURCE_TYPE_DELEGATED_SOURCE",
        "outway_peer_id": OWN,
        "delegator_peer_id": OTHER,
    }
    assert fsc["destination"] == {
        "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
        "service_peer_id": PEER,
        "delegator_peer_id": PEER,
    }


@pytest.mark.parametrize("service", ["ab", "x" * 256])
def test_a_service_name_outside_its_size_is_refused(service: str) -> None:
    with pytest.raises(InvalidRecord, match="service_name"):
        permitted(service=service)


@pytest.mark.case("A58")
def test_a_denial_is_never_an_error() -> None:
    made = AdlEntry(
        trace_id=new_trace_id(), span_id=new_span_id(), at=NOW,
        body={"adl.core.response": {"decision": False}},
    )  # fmt: skip
    payload = adl_payload(made)
    assert payload["status"] == "Unset"
    assert payload["event_name"] == "adl.access_evaluation"
    assert payload["timestamp"] == int(NOW.timestamp() * 1000)
    assert "parent_span_id" not in payload
    assert "attributes" not in payload


def test_a_key_stands_in_the_body_or_in_the_attributes_of_a_decision() -> None:
    made = AdlEntry(
        trace_id=new_trace_id(), span_id=new_span_id(), at=NOW,
        references={"adl.core.request": "x"}, body={"adl.core.request": {}},
    )  # fmt: skip
    with pytest.raises(InvalidRecord, match=r"adl\.core\.request"):
        adl_payload(made)


@pytest.mark.case("L1")
def test_a_root_line_has_no_parent() -> None:
    assert "parent_span_id" not in _line()["ldv"]


@pytest.mark.case("L6")
def test_a_line_about_one_person_holds_one_subject_and_the_groups_but_no_values() -> None:
    made = _line()
    attributes = made["ldv"]["attributes"]
    assert attributes == {
        "dpl.core.processing_activity_id": ACTIVITY,
        "dpl.core.data_subject_id": as_subject_id(pseudonym()),
        "dpl.core.data_subject_id_type": "https://proefdorp.test/register/pseudoniem/bsn/1",
    }
    assert made["landschap"]["data_groups"] == ["uitkering", "adres"]
    assert set(made["ldv"]) == {
        "trace_id", "span_id", "status", "name", "start_time", "end_time", "resource", "attributes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        pytest.param(Outcome.NOTHING_FOUND, "Unset", marks=pytest.mark.case("L8")),
        pytest.param(Outcome.REFUSED, "Unset", marks=pytest.mark.case("L11")),
        pytest.param(Outcome.CANCELLED, "Ok", marks=pytest.mark.case("L12")),
        pytest.param(Outcome.FAILED, "Error", marks=pytest.mark.case("L13")),
        (Outcome.DELIVERED, "Unset"),
        (Outcome.PARTIAL, "Unset"),
    ],
)
def test_only_a_fault_of_the_system_is_an_error(outcome: Outcome, status: str) -> None:
    made = _line(outcome=outcome, exception_type="TimeoutError")
    assert made["ldv"]["status"] == status
    assert made["landschap"]["outcome"] == outcome.value
    # Only of an error the standard has a place for the class of the fault.
    assert ("exception.type" in made["ldv"]["attributes"]) == (status == "Error")
    assert ("exception_type" in made["landschap"]) == (status != "Error")


@pytest.mark.case("L13")
def test_a_failure_tells_the_class_of_the_fault_only() -> None:
    attributes = _line(outcome=Outcome.FAILED, exception_type="TimeoutError")["ldv"]["attributes"]
    told = {name for name in attributes if name.startswith("exception.")}
    assert told == {"exception.type"}


@pytest.mark.case("L25")
def test_a_subject_without_activity_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="activity"):
        _line(activity=None)
    bare = {name: getattr(line(), name) for name in Draft.__struct_fields__}
    with pytest.raises(InvalidRecord, match="activity"):
        encode(Draft(**(bare | {"activity": None})))


@pytest.mark.case("L26")
def test_two_subjects_in_one_record_are_refused() -> None:
    one = line()
    payload: Any = dict(one.payload)
    both = [as_subject_id(pseudonym()), as_subject_id(pseudonym("999990019"))]
    attributes = payload["ldv"]["attributes"] | {"dpl.core.data_subject_id": both}
    payload["ldv"] = payload["ldv"] | {"attributes": attributes}
    bare = {name: getattr(one, name) for name in Draft.__struct_fields__}
    with pytest.raises(InvalidRecord, match="exactly one subject"):
        encode(Draft(**(bare | {"payload": payload})))


@pytest.mark.case("L27")
@pytest.mark.parametrize(
    "times",
    [
        {"started_at": NOW, "ended_at": NOW - timedelta(milliseconds=1)},
        {"started_at": NOW, "ended_at": NOW + timedelta(seconds=75)},
    ],
    ids=["end before start", "end in the future"],
)
def test_impossible_times_are_refused(times: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord):
        line_payload(entry(**times), now=NOW)


@pytest.mark.case("L28")
def test_an_empty_name_gets_a_default() -> None:
    assert _line(name="  ")["ldv"]["name"] == "Verwerking zonder naam"


@pytest.mark.parametrize(
    "changes",
    [
        {"trace_id": bytes(16)}, {"span_id": bytes(8)}, {"trace_id": b"short"},
        {"at": datetime(2026, 1, 1)}, {"subject": b"x" * 15},  # noqa: DTZ001 - the fault at hand
    ],
)  # fmt: skip
def test_a_draft_that_breaks_a_rule_of_form_is_refused(changes: dict[str, Any]) -> None:
    bare = {name: getattr(line(), name) for name in Draft.__struct_fields__}
    with pytest.raises(InvalidRecord):
        encode(Draft(**(bare | changes)))


def test_a_payload_may_not_name_a_subject_that_the_record_does_not() -> None:
    bare = {name: getattr(line(), name) for name in Draft.__struct_fields__}
    with pytest.raises(InvalidRecord, match="the record does not"):
        encode(Draft(**(bare | {"subject": None, "kind": Kind.LINE})))
