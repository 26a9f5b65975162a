# SPDX-License-Identifier: EUPL-1.2
"""Whom a peer gives a token, and what stands in it; and what it shows of its log.

Source: FSC Core, "Access token"; RFC 6749, 5.2; FSC Logging, "GET /logs"; public FSC test suite.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from landschap.cli.conform.trial import Check, Trial
from landschap.cli.conform.verdicts import Result, failed, not_run, passed
from landschap.fsc.addresses import read_address
from landschap.fsc.client.asking import Heard
from landschap.fsc.codes import OAuth
from landschap.fsc.states import State
from landschap.logboek.store import LogFilters, fsc_records
from landschap.platform.ids import uuid7
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

_UNKNOWN_GRANT = "$1$3$" + "A" * 85 + "Q"
_NO_GRANT = "give --with-contract GRANT: a connection of ours that is in force"
_FIELDS = ("transaction_id", "direction", "grant_hash", "source", "destination", "service_name")


def _form(trial: Trial, **changes: str) -> dict[str, str]:
    told = {
        "grant_type": "client_credentials",
        "scope": trial.grant.grant_hash.value if trial.grant else _UNKNOWN_GRANT,
        "client_id": trial.own.peer_id.value,
        **changes,
    }
    return {key: value for key, value in told.items() if value}


def _refused(trial: Trial, heard: Heard, errors: Collection[str]) -> Result:
    """A refusal of OAuth; without a grant of ours, an unknown grant may be what was seen first."""
    told = f"{heard.status} {heard.code}".strip()
    if heard.status == 200:
        return failed("a token was given")
    if heard.status == 400 and heard.code in errors:
        return passed(told)
    if trial.grant is None and heard.code in (OAuth.INVALID_GRANT, OAuth.INVALID_SCOPE):
        return not_run(f"the unknown grant was refused first ({told}); {_NO_GRANT}")
    return failed(f"{told}, expected 400 {' or '.join(errors)}")


async def _unknown_grant(trial: Trial) -> Result:
    heard = await trial.token_answer(**_form(trial, scope=_UNKNOWN_GRANT))
    errors = (OAuth.INVALID_GRANT, OAuth.INVALID_SCOPE)
    return _refused(trial, heard, errors)


async def _ended(trial: Trial) -> Result:
    grants = [
        grant_hash
        for each in trial.contracts
        if each.state(trial.now) is State.REVOKED
        for grant_hash, grant in each.contract.connections
        if grant.outway.peer_id == trial.own.peer_id and grant.service.peer_id == trial.peer_id
    ]
    if not grants:
        return not_run("we have no revoked connection with this peer")
    heard = await trial.token_answer(**_form(trial, scope=grants[0].value))
    return _refused(trial, heard, (OAuth.INVALID_GRANT,))


async def _no_hash(trial: Trial) -> Result:
    heard = await trial.token_answer(**_form(trial, scope="no-grant-hash"))
    return _refused(trial, heard, (OAuth.INVALID_REQUEST, OAuth.INVALID_SCOPE))


async def _other_type(trial: Trial) -> Result:
    heard = await trial.token_answer(**_form(trial, grant_type="password"))
    return _refused(trial, heard, (OAuth.UNSUPPORTED_GRANT_TYPE,))


async def _no_client(trial: Trial) -> Result:
    heard = await trial.token_answer(**_form(trial, client_id=""))
    return _refused(trial, heard, (OAuth.INVALID_REQUEST,))


async def _other_client(trial: Trial) -> Result:
    heard = await trial.token_answer(**_form(trial, client_id=trial.peer_id.value))
    return _refused(trial, heard, (OAuth.INVALID_CLIENT,))


async def _token(trial: Trial) -> Result:
    """Ask the token that the checks of the Inway go on with."""
    if trial.grant is None:
        return not_run(_NO_GRANT)
    heard = await trial.token_answer(**_form(trial))
    told = heard.table()
    token = told.get("access_token")
    if heard.status != 200 or not isinstance(token, str):
        return failed(f"no token: {heard.status} {heard.code}")
    trial.token = token
    claims = claims_of(token)
    try:
        trial.inway = read_address(str(claims.get("aud", "")))
    except InvalidValue as error:
        return failed(f"aud {claims.get('aud')}: {error}")
    bound = claims.get("cnf")
    expected = {
        "gth": trial.grant.grant_hash.value,
        "gid": trial.own.group_id,
        "sub": trial.own.peer_id.value,
        "iss": trial.peer_id.value,
        "svc": trial.grant.service_name,
    }
    wrong = [key for key, value in expected.items() if claims.get(key) != value]
    if not isinstance(bound, Mapping) or not _same(bound, trial.own.certificate.thumbprint):
        wrong.append("cnf")
    if str(told.get("token_type", "")).lower() != "bearer":
        wrong.append("token_type")
    if wrong:
        return failed(f"not as it should be: {', '.join(wrong)}")
    return passed(f"for {trial.inway}, bound to our certificate")


def _claim(number: int, name: str, title: str) -> Check:
    """That a claim of the token is what the grant says."""

    async def run(trial: Trial) -> Result:
        if trial.grant is None:
            return not_run(_NO_GRANT)
        delegator, provided_for = (
            trial.grant.delegator_peer_id,
            trial.grant.service_delegator_peer_id,
        )
        delegated = number in (6, 11)
        expected: JsonValue = {
            "act": {"sub": delegator.value} if delegator else None,
            "pdi": provided_for.value if provided_for else None,
            "prp": trial.grant.properties or None,
        }[name]
        if expected is None or (number >= 10 and delegated != bool(delegator)):
            return not_run("the grant given is of another kind")
        if not trial.token:
            return not_run("no token was given")
        found = claims_of(trial.token).get(name)
        return passed(f"{name} is there") if found == expected else failed(f"{name} is {found}")

    return Check(id=f"Manager-GetToken-{number}", title=title, run=run)


def claims_of(token: str) -> Mapping[str, JsonValue]:
    """What a token says, unverified: who gave it is known by the connection."""
    try:
        part = token.split(".")[1]
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return read if isinstance(read, Mapping) else {}


def _same(bound: Mapping[str, JsonValue], thumbprint: str) -> bool:
    found = str(bound.get("x5t#S256", "")).rstrip("=").replace("+", "-").replace("/", "_")
    return found == thumbprint


async def _known_record(trial: Trial) -> Result:
    """A transaction that stands in our log stands in theirs too."""
    own = trial.own.peer_id.value
    page = await fsc_records(
        trial.log_pool, trial.peer_id.value, LogFilters(limit=1), own_peer_id=own
    )
    if not page.records:
        return not_run("our log holds no transaction with this peer")
    wanted = str(page.records[0].columns.transaction_id)
    found = await _records(trial, f"?transaction_ids={wanted}")
    if any(str(each.get("transaction_id")) == wanted for each in found):
        return passed(f"{wanted} is shown")
    return failed(f"{wanted} stands in our log and is not shown")


async def _records_form(trial: Trial) -> Result:
    found = await _records(trial, "?limit=100")
    for each in found:
        absent = [key for key in _FIELDS if key not in each]
        if absent:
            return failed(f"a record lacks {', '.join(absent)}")
    return passed(f"{len(found)} records shown")


async def _records_ours(trial: Trial) -> Result:
    own = trial.own.peer_id.value
    found = await _records(trial, "?limit=100")
    strange = [each for each in found if own not in _peers_of(each)]
    if strange:
        return failed(f"{len(strange)} of {len(found)} records do not name us")
    return passed(f"{len(found)} records shown, all of them name us")


async def _no_record(trial: Trial) -> Result:
    unknown: UUID = uuid7()
    found = await _records(trial, f"?transaction_ids={unknown}")
    return failed(f"{len(found)} records of a transaction that never was") if found else passed(
        "none"
    )  # fmt: skip


async def _records(trial: Trial, query: str) -> list[Mapping[str, JsonValue]]:
    heard = await trial.get(f"/logs{query}")
    listed = heard.table().get("records")
    if heard.status != 200 or not isinstance(listed, Sequence):
        raise _NotListed(f"status {heard.status} {heard.code}, no records")
    return [each for each in listed if isinstance(each, Mapping)]


class _NotListed(ValueError):
    """The log is not listed as it should be."""


def _peers_of(record: Mapping[str, JsonValue]) -> set[str]:
    places = [record.get("source"), record.get("destination")]
    return {
        str(value)
        for place in places
        if isinstance(place, Mapping)
        for key, value in place.items()
        if key.endswith("_peer_id")
    }


AUTHORISATION = (
    Check(id="Manager-GetToken-2", title="no token without a contract", run=_unknown_grant),
    Check(id="Manager-GetToken-3", title="no token for a revoked contract", run=_ended),
    Check(id="Manager-GetToken-4", title="no token for what is no grant hash", run=_no_hash),
    Check(id="Manager-GetToken-5", title="no token for another grant_type", run=_other_type),
    Check(id="Manager-GetToken-8", title="no token without client_id", run=_no_client),
    Check(id="Manager-GetToken-9", title="no token for another client_id", run=_other_client),
    Check(id="Manager-GetToken-1", title="a token for a contract in force", run=_token),
    _claim(6, "act", "the token of a delegated connection names the delegator"),
    _claim(7, "pdi", "the token for a delegated service names its delegator"),
    _claim(10, "prp", "the token holds the properties of the grant"),
    _claim(11, "prp", "the token of a delegated connection holds the properties"),
)
LOGGING = (
    Check(
        id="Manager-TransactionLogRecord-1", title="our transactions are shown", run=_known_record
    ),
    Check(id="logs-form", title="records of the log have their form", run=_records_form),
    Check(id="logs-ours", title="only records that name us are shown", run=_records_ours),
    Check(id="logs-unknown", title="an unknown transaction gives nothing", run=_no_record),
)
