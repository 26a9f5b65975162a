# SPDX-License-Identifier: EUPL-1.2
"""Contracts, tokens, declarations and anchors signed with a key in a PKCS #11 token (SoftHSM).

TLS goes on with the key in its file. Without SoftHSM these are skipped with a reason; `make test`
as root installs it, and with CI=true its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.fsc import fsc_rig as rig
from tests.platform.serving import landschap
from tests.throwaway import organisation

from landschap.fsc.client import own_peer
from landschap.fsc.contracts import HashedGrant
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate, Claim, read_signature, verify_signature
from landschap.fsc.states import Kind, Signature
from landschap.fsc.tokens import TokenClaims, issue, verify_token
from landschap.gateway.world import Found, build_world
from landschap.logboek.anchors import LaneHead, Statement, read_anchor, sign_anchor
from landschap.platform.identity import Issued, Validity, make_anchor
from landschap.platform.settings import Pkcs11Settings, Settings
from landschap.platform.trouble import Trouble
from landschap.purposes import declaration
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.problems import Refusal

PIN = "9182"
NOW = datetime.now(UTC).replace(microsecond=0)
PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def soft_hsm() -> Path | None:
    """The library of SoftHSM, when it is here."""
    found = next((Path(each) for each in PLACES if Path(each).exists()), None)
    return found if found and shutil.which("softhsm2-util") else None


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SoftHSM with one token of its own."""
    library = soft_hsm()
    if library is None:
        if os.environ.get("CI") == "true":
            pytest.fail("SoftHSM is not installed (apt-get install softhsm2)")
        pytest.skip("SoftHSM is not installed: as root `apt-get install softhsm2`")
    pytest.importorskip("pkcs11", reason="pip install 'landschap[hsm]'")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    (folder / "pin").write_text(PIN + "\n")
    _util("--init-token", "--free", "--label", "proef", "--pin", PIN, "--so-pin", "0000")
    yield library
    del os.environ["SOFTHSM2_CONF"]


