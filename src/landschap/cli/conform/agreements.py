# SPDX-License-Identifier: EUPL-1.2
"""What a peer does with contracts: shows each to its participants only, refuses wrong ones.

The contracts brought here can hurt nobody; see `landschap.fsc.probes`.
Source: FSC Core, "Contract validation", "Signatures", "Hashes"; public FSC test suite.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from landschap.cli.conform.trial import Check, Trial, refusal
from landschap.cli.conform.verdicts import Result, failed, not_run, passed
from landschap.cli.deskwork import short_name
from landschap.fsc.codes import Code
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.probes import other_hash
from landschap.fsc.states import Kind, State
from landschap.fsc.wire import CONTENT_KEYS
from landschap.vocabulary.ijson import JsonValue

_OUTSIDER = (Code.SUBMITTING_PEER, Code.NOT_PART_OF_CONTRACT)
_NO_JWS = "this-is-no-signature"
_SUBJECT = "Contract"


async def _shown(trial: Trial) -> Result:
    valid = [each for each in trial.contracts if each.state(trial.now) is State.VALID]
    if not valid:
        return not_run("we have no contract in force with this peer")
    contract = valid[0].contract
    listed = await _listed(trial, contract.grants[0].hash.value)
    hashes = {each.hash for each, _ in listed}
    name = short_name(contract.hash.value)
    return passed(f"{name} is shown") if contract.hash in hashes else failed(f"{name} is not shown")


async def _only_ours(trial: Trial) -> Result:
    listed = await _listed(trial)
    strange = [each for each, _ in listed if trial.own.peer_id not in each.participants]
    if strange:
        return failed(f"{len(strange)} contracts are shown in which we take no part")
    return passed(f"{len(listed)} contracts shown, all of them ours")


async def _same_hash(trial: Trial) -> Result:
    """What was signed under a contract is the hash that we compute of it."""
    listed = await _listed(trial)
    signed = [(each.hash.value, jws) for each, found in listed for jws in found]
    if not signed:
        return not_run("no contract with a signature is shown to us")
    other = [content_hash for content_hash, jws in signed if _signed(jws) != content_hash]
    if other:
        return failed(f"{len(other)} of {len(signed)} signatures are about another hash than ours")
    return passed(f"{len(signed)} signatures are about the hash that we compute")


async def _listed(trial: Trial, grant_hash: str = "") -> list[tuple[Contract, list[str]]]:
    """The contracts shown to us, with the accepts under them. Raises PeerUnreachable."""
    query = {"grant_hash": grant_hash} if grant_hash else {}
    found: list[tuple[Contract, list[str]]] = []
    async for each in trial.asker.listed(trial.address, "/contracts", "contracts", **query):
        contents = [each[key] for key in CONTENT_KEYS.values() if key in each]
        read = read_contract(contents[0], trial.own.profile) if contents else None
        if isinstance(read, Contract):
            found.append((read, _accepts(each.get("signatures"))))
    return found


def _accepts(signatures: JsonValue) -> list[str]:
    accepts = signatures.get("accept") if isinstance(signatures, Mapping) else None
    return [str(each) for each in accepts.values()] if isinstance(accepts, Mapping) else []


def _signed(jws: str) -> str:
    """The hash in a signature; "" when it can not be read."""
    try:
        part = jws.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(payload["contract_content_hash"])
    except (ValueError, IndexError, KeyError, TypeError):
        return ""


async def _outsider(trial: Trial) -> Result:
    return refusal(await trial.submit(trial.strangers(), _NO_JWS), _OUTSIDER)


async def _mixed(trial: Trial) -> Result:
    probe = trial.ours(with_publication=True)
    return refusal(await trial.submit(probe, _NO_JWS), (Code.COMBINATION,))


async def _other_group(trial: Trial) -> Result:
    probe = trial.ours(group_id=f"{trial.own.group_id[:80]}-other")
    return refusal(await trial.submit(probe, _NO_JWS), (Code.INCORRECT_GROUP_ID,))


async def _other_algorithm(trial: Trial) -> Result:
    probe = trial.ours(hash_algorithm="HASH_ALGORITHM_MD5")
    return refusal(await trial.submit(probe, _NO_JWS), (Code.HASH_ALGORITHM,))


async def _error_form(trial: Trial) -> Result:
    heard = await trial.submit(trial.strangers(), _NO_JWS)
    told = heard.table()
    absent = [key for key in ("message", "domain", "code") if not isinstance(told.get(key), str)]
    if absent:
        return failed(f"the body lacks {', '.join(absent)}")
    if heard.headers.get("Fsc-Error-Code") != told["code"]:
        return failed("the header Fsc-Error-Code is not the code in the body")
    return passed(str(told["code"]))


def _signing(kind: Kind) -> Sequence[Check]:
    """The refusals of one signature's endpoint."""

    async def bring(
        trial: Trial, *, ours: bool, signature: str, wrong_path: bool, codes: Collection[str]
    ) -> Result:
        probe = trial.ours() if ours else trial.strangers()
        content_hash = probe.contract().hash.value
        path = quote(other_hash(content_hash) if wrong_path else content_hash, safe="")
        heard = await trial.submit(probe, signature, f"/{path}/{kind}", "PUT")
        return refusal(heard, codes)

    async def outsider(trial: Trial) -> Result:
        return await bring(
            trial, ours=False, signature=_NO_JWS, wrong_path=False, codes=_OUTSIDER
        )  # fmt: skip

    async def no_jws(trial: Trial) -> Result:
        return await bring(
            trial, ours=True, signature=_NO_JWS, wrong_path=False, codes=(Code.SIGNATURE,)
        )  # fmt: skip

    async def wrong_path(trial: Trial) -> Result:
        return await bring(
            trial, ours=True, signature=_NO_JWS, wrong_path=True, codes=(Code.PATH_HASH,)
        )  # fmt: skip

    async def algorithm(trial: Trial) -> Result:
        signature = _jws_with("PS256", trial.own.certificate.thumbprint)
        codes = (Code.SIGNATURE_ALGORITHM,)
        return await bring(trial, ours=True, signature=signature, wrong_path=False, codes=codes)

    name = f"Manager-{kind.value.capitalize()}{_SUBJECT}"
    return (
        Check(id=f"{name}-2", title=f"{kind} of a contract without us is refused", run=outsider),
        Check(id=f"{name}-3", title=f"{kind} that is no JWS is refused", run=no_jws),
        Check(id=f"{name}-6", title=f"{kind} at another hash is refused", run=wrong_path),
        Check(id=f"{name}-7", title=f"{kind} with another algorithm is refused", run=algorithm),
    )


