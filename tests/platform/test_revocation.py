# SPDX-License-Identifier: EUPL-1.2
"""Lists on disk: fetched by the rule of freshness, verified, kept whole, and told when late."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from tests.throwaway import organisation

from landschap.platform.identity import Issued, Validity, issue_organisation, make_anchor
from landschap.platform.identity_checks import check_identity
from landschap.platform.revocation import (
    held_lists,
    in_alarm,
    keep_lists,
    kept_file,
    renew,
    require_lists,
    revocation_of,
    seconds_to_next,
)
from landschap.platform.settings import RevocationSettings, Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.problems import InvalidValue

NOW = datetime.now(UTC).replace(microsecond=0)
_numbers = count(1)


def a_list(
    authority: Issued, *revoked: x509.Certificate, begin: datetime = NOW, **life: float
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(begin)
        .next_update(begin + timedelta(**(life or {"days": 8})))
    )
    for each in revoked:
        entry = x509.RevokedCertificateBuilder(each.serial_number, begin)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


class Web:
    """A web server of an authority: what it serves, with which status, and how often it was asked."""

    def __init__(self) -> None:
        self.content, self.status, self.asked = b"", 200, 0
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked += 1
                self.send_response(web.status)
                self.end_headers()
                self.wfile.write(web.content)

            def log_message(self, *_: object) -> None:
                """Nothing on the screen of a test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/latest.crl"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.server.shutdown()
    made.server.server_close()


def listing(folder: Path, anchor: Issued, *lists: str, **more: object) -> Settings:
    """Settings of an organisation with these lists."""
    made = organisation(folder, anchor)
    wanted = replace(RevocationSettings(), lists=lists, **more)  # type: ignore[arg-type]
    return replace(made, revocation=wanted)


def a_peer(anchor: Issued) -> x509.Certificate:
    return issue_organisation(
        anchor,
        oin=Oin.parse("00000099000000002000"),
        name="Gemeente Doesburg",
        hosts=["x.test"],
        validity=Validity.of_days(NOW, 30),
    ).certificate


async def test_a_list_is_fetched_kept_and_believed(
    tmp_path: Path, anchor: Issued, web: Web
) -> None:
    settings = listing(tmp_path, anchor, web.address)
    peer = a_peer(anchor)
    revocation = revocation_of(settings, NOW)
    assert revocation is not None
    with pytest.raises(InvalidValue, match="no revocation list of its issuer"):
        revocation.check([peer], NOW)
    web.content = a_list(anchor)
    assert await renew(settings, web.address, NOW)
    assert not await renew(settings, web.address, NOW)
    held = revocation_of(settings, NOW)
    assert held is not None
    held.check([peer], NOW)
    web.content = a_list(anchor, peer, begin=NOW + timedelta(seconds=1))
    assert await renew(settings, web.address, NOW)
    held = revocation_of(settings, NOW)
    assert held is not None
    with pytest.raises(InvalidValue, match="revoked"):
        held.check([peer], NOW)
    assert [each.name for each in kept_file(settings, web.address).parent.iterdir()] == [
        kept_file(settings, web.address).name
    ]


@pytest.mark.parametrize("wrong", ["forged", "ended", "older", "no list", "absent"])
async def test_what_may_not_count_leaves_the_held_list_as_it_was(
    tmp_path: Path, anchor: Issued, web: Web, wrong: str
) -> None:
    settings = listing(tmp_path, anchor, web.address)
    web.content = a_list(anchor)
    await renew(settings, web.address, NOW)
    before = kept_file(settings, web.address).read_bytes()
    forger = make_anchor("Proefanker", Validity.of_days(NOW, 90))
    week = timedelta(days=7)
    web.content = {
        "forged": a_list(forger, begin=NOW + timedelta(seconds=9)),
        "ended": a_list(anchor, begin=NOW - week, days=6),
        "older": a_list(anchor, begin=NOW - timedelta(hours=1)),
        "no list": b"<html>gone</html>",
        "absent": b"",
    }[wrong]
    web.status = 404 if wrong == "absent" else 200
    with pytest.raises(InvalidValue):
        await renew(settings, web.address, NOW)
    assert kept_file(settings, web.address).read_bytes() == before


async def test_the_rule_of_freshness(tmp_path: Path, anchor: Issued, web: Web) -> None:
    """After `refresh_minutes`, and before the last quarter of the list's life begins."""
    settings = listing(tmp_path, anchor, web.address, refresh_minutes=10_080)
    web.content = a_list(anchor, days=8)
    await renew(settings, web.address, NOW)
    assert seconds_to_next(settings, web.address, NOW) == 6 * 86_400
    hourly = listing(tmp_path, anchor, web.address, refresh_minutes=60)
    assert seconds_to_next(hourly, web.address, NOW) == 3_600
    late = NOW + timedelta(days=7)
    assert seconds_to_next(settings, web.address, late) == 60
    ((source, why),) = in_alarm(settings, late)
    assert source == web.address
    assert "not replaced in time; it still holds for 86400 s" in why
    assert list(in_alarm(settings, NOW)) == []
    told = [each for each in check_identity(settings, late) if "not replaced in time" in each.what]
    assert [each.fatal for each in told] == [False]


async def test_the_worker_fetches_before_the_end_and_goes_on_after_a_failure(
    tmp_path: Path, anchor: Issued, web: Web
) -> None:
    """A list of twelve seconds is fetched again after nine, without anybody asking."""
    settings = listing(tmp_path, anchor, web.address)
    begin = datetime.now(UTC).replace(microsecond=0)
    web.content = a_list(anchor, begin=begin, seconds=12)
    stop = asyncio.Event()
    task = asyncio.create_task(keep_lists(settings, stop))
    try:
        while not kept_file(settings, web.address).exists():  # noqa: ASYNC110  # bounded by pytest
            await asyncio.sleep(0.05)
        web.content = a_list(anchor, begin=begin + timedelta(seconds=1), days=3)
        async with asyncio.timeout(20):
            while _until(settings) < begin + timedelta(days=1):  # noqa: ASYNC110  # bounded above
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await task
    # Not before its time: once at the start, once in its last quarter.
    assert web.asked == 2
    assert datetime.now(UTC) - begin < timedelta(seconds=14)


def _until(settings: Settings) -> datetime:
    (held,) = held_lists(settings, datetime.now(UTC))
    assert held.list is not None
    return held.list.until


def test_nothing_starts_without_a_list_that_was_never_had(
    tmp_path: Path, anchor: Issued, web: Web
) -> None:
    settings = listing(tmp_path, anchor, web.address)
    web.status = 503
    with pytest.raises(Trouble, match="there is no revocation list"):
        require_lists(settings, NOW)
    web.status, web.content = 200, a_list(anchor)
    require_lists(settings, NOW)
    web.server.shutdown()
    require_lists(settings, NOW)


def test_an_authority_without_a_list_is_named(tmp_path: Path, anchor: Issued) -> None:
    settings = listing(tmp_path, anchor, str(tmp_path / "anchor.crl"))
    (tmp_path / "anchor.crl").write_bytes(a_list(anchor))
    second = make_anchor("Tweede anker", Validity.of_days(NOW, 90))
    (tmp_path / "second.crt").write_bytes(second.certificate_pem)
    both = (*settings.identity.trust_anchors, tmp_path / "second.crt")
    wider = replace(settings, identity=replace(settings.identity, trust_anchors=both))
    assert check_identity(settings, datetime.now(UTC)) == []
    (found,) = check_identity(wider, datetime.now(UTC))
    assert "no revocation list of 'CN=Tweede anker" in found.what