def _util(*words: str) -> None:
    done = subprocess.run(["softhsm2-util", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def group() -> Issued:
    return make_anchor("Proefanker", Validity.of_days(NOW, 90))


class Kept:
    """An organisation whose signing key is in the token, under a label of its own."""

    def __init__(self, folder: Path, module: Path, group: Issued, kind: str) -> None:
        self.folder = folder
        base = organisation(folder, group)
        key = rig.new_key(kind)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "signing.pem").write_bytes(pem)
        label = f"sign-{uuid4().hex[:8]}"
        identifier = uuid4().hex[:8]
        _util(
            *("--import", str(folder / "signing.pem"), "--token", "proef", "--label", label),
            *("--id", identifier, "--pin", PIN),
        )
        # From here on the key is in the token only.
        (folder / "signing.pem").unlink()
        authority = rig.Authority(name="x")
        authority.certificate, authority.key = group.certificate, group.key
        number = base.organisation.oin.value
        certificate, _ = authority.issue(number, key=key, name="Gemeente Proefdorp")
        (folder / "signing.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "pin").write_text(PIN)
        self.given = Pkcs11Settings(
            module=module,
            token="proef",
            key=label,
            pin_file=folder / "pin",
            certificate=folder / "signing.crt",
        )
        self.settings: Settings = replace(base, identity=replace(base.identity, pkcs11=self.given))

    def own(self) -> OwnPeer:
        return own_peer(self.settings)

    def with_(self, **changes: object) -> Settings:
        given = replace(self.given, **changes)  # type: ignore[arg-type]
        return replace(self.settings, identity=replace(self.settings.identity, pkcs11=given))


@pytest.fixture(params=["P-256", "P-384", "P-521", "RSA"])
def kept(tmp_path: Path, module: Path, group: Issued, request: pytest.FixtureRequest) -> Kept:
    return Kept(tmp_path, module, group, request.param)


@pytest.fixture
def p256(tmp_path: Path, module: Path, group: Issued) -> Kept:
    return Kept(tmp_path, module, group, "P-256")


def test_tls_keeps_its_own_key_and_what_is_signed_has_the_tokens(p256: Kept) -> None:
    own = p256.own()
    assert isinstance(own.key, ec.EllipticCurvePrivateKey)
    assert own.signer.certificate.thumbprint != own.certificate.thumbprint
    assert own.signer.certificate.peer_id == own.peer_id
    assert not list(p256.folder.rglob("signing.pem"))


def test_a_contract_signed_in_the_token_verifies_at_a_peer(kept: Kept) -> None:
    own = kept.own()
    tree = rig.content(rig.connection_grant(own.peer_id.value, rig.WEESP, "a" * 64))
    contract = rig.contract(tree)
    placed = own.sign(contract, Kind.ACCEPT, NOW)
    read = read_signature(placed.jws)
    assert not isinstance(read, Refusal)
    chained = ChainedCertificate(leaf=own.signer.certificate, others=own.signer.chain)
    claim = Claim(content_hash=contract.hash, kind=Kind.ACCEPT, signer=own.peer_id)
    verified = verify_signature(read, chained, claim, own.trust(NOW))
    assert isinstance(verified, Signature), verified
    assert verified == placed


def test_a_token_issued_from_the_token_is_accepted_at_our_own_inway(kept: Kept) -> None:
    own = kept.own()
    client = rig.own_peer(rig.Authority(), rig.DOESBURG)
    tree = rig.content(
        rig.connection_grant(rig.DOESBURG, own.peer_id.value, client.certificate.key_thumbprint)
    )
    granted: HashedGrant = rig.contract(tree).grants[0]
    text = issue(own, granted, client.certificate, NOW, timedelta(minutes=5))
    keys = {own.signer.certificate.thumbprint: own.signer.certificate.key}
    found = verify_token(text, keys, NOW, own.group_id, client.certificate.thumbprint)
    assert isinstance(found, TokenClaims), found
    # The key of TLS signs no tokens: somebody who has only that file can not make one.
    tls_only = {own.certificate.thumbprint: own.certificate.key}
    snapshot = Snapshot(Register(owner=own.peer_id.value))
    world = build_world(Found(epoch=1, own=own, snapshot=snapshot))
    assert set(keys) <= set(world.own_keys)
    refused = verify_token(text, tls_only, NOW, own.group_id, client.certificate.thumbprint)
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize("kind", ["P-256", "RSA"])
def test_a_declaration_signed_in_the_token_holds(
    tmp_path: Path, module: Path, group: Issued, kind: str
) -> None:
    own = Kept(tmp_path, module, group, kind).own()
    signer = own.signer
    algorithm = declaration.key_algorithm(signer.key)
    content = b"eyJ4Ijoi.eyJ5Ijoi"
    from landschap.purposes.jws import sign_bytes, signature_holds

    signature = sign_bytes(content, signer.key)
    assert signature_holds(content, signature, signer.certificate.key, algorithm)
    assert not signature_holds(content + b"x", signature, signer.certificate.key, algorithm)


def test_an_anchor_signed_in_the_token_is_read_back(kept: Kept) -> None:
    own = kept.own()
    lane = LaneHead("decider-0", 1, b"h" * 32)
    statement = Statement(
        anchor_id=uuid4(), at=NOW, organisation=own.peer_id.value, prev=None, lanes=(lane,)
    )
    anchor = sign_anchor(statement, own.signer.key, own.signer.certificate.x509)
    assert read_anchor(anchor).lanes == (lane,)


def test_a_key_that_is_not_the_certificates_is_refused(
    p256: Kept, tmp_path: Path, module: Path, group: Issued
) -> None:
    other = Kept(tmp_path / "other", module, group, "P-256")
    with pytest.raises(Trouble, match="does not belong to the certificate"):
        own_peer(p256.with_(key=other.given.key))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"key": "nobody"}, "NoSuchKey"), ({"token": "nowhere"}, "NoSuchToken")],
)
def test_a_token_or_key_that_is_not_there_is_told(
    p256: Kept, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(Trouble, match=words):
        own_peer(p256.with_(**changes))


def test_a_library_or_pin_that_is_not_there_is_told(p256: Kept, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"cannot be used: .*no\.so"):
        own_peer(p256.with_(module=tmp_path / "no.so"))
    with pytest.raises(Trouble, match="PIN file"):
        own_peer(p256.with_(pin_file=tmp_path / "no-pin", key="another"))


def test_a_wrong_pin_is_tried_once(tmp_path: Path, module: Path, group: Issued) -> None:
    """In a process of its own: where somebody is logged in, a PIN is not asked for."""
    kept = Kept(tmp_path / "o", module, group, "P-256")
    (kept.folder / "pin").write_text("0000")
    toml = f"""
[identity.pkcs11]
module = "{module}"
token = "proef"
key = "{kept.given.key}"
pin_file = "pin"
certificate = "signing.crt"
"""
    path = kept.settings.path
    path.write_text(path.read_text() + toml)
    done = landschap("contract", "list", "--config", str(path))
    assert done.returncode == 1
    assert "refuses the PIN" in done.stdout + done.stderr
    assert PIN not in done.stdout + done.stderr


def test_the_signing_key_never_is_an_object_of_ours(p256: Kept) -> None:
    key = p256.own().signer.key
    assert not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    assert not hasattr(key, "private_bytes")
