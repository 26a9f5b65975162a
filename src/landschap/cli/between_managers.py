# SPDX-License-Identifier: EUPL-1.2
"""What the other Manager says, and what it knows of us: the second half of the doctor's look.

Source: FSC Core, "Manager", "Signatures" (certificate rotation), "Hashes"; FSC Logging.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from landschap.cli.checkup import Line, State, line
from landschap.cli.deskwork import short_name
from landschap.cli.patient import Patient
from landschap.fsc import store
from landschap.fsc.certificates import check_trusted
from landschap.fsc.client import PeerUnreachable
from landschap.fsc.client.asking import Asker, Heard
from landschap.fsc.codes import Code
from landschap.fsc.contracts import CLOCK_SKEW
from landschap.fsc.jwks import read_key_set
from landschap.fsc.probes import Probe
from landschap.fsc.states import Kind
from landschap.fsc.states import State as ContractState
from landschap.fsc.wire import FSC_VERSIONS
from landschap.fsc.witnesses.client import NotAsked, announces, asked_back
from landschap.platform.identity_checks import WARN_DAYS
from landschap.platform.ids import uuid7
from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.times import as_utc_text

# Tokens are believed this much before and after their time; see fsc.tokens.
_CARE_SECONDS = 5.0
_NOT_OUR_GROUP = "use the Group ID that all its members use, on both sides"


async def _answers(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """It takes our certificate, says who it is and in which generation it speaks."""
    try:
        heard = await asker.ask("GET", f"{patient.address}/v1/peer")
    except PeerUnreachable as error:
        patient.lost = True
        told = f"no answer over the trusted connection: {error}"
        remedy = "the peer may refuse our certificate: compare the trust anchors on its side"
        yield line("manager", State.WRONG, told, remedy)
        return
    if heard.status != 200:
        patient.lost = True
        told = f"GET /peer gives {heard.status} {heard.code}".strip()
        remedy = "ask the peer why it refuses our certificate: anchor, revocation, Peer ID"
        yield line("manager", State.WRONG, told, remedy)
    else:
        yield _says(patient, heard)
    yield _clock(heard)


def _says(patient: Patient, heard: Heard) -> Line:
    told = heard.table()
    name, version = str(told.get("peer_name", "")), str(told.get("fsc_version", ""))
    if told.get("peer_id") != (patient.peer_id.value if patient.peer_id else ""):
        remedy = "the Manager must be given the Peer ID of its own certificate"
        words = (
            f"it calls itself peer {told.get('peer_id')}, its certificate says {patient.peer_id}"
        )
        return line("manager", State.WRONG, words, remedy)
    ours = FSC_VERSIONS[patient.own.profile]
    words = f"it answers as {name}, FSC {version}"
    # The published description still has 1.0.0 in it, so that version tells nothing.
    if version.split(".", maxsplit=1)[0] != ours.split(".")[0] and version != "1.0.0":
        remedy = f"one Group speaks one generation; ours is {ours} (fsc.profile)"
        return line("manager", State.WRONG, words, remedy)
    return line("manager", State.WELL, words)


def _clock(heard: Heard) -> Line:
    """Their Date header against our clock around the question; it counts whole seconds."""
    try:
        theirs = parsedate_to_datetime(heard.headers.get("Date", ""))
        early, late = theirs - heard.ended, theirs + timedelta(seconds=1) - heard.began
    except (TypeError, ValueError):
        return line("clock", State.UNSEEN, "their answer has no Date header", "compare by hand")
    off = max(0.0, early.total_seconds(), -late.total_seconds())
    way = "ahead of" if early.total_seconds() > 0 else "behind"
    if off <= _CARE_SECONDS:
        return line("clock", State.WELL, "their clock and ours agree")
    remedy = "let both machines follow a time server (NTP)"
    told = f"their clock is {off:.0f} s {way} ours"
    if off > CLOCK_SKEW.total_seconds():
        return line("clock", State.WRONG, f"{told}: contracts and tokens will be refused", remedy)
    return line("clock", State.SOON, f"{told}: tokens may be refused", remedy)


async def _same_rules(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """Same Group and same hashes: a contract of two strangers must be refused, and the why tells.

    Its signature is no signature, so a peer that refuses nothing else refuses that.
    """
    if patient.lost:
        return
    own = patient.own
    probe = Probe(profile=own.profile, group_id=own.group_id, iv=uuid7(), now=patient.now)
    path = quote(probe.contract().hash.value, safe="")
    try:
        heard = await asker.ask(
            "PUT", f"{patient.address}/v1/contracts/{path}/accept",
            body=probe.body("no-signature"),
            headers={"Fsc-Manager-Address": own.manager_address},
        )  # fmt: skip
    except PeerUnreachable as error:
        yield line("group", State.UNSEEN, f"not answered: {error}", "try again")
        return
    code = heard.code
    match code:
        case Code.INCORRECT_GROUP_ID:
            told = f"the peer is in another Group than {own.group_id}"
            yield line("group", State.WRONG, told, _NOT_OUR_GROUP)
        case Code.PATH_HASH | Code.CONTRACT_INVALID | Code.HASH_ALGORITHM:
            told = f"the peer hashes or reads contracts otherwise ({code}); ours is {own.profile}"
            remedy = "one Group speaks one generation: set fsc.profile to that of the Group"
            yield line("profile", State.WRONG, told, remedy)
        case Code.SUBMITTING_PEER | Code.RECEIVING_PEER | Code.NOT_PART_OF_CONTRACT:
            yield line("group", State.WELL, f"the peer is in our Group, {own.group_id}")
            yield line("profile", State.WELL, f"it hashes contracts as we do ({own.profile})")
        case _ if heard.status < 300:
            told = "it accepted a contract of strangers without a signature"
            remedy = "do not make agreements with this peer; `landschap conform` tests the rest"
            yield line("group", State.WRONG, told, remedy)
        case _:
            told = f"not known: it refused a contract with {heard.status} {code}"
            remedy = f"ask the peer whether its Group is {own.group_id}"
            yield line("group", State.UNSEEN, told, remedy)


async def _keys(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """Its signatures can be verified: a key set with certificates that lead to our anchors."""
    if patient.lost:
        return
    try:
        heard = await asker.ask("GET", f"{patient.address}/v1/.well-known/jwks.json")
        found = read_key_set(heard.tree())
    except PeerUnreachable as error:
        yield line("keys", State.WRONG, f"its key set can not be read: {error}", "ask the peer")
        return
    good, bad = [], []
    for each in found:
        try:
            check_trusted(each.leaf.x509, each.others, patient.own.trust(patient.now))
            good.append(each.leaf)
        except InvalidValue as error:
            bad.append(str(error))
    ours = [each for each in good if each.peer_id == patient.peer_id]
    if not ours:
        why = bad[0] if bad else f"none of its {len(found)} certificates is of this peer"
        remedy = "the peer must offer its certificates with the whole chain except the root (x5c)"
        yield line("keys", State.WRONG, f"its signatures can not be verified: {why}", remedy)
    else:
        yield line("keys", State.WELL, f"{len(ours)} of {len(found)} keys can be used to verify it")


async def _knows_us(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """Where the peer would bring us its signatures."""
    if patient.lost:
        return
    own = patient.own
    try:
        entries = asker.listed(patient.address, "/peers", "peers", peer_id=own.peer_id.value)
        listed = [
            str(each.get("manager_address", ""))
            async for each in entries
            if each.get("id") == own.peer_id.value
        ]
    except PeerUnreachable as error:
        yield line("announce", State.WRONG, f"its list of peers can not be read: {error}", "ask it")
        return
    if not listed:
        told = "the peer does not know our Manager yet"
        remedy = "`landschap serve` announces us to the directory; a first contract tells this peer"
        yield line("announce", State.SOON, told, remedy)
    elif listed[0] != own.manager_address:
        told = f"the peer believes our Manager is at {listed[0]}, we are at {own.manager_address}"
        remedy = (
            "restart the worker of `landschap serve`, which announces us; or correct [addresses]"
        )
        yield line("announce", State.WRONG, told, remedy)
    else:
        yield line("announce", State.WELL, f"the peer knows our Manager at {listed[0]}")


async def _agreements(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """What we agreed: ends in sight, accepts that end before, and what could not be delivered."""
    del asker
    soon = patient.now + timedelta(days=WARN_DAYS)
    valid = 0
    for each in await store.contracts(patient.pool):
        if patient.peer_id not in each.contract.participants:
            continue
        if each.state(patient.now) is not ContractState.VALID:
            continue
        valid += 1
        name = short_name(each.contract.hash.value)
        if each.contract.not_after < soon:
            told = f"contract {name} ends on {each.contract.not_after:%Y-%m-%d}"
            yield line("contract", State.SOON, told, "propose its successor")
        for told in _ending_accepts(each, soon):
            remedy = "whose certificate it is accepts again with the next one"
            yield line("contract", State.SOON, f"contract {name}: {told}", remedy)
    for delivery in await store.deliveries(patient.pool):
        if delivery.errand.target == patient.peer_id and delivery.last_error:
            told = f"{delivery.errand.task} {delivery.state}: {delivery.last_error}"
            if delivery.state == "refused":
                yield line("delivery", State.WRONG, told, "`landschap contract show` names it")
            elif delivery.state == "waiting":
                yield line("delivery", State.SOON, told, "it is tried again by itself")
    yield line("contract", State.WELL, f"{valid} contracts in force with this peer")


def _ending_accepts(stored: store.StoredContract, soon: datetime) -> list[str]:
    return [
        f"the accept of peer {each.peer_id} ends with its certificate on "
        f"{each.certificate_until:%Y-%m-%d}"
        for each in stored.signatures
        if each.kind is Kind.ACCEPT
        and each.certificate_until < min(soon, stored.contract.not_after)
    ]


async def _witness(patient: Patient, asker: Asker) -> AsyncIterator[Line]:
    """When we agreed to witness for each other: what the peer keeps of our log."""
    if patient.lost or patient.peer_id not in patient.settings.witness.peers:
        return
    try:
        await announces(asker, patient.address)
        kept = await asked_back(asker, patient.address, pages=1)
    except NotAsked as error:
        remedy = "the peer names us under [witness] peers too, and restarts"
        yield line("witness", State.WRONG, f"it keeps nothing of our log: {error}", remedy)
        return
    if not kept:
        remedy = "the worker of `landschap serve` brings the first anchor; is it running?"
        yield line("witness", State.SOON, "it keeps nothing of our log yet", remedy)
        return
    newest = max(statement.at for _, statement in kept)
    told = f"the newest anchor of our log that it keeps is of {as_utc_text(newest)}"
    yield line("witness", State.WELL, told)


MANAGER_CHECKS = (_answers, _same_rules, _keys, _knows_us, _agreements, _witness)
