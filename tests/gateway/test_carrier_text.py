# SPDX-License-Identifier: EUPL-1.2
"""The configuration of nginx follows from the plan, and from nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

import pytest

from landschap.gateway.carrier import render
from landschap.gateway.plan import (
    CarrierPlan,
    DecisionsDoor,
    InwayDoor,
    Listen,
    LogDoor,
    ManagerDoor,
    OpenDoor,
    OutwayDoor,
    PeerUpstream,
    ServiceUpstream,
    Tls,
    WebDoor,
)
from landschap.vocabulary.identifiers import InvalidValue

GOLDEN = Path(__file__).parent / "golden"
RUN = PurePosixPath("/run/landschap/weesp")
PKI = PurePosixPath("/etc/landschap/weesp")

MINIMAL = CarrierPlan(
    run=RUN,
    logs=PurePosixPath("/var/log/landschap/weesp"),
    decide_socket=RUN / "decide.sock",
    tls=Tls(certificate=PKI / "own.crt", key=PKI / "own.key", trust_anchors=PKI / "anchors.crt"),
    nginx_version=(1, 31, 3),
)


def at(host: str, port: int) -> Listen:
    return Listen(host=host, port=port)


FULL = dataclasses.replace(
    MINIMAL,
    tls=dataclasses.replace(MINIMAL.tls, crl=PKI / "anchors.crl"),
    workers=2,
    worker_user="landschap",
    manager=ManagerDoor(listen=at("127.0.0.2", 8443), socket=RUN / "manager.sock"),
    inway=InwayDoor(
        listen=at("127.0.0.2", 443),
        services=(
            ServiceUpstream(service="uitkeringen", server=f"unix:{RUN}/services.sock"),
            ServiceUpstream(service="Pand", server="127.0.0.1:9100", headers=("Accept-Crs",)),
        ),
        peer_requests_per_second=1000,
        max_body_bytes=1_048_576,
    ),
    outway=OutwayDoor(
        listen=at("127.0.0.2", 8080),
        peers=(PeerUpstream(host="inway.doesburg.test", port=443, address="127.0.0.3"),),
        tls=True,
        client_ca=PKI / "internal.crt",
        headers=("Accept-Crs",),
    ),
    web=WebDoor(
        listen=at("127.0.0.1", 8081),
        server_name="weesp.localhost",
        socket=RUN / "people.sock",
        tls=False,
    ),
)

MORE = dataclasses.replace(
    MINIMAL,
    inway=InwayDoor(
        listen=at("127.0.0.2", 443),
        services=(
            ServiceUpstream(service="meldingen", server="127.0.0.1:9100", websocket=True),
            ServiceUpstream(service="Pand", server="127.0.0.1:9101", http2=True),
        ),
    ),
)

OPEN = dataclasses.replace(
    MINIMAL,
    open=OpenDoor(
        listen=at("127.0.0.2", 8444),
        server_name="data.weesp.example",
        socket=RUN / "open.sock",
        files=PurePosixPath("/var/lib/landschap/weesp/open"),
    ),
)

PLANS = {
    "open": OPEN,
    "open-debian-12": dataclasses.replace(OPEN, nginx_version=(1, 22, 1)),
    "protocols": MORE,
    "minimal": MINIMAL,
    "full": FULL,
    "decisions": dataclasses.replace(
        MINIMAL,
        decisions=DecisionsDoor(
            listen=at("10.0.0.5", 8090),
            socket=RUN / "decisions.sock",
            tls=True,
            client_ca=PKI / "internal.crt",
        ),
    ),
    "logboek": dataclasses.replace(
        MINIMAL, logboek=LogDoor(listen=at("127.0.0.1", 8091), socket=RUN / "logboek.sock")
    ),
    "full-debian-12": dataclasses.replace(FULL, nginx_version=(1, 22, 1)),
}


@pytest.mark.parametrize("name", PLANS)
def test_text_equals_the_text_in_the_repository(name: str) -> None:
    assert render(PLANS[name]).text == (GOLDEN / f"{name}.conf").read_text()


def test_equal_plans_have_one_version_and_another_plan_has_another() -> None:
    again = dataclasses.replace(FULL)
    assert render(again) == render(FULL)
    assert render(MINIMAL).version != render(FULL).version


def test_version_stands_in_its_own_text_once() -> None:
    rendered = render(FULL)
    assert rendered.text.count(rendered.version) == 1


def test_servers_stand_in_the_text_only_when_their_listener_is_configured() -> None:
    text = render(MINIMAL).text
    assert text.count("server {") == 1
    assert "auth_request" not in text


@pytest.mark.parametrize("word", ["more_clear_input_headers", "js_", "tunnel_pass", "resolver"])
def test_text_uses_no_module_outside_stock_nginx_and_no_resolver(word: str) -> None:
    assert word not in render(FULL).text


@pytest.mark.parametrize(
    "word",
    ["http2 on", "keepalive_min_timeout", "max_headers", "ssl_object_cache_inheritable"],
)
def test_directives_younger_than_the_nginx_at_hand_are_left_out(word: str) -> None:
    assert word in render(FULL).text
    assert word not in render(PLANS["full-debian-12"]).text


def test_service_that_speaks_a_protocol_this_nginx_lacks_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"1\.29\.4"):
        dataclasses.replace(MORE, nginx_version=(1, 29, 3))


def test_plain_outway_is_for_loopback_only() -> None:
    with pytest.raises(InvalidValue, match="loopback"):
        OutwayDoor(listen=at("10.0.0.5", 80))


def test_pages_without_tls_are_for_localhost_names_only() -> None:
    with pytest.raises(InvalidValue, match=r"\*\.localhost"):
        WebDoor(
            listen=at("127.0.0.1", 8081),
            server_name="mijn.weesp.example",
            socket=RUN / "people.sock",
            tls=False,
        )


def test_open_data_without_tls_is_for_localhost_names_only() -> None:
    assert OPEN.open is not None
    with pytest.raises(InvalidValue, match=r"\*\.localhost"):
        dataclasses.replace(OPEN.open, tls=False)


def test_client_authority_at_the_outway_needs_tls() -> None:
    with pytest.raises(InvalidValue, match="needs TLS"):
        OutwayDoor(listen=at("127.0.0.1", 80), client_ca=PKI / "internal.crt")


def test_two_listeners_on_one_address_are_refused() -> None:
    with pytest.raises(InvalidValue, match="two listeners"):
        dataclasses.replace(
            MINIMAL,
            inway=InwayDoor(listen=at("127.0.0.1", 443)),
            manager=ManagerDoor(listen=at("127.0.0.1", 443), socket=RUN / "m.sock"),
        )


def test_two_services_that_differ_by_case_only_are_refused() -> None:
    services = tuple(ServiceUpstream(service=n, server="127.0.0.1:1") for n in ("pand", "Pand"))
    with pytest.raises(InvalidValue, match="one name: own-pand"):
        dataclasses.replace(
            MINIMAL, inway=InwayDoor(listen=at("127.0.0.1", 443), services=services)
        )


@pytest.mark.parametrize(
    "service", ["a b", "x;", "x{", "$host", "", "-x", "a/b", "x\nserver_name y", "ü", "x" * 256]
)
def test_name_of_a_service_can_not_break_out_of_its_line(service: str) -> None:
    with pytest.raises(InvalidValue):
        ServiceUpstream(service=service, server="127.0.0.1:9")


@pytest.mark.parametrize(
    "server", ["evil.example:80", "127.0.0.1", 'unix:/a";x', "unix:/a$b", "127.0.0.1:80;", ":80"]
)
def test_place_of_a_service_is_a_socket_or_an_address(server: str) -> None:
    with pytest.raises(InvalidValue):
        ServiceUpstream(service="demo", server=server)


@pytest.mark.parametrize("header", ["", "X_Y", "a b", "X:", "Cookie;", "1a"])
def test_name_of_a_header_can_not_break_out_of_its_line(header: str) -> None:
    with pytest.raises(InvalidValue):
        ServiceUpstream(service="demo", server="127.0.0.1:9", headers=(header,))


@pytest.mark.parametrize("host", ["", "a b", "x;y", "-a.test", "a.test-", "a_b.test"])
def test_host_of_a_peer_can_not_break_out_of_its_line(host: str) -> None:
    with pytest.raises(InvalidValue):
        PeerUpstream(host=host, port=443, address="127.0.0.1")


def test_path_with_a_quote_or_a_variable_is_refused() -> None:
    for path in ('/a"b', "/a$b", "/a\nb", "/a\\b"):
        with pytest.raises(InvalidValue):
            dataclasses.replace(MINIMAL, run=PurePosixPath(path))
