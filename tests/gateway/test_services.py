# SPDX-License-Identifier: EUPL-1.2
"""Declarations of services: every mistake at once, and nothing guessed."""

from __future__ import annotations

import dataclasses

import pytest
from tests.gateway.gateway_scene import SERVICES, WEESP, register

from landschap.gateway.services import DEFAULT_METHODS, Mistake, Service, read_service
from landschap.gateway.world import why_blocked
from landschap.purposes.snapshot import Snapshot

SHORT = """
name = "uitkeringen"
upstream = "landschap"
recording = "self"
"""
FULL = """
name = "pand"
upstream = "http://pand.weesp.test:9100/v1/"
recording = "intent"
declaration = "none"
headers = ["Accept-Crs", "If-None-Match"]
trace = "untouched"
permit = true

[methods]
GET = "raadplegen"
DELETE = "wissen"

[limits]
body_bytes = 0
"""


def mistakes(text: str) -> list[str]:
    found = read_service(text)
    assert isinstance(found, list), found
    assert all(isinstance(each, Mistake) for each in found)
    return [str(each) for each in found]


def test_short_declaration_gets_the_strict_defaults() -> None:
    assert read_service(SHORT) == Service(
        name="uitkeringen",
        upstream="landschap",
        base="",
        recording="self",
        declaration="signed",
        headers=(),
        trace="child",
        permit=True,
        methods=dict(DEFAULT_METHODS),
        body_bytes=1_048_576,
    )


def test_full_declaration_is_read_as_it_stands() -> None:
    assert read_service(FULL) == Service(
        name="pand",
        upstream="http://pand.weesp.test:9100",
        base="/v1",
        recording="intent",
        declaration="none",
        headers=("Accept-Crs", "If-None-Match"),
        trace="untouched",
        permit=True,
        methods={"GET": "raadplegen", "DELETE": "wissen"},
        body_bytes=0,
    )


def test_foreign_service_gets_the_permit_only_when_it_is_said() -> None:
    foreign = SHORT.replace('"landschap"', '"http://127.0.0.1:9100"')
    found = read_service(foreign)
    assert isinstance(found, Service)
    assert found.permit is False
    assert "our own services" in mistakes(SHORT + "permit = false\n")[0]


MORE = """
name = "meldingen"
upstream = "http://127.0.0.1:9100"
recording = "intent"
declaration = "none"
protocol = "http/2"
events = true
websocket = true
inways = ["https://a.weesp.test:443", "https://b.weesp.test:8443"]
"""


def test_protocols_and_inways_are_read_as_they_stand() -> None:
    found = read_service(MORE)
    assert isinstance(found, Service)
    assert (found.protocol, found.events, found.websocket) == ("http/2", True, True)
    assert found.offered_at("https://b.weesp.test:8443")
    assert not found.offered_at("https://b.weesp.test:443")
    plain = read_service(SHORT)
    assert isinstance(plain, Service)
    assert plain.offered_at("https://anything.test:1")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("websocket = true", "only for a service without personal data"),
        ('protocol = "http/2"', "our own services speak http/1.1"),
        ('protocol = "http/3"', "one of http/1.1, http/2"),
        ("events = 1", "true or false"),
        ('inways = "https://a.test:443"', "a list of addresses"),
        ('inways = ["http://a.test:443"]', "no address such as"),
        ('inways = ["https://a.test:443/x"]', "no address such as"),
    ],
)
def test_refuses_protocols_and_inways_that_can_not_be(more: str, words: str) -> None:
    assert any(words in each for each in mistakes(f"{SHORT}{more}\n"))


def test_everything_that_is_wrong_is_told_at_once_with_its_line() -> None:
    found = mistakes(
        'name = "x"\nupstrem = "landschap"\nrecording = "hald"\n[methods]\nGET = "radplegen"\n'
    )
    assert len(found) == 5
    text = "\n".join(found)
    assert "line 1: name: 3 to 100" in text
    assert "line 2: upstrem: unknown key; did you mean upstream?" in text
    assert "line 3: recording: one of self, intent, hold" in text
    assert "line 5: methods.GET: 'radplegen' is no action; did you mean raadplegen?" in text
    assert "upstream: is missing" in text


@pytest.mark.parametrize(
    "upstream",
    [
        "https://pand.test:443",
        "http://pand.test",
        "http://pand.test:0/",
        "http://pand.test:70000",
        "http://pand.test:80/a b",
        "http://pand.test:80/a;b",
        "http://u:p@pand.test:80",
        "ftp://pand.test:21",
        'unix:/a"b',
        "unix:",
        "pand",
    ],
)
def test_refuses_upstream_that_can_not_be_carried(upstream: str) -> None:
    text = SHORT.replace('upstream = "landschap"', f"upstream = '{upstream}'")
    assert any("upstream" in each for each in mistakes(text))


@pytest.mark.parametrize(
    "header",
    ["Cookie", "Authorization", "Permit", "X-Forwarded-For", "Fsc-Grant-Hash", "X-Fsc-Peer",
     "Host", "traceparent", "Connection", "X-Landschap-Door", "Doelbinding"],
)  # fmt: skip
def test_headers_of_identity_and_trust_are_never_passed_on(header: str) -> None:
    assert "never passed on" in mistakes(f'{SHORT}headers = ["{header}"]\n')[0]


@pytest.mark.parametrize(
    "more",
    [
        'headers = "Accept-Crs"',
        'headers = ["a b"]',
        'declaration = "maybe"',
        'declaration = "none"',
        'trace = "other"',
        "methods = 3",
        'methods = {CONNECT = "raadplegen"}',
        "limits = 3",
        "limits = {body_bytes = -1}",
        "limits = {body_bytes = true}",
        "limits = {requests = 1}",
        'field_set = "x"',
        "name = 3",
    ],
)
def test_refuses_values_that_mean_nothing(more: str) -> None:
    text = SHORT.replace('name = "uitkeringen"\n', "") if more.startswith("name") else SHORT
    assert mistakes(f"{text}{more}\n")


def test_what_is_no_toml_says_where() -> None:
    assert mistakes("name = \n")[0].startswith("line 1")


def test_service_without_a_purpose_is_only_for_data_of_nobody() -> None:
    text = SHORT + 'declaration = "none"\n'
    assert "without personal data" in mistakes(text)[0]


def test_register_overrules_a_service_that_claims_to_hold_nothing_personal() -> None:
    snapshot = Snapshot(register(WEESP))
    assert why_blocked(SERVICES[0], snapshot) == ""
    careless = dataclasses.replace(SERVICES[0], recording="intent")
    assert "personal data" in why_blocked(careless, snapshot)
    unknown = dataclasses.replace(careless, name="onbekend")
    assert why_blocked(unknown, snapshot) == ""
