# SPDX-License-Identifier: EUPL-1.2
"""Questions nobody thought of, made from the OpenAPI document that the Manager itself serves.

Sensible ones and senseless ones, over mutual TLS, with a certificate of a peer of the Group. Every
answer must be one the document tells of, with its schema; none may be a failure of ours. Contracts
get, half of the time, a frame that is in order and a true signature, so that more than the first
check is reached.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Manager, write_identity

from landschap.fsc.contracts import read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.vocabulary.problems import Refusal

SHORT_EXAMPLES = 5
LONG_SECONDS = 300.0
_SIGNED = {"submitContract", "acceptContract", "rejectContract", "revokeContract"}
# Who stands where in a grant between the two: Weesp, or the one who asks.
_ROLES = {
    "service": rig.WEESP,
    "membership_administrator": rig.WEESP,
    "outway": "",
    "directory": "",
    "member": "",
}
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class _AsWeesp(HTTPAdapter):
    """Connections to loopback that expect the certificate of Weesp's Manager."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        host = rig.HOSTS[rig.WEESP]
        super().init_poolmanager(*args, assert_hostname=host, server_hostname=host, **more)


def session_of(manager: Manager, peer: OwnPeer) -> requests.Session:
    """What a peer asks with: its certificate, and trust in the anchor of the Group alone."""
    identity = write_identity(manager.folder / f"explores-{peer.peer_id}", peer)
    made = requests.Session()
    made.trust_env = False
    made.cert = (str(identity.certificate), str(identity.key))
    made.verify = str(identity.trust_anchors[0])
    made.mount("https://", _AsWeesp())
    return made


def in_earnest(case: Any, peer: OwnPeer) -> None:
    """Make of the content that was thought up one between the two, with a true signature."""
    body = case.body
    key = "content" if "content" in body else "contract_content"
    now = int(datetime.now(UTC).timestamp())
    content = body[key] | {
        "iv": str(uuid4()),
        "group_id": rig.GROUP,
        "fsc_version": "2.0.0",
        "created_at": now,
        "validity": {"not_before": now, "not_after": now + 3_600},
    }
    for grant in content["grants"]:
        data = grant["data"]
        for role, who in _ROLES.items():
            if role in data:
                data[role]["peer_id"] = who or peer.peer_id.value
    contract = read_contract(content, Profile.FSC_2)
    if isinstance(contract, Refusal):
        return
    last = case.operation.path.rpartition("/")[2]
    kind = Kind(last) if last in set(Kind) else Kind.ACCEPT
    body[key] = content
    body["signature"] = peer.sign(contract, kind, datetime.now(UTC)).jws
    if case.path_parameters:
        case.path_parameters["content_hash"] = contract.hash.value


def explorer(
    manager: Manager, session: requests.Session, peer: OwnPeer
) -> Callable[[int, int | None], Counter[int]]:
    """A function that asks so many questions of each kind, and counts the statuses."""
    base = f"https://127.0.0.1:{manager.port}/v1"
    document = session.get(f"{base}/openapi.json", timeout=10).json()
    schema = schemathesis.openapi.from_dict(document)
    rejection = schema.config.checks.negative_data_rejection
    # Too much is refused as well as too little.
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    counted: Counter[int] = Counter()

    def ask_about(operation: Any, mode: GenerationMode, examples: int, number: int | None) -> None:
        positive = mode is GenerationMode.POSITIVE
        name = operation.definition.raw["operationId"]
        # A cursor is only ever one that was given out.
        pages = positive and any(each.name == "cursor" for each in operation.query)
        # What is signed or granted elsewhere can not be right by its form alone.
        excluded = [positive_data_acceptance] if list(operation.body) else []

        @settings(
            max_examples=examples,
            derandomize=number is None,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode, query={"cursor": ""} if pages else None))
        def question(case: Any) -> None:
            if positive and name in _SIGNED and counted.total() % 2:
                in_earnest(case, peer)
            # Said again: by default a case is asked with the trust of the system.
            answer = case.call(base_url=base, session=session, verify=session.verify, timeout=20)
            counted[answer.status_code] += 1
            case.validate_response(answer, excluded_checks=excluded)

        (question if number is None else seed(number)(question))()

    def explore(examples: int, number: int | None) -> Counter[int]:
        for found in schema.get_all_operations():
            if isinstance(found, Err):
                raise found.err()
            operation = found.ok()
            for mode in _MODES:
                if mode is GenerationMode.NEGATIVE and not _has_input(operation):
                    continue
                ask_about(operation, mode, examples, number)
        return counted

    return explore


def _has_input(operation: Any) -> bool:
    return bool([*operation.query, *operation.headers, *operation.path_parameters, *operation.body])


async def test_no_question_made_from_the_document_gets_an_answer_outside_it(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    # Closed at the end: for who keeps its connection a server that stops waits half a minute.
    with session_of(weesp, doesburg) as session:
        explore = await asyncio.to_thread(explorer, weesp, session, doesburg)
        counted = await asyncio.to_thread(explore, SHORT_EXAMPLES, None)
    # It reached further than the first check: contracts were taken, pages were given.
    assert {200, 201, 400, 422} <= set(counted)


@pytest.mark.long
async def test_five_minutes_of_questions_made_from_the_document(
    weesp: Manager, doesburg: OwnPeer, record_property: Callable[[str, object], None]
) -> None:
    number = random.randrange(2**32)  # to be repeated, not to be secret
    record_property("seed", number)
    end = time.monotonic() + LONG_SECONDS
    counted: Counter[int] = Counter()
    with session_of(weesp, doesburg) as session:
        explore = await asyncio.to_thread(explorer, weesp, session, doesburg)
        while time.monotonic() < end:
            counted = await asyncio.to_thread(explore, 100, number)
            number += 1
    record_property("questions", counted.total())
    record_property("answers", dict(sorted(counted.items())))
    assert {200, 201, 400, 422} <= set(counted)
