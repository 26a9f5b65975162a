# SPDX-License-Identifier: EUPL-1.2
"""`landschap conform` against a peer that is not ours: all is well, or the broken rule is named."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import (
    ASKER,
    ASKER_NAME,
    BY_HOST,
    Operator,
    operator,
    write_settings,
)
from tests.fsc.foreign_peer import ForeignPeer, foreign_peer
from tests.fsc.manager_rig import Group, submit

from landschap.cli.conform import sections, try_all
from landschap.cli.conform.opening import open_trial
from landschap.cli.conform.verdicts import Outcome, Verdict
from landschap.platform.settings import load_settings

# Its own place on loopback, so that it can have the port that the standard asks.
PLACE = f"127.88.{os.getpid() % 250}.7"
PEER = BY_HOST["vreemd"]
ADDRESS = "https://vreemd.test:8443"


@pytest.fixture(scope="module")
async def asker(group: Group) -> Operator:
    made = await operator(group, ASKER, ASKER_NAME)
    hosts = dict.fromkeys(rig.HOSTS.values(), "127.0.0.1") | {"vreemd.test": PLACE}
    return Operator(manager=made.manager, settings=write_settings(made.manager, hosts=hosts))


@asynccontextmanager
async def peer_of(group: Group, folder: Path, **changes: Any) -> AsyncIterator[ForeignPeer]:
    own = rig.own_peer(
        changes.pop("authority", group.authority), PEER, manager_address=ADDRESS,
        hosts=changes.pop("hosts", ["vreemd.test"]),
    )  # fmt: skip
    port = changes.pop("port", 8443)
    async with foreign_peer(folder, own, place=PLACE, port=port, **changes) as peer:
        yield peer


async def tried(asker: Operator, *only: str, who: str = ADDRESS) -> dict[str, Verdict]:
    dsn = str(asker.manager.settings.postgres.dsn)
    settings = load_settings(asker.settings, {"LANDSCHAP__POSTGRES__DSN": dsn})
    async with AsyncExitStack() as stack:
        trial = await open_trial(settings, stack, who, grant=None, inway=ADDRESS)
        return {each.id: each async for each in try_all(trial, only)}


def failing(verdicts: dict[str, Verdict]) -> set[str]:
    return {name for name, each in verdicts.items() if each.outcome is Outcome.FAIL}


async def test_a_peer_that_keeps_to_the_standard_fails_nothing(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with peer_of(group, tmp_path) as peer:
        verdicts = await tried(asker)
        kept = list(peer.contracts)
    assert failing(verdicts) == set(), [v for v in verdicts.values() if v.outcome is Outcome.FAIL]
    assert kept == []
    good = {name for name, each in verdicts.items() if each.outcome is Outcome.PASS}
    assert good >= {
        "Manager-Port-1", "tls-version", "tls-chain", "tls-name", "Manager-PeerInfo-1",
        "Manager-JSONWebKeySet-1", "peers-form", "paging", "services-form", "no-certificate",
        "self-made-certificate", "Manager-Contracts-2", "Manager-SubmitContract-7",
        "Manager-SubmitContract-8", "Manager-SubmitContract-9", "Manager-SubmitContract-10",
        "error-form", "Manager-GetToken-2", "Manager-GetToken-4", "Manager-GetToken-5",
        "Manager-GetToken-8", "Manager-GetToken-9", "logs-form", "logs-ours", "logs-unknown",
        "Inway-Port-1", "Inway-Incoming-Request-2", "Inway-Incoming-Request-4", "inway-no-token",
        *(f"Manager-{kind}Contract-{n}" for kind in ("Accept", "Reject", "Revoke")
          for n in (2, 3, 6)),
    }  # fmt: skip
    for each in verdicts.values():
        assert each.seen, each
        assert each.outcome is not Outcome.NOT_RUN or len(each.seen) > 10, each


def answering(path: str, change: Callable[[Any], Any], *, status: int = 200) -> Any:
    """Break one answer: ``change`` gets the JSON and gives the other one."""

    def spoil(request: web.Request, answer: web.Response) -> web.Response:
        if path not in request.path:
            return answer
        told = json.loads(answer.text or "null")
        return web.json_response(change(told), status=status)

    return spoil


def _accepts(method: str, ending: str) -> Any:
    def spoil(request: web.Request, answer: web.Response) -> web.Response:
        hit = request.method == method and request.path.endswith(ending)
        return web.Response(status=201) if hit else answer

    return spoil


def _on_code(code: str) -> Any:
    """It lets one reason to refuse go by."""

    def spoil(_: web.Request, answer: web.Response) -> web.Response:
        wrong = answer.headers.get("Fsc-Error-Code") == code
        return web.Response(status=201) if wrong else answer

    return spoil


def _token_for(field: str, value: str | None) -> Any:
    async def spoil(request: web.Request, answer: web.Response) -> web.Response:
        if not request.path.endswith("/token"):
            return answer
        form = await request.post()
        wrong = form.get(field) == value if value is not None else field not in form
        token = {"access_token": "a.b.c", "token_type": "bearer"}
        return web.json_response(token) if wrong else answer

    return spoil


def _without_header(name: str) -> Any:
    def spoil(_: web.Request, answer: web.Response) -> web.Response:
        answer.headers.pop(name, None)
        return answer

    return spoil


STRANGE_RECORD = {
    "transaction_id": "0199", "direction": "DIRECTION_INCOMING", "grant_hash": "$1$3$x",
    "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": rig.WEESP},
    "destination": {"type": "DESTINATION_TYPE_DESTINATION", "service_peer_id": PEER},
    "service_name": "bijstand", "created_at": 1,
}  # fmt: skip
NO_CURSOR: dict[str, Any] = {"pagination": {"next_cursor": ""}}
BROKEN = {
    "Manager-PeerInfo-1": answering("/peer", lambda t: t | {"peer_id": rig.WEESP}),
    "Manager-JSONWebKeySet-1": answering("/jwks", lambda _: {"keys": []}),
    "peers-form": answering("/peers", lambda t: t | {"peers": [{"id": "x"}]}),
    "paging": answering("/peers", lambda t: {"peers": t["peers"]}),
    "services-form": answering("/services", lambda t: t | {"services": [{"data": {}}]}),
    "Manager-Contracts-2": answering(
        "/contracts",
        lambda _: {
            "contracts": [
                {
                    "content": rig.content(rig.connection_grant(rig.WEESP, PEER, "a" * 64)),
                    "signatures": {"accept": {}, "reject": {}, "revoke": {}},
                }
            ],
            **NO_CURSOR,
        },
    ),
    "Manager-SubmitContract-8": _on_code("ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED"),
    "Manager-SubmitContract-9": _on_code("ERROR_CODE_INCORRECT_GROUP_ID"),
    "Manager-SubmitContract-10": _on_code("ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
    "error-form": _without_header("Fsc-Error-Code"),
    "Manager-RevokeContract-3": _accepts("PUT", "/revoke"),
    "Manager-GetToken-2": _token_for("grant_type", "client_credentials"),
    "Manager-GetToken-4": _token_for("scope", "no-grant-hash"),
    "Manager-GetToken-5": _token_for("grant_type", "password"),
    "Manager-GetToken-8": _token_for("client_id", None),
    "Manager-GetToken-9": _token_for("client_id", PEER),
    "logs-form": answering("/logs", lambda t: t | {"records": [{"transaction_id": "x"}]}),
    "logs-ours": answering("/logs", lambda t: t | {"records": [STRANGE_RECORD]}),
    "Inway-Incoming-Request-2": _without_header("WWW-Authenticate"),
    "inway-no-token": _on_code("ERROR_CODE_ACCESS_TOKEN_INVALID"),
}


@pytest.mark.parametrize("check", sorted(BROKEN))
async def test_the_broken_rule_is_named(
    group: Group, asker: Operator, tmp_path: Path, check: str
) -> None:
    async with peer_of(group, tmp_path, spoil=BROKEN[check]):
        verdicts = await tried(asker, check)
    assert failing(verdicts) == {check}, verdicts
    # What fails says what was seen.
    assert verdicts[check].seen


async def test_a_contract_of_strangers_that_is_taken_fails_by_name(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    code = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
    async with peer_of(group, tmp_path, spoil=_on_code(code)):
        verdicts = await tried(asker)
    # The form of a refusal can not be seen where nothing is refused.
    assert failing(verdicts) == {
        "Manager-SubmitContract-7", "Manager-AcceptContract-2", "Manager-RejectContract-2",
        "Manager-RevokeContract-2", "error-form",
    }  # fmt: skip


async def test_who_asks_nobody_for_a_certificate_fails(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with peer_of(group, tmp_path, certified=False):
        verdicts = await tried(asker, "no-certificate", "self-made-certificate")
    assert "no-certificate" in failing(verdicts)


async def test_a_wrong_name_anchor_or_port_fails_by_name(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with peer_of(group, tmp_path / "a", hosts=["anders.test"]):
        assert failing(await tried(asker, "tls-name", "tls-chain")) == {"tls-name"}
    async with peer_of(group, tmp_path / "b", authority=rig.Authority(name="Ander anker")):
        assert failing(await tried(asker, "tls-name", "tls-chain")) == {"tls-chain"}
    async with peer_of(group, tmp_path / "c", port=9443):
        found = await tried(asker, "Manager-Port-1", who="https://vreemd.test:9443")
        assert failing(found) == {"Manager-Port-1"}


async def test_our_own_manager_fails_nothing_but_the_port_of_this_test(
    group: Group, asker: Operator
) -> None:
    weesp = group.managers[rig.WEESP]
    thumbprint = asker.manager.own.certificate.key_thumbprint
    tree = rig.content(rig.connection_grant(ASKER, rig.WEESP, thumbprint))
    assert (await submit(weesp, asker.manager.own, tree)).status == 201
    verdicts = await tried(asker, *_manager_checks(), who=weesp.address)
    assert failing(verdicts) == {"Manager-Port-1"}
    for kind in ("Accept", "Reject", "Revoke"):
        for number in (2, 3, 6, 7):
            assert verdicts[f"Manager-{kind}Contract-{number}"].outcome is Outcome.PASS
    assert verdicts["content-hash"].outcome is Outcome.PASS


def _manager_checks() -> list[str]:
    return [e.id for name, checks in sections().items() if name != "inway" for e in checks]


async def test_the_command_writes_text_json_and_a_junit_report(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    async with peer_of(group, tmp_path / "peer", spoil=BROKEN["Manager-GetToken-5"]):
        words = await asker.run(
            "conform",
            ADDRESS,
            "--only",
            "Manager-GetToken-5",
            "--only",
            "Manager-Port-1",
            "--only",
            "Manager-GetToken-1",
        )
        machine = await asker.run("conform", ADDRESS, "--json", "--junit", str(report))
    assert words.code == 1, words.err
    assert "fail     Manager-GetToken-5" in words.out
    assert "1 pass, 1 fail, 1 not run" in words.out
    told = machine.json
    assert (machine.code, told["counts"]["fail"]) == (1, 1)
    suite = ET.fromstring(report.read_text())[0]  # noqa: S314  # our own report
    assert int(suite.get("tests", "0")) == len(told["checks"]) == len(list(suite))
    (failure,) = [each for each in suite if each.find("failure") is not None]
    assert failure.get("name") == "Manager-GetToken-5"
    skipped = [each for each in suite if each.find("skipped") is not None]
    assert len(skipped) == told["counts"]["not run"]


async def test_a_peer_that_is_not_there_is_exit_5_and_an_unknown_check_exit_2(
    asker: Operator,
) -> None:
    gone = await asker.run("conform", "https://dicht.test:1")
    assert (gone.code, gone.out) == (5, "")
    assert "landschap doctor" in gone.err
    unknown = await asker.run("conform", ADDRESS, "--only", "Manager-Nothing-9")
    assert unknown.code == 2
    assert "Manager-Port-1" in unknown.err
