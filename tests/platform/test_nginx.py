# SPDX-License-Identifier: EUPL-1.2
"""nginx under our hands: chosen, checked before it is reloaded, proven, and never cut short."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from tests.platform.serving import alive, until
from tests.ports import free_ports
from tests.throwaway import organisation

from landschap.platform import nginx
from landschap.platform.carrier import Carrier, Text
from landschap.platform.identity import Issued
from landschap.platform.listeners import require_free
from landschap.platform.nginx import Configuration
from landschap.platform.processes import Watch
from landschap.platform.settings import ListenSettings, Settings
from landschap.platform.trouble import Trouble

_numbers = count(1)


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    return organisation(short_folder / f"n{next(_numbers)}", anchor)


@dataclass
class Rig:
    """A carrier whose wanted configuration the test sets."""

    folder: Path
    port: int
    carrier: Carrier
    configuration: Configuration
    wanted: Text
    told: list[str]

    def want(self, version: str, extra: str = "") -> None:
        user = "user root;" if os.geteuid() == 0 else ""
        text = f"""
daemon off; worker_processes 1; pid "{self.folder}/nginx.pid"; {user}
error_log "{self.configuration.error_log}" warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  {"".join(f'{n}_temp_path "{self.folder}/{n}";' for n in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi"))}
  server {{ listen "unix:{self.configuration.version_socket}";
    location = /version {{ return 200 "{version}"; }} }}
  server {{ listen 127.0.0.1:{self.port}; location / {{ return 200 "answer of {version}"; }} {extra} }}
}}
"""
        self.wanted = Text(text, version)

    async def ask(self, path: str = "/") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.rpartition(b"\r\n\r\n")[2]


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.close()


@pytest.fixture
async def rig(settings: Settings, watch: Watch) -> AsyncIterator[Rig]:
    folder = settings.path.parent
    configuration = Configuration(
        program=nginx.program(settings),
        file=folder / "nginx.conf",
        version_socket=folder / "carrier.sock",
        error_log=folder / "logs" / "error.log",
    )
    told: list[str] = []

    async def render() -> Text:
        if made.wanted.version == "unknown":
            raise Trouble("the database is away", "wait")
        return made.wanted

    carrier = Carrier(configuration, render, watch, lambda event, **_: told.append(event))
    made = Rig(folder, free_ports(1)[0], carrier, configuration, Text("", ""), told)
    made.want("one")
    yield made
    await carrier.stop()


async def test_a_change_takes_effect_and_is_proven(rig: Rig) -> None:
    await rig.carrier.start()
    assert await rig.ask() == b"answer of one"
    assert await rig.carrier.refresh() == ""
    rig.want("two")
    assert await rig.carrier.refresh() == "applied"
    assert await rig.configuration.running_version() == "two"
    assert await rig.ask() == b"answer of two"
    assert await rig.carrier.healthy()


async def test_a_refused_change_leaves_the_old_one_running_and_is_told_once(rig: Rig) -> None:
    await rig.carrier.start()
    rig.want("two", "no_such_directive on;")
    assert await rig.carrier.refresh() == "refused"
    assert await rig.carrier.refresh() == ""
    assert rig.told == ["configuration refused"]
    assert await rig.ask() == b"answer of one"
    assert "no_such" not in rig.configuration.file.read_text(encoding="utf-8")
    rig.want("three")
    assert await rig.carrier.refresh() == "applied"


async def test_refusals_are_told_in_words_of_the_settings(rig: Rig) -> None:
    for extra, words, remedy in (
        ("no_such_directive on;", 'unknown directive "no_such_directive"', "report it"),
        ("location /x { proxy_pass http://nowhere.invalid; }", "host not found", "network.hosts"),
        (
            "ssl_certificate /no.crt; ssl_certificate_key /no.key; listen 127.0.0.1:1 ssl;",
            "cannot load certificate",
            "landschap identity check",
        ),
    ):
        rig.want("x", extra)
        with pytest.raises(Trouble, match=words) as told:
            rig.configuration.write(rig.wanted.text)
        assert remedy in told.value.remedy
        assert not rig.configuration.file.exists()


async def test_serves_the_last_configuration_when_the_present_one_cannot_be_had(rig: Rig) -> None:
    rig.wanted = Text("", "unknown")
    with pytest.raises(Trouble, match="the database is away"):
        await rig.carrier.start()
    rig.want("one")
    await rig.carrier.start()
    await rig.carrier.stop()
    rig.wanted = Text("", "unknown")
    await rig.carrier.start()
    assert await rig.ask() == b"answer of one"


async def test_a_stop_answers_what_was_accepted(rig: Rig) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await finish.wait()
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nat last")
        writer.close()

    upstream = await asyncio.start_unix_server(slow, rig.folder / "slow.sock")
    rig.want("one", f'location /slow {{ proxy_pass "http://unix:{rig.folder}/slow.sock:/"; }}')
    await rig.carrier.start()
    question = asyncio.create_task(rig.ask("/slow"))
    await begun.wait()
    stopping = asyncio.create_task(rig.carrier.stop())
    await asyncio.sleep(0.3)
    with pytest.raises(ConnectionRefusedError):
        await rig.ask()  # nothing new is accepted
    finish.set()
    assert await asyncio.wait_for(question, 10) == b"at last"
    await asyncio.wait_for(stopping, 10)
    upstream.close()


async def test_workers_of_a_killed_master_do_not_keep_the_port(rig: Rig) -> None:
    await rig.carrier.start()
    master = int((rig.folder / "nginx.pid").read_text(encoding="ascii"))
    os.kill(master, signal.SIGKILL)
    assert await rig.carrier.ended() == "ended by signal 9"
    await rig.carrier.start()
    assert await rig.ask() == b"answer of one"


async def test_ends_a_leftover_but_never_a_stranger(rig: Rig) -> None:
    rig.configuration.write(rig.wanted.text)
    with subprocess.Popen(rig.configuration.command(), start_new_session=True) as leftover:
        until((rig.folder / "nginx.pid").exists, 10)
        until(lambda: (rig.folder / "nginx.pid").read_text(encoding="ascii") != "", 5)
        assert rig.configuration.end_leftover()
        until(lambda: not alive(leftover.pid), 5)
    (rig.folder / "nginx.pid").write_text(str(os.getpid()), encoding="ascii")
    assert not rig.configuration.end_leftover()


def test_the_packaged_nginx_is_used_unless_another_is_configured(
    settings: Settings, tmp_path: Path
) -> None:
    assert nginx.program(settings).version >= (1, 27, 4)
    old = tmp_path / "nginx"
    for said, words in (
        ("nginx version: nginx/1.20.1", "1.22 is the oldest that works"),
        ("apache", "is no nginx"),
    ):
        old.write_text(f"#!/bin/sh\necho {said} >&2\n", encoding="ascii")
        old.chmod(old.stat().st_mode | stat.S_IXUSR)
        given = replace(settings, nginx=replace(settings.nginx, path=old))
        with pytest.raises(Trouble, match=words):
            nginx.program(given)
    given = replace(settings, nginx=replace(settings.nginx, path=tmp_path / "none"))
    with pytest.raises(Trouble, match="cannot be run") as told:
        nginx.program(given)
    assert "nginx.path" in told.value.remedy


def test_an_address_in_use_is_explained_from_nginx_s_own_words() -> None:
    said = "nginx: [emerg] bind() to 127.0.0.1:8443 failed (98: Address already in use)"
    trouble = nginx.explain(said, "nginx does not start")
    assert "127.0.0.1:8443 cannot be listened on (Address already in use)" in trouble.what
    assert "[listen]" in trouble.remedy


def test_all_addresses_that_cannot_be_had_are_told_at_once() -> None:
    listen = ListenSettings(
        manager=None, inway="192.0.2.1:8443", outway=None, web="192.0.2.1:8444", admin=None
    )
    with pytest.raises(Trouble, match=r"listen\.inway 192.*listen\.web 192"):
        require_free(listen)
