# SPDX-License-Identifier: EUPL-1.2
"""Whom the Inway of a peer lets through: nobody who is asked here, and each for the right reason.

Every request here must be refused before a service hears of it. A question that is answered is a
use of data: it goes through our own Outway, which records it.
Source: FSC Core, "Inway"; FSC Logging, "Inway"; public FSC test suite, 1.2 Inway.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import urlsplit

from landschap.cli.conform.authorisation import claims_of
from landschap.cli.conform.offering import PORTS
from landschap.cli.conform.trial import (
    Check,
    Trial,
    must_be_shut,
    refusal,
    self_made_certificate,
)
from landschap.cli.conform.verdicts import Result, failed, not_run, passed
from landschap.fsc.client.asking import Heard
from landschap.fsc.codes import Code
from landschap.platform.ids import uuid7

_NO_INWAY = "its Inway is not known: give --inway ADDRESS, or --with-contract GRANT"
_NO_TOKEN = "no token of ours: give --with-contract GRANT"  # noqa: S105 - words
_TRANSACTION_MISSING = "MISSING_LOG_RECORD_ID"
# Clocks differ a little, and a peer may allow for that.
_AFTER_SECONDS = 6.0


async def _port(trial: Trial) -> Result:
    if not trial.inway:
        return not_run(_NO_INWAY)
    heard = await _knock(trial)
    port = urlsplit(trial.inway).port
    told = f"port {port} answers {heard.status}"
    return passed(told) if port in PORTS else failed(f"{told}; it must be 443 or 8443")


async def _no_token(trial: Trial) -> Result:
    if not trial.inway:
        return not_run(_NO_INWAY)
    heard = await _knock(trial)
    found = refusal(heard, (Code.TOKEN_MISSING,), (401,))
    if heard.status == 401 and "Bearer" not in heard.headers.get("WWW-Authenticate", ""):
        return failed("401 without WWW-Authenticate: Bearer")
    return found


async def _garbage(trial: Trial) -> Result:
    if not trial.inway:
        return not_run(_NO_INWAY)
    heard = await _knock(trial, token="no.token.atall")  # noqa: S106 - that is the point
    return refusal(heard, (Code.TOKEN_INVALID,), (401,))


async def _self_made(trial: Trial) -> Result:
    if not trial.inway:
        return not_run(_NO_INWAY)
    return await must_be_shut(trial.asker, f"{trial.inway}/", self_made_certificate(trial))


async def _altered(trial: Trial) -> Result:
    if not trial.token:
        return not_run(_NO_TOKEN)
    head, payload, signature = trial.token.split(".")
    other = ("A" if signature[0] != "A" else "B") + signature[1:]
    heard = await _knock(trial, token=f"{head}.{payload}.{other}")
    return refusal(heard, (Code.TOKEN_INVALID,), (401,))


async def _no_transaction(trial: Trial) -> Result:
    if not trial.token:
        return not_run(_NO_TOKEN)
    heard = await _knock(trial, token=trial.token, transaction=False)
    return refusal(heard, (_TRANSACTION_MISSING,), (400,))


async def _life(trial: Trial) -> Result:
    """A contract that was revoked works until its last token ends, so tokens must be short."""
    if not trial.token:
        return not_run(_NO_TOKEN)
    claims = claims_of(trial.token)
    begin, end = claims.get("nbf"), claims.get("exp")
    if not isinstance(begin, int) or not isinstance(end, int):
        return failed("the token has no nbf or exp")
    if end - begin > 24 * 3600:
        return failed(
            f"the token holds for {(end - begin) // 3600} hours: revoking takes that long"
        )
    return passed(f"the token holds for {end - begin} s")


async def _by_outway(trial: Trial) -> Result:
    del trial
    return not_run(
        "a question that is answered is a use of data: ask through the Outway, which records it"
    )


async def _other_certificate(trial: Trial) -> Result:
    del trial
    return not_run("we have no second certificate of the Group to use our token with")


async def _expired(trial: Trial) -> Result:
    """The token of the checks before this one, once it has grown old."""
    if not trial.token:
        return not_run(_NO_TOKEN)
    end = claims_of(trial.token).get("exp")
    if not isinstance(end, int):
        return failed("the token has no exp")
    left = end + _AFTER_SECONDS - datetime.now(UTC).timestamp()
    if left > trial.patience_seconds:
        return not_run(f"the token expires in {left:.0f} s: give --patience {left + 1:.0f}")
    await asyncio.sleep(max(0.0, left))
    heard = await _knock(trial, token=trial.token)
    return refusal(heard, (Code.TOKEN_EXPIRED,), (401,))


async def _knock(trial: Trial, *, token: str = "", transaction: bool = True) -> Heard:
    headers = {"Fsc-Transaction-Id": str(uuid7())} if transaction else {}
    if token:
        headers["Fsc-Authorization"] = f"Bearer {token}"
    return await trial.asker.ask("GET", f"{trial.inway}/", headers=headers)


INWAY = (
    Check(id="Inway-Port-1", title="the Inway answers on 443 or 8443", run=_port),
    Check(id="Inway-Incoming-Request-1", title="a valid token is accepted", run=_by_outway),
    Check(id="Inway-Incoming-Request-2", title="nobody passes without a token", run=_no_token),
    Check(
        id="Inway-Incoming-Request-3",
        title="a token bound to another certificate is refused",
        run=_other_certificate,
    ),
    Check(
        id="Inway-Incoming-Request-4",
        title="a certificate of another authority is refused",
        run=_self_made,
    ),
    Check(id="inway-no-token", title="what is no token is refused", run=_garbage),
    Check(id="inway-altered-token", title="an altered token is refused", run=_altered),
    Check(id="token-life", title="a token holds for a day at most", run=_life),
    Check(
        id="Inway-TransactionLog-3",
        title="a request without transaction id is refused",
        run=_no_transaction,
    ),
    # Last, for it waits.
    Check(id="Inway-Incoming-Request-6", title="an expired token is refused", run=_expired),
)
