# SPDX-License-Identifier: EUPL-1.2
"""What is told of an event: OCSF as its schema says, syslog as its RFC says, and no person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
import yaml
from google.protobuf.json_format import Parse
from hypothesis import given
from hypothesis import strategies as some
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from landschap.logboek.canonical import holds_person_number
from landschap.platform.siem import ocsf, otlp, syslog
from landschap.platform.siem.kinds import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((Path(__file__).parent / "data" / "ocsf-1.8.0.json").read_text())
SENDER = ocsf.Sender(oin="00000099000000001000", organisation="Proefdorp", version="1.0")
AT = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "account": "0af7651916cd43dd8448eb211c80319c",
    "code": "policy_none",
    "contract": "$1$1$" + "A" * 86,
    "door": "inway",
    "emergency": "0197a3f0-0000-7000-8000-000000000001",
    "peer": "00000099000000002000",
    "reason": "no policy",
    "role": "inzage",
    "serial": "0A",
    "service": "adressen",
    "thumbprint": "a" * 64,
    "times": 3,
    "trace": "0af7651916cd43dd8448eb211c80319c",
    "version": "sha256-x",
    "what": "accept",
}


def event(kind: str, facts: dict[str, Any]) -> ocsf.Event:
    return ocsf.Event(
        seq=7, event_id=UUID(int=7), at=AT, noted_at=AT, kind=kind, facts=facts
    )  # fmt: skip


def validator(uid: int) -> Any:
    schema = {**SCHEMA["classes"][str(uid)], "$defs": SCHEMA["$defs"]}
    return jsonschema_rs.validator_for(schema)


@pytest.mark.parametrize("kind", [*KINDS, "of_a_newer_version"])
@pytest.mark.parametrize("facts", [FACTS, {}], ids=["all facts", "none"])
def test_every_kind_is_valid_ocsf(kind: str, facts: dict[str, Any]) -> None:
    told = ocsf.form(event(kind, facts), SENDER)
    errors = [
        f"{e.instance_path}: {e.message}" for e in validator(told["class_uid"]).iter_errors(told)
    ]
    assert not errors
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert told["category_uid"] == told["class_uid"] // 1000
    assert told["metadata"]["version"] == SCHEMA["source"].split()[4]
    assert told["metadata"]["event_code"] == kind


def test_no_number_of_a_person_is_kept_with_an_event() -> None:
    facts = {
        "reason": "asked by 999993653",
        "peer": "00000099000000002000",
        "times": 3,
        "what": None,
    }
    kept = ocsf.without_numbers(facts)
    assert "999993653" not in json.dumps(kept)
    assert {name: kept[name] for name in ("peer", "times", "what")} == {
        "peer": "00000099000000002000", "times": 3, "what": None,
    }  # fmt: skip


def test_the_schema_refuses_what_is_no_ocsf() -> None:
    told = ocsf.form(event("token_refused", FACTS), SENDER)
    assert not validator(3002).is_valid({**told, "bsn": "x"})
    assert not validator(3002).is_valid({**told, "severity_id": 77})


@given(
    kind=some.sampled_from(sorted(KINDS)),
    facts=some.dictionaries(
        some.sampled_from([*sorted(FACTS), "name", "bsn", "subject"]),
        some.sampled_from(["999993653", "bsn=999993653;", "x 999993653 y", "Suzanne Moulin"]),
    ),
)
def test_no_number_of_a_person_and_no_unknown_fact_leaves(kind: str, facts: dict[str, Any]) -> None:
    facts.pop("times", None)
    raw = json.dumps(ocsf.form(event(kind, facts), SENDER)).encode()
    assert not holds_person_number(raw)
    for hidden in ("name", "bsn", "subject"):
        told = json.dumps(ocsf.form(event(kind, {hidden: "Suzanne Moulin"}), SENDER))
        assert "Moulin" not in told


def test_a_message_is_syslog_with_its_length_before_it() -> None:
    told = ocsf.form(event("certificate_revoked", {**FACTS, "what": "één"}), SENDER)
    message = syslog.message(told, "manager.proefdorp.test")
    assert message.startswith(
        b"<107>1 2026-05-01T12:00:00.250Z manager.proefdorp.test landschap - certificate_revoked "
        b'[meta sequenceId="7"] {'
    )
    assert syslog.framed([message, message]) == (b"%d " % len(message) + message) * 2


def test_the_number_of_a_message_stays_within_what_syslog_allows() -> None:
    for seq, number in ((2_147_483_647, 2_147_483_647), (2_147_483_648, 1)):
        told = ocsf.form(event("key_used", {}), SENDER)
        told["metadata"]["sequence"] = seq
        assert b'sequenceId="%d"' % number in syslog.message(told, "x")


def test_a_request_of_opentelemetry_is_read_by_its_own_schema() -> None:
    told = [ocsf.form(event(kind, FACTS), SENDER) for kind in ("key_used", "log_gap")]
    read = Parse(otlp.body_of(told), ExportLogsServiceRequest())
    records = read.resource_logs[0].scope_logs[0].log_records
    assert [one.event_name for one in records] == ["key_used", "log_gap"]
    assert [json.loads(one.body.string_value) for one in records] == told
    assert records[1].severity_number == 21
    assert records[0].time_unix_nano == int(AT.timestamp() * 1000) * 1_000_000


def at(told: Any, path: str) -> Any:
    for name in path.split("."):
        told = told.get(name, {})
    return told


RULES = yaml.safe_load((DOCS / "reference" / "detection-rules.yaml").read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["title"])
def test_every_detection_rule_finds_the_events_it_names_and_no_others(rule: Any) -> None:
    selection = rule["detection"]["selection"]
    facts = {**FACTS, "what": "anchor"}

    def is_found(kind: str) -> bool:
        told = ocsf.form(event(kind, facts), SENDER)
        return all(
            at(told, path) in (wanted if isinstance(wanted, list) else [wanted])
            for path, wanted in selection.items()
        )

    named = selection["metadata.event_code"]
    assert {kind for kind in KINDS if is_found(kind)} == set(
        named if isinstance(named, list) else [named]
    )
    told = ocsf.form(event(named if isinstance(named, str) else named[0], facts), SENDER)
    for field in rule.get("correlation", {}).get("group-by", ()):
        assert at(told, field), field


def test_the_manual_names_every_kind() -> None:
    page = (DOCS / "how-to" / "siem.md").read_text()
    assert not [kind for kind in KINDS if f"`{kind}`" not in page]
