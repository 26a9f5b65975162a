# SPDX-License-Identifier: EUPL-1.2
"""What is wrong between us and one peer: each thing looked at, what was seen, and what to do.

Looked at from the outside in: name, port, handshake, certificate, then what the other Manager says
and what it knows of us. What can not be seen because something before it is wrong is told as not
seen, so that nobody takes silence for health. Only reading, and one contract that must be refused.
Source: FSC Core, "TLS", "Manager", "Directory".
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from cryptography import x509

from landschap.cli.between_managers import MANAGER_CHECKS
from landschap.cli.checkup import Line, State, line
from landschap.cli.patient import Patient
from landschap.fsc import store
from landschap.fsc.addresses import read_address
from landschap.fsc.certificates import PeerCertificate, read_der
from landschap.fsc.client import PeerUnreachable, own_peer
from landschap.fsc.client.asking import Asker
from landschap.fsc.client.seeing import Seen, chain_only, fits, reached, seen, unverifying
from landschap.platform import postgres
from landschap.platform.credentials import read_credentials
from landschap.platform.identity_checks import WARN_DAYS, check_identity
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import InvalidValue, PeerId

_PORTS = (443, 8443)


async def look_between(settings: Settings, who: str) -> AsyncIterator[Line]:
    """All that can be seen of a peer, given by Peer ID or by the address of its Manager."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        pool = await postgres.pool(settings, "fsc", size=1)
        stack.push_async_callback(pool.close)
        by_address = "://" in who
        patient = Patient(
            settings=settings,
            own=own_peer(settings),
            credentials=read_credentials(settings, datetime.now(UTC)),
            pool=pool,
            peer_id=None if by_address else PeerId.parse(who),
            address=who if by_address else "",
        )
        for check in _CHECKS:
            async for found in check(patient):
                yield found
            if patient.lost:
                told = "nothing can be seen beyond this"
                yield line("further", State.UNSEEN, told, "mend it first")
                return
        if not patient.trusted:
            told = "the Manager was not asked: nothing is sent over a connection nobody can trust"
            yield line("manager", State.UNSEEN, told, "mend the certificate first")
            return
        async with Asker(settings=settings, expected=patient.peer_id) as asker:
            for check_manager in MANAGER_CHECKS:
                async for found in check_manager(patient, asker):
                    yield found


async def _find(patient: Patient) -> AsyncIterator[Line]:
    """Where its Manager is: given, in our memory, in the directory."""
    directory = patient.settings.directory
    if patient.peer_id is None:
        try:
            patient.address = read_address(patient.address)
        except InvalidValue as error:
            patient.lost = True
            yield line("address", State.WRONG, f"{patient.address}: {error}", "correct it")
        return
    if directory is not None and patient.peer_id == directory.peer_id:
        patient.address = directory.manager_address
        yield line("address", State.WELL, f"the directory is at {patient.address}")
        return
    known = await store.peer(patient.pool, patient.peer_id)
    patient.address = (known.manager_address or "") if known else ""
    why = await _ask_directory(patient)
    if not patient.address and not patient.listed:
        patient.lost = True
        told = f"nobody knows the Manager of {patient.who}: it never announced itself to us"
        yield line(
            "address", State.WRONG, f"{told}, and the directory {why or 'does not list it'}",
            "let the peer announce itself, or give the address of its Manager instead",
        )  # fmt: skip
        return
    if why:
        told = f"{patient.address} as we know it; the directory {why}"
        yield line("address", State.SOON, told, "`landschap doctor` looks at the directory")
    elif patient.address and patient.listed and patient.address != patient.listed:
        told = f"we know {patient.address}, the directory lists {patient.listed}"
        yield line(
            "address", State.WRONG, told,
            "let the peer announce its present address to both; the directory's is looked at now",
        )  # fmt: skip
    elif patient.address and not patient.listed and directory is not None:
        told = f"{patient.address} as we know it; the directory does not list this peer"
        yield line("address", State.SOON, told, "let the peer announce itself to the directory")
    else:
        yield line("address", State.WELL, patient.listed or patient.address)
    patient.address = patient.listed or patient.address


async def _ask_directory(patient: Patient) -> str:
    """What the directory lists, into ``patient.listed``; gives why it could not be asked."""
    directory = patient.settings.directory
    if directory is None or directory.peer_id == patient.own.peer_id or patient.peer_id is None:
        return ""
    try:
        async with Asker(settings=patient.settings, expected=directory.peer_id) as asker:
            entries = asker.listed(
                directory.manager_address, "/peers", "peers", peer_id=patient.peer_id.value
            )
            async for each in entries:
                if each.get("id") == patient.peer_id.value:
                    patient.listed = str(each.get("manager_address", ""))
    except PeerUnreachable as error:
        return f"does not answer ({error})"
    return ""


async def _port(patient: Patient) -> AsyncIterator[Line]:
    """Source: FSC Core, "Ports": 443 or 8443."""
    if patient.port in _PORTS:
        yield line("port", State.WELL, f"port {patient.port}")
    else:
        told = f"port {patient.port}; the standard has 443 and 8443"
        yield line("port", State.SOON, told, "expect firewalls that let only those two through")


async def _listening(patient: Patient) -> AsyncIterator[Line]:
    """The name leads to an address, and somebody listens there."""
    async with Asker(settings=patient.settings) as asker:
        try:
            found = await asker.hosts.resolve(patient.host, patient.port)
        except OSError as error:
            patient.lost = True
            told = f"{patient.host} leads nowhere: {error.strerror or error}"
            remedy = "check the name with the peer, DNS, and [network] hosts and allow_private"
            yield line("name", State.WRONG, told, remedy)
            return
    address = found[0]["host"]
    yield line("name", State.WELL, f"{patient.host} is {address}")
    why = await reached(address, patient.port)
    if why:
        patient.lost = True
        told = f"nobody answers at {address} port {patient.port}: {why}"
        remedy = "ask whether their Manager runs, and whether a firewall stands between"
        yield line("listening", State.WRONG, told, remedy)
        return
    yield line("listening", State.WELL, f"somebody listens at {address} port {patient.port}")