def _jws_with(algorithm: str, thumbprint: str) -> str:
    """A JWS of an algorithm that FSC forbids, with a signature that fits nothing."""
    header = {"alg": algorithm, "x5t#S256": thumbprint}
    payload = {"contract_content_hash": "", "type": "", "signed_at": 0}
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), b"\0" * 64]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


AGREEMENTS = (
    Check(id="Manager-Contracts-1", title="a contract with us is shown to us", run=_shown),
    Check(id="Manager-Contracts-2", title="contracts without us are not shown", run=_only_ours),
    Check(id="content-hash", title="both sides compute the same content hash", run=_same_hash),
    Check(
        id="Manager-SubmitContract-7", title="a contract without us is refused", run=_outsider
    ),
    Check(
        id="Manager-SubmitContract-8",
        title="a publication with another grant is refused",
        run=_mixed,
    ),
    Check(
        id="Manager-SubmitContract-9", title="a contract of another Group is refused",
        run=_other_group,
    ),
    Check(
        id="Manager-SubmitContract-10", title="another hash algorithm is refused",
        run=_other_algorithm,
    ),
    Check(id="error-form", title="a refusal has FSC's form, in body and header", run=_error_form),
    *(check for kind in Kind for check in _signing(kind)),
)  # fmt: skip
