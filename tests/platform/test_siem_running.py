# SPDX-License-Identifier: EUPL-1.2
"""What happens at the doors of a running organisation arrives at its watch."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from pathlib import Path

import pytest
from tests.platform.serving import Serving, landschap, listening_organisation
from tests.platform.siem_rig import HOST, Watch

from landschap.platform.identity import Issued

PEER = "00000099000000008000"


def ask(address: str, tls: ssl.SSLContext, method: str, path: str, body: bytes = b"") -> int:
    """The status of one question over TLS."""
    host, _, port = address.rpartition(":")
    client = http.client.HTTPSConnection(host, int(port), context=tls, timeout=40)
    try:
        client.request(method, path, body, {"Content-Type": "application/json"})
        return client.getresponse().status
    finally:
        client.close()


@pytest.mark.long
async def test_an_unknown_certificate_and_a_refused_peer_arrive(
    short_folder: Path, anchor: Issued
) -> None:
    watch = Watch(short_folder / "watch", anchor)
    await watch.come()
    more = f"""
[network.hosts]
"{HOST}" = "127.0.0.1"

[siem.syslog]
address = "tls://{HOST}:{watch.port}"
authority = "anchor.crt"
resend_seconds = 1
"""
    settings = listening_organisation(short_folder / "watched", anchor, more)
    serving = Serving.start(settings)
    try:
        await asyncio.to_thread(serving.until_ready)
        assert settings.listen.inway
        assert settings.listen.manager
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        assert await asyncio.to_thread(ask, settings.listen.inway, tls, "GET", "/x") == 400
        await watch.has(1)
        tls.load_cert_chain(watch.folder / "siem.crt", watch.folder / "siem.key")
        at = (settings.listen.manager, tls, "POST", "/v1/contracts", b"{}")
        assert await asyncio.to_thread(ask, *at) in {400, 422}
        await watch.has(2)
        told = {one["metadata"]["event_code"]: one for one in watch.first_times()}
        assert set(told) == {"certificate_unknown", "peer_refused"}
        assert told["certificate_unknown"]["service"]["name"] == "inway"
        assert told["peer_refused"]["actor"]["app_uid"] == PEER
        config = ("--config", str(settings.path), "--json")
        shown = await asyncio.to_thread(landschap, "siem", "status", *config)
        assert json.loads(shown.stdout)["lost"] == 0
        _, figures = await asyncio.to_thread(serving.get, "/metrics")
        assert b"landschap_siem_sent_total{" in figures
        assert await asyncio.to_thread(serving.terminate) == 0
    finally:
        serving.kill()
        await watch.go()
