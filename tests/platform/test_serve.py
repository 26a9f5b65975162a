# SPDX-License-Identifier: EUPL-1.2
"""`landschap serve` for real: ready as a whole, healed after kill -9, gone without a trace."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.platform.serving import (
    Serving,
    alive,
    landschap,
    listening_organisation,
    until,
)
from tests.ports import free_ports
from tests.throwaway import organisation

from landschap.platform.identity import Issued
from landschap.platform.settings import Settings, default_run_folder
from landschap.platform.system_users import choose

_numbers = count(1)
PARTS = {"postgresql", "decider-0", "web", "worker", "nginx"}


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    return listening_organisation(short_folder / f"s{next(_numbers)}", anchor)


@pytest.fixture
def start() -> Iterator[Callable[[Settings], Serving]]:
    started: list[Serving] = []

    def begin(settings: Settings) -> Serving:
        started.append(Serving.start(settings))
        return started[-1]

    yield begin
    for serving in started:
        serving.kill()


@pytest.fixture(scope="module")
def running(short_folder: Path, anchor: Issued) -> Iterator[Serving]:
    """One supervisor for the tests that only look, or whose harm is healed."""
    settings = listening_organisation(short_folder / "running", anchor)
    if service := choose(None):
        service.own(settings.identity.key)  # as an installer would
    serving = Serving.start(settings)
    serving.until_ready()
    yield serving
    serving.kill()


def test_is_ready_when_each_part_does_its_work(running: Serving) -> None:
    health = running.health()
    assert set(health["parts"]) == PARTS
    assert all(part["ready"] for part in health["parts"].values())
    assert running.get("/health/live")[0] == 200
    assert running.get("/health/startup")[0] == 200


def test_figures_tell_parts_restarts_and_days_left(running: Serving) -> None:
    status, body = running.get("/metrics")
    lines = body.decode().splitlines()
    assert status == 200
    assert 'landschap_part_up{part="nginx"} 1.0' in lines
    assert any(line.startswith('landschap_part_restarts_total{part="web"}') for line in lines)
    days = [line for line in lines if line.startswith('landschap_certificate_left_days{name="org')]
    assert 89 < float(days[0].split()[-1]) < 91


def test_figures_of_every_process_of_ours_stand_on_the_same_page(running: Serving) -> None:
    lines = running.get("/metrics")[1].decode().splitlines()
    for part in ("decider-0", "web", "worker"):
        own = [line for line in lines if line.startswith("process_resident_memory_bytes")]
        assert any(f'part="{part}"' in line for line in own), own
    assert any(line.startswith("landschap_decider_epoch{") for line in lines)
    assert "# TYPE landschap_integration_fields_stopped_total counter" in lines


def test_admin_listener_knows_its_pages_only(running: Serving) -> None:
    assert running.get("/health/ready?verbose=1")[0] == 200
    assert running.get("/etc/passwd")[0] == 404
    assert running.get("/metrics", method="POST")[0] == 405
    assert running.get("/health/live", method="HEAD") == (200, b"")


def test_admin_listener_survives_a_client_that_says_nonsense(running: Serving) -> None:
    host, port = str(running.settings.listen.admin).split(":")
    for nonsense in (b"\r\n\r\n", b"\xff" * 100_000, b"GET"):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(15)
            try:
                while client.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert running.get("/health/live")[0] == 200


@pytest.mark.parametrize("part", ["postgresql", "nginx", "decider-0", "web", "worker"])
def test_starts_again_what_is_killed(running: Serving, part: str) -> None:
    before = running.health()["parts"][part]["restarts"]
    pid = running.part(part.removesuffix("-0") if part == "decider-0" else part)
    os.kill(pid, signal.SIGKILL)
    until(
        lambda: running.health().get("parts", {}).get(part, {}).get("restarts", 0) > before,
        40,
        running.explain,
    )
    running.until_ready()
    assert "signal 9" in running.health()["parts"][part]["lastEnd"] or part == "postgresql"


def test_no_part_has_more_rights_than_it_needs(running: Serving) -> None:
    names = ("postgresql", "web")
    owner = {name: Path(f"/proc/{running.part(name)}").stat().st_uid for name in names}
    if os.geteuid() != 0:
        assert set(owner.values()) == {os.geteuid()}
        return
    assert owner["postgresql"] != 0
    service = choose(None, owner_of=running.settings.paths.data / "postgres")
    assert service is not None
    if service.may_read(Path(sys.executable).resolve()):
        assert owner["web"] == service.uid
        secret = running.settings.paths.secrets / "pseudonym.key"
        assert secret.stat().st_uid == service.uid
    else:
        assert owner["web"] == 0
        log = running.log.read_text(encoding="utf-8")
        assert log.count("our processes run as root") == 1


def test_sockets_and_secrets_are_closed_to_others(running: Serving) -> None:
    paths = running.settings.paths
    assert paths.run.stat().st_mode & 0o007 == 0
    assert paths.secrets.stat().st_mode & 0o077 == 0
    files = [path for path in paths.secrets.rglob("*") if path.is_file()]
    assert len(files) > len(PARTS)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_replaces_a_watchdog_that_is_killed(running: Serving) -> None:
    pid = running.part("watchdog")
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), 40)
    until(lambda: "watchdog replaced" in running.explain(), 40, running.explain)
    assert running.part("watchdog") != pid
    running.until_ready()


def test_refuses_a_second_supervisor_of_the_same_organisation(running: Serving) -> None:
    done = landschap("serve", "--config", str(running.settings.path))
    assert done.returncode == 1
    assert f"already serves this organisation (process {running.process.pid})" in done.stderr
    running.until_ready()


@pytest.fixture(scope="module")
def again(running: Serving) -> Iterator[Serving]:
    """The run after one of which the supervisor was killed: nothing of that one lives."""
    running.remember()
    running.process.kill()
    running.process.wait()
    until(lambda: running.left() == {}, 40, lambda: str(running.left()))
    assert any(running.settings.paths.run.glob("*.sock"))  # stale, as after a power cut
    # PostgreSQL takes a zombie for a living owner of its lock; who adopted it may be slow to see.
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running.known), 40)
    serving = Serving.start(running.settings)
    serving.until_ready()
    yield serving
    serving.kill()


def test_leaves_nothing_when_the_supervisor_is_killed_and_starts_on_what_is_stale(
    running: Serving, again: Serving
) -> None:
    assert len(running.known) > len(PARTS)
    assert running.left() == {}
    assert set(again.health()["parts"]) == PARTS


def test_ends_an_nginx_that_lost_its_supervisor_and_its_watchdog(
    again: Serving, start: Callable[[Settings], Serving]
) -> None:
    again.remember()
    nginx, watchdog = again.part("nginx"), again.part("watchdog")
    os.kill(again.process.pid, signal.SIGSTOP)  # so that it can not replace its watchdog
    os.kill(watchdog, signal.SIGKILL)
    again.process.kill()
    again.process.wait()
    assert alive(nginx)
    last = start(again.settings)
    last.until_ready()
    assert not alive(nginx)
    assert "ended an nginx that an earlier run left behind" in last.explain()


def test_tells_systemd_when_it_is_ready_and_ends_in_order_and_leaves_nothing(
    settings: Settings,
    start: Callable[[Settings], Serving],
    short_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = short_folder / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(place))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place))
        systemd.settimeout(60)
        serving = start(settings)
        assert systemd.recv(64) == b"READY=1"
        assert serving.health()["status"] == "ready"
        serving.remember()
        assert len(serving.known) > len(PARTS)
        assert serving.terminate() == 0
        assert systemd.recv(64) == b"STOPPING=1"
    assert serving.left() == {}
    said = serving.explain()
    assert said.index('"part": "nginx", "event": "stopped"') < said.index(
        '"part": "postgresql", "event": "stopped"'
    )
    assert "Traceback" not in said
    assert settings.paths.run == default_run_folder(settings.path)
    assert not settings.paths.run.exists()


def test_an_order_to_stop_is_heard_while_starting(
    settings: Settings, start: Callable[[Settings], Serving]
) -> None:
    serving = start(settings)
    until(lambda: serving.health() != {}, 40, serving.explain)
    serving.remember()
    assert serving.terminate() == 0
    assert serving.left() == {}


def test_names_the_address_that_is_in_use(settings: Settings) -> None:
    host, port = str(settings.listen.inway).split(":")
    with socket.create_server((host, int(port))):
        done = landschap("serve", "--config", str(settings.path))
    assert done.returncode == 1
    assert f"listen.inway 127.0.0.1:{port} is already in use" in done.stderr
    assert "change listen.inway" in done.stderr
    assert "Traceback" not in done.stderr


def test_refuses_an_address_that_is_not_ours(short_folder: Path, anchor: Issued) -> None:
    port = free_ports(1)[0]
    more = f'\n[listen]\nmanager = "192.0.2.1:{port}"\n'
    settings = organisation(short_folder / f"s{next(_numbers)}", anchor, more=more)
    done = landschap("serve", "--config", str(settings.path))
    assert done.returncode == 1
    assert f"listen.manager 192.0.2.1:{port} is no address of this machine" in done.stderr


def test_refuses_a_wrong_identity_before_anything_starts(settings: Settings) -> None:
    text = settings.path.read_text(encoding="utf-8")
    wrong = text.replace('oin = "00000099000000001000"', 'oin = "00000099000000003000"')
    settings.path.write_text(wrong, encoding="utf-8")
    settings.identity.key.unlink()
    done = landschap("serve", "--config", str(settings.path))
    assert done.returncode == 1
    assert "organisation.key does not exist" in done.stderr
    assert "organisation.oin says 00000099000000003000" in done.stderr
    assert "What to do:" in done.stderr
    assert not (settings.paths.data / "postgres").exists()


def test_tells_all_that_is_wrong_with_the_settings(settings: Settings) -> None:
    text = settings.path.read_text(encoding="utf-8")
    settings.path.write_text(text.replace("group_id", "groupid"), encoding="utf-8")
    done = landschap("serve", "--config", str(settings.path))
    assert done.returncode == 1
    assert "did you mean organisation.group_id?" in done.stderr
    assert "Traceback" not in done.stderr


def test_refuses_a_run_path_that_is_too_long(short_folder: Path, anchor: Issued) -> None:
    run = short_folder / ("r" * 100)
    more = f'\n[paths]\nrun = "{run}"\n'
    settings = listening_organisation(short_folder / f"s{next(_numbers)}", anchor, more)
    done = landschap("serve", "--config", str(settings.path))
    assert done.returncode == 1
    assert "at most 107 fit" in done.stderr
    assert "set paths.run to a short folder" in done.stderr
