# SPDX-License-Identifier: EUPL-1.2
"""One organisation in two Groups on one host: two settings, two identities, nothing between them.

Both Groups have the same trust anchor, as Groups under one national authority do. So it is not the
certificate that keeps them apart, but the Group id in contracts and tokens, and keys of their own.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.platform.serving import Serving, landschap, listening_organisation
from tests.throwaway import organisation

from landschap.fsc import jws
from landschap.fsc.client import own_peer
from landschap.fsc.own import OwnPeer
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.identifiers import Oin

pytestmark = pytest.mark.long

GROUPS = ("fsc-eerste", "fsc-tweede")
PEER = "00000099000000002000"
US = "00000099000000001000"
SERVICE = """
name = "pand"
upstream = "http://127.0.0.1:9"
recording = "intent"
declaration = "none"
permit = false
[methods]
GET = "raadplegen"
"""


@dataclass(kw_only=True)
class Side:
    """We in one of the Groups, and the peer that knocks there."""

    serving: Serving
    peer: OwnPeer
    identity: Path
    anchor: Path

    @property
    def settings(self) -> Settings:
        """Ours in this Group."""
        return self.serving.settings

    def ask(
        self, door: str, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The peer asks one of our doors; gives status, body and headers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.anchor)
        context.load_cert_chain(
            self.identity / "organisation.crt", self.identity / "organisation.key"
        )
        address = getattr(self.settings.listen, door)
        port = int(address.rpartition(":")[2])
        asked = http.client.HTTPSConnection(f"{door}.proefdorp.test", port, context=context)
        asked._create_connection = lambda *_a, **_m: socket.create_connection(  # type: ignore[attr-defined]  # no DNS here
            ("127.0.0.1", port), 10
        )
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            asked.request(method, path, body=body or None, headers=told)
            answer = asked.getresponse()
            content = answer.read()
            read = json.loads(content) if content.startswith(b"{") else {}
            return answer.status, read, {k.lower(): v for k, v in answer.getheaders()}
        finally:
            asked.close()

    def submit(self, tree: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The peer brings a contract with its accept."""
        body = json.dumps({"content": tree, "signature": rig.accept(self.peer, tree)}).encode()
        status, read, _ = self.ask(
            "manager",
            "POST",
            "/v1/contracts",
            body,
            Content_Type="application/json",
            Fsc_Manager_Address="https://manager.doesburg.test:8443",
        )
        return status, read

    def token(self, grant_hash: str) -> tuple[int, dict[str, Any]]:
        """The peer asks for a token."""
        form = f"grant_type=client_credentials&client_id={PEER}&scope={grant_hash}".encode()
        status, read, _ = self.ask(
            "manager", "POST", "/v1/token", form, Content_Type="application/x-www-form-urlencoded"
        )
        return status, read

    def question(self, token: str) -> tuple[int, str]:
        """The peer asks our Inway with a token; gives status and code."""
        status, _, headers = self.ask(
            "inway",
            "GET",
            "/",
            Fsc_Authorization=f"Bearer {token}",
            Fsc_Transaction_Id="01890a5d-ac96-774b-bcce-b302099a8057",
        )
        return status, headers.get("fsc-error-code", "")


def made_side(folder: Path, anchor: Issued, group: str) -> Side:
    settings = listening_organisation(folder, anchor)
    text = settings.path.read_text().replace('group_id = "fsc-test"', f'group_id = "{group}"')
    settings.path.write_text(text)
    (folder / "services").mkdir()
    (folder / "services" / "pand.toml").write_text(SERVICE)
    theirs = organisation(folder / "peer", anchor)
    issued = issue_organisation(
        anchor,
        oin=Oin.parse(PEER),
        name="Gemeente Doesburg",
        hosts=["manager.doesburg.test"],
        validity=Validity.of_days(datetime.now(UTC), 30),
    )
    theirs.identity.certificate.write_bytes(issued.certificate_pem)
    theirs.identity.key.write_bytes(issued.key_pem)
    return Side(
        serving=Serving.start(load_settings(settings.path, {})),
        peer=own_peer(theirs),
        identity=folder / "peer",
        anchor=folder / "anchor.crt",
    )