async def _certificate(patient: Patient) -> AsyncIterator[Line]:
    """Who answers there, and whether we may believe it."""
    looked = await _handshake(patient, unverifying(patient.credentials))
    if looked.why:
        remedy = "ask which TLS versions and suites they allow; ours are 1.2 (AEAD) and 1.3"
        yield line("tls", State.WRONG, f"no TLS connection: {looked.why}", remedy)
        return
    old = looked.protocol not in ("TLSv1.2", "TLSv1.3")
    told = f"{looked.protocol}, {looked.cipher}"
    yield line("tls", State.WRONG if old else State.WELL, told, "use TLS 1.2 or 1.3" if old else "")
    try:
        patient.certificate = read_der(looked.der)
    except InvalidValue as error:
        remedy = "the peer needs an organisation certificate of the Group"
        yield line("certificate", State.WRONG, str(error), remedy)
        return
    certificate = patient.certificate
    lines = [
        *_period(certificate, patient.now),
        await _chain(patient, certificate),
        _revoked(patient, certificate),
        *_whose(patient, certificate),
        _names(patient, certificate),
    ]
    patient.trusted = all(each.state is not State.WRONG for each in lines)
    for each in lines:
        yield each


async def _handshake(patient: Patient, context: ssl.SSLContext) -> Seen:
    async with Asker(settings=patient.settings) as asker:
        found = await asker.hosts.resolve(patient.host, patient.port)
    return await seen(found[0]["host"], patient.port, patient.host, context)


def _period(certificate: PeerCertificate, now: datetime) -> list[Line]:
    begin, end = certificate.not_before, certificate.not_after
    if now < begin:
        told = f"their certificate begins only at {begin:%Y-%m-%d %H:%M} UTC"
        return [line("period", State.WRONG, told, "compare the clocks of both machines")]
    if now >= end:
        told = f"their certificate ended on {end:%Y-%m-%d %H:%M} UTC"
        return [line("period", State.WRONG, told, "the peer must renew its certificate")]
    days = (end - now).days
    told = f"their certificate ends in {days} days, on {end:%Y-%m-%d}"
    if days < WARN_DAYS:
        remedy = "tell the peer; its contracts must be accepted again with the next certificate"
        return [line("period", State.SOON, told, remedy)]
    return [line("period", State.WELL, told)]


async def _chain(patient: Patient, certificate: PeerCertificate) -> Line:
    checked = await _handshake(patient, chain_only(patient.credentials))
    issuer = certificate.x509.issuer.rfc4514_string()
    if not checked.why:
        return line("chain", State.WELL, f"issued by {issuer}, which leads to our trust anchors")
    ours = {each.subject: each for each in patient.own.anchors}
    told = f"issued by {issuer}: {checked.why}"
    if certificate.x509.issuer in ours:
        remedy = "an anchor of ours has that name but another key: fetch the Group's present anchor"
    else:
        names = ", ".join(each.rfc4514_string() for each in ours)
        remedy = (
            f"our anchors are {names}. Compare the Group's list on both sides; or the peer does "
            "not send its intermediate certificate along"
        )
    return line("chain", State.WRONG, told, remedy)


def _revoked(patient: Patient, certificate: PeerCertificate) -> Line:
    revocation = patient.credentials.revocation
    if revocation is None:
        told = "not looked at: we have no revocation list"
        return line("revocation", State.UNSEEN, told, "set [revocation] lists if the Group has any")
    try:
        revocation.check((certificate.x509,), patient.now)
    except InvalidValue as error:
        return line("revocation", State.WRONG, str(error), "the peer needs a new certificate")
    return line("revocation", State.WELL, "not on the revocation list")


def _whose(patient: Patient, certificate: PeerCertificate) -> list[Line]:
    found, told = certificate.peer_id, f"{certificate.name}, peer {certificate.peer_id}"
    if patient.peer_id is None:
        patient.peer_id = found
    elif found != patient.peer_id:
        remedy = f"{patient.address} belongs to another peer: correct the address"
        told = f"the certificate is of {told}; asked was peer {patient.peer_id}"
        return [line("peer", State.WRONG, told, remedy)]
    return [line("peer", State.WELL, told)]


def _names(patient: Patient, certificate: PeerCertificate) -> Line:
    names = ", ".join(sorted(certificate.dns_names)) or "none"
    if fits(patient.host, certificate.dns_names) or _has_address(certificate.x509, patient.host):
        return line("san", State.WELL, f"the certificate is for {patient.host}")
    remedy = "the peer needs a certificate with that name in its SAN, or another address"
    told = f"the certificate is not for {patient.host}, only for {names}"
    return line("san", State.WRONG, told, remedy)


def _has_address(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return host in {str(each) for each in names.get_values_for_type(x509.IPAddress)}


async def _ourselves(patient: Patient) -> AsyncIterator[Line]:
    """What the peer would hold against us."""
    findings = check_identity(patient.settings, patient.now)
    for each in findings:
        yield line("us", State.WRONG if each.fatal else State.SOON, each.what, each.remedy)
    if not findings:
        told = f"our own certificate is in order, as peer {patient.own.peer_id}"
        yield line("us", State.WELL, told)


_CHECKS = (_ourselves, _find, _port, _listening, _certificate)
