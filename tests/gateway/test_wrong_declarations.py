# SPDX-License-Identifier: EUPL-1.2
"""A declaration that is wrong, at a real door: the code, words that say what, and no answer.

Each is sent over mutual TLS through nginx to the decider, with a token and a contract that hold, so
that only the declaration can be in the way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_scene import ASSISTANCE, BASIS, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair

from landschap.logboek.records import Kind
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.declaration import Claims, sign

MEGABYTE = 1_000_000


@dataclass(kw_only=True)
class Declaring:
    """Doesburg before Weesp's Inway, with declarations of its own making."""

    pair: Pair
    token: str

    def __post_init__(self) -> None:
        self.trace = new_trace_id()
        self.transaction = ""

    def claims(self, **changes: Any) -> Claims:
        now = datetime.now(UTC)
        made = Claims(
            issuer=DOESBURG, audience=WEESP, issued_at=now,
            expires_at=now + timedelta(seconds=60), jti=uuid7(), purpose=ASSISTANCE,
            legal_bases=(BASIS,), action="raadplegen", service="uitkeringen",
            grant_hash=self.pair.grants["uitkeringen"], trace_id=self.trace,
        )  # fmt: skip
        return replace(made, **changes)

    def declaration(self, **changes: Any) -> str:
        own = self.pair.doesburg.own
        return sign(self.claims(**changes), own.signer.key, own.signer.certificate.thumbprint)

    async def ask(self, compact: str, **headers: str) -> tuple[int, dict[str, Any]]:
        """The status and the body of the answer."""
        self.transaction = str(uuid7())
        told = {
            **headers,
            "Fsc-Authorization": self.token,
            "Fsc-Transaction-Id": self.transaction,
            "Purpose-Declaration": compact,
            "traceparent": f"00-{self.trace.hex()}-{new_span_id().hex()}-01",
        }
        status, _, body = await asyncio.to_thread(
            self.pair.inway.ask, "/v1/_zoek?fields=uitkering.soort", method="POST", headers=told,
            body=b"{}",
        )  # fmt: skip
        return status, json.loads(body) if status != 200 else {}


@pytest.fixture
async def declaring(pair: Pair) -> Declaring:
    connection = pair.doesburg.desk.holdings.world.outgoing[pair.grants["uitkeringen"]]
    held = await pair.doesburg.keeper.peers.token(connection, datetime.now(UTC))
    assert held is not None
    return Declaring(pair=pair, token=f"Bearer {held.token}")


def refused(answer: tuple[int, dict[str, Any]], status: int, code: str, *words: str) -> None:
    assert (answer[0], answer[1].get("code")) == (status, code), answer
    told = json.dumps(answer[1])
    for each in words:
        assert each in told, (each, told)


WRONG: dict[str, tuple[Callable[[Declaring], str], str, str]] = {
    "no JWS": (lambda _: "onzin", "declaration_invalid", "three parts"),
    "cut off": (lambda by: by.declaration()[:-9], "declaration_invalid", "base64url"),
    "of another key": (
        lambda by: sign(
            by.claims(),
            by.pair.weesp.own.signer.key,
            by.pair.doesburg.own.signer.certificate.thumbprint,
        ),
        "declaration_invalid",
        "signature",
    ),
    "an hour ahead": (
        lambda by: by.declaration(
            issued_at=datetime.now(UTC) + timedelta(hours=1),
            expires_at=datetime.now(UTC) + timedelta(hours=1, seconds=60),
        ),
        "declaration_invalid",
        "from the future",
    ),
    "of an hour ago": (
        lambda by: by.declaration(
            issued_at=datetime.now(UTC) - timedelta(hours=1),
            expires_at=datetime.now(UTC) - timedelta(minutes=59),
        ),
        "declaration_expired",
        "expired",
    ),
}


@pytest.mark.parametrize("how", WRONG)
async def test_a_wrong_declaration_is_refused_with_what_is_wrong(
    declaring: Declaring, how: str
) -> None:
    make, code, words = WRONG[how]
    refused(await declaring.ask(make(declaring)), 401, code, words)
    assert declaring.pair.service.heard == []


async def test_a_declaration_without_its_trace_is_for_another_question(
    declaring: Declaring,
) -> None:
    other = declaring.declaration(trace_id=new_trace_id())
    refused(await declaring.ask(other), 401, "declaration_binding", "trace")


async def test_a_large_declaration_is_refused_by_its_size(declaring: Declaring) -> None:
    refused(await declaring.ask("e" * 2_100), 400, "declaration_too_large", "2048")
    assert declaring.pair.service.heard == []


async def test_a_declaration_of_a_megabyte_is_refused_before_it_is_read(
    declaring: Declaring,
) -> None:
    before = declaring.pair.weesp.desk.figures()
    refused(
        await declaring.ask("e" * MEGABYTE), 400, "ERROR_CODE_REQUEST_INVALID", "longer than 16 kB"
    )
    assert declaring.pair.service.heard == []
    assert declaring.pair.weesp.desk.figures() == before, "the decider was not asked"
    # The door serves on.
    assert (await declaring.ask(declaring.declaration()))[0] == 200


@pytest.mark.case("L47")
async def test_a_confidential_question_without_variant_leaves_a_refusal_and_no_line(
    declaring: Declaring,
) -> None:
    weesp = declaring.pair.weesp
    told = await declaring.ask(declaring.declaration(), Vertrouwelijkheid="vertrouwelijk")
    refused(told, 403, "confidential_variant_missing", "confidential processing activity")
    assert declaring.pair.service.heard == []
    assert [each.columns.kind for each in await weesp.records(declaring.transaction)] == [Kind.ADL]
    # The same question is answered when it does not say so.
    assert (await declaring.ask(declaring.declaration(), Vertrouwelijkheid="normaal"))[0] == 200
    [passed] = await weesp.records(declaring.transaction)
    assert passed.columns.kind == Kind.FSC


async def test_a_replayed_declaration_is_refused_and_says_so(declaring: Declaring) -> None:
    compact = declaring.declaration()
    assert (await declaring.ask(compact))[0] == 200
    refused(await declaring.ask(compact), 401, "declaration_replayed", "used")
    assert len(declaring.pair.service.heard) == 1
