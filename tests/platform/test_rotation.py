# SPDX-License-Identifier: EUPL-1.2
"""Log files of nginx: renamed by day and size, dropped after their term, and never a line lost."""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.platform.serving import Serving, landschap, listening_organisation, until

from landschap.platform.identity import Issued
from landschap.platform.rotation import Rotation

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def rotation(folder: Path, largest: int = 1000) -> Rotation:
    return Rotation(folder=folder, largest_bytes=largest, keep=timedelta(days=30))


def write(file: Path, size: int, moment: datetime) -> Path:
    file.write_bytes(b"x" * size)
    os.utime(file, (moment.timestamp(), moment.timestamp()))
    return file


def test_file_that_is_large_is_renamed_and_a_small_one_is_not(tmp_path: Path) -> None:
    large = write(tmp_path / "access.json", 1000, NOW)
    small = write(tmp_path / "error.log", 999, NOW)
    (renamed,) = rotation(tmp_path).rotate(NOW)
    assert renamed.name == "access-20261129T120000000000Z.json"
    assert not large.exists()
    assert small.exists()


def test_file_is_renamed_on_each_new_day_also_after_a_restart(tmp_path: Path) -> None:
    file = write(tmp_path / "access.json", 10, NOW)
    one = rotation(tmp_path)
    assert one.rotate(NOW) == []
    assert len(one.rotate(NOW + timedelta(days=1))) == 1
    write(file, 10, NOW + timedelta(days=1))
    assert one.rotate(NOW + timedelta(days=1, hours=1)) == []
    assert len(rotation(tmp_path).rotate(NOW + timedelta(days=2))) == 1


def test_empty_and_absent_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "access.json", 0, NOW - timedelta(days=3))
    assert rotation(tmp_path).rotate(NOW) == []


def test_renamed_file_goes_after_its_term_and_no_other(tmp_path: Path) -> None:
    old = write(tmp_path / "access-20261001T000000000000Z.json", 5, NOW - timedelta(days=31))
    kept = write(tmp_path / "access-20261101T000000000000Z.json", 5, NOW - timedelta(days=29))
    other = write(tmp_path / "access-notes.json", 5, NOW - timedelta(days=99))
    rotation(tmp_path).rotate(NOW)
    assert not old.exists()
    assert kept.exists()
    assert other.exists()


@pytest.fixture
def serving(short_folder: Path, anchor: Issued) -> Iterator[Serving]:
    settings = listening_organisation(short_folder / "rot", anchor)
    folder = settings.path.parent / "data" / "logs"
    folder.mkdir(parents=True, mode=0o755)
    (folder.parent).chmod(0o711)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    # A line of yesterday, so that a new day has begun when the supervisor starts.
    line = b'{"at":"%d.000","door":"inway","status":"200"}\n' % int(yesterday.timestamp())
    (folder / "access.json").write_bytes(line)
    os.utime(folder / "access.json", (yesterday.timestamp(), yesterday.timestamp()))
    started = Serving.start(settings)
    started.until_ready()
    yield started
    started.kill()


def knock(serving: Serving) -> None:
    """A caller without a certificate, at the Inway."""
    host, port = str(serving.settings.listen.inway).split(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="inway.proefdorp.test") as told,
    ):
        told.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert told.recv(100).startswith(b"HTTP/1.1 400")


def refused(serving: Serving) -> float:
    """How many refused callers the figures of the supervisor tell of."""
    found = [
        line
        for line in serving.get("/metrics")[1].decode().splitlines()
        if line.startswith('landschap_carrier_answers_total{door="inway",status="400"')
    ]
    return float(found[0].split()[-1]) if found else 0.0


def test_running_organisation_rotates_follows_and_tells(serving: Serving) -> None:
    folder = serving.settings.path.parent / "data" / "logs"
    until(lambda: list(folder.glob("access-*Z.json")) != [], 20, serving.explain)
    until((folder / "access.json").exists, 10, serving.explain)
    for _ in range(3):
        knock(serving)
    until(lambda: refused(serving) == 3, 20, serving.explain)
    told = landschap("door", "events", "--json", "--config", str(serving.settings.path))
    (event,) = json.loads(told.stdout)["events"]
    assert (event["kind"], event["door"], event["times"]) == ("certificate_refused", "inway", 3)
    assert event["reason"] == "NONE"
    text = landschap("door", "totals", "--config", str(serving.settings.path))
    assert "400" in text.stdout
    assert '"security event"' in serving.explain() or "security event" in serving.explain()
    # The lines are in the new file: nginx opened it as the user it runs as.
    assert (folder / "access.json").stat().st_size > 0
    time.sleep(1.5)
    assert refused(serving) == 3
