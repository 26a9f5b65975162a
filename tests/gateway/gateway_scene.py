# SPDX-License-Identifier: EUPL-1.2
"""Two municipalities as values: Doesburg asks, Weesp answers. Nothing here runs.

Weesp offers `uitkeringen` (personal, signed declarations), `pand-open` (no purpose asked) and
`pand-plain` (an unsigned purpose is enough). Doesburg may ask it for one purpose.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.gateway.gateway_rig import Anchor, Leaf

from landschap.fsc.certificates import PeerCertificate, peer_certificate
from landschap.fsc.connections import ConnectionGrant, HeldToken
from landschap.fsc.contracts import HashedGrant
from landschap.fsc.delegation import Agreement, Role, Side
from landschap.fsc.grants import GrantType, read_grant
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import State
from landschap.fsc.tokens import issue
from landschap.gateway.asked import Asked, Fresh
from landschap.gateway.doors import Holdings, Secrets, Verdict, walk
from landschap.gateway.memory import Memory, digest
from landschap.gateway.outway import Signing
from landschap.gateway.services import Service
from landschap.gateway.users import Employees
from landschap.gateway.world import Application, Found, World, build_world
from landschap.purposes.bound import PROPERTY, Bound
from landschap.purposes.declaration import Claims, sign
from landschap.purposes.model import (
    Effect,
    FieldSet,
    LegalBasis,
    OfferedService,
    Policy,
    ProcessingActivity,
    Purpose,
    PurposeScheme,
    PurposeStatus,
    Register,
    Text,
    Validity,
)
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import ContentHash, GrantHash, PeerId

WEESP = "00000099000000001000"
DOESBURG = "00000099000000002000"
GROUP = "fsc-test"
LIST = "https://doelen.example/lijst"
ASSISTANCE = "https://doelen.example/id/bijstand"
PARKING = "https://doelen.example/id/parkeren"
RETIRED = "https://doelen.example/id/sociale-dienst"
ACTIVITY = "https://weesp.example/activiteiten/verstrekken"
FIELDS = ("bsn", "adres.straat", "uitkering.soort", "uitkering.norm", "woning.m2")
MAY_SEE = ("bsn", "uitkering.soort", "uitkering.norm")
BASIS = "eu-gdpr:A6-1-e"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
# Certificates of the tests are valid around the real moment, so the scene plays there.
SINCE = Validity(since=date(2026, 1, 1))
TRACE = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
SPAN = bytes.fromhex("b7ad6b7169203331")
TRANSACTION = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
HELD_TOKEN = "e30.{cnf}.AA"
API_KEY = "sleutel-van-het-zaaksysteem"
LEVEL = "urn:etoegang:core:assurance-class:loa3"
TARGET = "/v1/_zoek?fields=uitkering.soort,uitkering.norm&geldigOp=2026-11-01"


def text(words: str) -> Text:
    return Text(nl=words, en=words)


FIELD_SET = FieldSet(
    id="bijstand",
    version=1,
    provider=WEESP,
    service="uitkeringen",
    fields=MAY_SEE,
    searchable=("bsn",),
)


def purpose(uri: str, **changes: Any) -> Purpose:
    made = Purpose(
        uri=uri,
        scheme=LIST,
        version=1,
        label=text(uri),
        definition=text("wat het is"),
        status=PurposeStatus.ACTIVE,
        valid=SINCE,
    )
    return dataclasses.replace(made, **changes)


def register(owner: str, **changes: Any) -> Register:
    """The register of one of the two: the same lists, each with its own policy."""
    policy = Policy(
        id="POL-1",
        version=3,
        effect=Effect.PERMIT,
        purpose=ASSISTANCE,
        organisations=("*own",) if owner == DOESBURG else (DOESBURG,),
        provider=WEESP,
        service="uitkeringen",
        actions=("raadplegen",),
        valid=SINCE,
        explanation=text("waarom"),
        field_set=FIELD_SET.key,
        legal_bases=(BASIS,),
        activity=ACTIVITY,
        roles=("consulent",) if owner == DOESBURG else (),
    )
    plain = dataclasses.replace(
        policy, id="POL-2", service="pand-plain", field_set="pand@1", roles=()
    )
    pand = dataclasses.replace(
        FIELD_SET, id="pand", service="pand-plain", fields=("bouwjaar",), searchable=()
    )
    opened = dataclasses.replace(plain, id="POL-3", service="pand-open", field_set="open@1")
    pand_open = dataclasses.replace(pand, id="open", service="pand-open")
    made = Register(
        owner=owner,
        schemes=(PurposeScheme(uri=LIST, title=text("lijst"), publisher=owner, rank=1),),
        purposes=(
            purpose(ASSISTANCE),
            purpose(PARKING),
            purpose(RETIRED, status=PurposeStatus.RETIRED, replaced_by=ASSISTANCE),
        ),
        legal_bases=(
            LegalBasis(
                id="pw", code=BASIS, law="BWBR0015703", law_name="Participatiewet",
                article="7", text=text("wet"),
            ),
        ),
        activities=(
            ProcessingActivity(
                uri=ACTIVITY, version=1, name=text("verstrekken"), what=text("wat"),
                why=text("waarom"), ground=text("grond"), purpose=ASSISTANCE,
                legal_bases=("pw",), subjects=("inwoner",), recipients=(), retention="P5Y",
                log_retention="P5Y",
            ),
        ),
        services=(
            OfferedService(
                provider=WEESP, name="uitkeringen", fields=FIELDS, searchable=("bsn",),
                personal=True,
            ),
            OfferedService(
                provider=WEESP, name="pand-plain", fields=("bouwjaar",), searchable=(),
                personal=False,
            ),
            OfferedService(
                provider=WEESP, name="pand-open", fields=("bouwjaar",), searchable=(),
                personal=False,
            ),
        ),
        field_sets=(FIELD_SET, pand, pand_open),
        policies=(policy, plain, opened),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


AGREEMENT = Agreement(role=Role.PROCESSOR, reference="VWO-2026-17", until=date(2126, 1, 1))
BOUND = Bound.of(purposes=(ASSISTANCE, RETIRED), legal_bases=(BASIS,), field_set=FIELD_SET)
SERVICES = (
    Service(name="uitkeringen", upstream="landschap"),
    Service(
        name="pand-open",
        upstream="http://127.0.0.1:9",
        base="/basis",
        recording="intent",
        declaration="none",
        permit=False,
    ),
    Service(
        name="pand-plain",
        upstream="http://127.0.0.1:9",
        recording="intent",
        declaration="unsigned",
        permit=False,
        trace="untouched",
    ),
)


def hash_of(name: str) -> str:
    """A grant hash that says which one it is."""
    return f"$1$3${name:_<86}"


@dataclass
class Scene:
    """Both sides, ready to be asked; change a field and call `holdings` again."""

    weesp: OwnPeer
    doesburg: OwnPeer
    now: datetime
    weesp_register: Register = field(default_factory=lambda: register(WEESP))
    doesburg_register: Register = field(default_factory=lambda: register(DOESBURG))
    services: tuple[Service, ...] = SERVICES
    state: State = State.VALID
    memory: Memory = field(default_factory=Memory)
    employees: Employees | None = None
    delegator: PeerId | None = None
    service_delegator: PeerId | None = None
    agreement: Agreement | None = AGREEMENT
    properties: dict[str, Any] = field(default_factory=lambda: {PROPERTY: BOUND.as_property()})

    def grant(self, service: str, **changes: Any) -> ConnectionGrant:
        made = ConnectionGrant(
            grant_hash=GrantHash(hash_of(service)),
            content_hash=ContentHash("$1$1$" + "c" * 86),
            outway_peer_id=PeerId(DOESBURG),
            outway_thumbprint=self.doesburg.certificate.key_thumbprint,
            outway_domain=None,
            service_peer_id=PeerId(WEESP),
            service_name=service,
            delegator_peer_id=self.delegator,
            service_delegator_peer_id=self.service_delegator,
            properties=self.told(service),
            not_before=self.now - timedelta(days=1),
            not_after=self.now + timedelta(days=1),
            accepted_until=self.now + timedelta(days=1),
            signed=self.state in (State.VALID, State.EXPIRED),
            valid=self.state is State.VALID,
            state=self.state,
        )
        return dataclasses.replace(made, **changes)

    def told(self, service: str) -> dict[str, Any]:
        """The properties of a grant for this service, with an agreement for each delegation."""
        own = self.properties if service == "uitkeringen" else self.plain_properties()
        if self.agreement is None:
            return own
        sides = ((Side.CONNECTION, self.delegator), (Side.PUBLICATION, self.service_delegator))
        agreed = self.agreement.as_property()
        return own | {side.agreement_property: agreed for side, whom in sides if whom}

    def plain_properties(self) -> dict[str, Any]:
        bound = Bound.of(purposes=(ASSISTANCE,), legal_bases=(BASIS,))
        return {PROPERTY: bound.as_property()}

    def grants(self) -> tuple[ConnectionGrant, ...]:
        return tuple(self.grant(each) for each in ("uitkeringen", "pand-open", "pand-plain"))

    def token(self, service: str = "uitkeringen", **changes: Any) -> str:
        """A token as Weesp's Manager issues it to Doesburg."""
        client: PeerCertificate = changes.pop("client", self.doesburg.certificate)
        own: OwnPeer = changes.pop("own", self.weesp)
        now: datetime = changes.pop("now", self.now)
        service_data: dict[str, Any] = {
            "type": "SERVICE_TYPE_SERVICE", "peer_id": WEESP, "name": service,
        }  # fmt: skip
        if self.service_delegator:
            service_data["type"] = "SERVICE_TYPE_DELEGATED_SERVICE"
            service_data["delegator"] = {"peer_id": self.service_delegator.value}
        data: dict[str, Any] = {
            "type": GrantType.DELEGATED_CONNECTION if self.delegator else GrantType.CONNECTION,
            "outway": {
                "peer_id": client.peer_id.value,
                "public_key_thumbprint": client.key_thumbprint,
            },
            "service": service_data,
            "properties": self.told(service),
        }
        if self.delegator:
            data["delegator"] = {"peer_id": self.delegator.value}
        granted = HashedGrant(hash=GrantHash(hash_of(service)), grant=read_grant({"data": data}))
        return issue(own, granted, client, now, timedelta(seconds=300))

    def world(self, side: str) -> World:
        return build_world(self.found(side))

    def found(self, side: str) -> Found:
        weesp = side == "inway"
        tokens = () if weesp else (self.held("uitkeringen"),)
        return Found(
            epoch=7,
            own=self.weesp if weesp else self.doesburg,
            snapshot=Snapshot(self.weesp_register if weesp else self.doesburg_register),
            services=self.services if weesp else (),
            grants=self.grants(),
            tokens=tokens,
            applications=(Application(name="zaaksysteem", key_digest=digest(API_KEY)),),
            employees=self.employees,
        )

    def held(self, service: str) -> HeldToken:
        return HeldToken(
            grant_hash=GrantHash(hash_of(service)),
            token=HELD_TOKEN.format(cnf=self._cnf(self.doesburg)),
            inway_address="https://inway.weesp.test:8443",
            expires_at=self.now + timedelta(seconds=100),
        )

    @staticmethod
    def _cnf(own: OwnPeer) -> str:
        """What binds a received token to our certificate, as it stands in one."""
        claims = json.dumps({"cnf": {"x5t#S256": own.certificate.thumbprint}}).encode()
        return base64.urlsafe_b64encode(claims).rstrip(b"=").decode()

    def holdings(self, side: str, **changes: Any) -> Holdings:
        own = self.doesburg
        signing = Signing(key=own.key, thumbprint=own.certificate.thumbprint, case_key=b"c" * 32)
        return Holdings(
            world=changes.pop("world", None) or self.world(side),
            memory=self.memory,
            secrets=Secrets(permit=b"p" * 32, signing=signing),
            **changes,
        )

    def fresh(self, **changes: Any) -> Fresh:
        values: dict[str, Any] = {
            "now": self.now,
            "span_id": b"\x01" * 8,
            "trace_id": b"\x02" * 16,
            "transaction_id": UUID("01890a5d-ac96-774b-bcce-b302099a8058"),
            "declaration_id": UUID("01890a5d-ac96-774b-bcce-b302099a8059"),
        }
        return Fresh(**{**values, **changes})

    def claims(self, **changes: Any) -> Claims:
        made = Claims(
            issuer=DOESBURG,
            audience=WEESP,
            issued_at=self.now,
            expires_at=self.now + timedelta(seconds=60),
            jti=UUID("01890a5d-ac96-774b-bcce-b302099a8060"),
            purpose=ASSISTANCE,
            legal_bases=(BASIS,),
            action="raadplegen",
            service="uitkeringen",
            grant_hash=hash_of("uitkeringen"),
            trace_id=TRACE,
            loa=LEVEL,
        )
        return dataclasses.replace(made, **changes)

    def declaration(self, own: OwnPeer | None = None, **changes: Any) -> str:
        signer = own or self.doesburg
        return sign(self.claims(**changes), signer.key, signer.certificate.thumbprint)

    def incoming(self, **headers: str) -> Asked:
        """A proper question at Weesp's Inway; a header set to "" is left out."""
        values = {
            "x-landschap-door": "inway",
            "x-peer-cert": escaped(self.doesburg.certificate),
            "fsc-authorization": f"Bearer {self.token()}",
            "fsc-transaction-id": str(TRANSACTION),
            "purpose-declaration": self.declaration(),
            "doelbinding": ASSISTANCE,
            "traceparent": f"00-{TRACE.hex()}-{SPAN.hex()}-01",
            "tracestate": "a=b",
            "x-body-length": "20",
        }
        values.update({name.replace("_", "-"): value for name, value in headers.items()})
        return Asked("POST", TARGET, {k: v for k, v in values.items() if v})

    def outgoing(self, **headers: str) -> Asked:
        """A proper question of Doesburg's application at its own Outway."""
        values = {
            "x-landschap-door": "outway",
            "x-api-key": API_KEY,
            "fsc-grant-hash": hash_of("uitkeringen"),
            "doelbinding": ASSISTANCE,
            "traceparent": f"00-{TRACE.hex()}-{SPAN.hex()}-01",
        }
        values.update({name.replace("_", "-"): value for name, value in headers.items()})
        return Asked("POST", TARGET, {k: v for k, v in values.items() if v})

    def ask_inway(self, asked: Asked | None = None, **changes: Any) -> Verdict:
        found = walk(
            "inway", asked or self.incoming(), self.holdings("inway"), self.fresh(**changes)
        )
        assert isinstance(found, Verdict), found
        return found


def escaped(certificate: PeerCertificate) -> str:
    """A certificate as nginx writes it in a header."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return quote(certificate.x509.public_bytes(Encoding.PEM).decode(), safe="")


def own_peer_of(leaf: Leaf, anchor: Anchor, inway: str) -> OwnPeer:
    return OwnPeer(
        certificate=peer_certificate(leaf.certificate),
        chain=(),
        key=leaf.key,
        anchors=(anchor.certificate,),
        revocation=None,
        group_id=GROUP,
        profile=Profile("fsc-2"),
        manager_address="https://manager.test:8443",
        inway_address=inway,
    )


def scene_of(anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return Scene(
        weesp=own_peer_of(weesp, anchor, "https://inway.weesp.test:8443"),
        doesburg=own_peer_of(doesburg, anchor, "https://inway.doesburg.test:8443"),
        now=datetime.now(UTC).replace(microsecond=0),
    )


def headers_of(answer: bytes) -> dict[str, str]:
    """The headers of an answer of the decider, with the status under ``:status``."""
    lines = answer.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines[1:] if line]
    return {":status": lines[0].split()[1], **{k.lower(): v for k, v in pairs}}


def sha(text_of: str) -> bytes:
    return hashlib.sha256(text_of.encode()).digest()
