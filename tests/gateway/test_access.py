# SPDX-License-Identifier: EUPL-1.2
"""Lines of the access log: what they count for, and that a bad one harms nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from landschap.gateway.access import (
    Counted,
    Event,
    Line,
    Total,
    counted,
    event_of,
    file_key,
    read_line,
    refuses_token,
)
from landschap.gateway.outcomes import how_it_ended
from landschap.logboek.payloads import Outcome

WRITTEN = {
    "ts": "2026-11-29T12:00:00+00:00",
    "at": "1795953600.250",
    "door": "inway",
    "tx": "01890a5d-ac96-774b-bcce-b302099a8057",
    "upstream": "own-pand-open",
    "method": "GET",
    "status": "200",
    "upstream_status": "200",
    "code": "",
    "seconds": "0.250",
    "bytes": "300",
    "received": "120",
    "serial": "4F",
    "verify": "SUCCESS",
    "tls": "TLSv1.3",
    "complete": "OK",
    "limit": "PASSED",
}


def line(**changes: str) -> Line:
    found = read_line(json.dumps({**WRITTEN, **changes}).encode())
    assert found is not None
    return found


def test_line_is_read_as_typed_values() -> None:
    found = line()
    assert found.at == datetime.fromtimestamp(1795953600.25, UTC)
    assert found.began == found.at - timedelta(milliseconds=250)
    assert found.transaction_id == UUID(WRITTEN["tx"])
    assert (found.status, found.answered, found.bytes_sent, found.bytes_received) == (
        200, 200, 300, 120,
    )  # fmt: skip
    assert found.service == "pand-open"
    assert found.complete


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null", b"[]", b'{"at": 1}', b'{"at": "x", "door": "inway"}',
     b'{"at": "1e999", "door": "inway"}', b"\xff", b'{"at":"1","door":"d","seconds":"x"}'],
)  # fmt: skip
def test_line_that_is_none_is_passed_over(raw: bytes) -> None:
    assert read_line(raw) is None


def test_what_a_stranger_can_make_long_is_cut() -> None:
    found = line(serial="A" * 5000, verify="F" * 5000, status="9" * 5000, tx="x" * 5000)
    assert len(found.serial) == len(found.verify) == 100
    assert (found.status, found.transaction_id) == (0, None)


def test_file_is_known_by_its_first_line() -> None:
    assert file_key(b"a\n") == file_key(b"a\n") != file_key(b"b\n")


BAD = {"status": "400", "code": "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED", "upstream": ""}
OFTEN = {"status": "429", "code": "ERROR_CODE_RATE_LIMITED", "upstream": ""}


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        (
            {**BAD, "verify": "NONE", "serial": ""},
            Event("certificate_refused", "inway", "NONE", ""),
        ),
        # Whoever is not believed chose the number itself.
        (
            {**BAD, "verify": "FAILED:self-signed certificate"},
            Event("certificate_refused", "inway", "FAILED:self-signed certificate", ""),
        ),
        (OFTEN, Event("rate_limited", "inway", "", "4F")),
        ({}, None),
        ({"status": "400", "code": "ERROR_CODE_REQUEST_INVALID"}, None),
    ],
)
def test_refused_certificates_and_peers_over_their_rate_are_events(
    changes: dict[str, str], event: Event | None
) -> None:
    assert event_of(line(**changes)) == event


REFUSED = {
    "door": "outway",
    "upstream": "peer-inway.weesp.test-443",
    "status": "401",
    "upstream_status": "401",
    "code": "ERROR_CODE_ACCESS_TOKEN_INVALID",
}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, True),
        ({"code": "ERROR_CODE_ACCESS_TOKEN_EXPIRED"}, True),
        ({"code": ""}, False),  # the service itself said 401
        ({"code": "ERROR_CODE_WRONG_GROUP_ID_IN_TOKEN"}, False),
        ({"upstream_status": ""}, False),  # our own refusal
        ({"door": "inway"}, False),
    ],
)
def test_refused_token_is_told_apart(changes: dict[str, str], refused: bool) -> None:
    assert refuses_token(line(**{**REFUSED, **changes})) is refused


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.DELIVERED),
        ({"status": "304", "upstream_status": "304"}, Outcome.DELIVERED),
        ({"status": "404", "upstream_status": "404"}, Outcome.NOTHING_FOUND),
        ({"status": "403", "upstream_status": "403"}, Outcome.REFUSED),
        ({"status": "500", "upstream_status": "500"}, Outcome.FAILED),
        ({"status": "502", "upstream_status": ""}, Outcome.FAILED),
        ({"status": "502", "upstream_status": "502", "complete": ""}, Outcome.PARTIAL),
        ({"complete": ""}, Outcome.PARTIAL),
        ({"length": "100", "body": "99"}, Outcome.PARTIAL),
        ({"length": "100", "body": "100"}, Outcome.DELIVERED),
        ({"length": "100", "body": "0", "method": "HEAD"}, Outcome.DELIVERED),
        ({"status": "499", "upstream_status": "", "complete": ""}, Outcome.CANCELLED),
    ],
)
def test_outcome_in_one_word(changes: dict[str, str], outcome: Outcome) -> None:
    assert how_it_ended(line(**changes)) is outcome


def test_lines_are_counted_by_door_upstream_and_status() -> None:
    lines: list[Any] = [line(), line(bytes="700"), line(door="manager", upstream="")]
    assert counted(lines) == {
        Counted("inway", "own-pand-open", 200): Total(2, 1000, 0.5),
        Counted("manager", "", 200): Total(1, 300, 0.25),
    }