@pytest.fixture(scope="module")
def sides(short_folder: Path, anchor: Issued) -> Iterator[tuple[Side, Side]]:
    """The same organisation, served twice on one host, each with its own database and identity."""
    made = [made_side(short_folder / f"g{n}", anchor, name) for n, name in enumerate(GROUPS)]
    # One peer, with one certificate in both Groups: only what it brings differs.
    made[1] = replace(made[1], peer=made[0].peer, identity=made[0].identity)
    try:
        for side in made:
            side.serving.until_ready(90)
            done = landschap("service", "apply", "--config", str(side.settings.path))
            assert done.returncode == 0, done.stdout + done.stderr
        yield made[0], made[1]
    finally:
        for side in made:
            side.serving.kill()


def asking(side: Side, group: str) -> dict[str, Any]:
    grant = rig.connection_grant(PEER, US, side.peer.certificate.key_thumbprint, service="pand")
    return rig.content(grant, group_id=group)


@pytest.fixture(scope="module")
def agreed(sides: tuple[Side, Side]) -> dict[str, Any]:
    """A contract of the first Group that both signed."""
    tree = asking(sides[0], GROUPS[0])
    assert sides[0].submit(tree)[0] == 201
    content_hash = rig.contract(tree).hash.value
    path = str(sides[0].settings.path)
    done = landschap("contract", "accept", content_hash, "--yes", "--config", path)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def grant_of(tree: dict[str, Any]) -> str:
    return rig.contract(tree).connections[0][0].value


def test_a_contract_of_one_group_is_refused_in_the_other(
    sides: tuple[Side, Side], agreed: dict[str, Any]
) -> None:
    status, read = sides[1].submit(agreed)
    assert (status, read["code"]) == (422, "ERROR_CODE_INCORRECT_GROUP_ID")
    path = str(sides[1].settings.path)
    listed = landschap("contract", "list", "--json", "--config", path)
    assert rig.contract(agreed).hash.value not in listed.stdout


def test_a_grant_of_one_group_gives_no_token_in_the_other(
    sides: tuple[Side, Side], agreed: dict[str, Any]
) -> None:
    status, read = sides[0].token(grant_of(agreed))
    assert (status, read["token_type"]) == (200, "bearer")
    status, read = sides[1].token(grant_of(agreed))
    assert (status, read["error"]) == (400, "invalid_grant")


def test_a_token_of_one_group_opens_nothing_in_the_other(
    sides: tuple[Side, Side], agreed: dict[str, Any]
) -> None:
    token = sides[0].token(grant_of(agreed))[1]["access_token"]
    # At home it opens the door; that nobody answers behind it is another matter.
    assert sides[0].question(token) == (502, "ERROR_CODE_SERVICE_UNREACHABLE")
    assert sides[1].question(token) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")


def test_also_one_signed_with_the_other_groups_own_key_is_refused_for_its_group(
    sides: tuple[Side, Side], agreed: dict[str, Any]
) -> None:
    """Should one key ever serve both Groups, the Group id in the token still says no."""
    token = sides[0].token(grant_of(agreed))[1]["access_token"]
    second = own_peer(sides[1].settings)
    claims = jws.parse(token).payload
    resigned = jws.sign(claims, second.key, second.certificate.thumbprint)
    assert sides[1].question(resigned) == (403, "ERROR_CODE_WRONG_GROUP_ID_IN_TOKEN")


def test_neither_knows_the_others_secrets_or_database(sides: tuple[Side, Side]) -> None:
    first, second = (side.settings.paths for side in sides)
    assert first.data != second.data
    for name in ("permit.key", "pseudonym.key", "postgres/landschap_fsc"):
        assert (first.secrets / name).read_bytes() != (second.secrets / name).read_bytes()
    keys = [own_peer(side.settings).certificate.key_thumbprint for side in sides]
    assert keys[0] != keys[1]
