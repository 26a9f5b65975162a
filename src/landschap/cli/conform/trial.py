# SPDX-License-Identifier: EUPL-1.2
"""The peer that is tried, and the ways of asking it that all checks share."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from landschap.cli.conform.verdicts import Result, failed, not_run, passed
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.client import PeerUnreachable
from landschap.fsc.client.asking import Asker, Heard
from landschap.fsc.client.seeing import Seen
from landschap.fsc.client.tls import peer_context
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.own import OwnPeer
from landschap.fsc.probes import Probe
from landschap.fsc.store import StoredContract
from landschap.platform.credentials import Credentials, short_lived_files
from landschap.platform.ids import uuid7
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId

_FSC_CODE = "ERROR_CODE_"
_REFUSED_STATUSES = (400, 401, 403, 421, 495, 496)


@dataclass(slots=True, kw_only=True)
class Trial:
    """A peer under test, and what is known of it.

    ``contracts`` are ours with this peer. ``grant`` is the connection that may be used for it,
    ``token`` what was given for that; ``inway`` the address of its Inway, "" when not known;
    ``patience_seconds`` how long may be waited for that token to expire.
    """

    settings: Settings
    own: OwnPeer
    credentials: Credentials
    asker: Asker
    log_pool: asyncpg.Pool
    peer_id: PeerId
    address: str
    certificate: PeerCertificate
    seen: Seen
    contracts: Sequence[StoredContract] = ()
    grant: ConnectionGrant | None = None
    token: str = ""
    inway: str = ""
    patience_seconds: float = 0.0
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def host(self) -> str:
        """The host name of its Manager."""
        return urlsplit(self.address).hostname or ""

    @property
    def port(self) -> int:
        """The port of its Manager."""
        return urlsplit(self.address).port or 443

    async def get(self, path: str) -> Heard:
        """Read something of its Manager. Raises PeerUnreachable."""
        return await self.asker.ask("GET", f"{self.address}/v1{path}")

    async def token_answer(self, **form: str) -> Heard:
        """What its token endpoint says to this form. Raises PeerUnreachable."""
        return await self.asker.ask("POST", f"{self.address}/v1/token", body=form)

    async def submit(
        self, probe: Probe, signature: str, path: str = "", method: str = "POST"
    ) -> Heard:
        """Bring a contract that must be refused. Raises PeerUnreachable."""
        return await self.asker.ask(
            method, f"{self.address}/v1/contracts{path}",
            body=probe.body(signature),
            headers={"Fsc-Manager-Address": self.own.manager_address},
        )  # fmt: skip

    def strangers(self, **changes: object) -> Probe:
        """A contract between two peers that do not exist."""
        return self._probe(changes)

    def ours(self, **changes: object) -> Probe:
        """A contract between us and the peer, about a service that does not exist."""
        return self._probe({"outway": self.own.peer_id, "provider": self.peer_id, **changes})

    def _probe(self, changes: dict[str, object]) -> Probe:
        told: dict[str, object] = {
            "profile": self.own.profile,
            "group_id": self.own.group_id,
            "iv": uuid7(),
            "now": self.now,
            **changes,
        }
        return Probe(**told)  # type: ignore[arg-type]  # the callers give Probe's own fields


Run = Callable[[Trial], Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A named check."""

    id: str
    title: str
    run: Run


def refusal(
    heard: Heard, codes: Collection[str], statuses: Collection[int] = range(400, 500)
) -> Result:
    """Whether an answer is the refusal it should be.

    The standard fixes no order of checks: another FSC code means that something else was looked at
    first, and then nothing is known about this rule.
    """
    told = f"{heard.status} {heard.code}".strip()
    if heard.status < 400:
        return failed(f"it was accepted: {told}")
    if heard.status >= 500 or heard.status not in statuses:
        return failed(f"{told}, expected a refusal with {' or '.join(codes)}")
    if heard.code in codes:
        return passed(told)
    if heard.code.startswith(_FSC_CODE):
        return not_run(f"refused for another reason first: {told}")
    return failed(f"{told}, expected {' or '.join(codes)}")


async def must_be_shut(asker: Asker, url: str, context: ssl.SSLContext) -> Result:
    """Nobody is answered over this connection: no handshake, or a refusal before any answer."""
    try:
        heard = await asker.ask("GET", url, context=context)
    except PeerUnreachable as error:
        return passed(f"no connection: {error}")
    if heard.status in _REFUSED_STATUSES:
        return passed(f"the handshake was completed, the answer is {heard.status}")
    return failed(f"it answered {heard.status}")


def without_certificate(trial: Trial) -> ssl.SSLContext:
    """A context like ours that shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with short_lived_files(trial.credentials, trial.now) as files:
        context.load_verify_locations(files.anchors)
    return context


def self_made_certificate(trial: Trial) -> ssl.SSLContext:
    """A context with a certificate that names us and that no authority of the Group issued."""
    key = ec.generate_private_key(ec.SECP256R1())
    ours = trial.own.certificate.x509
    made = (
        x509.CertificateBuilder()
        .subject_name(ours.subject)
        .issuer_name(ours.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(trial.now - timedelta(hours=1))
        .not_valid_after(trial.now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    forged = Credentials(
        chain=(made,),
        chain_pem=made.public_bytes(Encoding.PEM),
        key=key,
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        anchors=trial.credentials.anchors,
        anchors_pem=trial.credentials.anchors_pem,
        revocation=None,
    )
    return peer_context(forged, trial.peer_id)
